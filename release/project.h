// SPDX-License-Identifier: Apache-2.0
/* project.h - relevo.yaml: what release to build from what is compiled here. */
#pragma once
#include "release/rel.h"

enum version_from { VERSION_TEXT, VERSION_APP };

struct project_app {
	const char *name;
	enum start_type type;
};

struct project {
	const char *file;               /* the relevo.yaml */
	const char *dir;                /* its folder; the paths below are joined to it */
	const char *release;
	enum version_from version_from;
	const char *version;            /* VERSION_TEXT */
	const struct project_app *apps;
	size_t apps_len;
	struct names libs;              /* folders of compiled applications */
	const char *erts;               /* "include", "none", or a folder of an OTP */
	bool strip;
	const char *sys_config;         /* .config or .exs; NULL: none */
	const char *runtime_config;     /* runtime.exs; NULL: none */
	const char *vm_args, *env;      /* NULL: the built-in ones */
	struct names overlays;
	const char *store;              /* folder where releases are put */
	struct names upgrade_from;      /* versions, or "previous" */
	const char *appups;             /* folder of hand-written appups; NULL: none */
};

/* One row for each key: the parser, `relevo help config` and the manual read it. */
struct project_key {
	const char *path;               /* "config.sys" */
	const char *type, *fallback, *help;
};
extern const struct project_key project_keys[]; /* ends with a NULL path */

/* Reads DIR/relevo.yaml, or the file itself.  An unknown key, or a value of another
 * type, fails with ERROR_INVALID and "FILE:LINE:COLUMN: …".
 */
must_check int project_read(struct project **out, struct arena *arena, const char *path,
			    struct error *err);
