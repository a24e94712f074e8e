// SPDX-License-Identifier: Apache-2.0
/* trust.h - whose signatures count, for every command that takes a release to use it. */
#pragma once
#include "cmd/command.h"
#include "release/trust/sign.h"
#include "upgrade/node/bundle.h"

struct trust_opts {
	struct option_list keys, authorities;
};

#define TRUST_OPTIONS(opts, field)                                                                 \
	OPT_LIST(                                                                                  \
		opts, field.keys, 0, "trust", "FILE",                                              \
		"a public key; only a release that one of these signed is used; may be repeated"), \
		OPT_LIST(opts, field.authorities, 0, "authority", "FILE",                          \
			 "the certificate (PEM) of an authority; also what somebody signed whom "  \
			 "it vouches for is used")

/* From the options and, where relevo.yaml lies in the folder relevo was called in, its keys
 * trust.keys and trust.minimum.
 */
must_check int trust_find(struct trust *out, struct arena *arena, const struct trust_opts *opts,
			  struct error *err);

/* Reads what the argument RELEASE names (cmd/release_arg.h), once it is found to be trusted. */
must_check int trusted_bundle(struct bundle *out, struct arena *arena, const char *arg,
			      const struct trust_opts *opts, struct error *err);
