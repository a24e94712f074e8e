// SPDX-License-Identifier: Apache-2.0
/* bundle.h - a release's tarball, as far as an upgrade has to look inside.
 *
 * Needed inside, all below releases/:
 *	VSN/relevo.manifest.json   "name", "version", "erts"; "files": [{"path", "size",
 *	                           "md5"}] ("sha256" is used where the node has crypto);
 *	                           "modules": [{"application", "module", "md5"}], of a module
 *	                           that is there twice the later entry counts
 *	BASE.rel                   BASE being the tarball's name on the node: release_handler
 *	                           looks for it, NAME-VSN.rel or any other of the right release
 *	VSN/relup                  the ways from and to other versions
 *	VSN/relevo.plans.json      what was found of them
 *
 * A file that the manifest does not list (release/read/manifest.h has the exceptions, which are not
 * sent), or that lies where a node keeps records of its own, makes it no release.
 */
#pragma once
#include "erlang/term/term.h"
#include "release/read/manifest_read.h"
#include "upgrade/plan/carried.h"

struct bundle {
	const char *file; /* the tarball here */
	const char *base; /* what it is called on the node, without .tar.gz */
	int64_t size;
	char sha256[65], md5[33];
	const char *name, *vsn, *erts;
	const char *manifest; /* its path in the tarball */
	char manifest_sha256[65];
	const struct manifest_entry *files;
	size_t files_len;
	const struct manifest_module *modules;
	size_t modules_len;
	struct carried plans;      /* what was found of the ways to it; none: nobody judged them */
	const struct term *relup;  /* NULL: none inside */
	const struct term *config; /* sys.config, a list; NULL: none inside, or no list */
	const struct term *apps;   /* of the .app files: [{App, Vsn, Module | [], Env}] */
};

/* Reads a tarball; all in the arena.
 *
 * ERROR_NOT_FOUND: no such file.  ERROR_INVALID: no tarball, or it lacks what is named
 * above (a relup and plans apart) or holds nonsense there.
 */
must_check int bundle_read(struct bundle *out, struct arena *arena, const char *file,
			   struct error *err);

/* bundle_files.c: ERROR_INVALID: it holds what is not to be brought to a node. */
must_check int bundle_check_files(const struct bundle *bundle, const struct tree *tree,
				  struct error *err);

/* The relup's instructions from `from` to this version, or from this version down to `to`
 * (a list); NULL when it knows none.
 */
const struct term *bundle_up(const struct bundle *bundle, struct arena *arena, const char *from);
const struct term *bundle_down(const struct bundle *bundle, struct arena *arena, const char *to);
/* The versions that it can come from: "1.0.0, 1.0.1"; "none". */
const char *bundle_sources(const struct bundle *bundle, struct arena *arena);

/* The manifest alone, as files and modules; for a release whose tarball is not at hand. */
must_check int bundle_parse_manifest(struct bundle *out, struct arena *arena, struct span json,
				     const char *name, struct error *err);

/* rebuilt.c: what two builds of a version differ in, by their manifests ("lib/shop-1.0.0/priv/x and
 * 3 more", in the arena); NULL: they are the same.
 */
const char *bundle_difference(const struct bundle *a, const struct bundle *b, struct arena *arena);
/* Its modules alone, [{Application, Module, Md5}] as texts. */
must_check int bundle_take_modules(struct bundle *out, struct arena *arena,
				   const struct term *modules, struct error *err);
