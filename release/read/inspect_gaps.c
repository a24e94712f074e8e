// SPDX-License-Identifier: Apache-2.0
/* What OTP's release_handler, and the node's next start, look for in a release. */
#include "release/read/inspect_parts.h"

enum { SCRIPT_MAX = 1 << 20 };

void inspect_add_gap(struct inspection *in, struct arena *arena, struct gap gap)
{
	struct gap *gaps = arena_array(arena, in->gaps_len + 1, struct gap);

	if (in->gaps_len)
		memcpy(gaps, in->gaps, in->gaps_len * sizeof(*gaps));
	gaps[in->gaps_len++] = gap;
	in->gaps = gaps;
}

static void add(struct inspection *in, struct arena *arena, struct gap gap)
{
	inspect_add_gap(in, arena, gap);
}

static void check_sasl(struct inspection *in, struct arena *arena)
{
	const struct rel_app *sasl = rel_find(in->release->rel, "sasl");

	if (sasl && sasl->type <= START_TEMPORARY)
		return;
	add(in, arena,
	    (struct gap){ .code = "sasl_missing",
			  .from = true,
			  .to = true,
			  .message =
				  sasl ? arena_printf(arena, "sasl is in it, but not started (%s)",
						      start_type_name(sasl->type))
				       : "sasl is not in it: no release_handler",
			  .hint = "applications: {sasl: permanent}, which relevo build adds" });
}

static void check_records(struct inspection *in, struct arena *arena)
{
	const struct tree *tree = in->release->tree;

	if (!tree_has(tree, "releases/RELEASES"))
		add(in, arena,
		    (struct gap){
			    .code = "releases_missing",
			    .from = true,
			    .message = "no releases/RELEASES: release_handler does not know "
				       "the release that runs",
			    .hint = "relevo build writes it; release_handler:create_RELEASES/4 "
				    "makes one where the release is installed" });
	if (!tree_has(tree, "releases/start_erl.data"))
		add(in, arena,
		    (struct gap){ .code = "start_erl_missing",
				  .from = true,
				  .message =
					  "no releases/start_erl.data: nothing says which version "
					  "the next start boots",
				  .hint = "relevo build writes it; by hand it is \"ERTS VSN\"" });
}

/* The name of a tarball is that of the release for unpack_release. */
static const char *unpacked_name(const struct release *release, struct arena *arena)
{
	struct span base = span_of(path_base(release->path));

	if (!span_ends(base, ".tar.gz"))
		return arena_printf(arena, "%s-%s", release->name, release->vsn);
	base.len -= strlen(".tar.gz");
	return arena_dup(arena, base);
}

static void check_rel_file(struct inspection *in, struct arena *arena)
{
	const struct release *release = in->release;
	const char *name = unpacked_name(release, arena);
	const char *file = arena_printf(arena, "releases/%s.rel", name);

	if (tree_has(release->tree, file) ||
	    tree_has(release->tree,
		     arena_printf(arena, "releases/%s-%s.rel", release->name, release->vsn)))
		return;
	add(in, arena,
	    (struct gap){ .code = "rel_missing",
			  .to = true,
			  .message = arena_printf(arena,
						  "no %s, where release_handler looks for "
						  "what is in %s.tar.gz",
						  file, name),
			  .hint = arena_printf(arena,
					       "relevo build writes it; it is a copy of "
					       "%s/%s.rel",
					       release->dir, release->name) });
}

static void check_relup(struct inspection *in, struct arena *arena)
{
	if (in->release->relup)
		return;
	add(in, arena,
	    (struct gap){
		    .code = "relup_missing",
		    .to = true,
		    .message = "no relup: no running release can go to it",
		    .hint = "relevo build --from OLD packs one; relevo plan OLD NEW --out DIR "
			    "makes one for a release that is built" });
}

/* ---- the start script ---- */

static void check_script_text(struct inspection *in, struct arena *arena, const char *path,
			      const char *text)
{
	if (!strstr(text, "start_erl.data"))
		add(in, arena,
		    (struct gap){ .code = "script_ignores_version",
				  .from = true,
				  .message = arena_printf(
					  arena,
					  "%s does not read releases/start_erl.data: it boots %s "
					  "again, whatever was made permanent",
					  path, in->release->vsn),
				  .hint = "build the release with relevo build" });
	else if (!strstr(text, "new_start_erl.data"))
		add(in, arena,
		    (struct gap){
			    .code = "script_ignores_trial",
			    .message = arena_printf(
				    arena,
				    "%s does not read releases/new_start_erl.data: an upgrade "
				    "that restarts the VM comes up as the old release",
				    path),
			    .hint = "build the release with relevo build" });
}

static void check_script(struct inspection *in, struct arena *arena)
{
	const char *path = arena_printf(arena, "bin/%s", in->release->name);
	owned_str struct str text = STR_EMPTY;
	struct error ignored;

	if (tree_read(in->release->tree, path, SCRIPT_MAX, &text, &ignored) == 0)
		check_script_text(in, arena, path, str_text(&text));
	else
		add(in, arena,
		    (struct gap){ .code = "script_missing",
				  .from = true,
				  .message = arena_printf(arena, "no start script %s", path),
				  .hint = "relevo build writes one that boots what "
					  "releases/start_erl.data says" });
}

void inspect_gaps(struct inspection *in, struct arena *arena)
{
	check_sasl(in, arena);
	check_records(in, arena);
	check_script(in, arena);
	check_rel_file(in, arena);
	check_relup(in, arena);
}
