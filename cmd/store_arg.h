// SPDX-License-Identifier: Apache-2.0
/* store_arg.h - the store that a command works with: --store, or that of relevo.yaml. */
#pragma once
#include "cmd/command.h"
#include "release/project/project.h"
#include "release/store/place.h"

#define STORE_OPTION(opts, field)                                                    \
	OPT_TEXT(opts, field, 0, "store", "STORE",                                   \
		 "a folder, https://HOST/PATH or oci://REGISTRY/PATH (default: the " \
		 "URL that is \"store\" in relevo.yaml)")

/* store   of the option; may be NULL */
must_check int store_open(struct place **out, struct arena *arena, const char *store,
			  struct error *err);
/* The relevo.yaml of the folder that relevo was called in; *out is NULL when there is none. */
must_check int store_project(struct project **out, struct arena *arena, struct error *err);
