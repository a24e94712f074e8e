// SPDX-License-Identifier: Apache-2.0
/* builder.h - the rooms inside assemble(); nothing for other modules. */
#pragma once
#include "release/build/assemble.h"
#include "release/project/configure.h"
#include "release/project/template.h"

struct builder {
	struct arena *arena;
	const struct project *project;
	const struct otp *otp;
	const char *elixir_lib; /* Elixir's applications; NULL: no Elixir here */
	const char *root;       /* of the tree */
	const char *vsn_dir;    /* releases/VSN in it, full path */
	struct lib_path path;
	const struct rel *rel;
	const struct resolved *release;
	struct configured configured;
	bool has_elixir; /* the release */
	const struct assemble_options *options;
	struct error *err;
};

void builder_tell(const struct builder *b, const char *what);
void builder_warn(const struct builder *b, const char *what);
const char *in_root(const struct builder *b, const char *path);
const char *in_vsn(const struct builder *b, const char *name);
bool packs_erts(const struct builder *b);
/* The file of every release, with its name filled in. */
must_check int put_template(struct builder *b, enum template_file file, const char *to,
			    mode_t mode);

/* An application of the OTP itself: where no ERTS is packed, the host has it. */
bool app_is_otp(const struct builder *b, const struct app *app);
/* lib/: the applications, or links to them; beside them, on another core, erts-VSN/. */
must_check int copy_applications(struct builder *b);
/* erts-VSN/bin, where it is packed. */
must_check int copy_erts(struct builder *b);
/* The modules and other files of an ebin folder; modules stripped as the project says. */
must_check int copy_ebin(struct builder *b, const char *from, const char *to);
/* What may be packed although a link leads to it: what is in the project, below `root` (real path;
 * NULL: none), in "links_to", in an installed Erlang or Elixir.  A file beside the project that
 * everybody may read is warned of.
 */
struct links {
	struct builder *builder;
	const char *root;
};
/* For struct tree_links: ERROR_REFUSED. */
must_check int links_may(void *links, const char *path, struct error *err);
/* The same for a file or folder that relevo.yaml names, or that is taken by its name; one that is
 * named by a path that leads out of the project was asked for.
 */
must_check int check_given(struct builder *b, const char *path);
/* And that all configured files are such, before Elixir opens some of them. */
must_check int check_given_files(struct builder *b);
/* The project's own files over the finished tree; .mustache files filled in. */
must_check int copy_overlays(struct builder *b);
