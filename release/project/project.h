// SPDX-License-Identifier: Apache-2.0
/* project.h - relevo.yaml: what release to build from what is compiled here. */
#pragma once
#include "release/model/rel.h"
#include "release/project/target.h"

enum version_from { VERSION_TEXT, VERSION_APP, VERSION_GIT };

struct project_app {
	const char *name;
	enum start_type type;
};

/* One of overlay_vars. */
struct project_var {
	const char *name, *value;
};

/* Where rollouts are written down when several machines deploy; see docs/targets.md. */
struct project_etcd {
	struct names endpoints; /* none: no etcd */
	const char *ca, *cert, *key;
	const char *user, *password_file, *password_env;
	const char *prefix; /* of all keys */
	int64_t lease_ms;
};

struct project {
	const char *file; /* the relevo.yaml */
	const char *dir;  /* its folder; the paths below are joined to it */
	const char *release;
	enum version_from version_from;
	const char *version; /* VERSION_TEXT */
	const struct project_app *apps;
	size_t apps_len;
	struct names skip_mode_validation;   /* applications whose needs are not checked */
	const struct registered *registered; /* of applications whose .app says it wrongly */
	size_t registered_len;
	struct names libs; /* folders of compiled applications; may be none */
	const char *erts;  /* "include", "none", or a folder of an OTP */
	bool strip;
	bool include_src;
	const char *cookie;         /* NULL: each installation makes its own */
	const char *sys_config;     /* .config or .exs; NULL: none */
	const char *runtime_config; /* runtime.exs; NULL: none */
	struct names providers;     /* Elixir terms {Module, Argument}, as text */
	bool reboot_after_config, prune_after_boot, distribution_during_config;
	bool validate_compile_env;
	const char *templates; /* folder of vm.args.eex …; it need not exist */
	const char *vm_args, *remote_vm_args, *env; /* NULL: those of `templates`, or built in */
	struct names overlays;
	struct names links_to; /* folders outside that links may lead to */
	const struct project_var *overlay_vars;
	size_t overlay_vars_len;
	const char *hook_before, *hook_after; /* shell commands; NULL: none */
	const char *store;                    /* folder where releases are put */
	const char *remote;                   /* URL of the store they are shared in; NULL: none */
	struct names upgrade_from;            /* versions, or "previous" */
	struct names upgrade_allow;           /* codes of reasons that do not count */
	bool keep_assets;                     /* carry digested files of older releases */
	struct names upgrade_after; /* "Shop.Release.told", "shop:told": called with two versions */
	const char *appups;         /* folder of hand-written appups; NULL: none */
	struct targets targets;     /* fleets to deploy to */
	const char *state_file;     /* where rollouts are written down; NULL: default */
	struct project_etcd etcd;
	const char *default_release;    /* which of several; NULL: none */
	struct names trust_keys;        /* files of public keys; any: releases must be signed */
	struct names trust_authorities; /* or somebody whom one of these certificates vouches for */
	bool trust_required;            /* also without keys */
	const char *trust_minimum;      /* the oldest version that may be used; NULL: any */
};

struct project_reader;
struct project_field;

/* One row for each key: the parser, `relevo help config` and the manual read it. */
struct project_key {
	const char *path; /* "config.sys" */
	const char *type, *fallback, *help;
	/* Puts the value into what lies `offset` bytes into struct project, or struct target. */
	int (*read)(struct project_reader *r, const struct project_field *field, void *into);
	size_t offset;
};
extern const struct project_key project_keys[]; /* ends with a NULL path */
/* The keys of each target, below "targets.NAME". */
extern const struct project_key target_keys[];

/* Whether bin/NAME can hand it to a VM: 1 to 255 printable characters of ASCII without blanks, none
 * of "-+" in front.
 */
bool cookie_fits(const char *cookie);
#define COOKIE_WANTED \
	"1 to 255 printable ASCII characters without blanks, the first neither - nor +"

/* Reads DIR/relevo.yaml, or the file itself.  An unknown key, or a value of another
 * type, fails with ERROR_INVALID and "FILE:LINE:COLUMN: …".
 *
 * Of a file that describes several releases (the key "releases"), this reads the one of that
 * name; without a name the only one, or "default_release": ERROR_USAGE when neither is there.
 */
must_check int project_read_release(struct project **out, struct arena *arena, const char *path,
				    const char *name, struct error *err);
/* The same without a name. */
must_check int project_read(struct project **out, struct arena *arena, const char *path,
			    struct error *err);
