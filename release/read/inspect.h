// SPDX-License-Identifier: Apache-2.0
/* inspect.h - what is in a finished release, whoever made it, and what it lacks to be
 * upgraded while it runs.
 *
 * Only files are looked at.  All of an inspection is in the arena it was made in, and
 * points into the release.
 */
#pragma once
#include "release/read/release.h"

#include <jansson.h>

enum maker { MAKER_RELEVO, MAKER_MIX, MAKER_REBAR3, MAKER_SYSTOOLS };

/* "relevo", "mix", "rebar3", "systools" */
const char *maker_name(enum maker maker);

struct inspected_app {
	const struct resolved_app *app;
	size_t modules; /* .beam files */
	uint64_t size;  /* of all its files */
};

/* What completes the configuration at every start. */
struct provider {
	const char *module;   /* "Elixir.Config.Reader" */
	const char *argument; /* a file, "$RELEASE_ROOT/…", where that is what it takes;
			       * else Erlang text */
};

/* Something that release_handler needs and does not find. */
struct gap {
	const char *code; /* for scripts: never renamed */
	bool from, to;    /* whether it is in the way of leaving this release, of
			   * coming to it */
	const char *message, *hint;
};

struct inspection {
	const struct release *release;
	enum maker maker;
	const char *otp;                  /* "25", which its ERTS belongs to; NULL: not known */
	const struct inspected_app *apps; /* in start order */
	size_t len;
	size_t modules;
	uint64_t size; /* of its applications, ERTS, scripts and configuration */
	const struct provider *providers;
	size_t providers_len;
	size_t protocols; /* consolidated ones */
	struct names relup_from, relup_to;
	const struct gap *gaps;
	size_t gaps_len;
	/* From the manifest. */
	size_t manifest_files;                  /* how many it lists; 0: there is no manifest */
	const char *commit, *branch, *describe; /* NULL: not known */
	bool dirty;
};

/* Fails with ERROR_INVALID when the manifest is none, or the release has more than a
 * million files.  A relup or sys.config that does not parse is a gap.
 */
must_check int inspect(struct inspection **out, struct arena *arena, const struct release *release,
		       struct error *err);
/* No gap is in the way. */
bool inspection_ready_from(const struct inspection *inspection);
bool inspection_ready_to(const struct inspection *inspection);

/* What `relevo inspect --json` prints. */
json_t *inspection_json(const struct inspection *inspection);
