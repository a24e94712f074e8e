// SPDX-License-Identifier: Apache-2.0
/* discover.h - what project lies in a folder, found without running anything, and the
 * relevo.yaml that builds it.
 *
 * mix.exs is only skimmed: what is written down plainly there is taken, what is computed is
 * not.  rebar.config is read as the terms it is.
 */
#pragma once
#include "release/model/rel.h"

enum discovered_kind { DISCOVERED_UMBRELLA, DISCOVERED_MIX, DISCOVERED_REBAR, DISCOVERED_EBIN };

struct discovered_app {
	const char *name;
	const char *dir; /* its folder in the project; NULL: not of the project */
	enum start_type type;
};

/* A key of relevo.yaml that the project's own description settles. */
struct discovered_key {
	const char *path;   /* "config.runtime" */
	const char *word;   /* true, false, none: written as it is; NULL: texts */
	struct names texts; /* one text, or a list */
	bool is_list;
};

/* Paths are relative to the project's folder, and NULL where there is no such file. */
struct discovered {
	enum discovered_kind kind;
	const char *release;
	const char *version;               /* text; NULL: that of the first application, or … */
	bool version_by_git;               /* … of the tag */
	const struct discovered_app *apps; /* the project's own first */
	size_t len;
	const struct discovered_app *own; /* all that are in the project, in a release or not */
	size_t own_len;
	struct names libs; /* where compiled applications are, or will be */
	bool compiled;     /* they are there */
	const char *sys_config, *runtime_config, *vm_args, *env;
	const char *appups;                /* folder */
	struct names releases;             /* all that mix.exs or rebar.config names */
	const struct discovered_key *keys; /* besides all these */
	size_t keys_len;
	struct names left_out; /* what the description says besides, by its own names */
};

enum { DISCOVER_FILE_MAX = 4 << 20, DISCOVER_APPS_MAX = 1000 };

/* ERROR_NOT_FOUND: no project in it.  ERROR_INVALID: a file that cannot be understood. */
must_check int discover(struct discovered **out, struct arena *arena, const char *dir,
			struct error *err);
/* "Mix umbrella", "Mix project", "rebar3 project", "ebin folders" */
const char *discovered_kind_name(enum discovered_kind kind);
/* What compiles it: "MIX_ENV=prod mix compile"; NULL: nothing that is known. */
const char *discovered_compile(const struct discovered *found);
/* Appends a relevo.yaml, with comments. */
void discovered_yaml(struct str *out, const struct discovered *found);
