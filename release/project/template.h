// SPDX-License-Identifier: Apache-2.0
/* template.h - the scripts and files that every release gets, carried inside relevo. */
#pragma once
#include "base/str.h"

enum template_file {
	TEMPLATE_START,   /* bin/NAME; @NAME@ is the release's name */
	TEMPLATE_ERL,     /* erts-VSN/bin/erl */
	TEMPLATE_ENV,     /* releases/VSN/env.sh */
	TEMPLATE_VM_ARGS, /* releases/VSN/vm.args */
	TEMPLATE_READY,   /* releases/VSN/ready.args */
	TEMPLATE_FILL,    /* releases/VSN/fill.sh, where there is something to fill in */
	TEMPLATE_CONFIG,  /* config.exs: evaluates configuration */
	TEMPLATE_READS,   /* reads.exs: what it follows from */
};

struct span template_text(enum template_file file);
/* Appends `text` with every occurrence of `name` replaced. */
void template_fill(struct str *out, struct span text, const char *name, const char *value);
