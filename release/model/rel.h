// SPDX-License-Identifier: Apache-2.0
/* rel.h - a release as its .rel file names it, and the applications that make it up.
 *
 * A .rel file says which applications, in which versions; resolving finds their
 * .app files, checks them against each other as systools does, and puts them in
 * the order in which they start.
 */
#pragma once
#include "release/model/app.h"

enum start_type { START_PERMANENT, START_TRANSIENT, START_TEMPORARY, START_LOAD, START_NONE };

const char *start_type_name(enum start_type type);

struct rel_app {
	const char *name, *vsn;
	enum start_type type;
	bool has_includes;     /* the .rel replaces included_applications … */
	struct names includes; /* … by these */
};

struct rel {
	const char *name; /* any text, also "Erlang/OTP": no name for a file */
	const char *vsn, *erts;
	const struct rel_app *apps;
	size_t len;
};

enum { REL_APPS_MAX = 10000 };

/* {release,{Name,Vsn},{erts,Vsn},[…]}, checked as systools checks it; besides, names of
 * applications and versions hold no slash, as they become names of folders.
 */
must_check int rel_parse(struct rel **out, struct arena *arena, const struct term *term,
			 const char *file, struct error *err);
must_check int rel_read(struct rel **out, struct arena *arena, const struct tree *tree,
			const char *file, struct error *err);
/* The start type is always written, as Mix does. */
const struct term *rel_term(struct arena *arena, const struct rel *rel);
/* What releases/RELEASES says of a system that starts with this release:
 * [{release, Name, Vsn, Erts, [{App, Vsn, "lib/App-Vsn"}], permanent}]
 */
const struct term *rel_releases_term(struct arena *arena, const struct rel *rel);
const struct rel_app *rel_find(const struct rel *rel, const char *name);

/* The names that an application registers, whatever its .app file says. */
struct registered {
	const char *app;
	struct names names;
};

/* Where applications are looked for: ebin folders, in order. */
struct lib_path {
	struct names dirs;
	/* Applications that may be nowhere in dirs, because the release runs on the OTP of
	 * its host; they are then taken as ones that need nothing and have no modules.
	 */
	struct names outside;
	const struct registered *registered;
	size_t registered_len;
};

/* NULL: as its .app file says. */
const struct registered *registered_find(const struct lib_path *path, const char *app);

/* From folders that hold applications (DIR/APP-VSN/ebin or DIR/APP/ebin), ebin
 * folders, and globs of either ("*" only); sorted by name inside each, without
 * duplicates.  What does not exist drops out.
 */
must_check int lib_path_make(struct lib_path *out, struct arena *arena, const struct tree *tree,
			     struct names libs, struct error *err);

struct resolved_app {
	const struct app *app;
	const struct rel_app *entry;
	struct names uses, includes; /* after systools' rewriting: what a script says */
	bool included;               /* by another application: started by that one */
};

struct resolved {
	const struct rel *rel;
	const struct tree *tree;         /* what the applications' `dir`s are paths in */
	const struct resolved_app *apps; /* in start order */
	size_t len;
};

/* Finds and checks every application of the release, and sorts them.  Whatever
 * systools refuses is refused here, under its name in err->otp
 * ("undefined_applications", "circular_dependencies", "duplicate_modules", …).
 * A missing sasl is no error here; see rel_find(rel, "sasl").
 */
must_check int rel_resolve(struct resolved **out, struct arena *arena, const struct rel *rel,
			   const struct tree *tree, struct lib_path path, struct error *err);
const struct resolved_app *resolved_find(const struct resolved *release, const char *name);
