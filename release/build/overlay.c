// SPDX-License-Identifier: Apache-2.0
/* Overlays are copied as they are, as Mix copies them.  Only in files whose name ends in
 * .mustache are the names in {{ }} replaced, as relx does in its templates; the copy loses the
 * ending.
 */
#include "base/file.h"
#include "release/build/builder.h"

#include <unistd.h>

#define ENDING ".mustache"

enum { MUSTACHE_MAX = 16 << 20, DEPTH_MAX = 64 };

static const char *find_var(const struct builder *b, struct span name)
{
	const struct project *p = b->project;

	for (size_t i = 0; i < p->overlay_vars_len; i++)
		if (span_is(name, p->overlay_vars[i].name))
			return p->overlay_vars[i].value;
	if (span_is(name, "release_name"))
		return b->rel->name;
	if (span_is(name, "release_version"))
		return b->rel->vsn;
	return span_is(name, "erts_version") ? b->rel->erts : NULL;
}

static unsigned line_of(struct span text, const char *at)
{
	unsigned line = 1;

	for (const char *c = text.ptr; c < at; c++)
		line += *c == '\n';
	return line;
}

static const char *find(struct span text, const char *from, const char *what)
{
	return memmem(from, (size_t)(text.ptr + text.len - from), what, strlen(what));
}

static int fill(struct str *out, const struct builder *b, struct span text, const char *file)
{
	const char *at = text.ptr, *open, *close, *value;

	while ((open = find(text, at, "{{"))) {
		struct span name;

		str_add(out, (struct span){ at, (size_t)(open - at) });
		close = find(text, open, "}}");
		if (!close)
			return error_set(b->err, ERROR_INVALID, "%s:%u: {{ without }}", file,
					 line_of(text, open));
		name = span_trim((struct span){ open + 2, (size_t)(close - open - 2) });
		value = find_var(b, name);
		if (!value) {
			error_set_(b->err, ERROR_INVALID,
				   "%s:%u: there is no value for {{" SPAN_FMT "}}", file,
				   line_of(text, open), SPAN_ARG(name));
			return error_hint(b->err, "Give one in \"overlay_vars\".");
		}
		str_adds(out, value);
		at = close + 2;
	}
	str_add(out, (struct span){ at, (size_t)(text.ptr + text.len - at) });
	return 0;
}

/* A tree for development has links into the project, and into the installed Erlang: what an overlay
 * puts over them must not go there.
 */
static int make_room(struct builder *b, const char *to)
{
	return path_is_link(to) ? tree_remove(to, b->err) : 0;
}

static int fill_file(struct builder *b, const char *from, const char *to, mode_t mode)
{
	owned_str struct str text = STR_EMPTY, filled = STR_EMPTY;
	const char *made = arena_dup(b->arena, (struct span){ to, strlen(to) - strlen(ENDING) });

	if (make_room(b, made) || file_read(from, MUSTACHE_MAX, &text, b->err) ||
	    fill(&filled, b, str_span(&text), from))
		return -1;
	return file_put(made, str_span(&filled), mode, b->err);
}

/* The link to a folder becomes a folder of links. */
static int make_folder(struct builder *b, const char *to)
{
	struct dir_entry *entries = NULL;
	const char *real;
	size_t len = 0;

	if (!path_is_link(to))
		return dir_make(to, b->err);
	if (path_is_dir(to) && (path_real(&real, b->arena, to, b->err) ||
				dir_names(&entries, &len, b->arena, real, b->err)))
		return -1;
	if (make_room(b, to) || dir_make(to, b->err))
		return -1;
	for (size_t i = 0; i < len; i++)
		if (symlink(path_join(b->arena, real, entries[i].name),
			    path_join(b->arena, to, entries[i].name)))
			return error_sys(b->err, "cannot link %s", to);
	return 0;
}

static int copy_folder(struct links *links, const char *from, const char *to, int depth);

static int copy_entry(struct links *links, const struct dir_entry *entry, const char *in,
		      const char *out, int depth)
{
	struct builder *b = links->builder;
	mode_t mode = entry->mode & 0111 ? 0755 : 0644;

	if (entry->is_link && links_may(links, in, b->err))
		return -1;
	if (entry->is_dir)
		return copy_folder(links, in, out, depth + 1);
	if (span_ends(span_of(in), ENDING))
		return fill_file(b, in, out, mode);
	return make_room(b, out) || file_copy(in, out, mode, b->err) ? -1 : 0;
}

static int copy_folder(struct links *links, const char *from, const char *to, int depth)
{
	struct builder *b = links->builder;
	struct dir_entry *entries;
	size_t len;

	if (depth == DEPTH_MAX)
		return error_set(b->err, ERROR_INVALID,
				 "%s: folders lie too deep; do links lead in a circle?", from);
	if (dir_list(&entries, &len, b->arena, from, b->err) || make_folder(b, to))
		return -1;
	for (size_t i = 0; i < len; i++)
		if (copy_entry(links, &entries[i], path_join(b->arena, from, entries[i].name),
			       path_join(b->arena, to, entries[i].name), depth))
			return -1;
	return 0;
}

static int copy_overlay(struct builder *b, const char *from)
{
	struct links links = { .builder = b };

	return check_given(b, from) || path_real(&links.root, b->arena, from, b->err) ||
			       copy_folder(&links, from, b->root, 0)
		       ? error_wrap(b->err, "overlay")
		       : 0;
}

int copy_overlays(struct builder *b)
{
	for (size_t i = 0; i < b->project->overlays.len; i++)
		if (copy_overlay(b, b->project->overlays.items[i]))
			return -1;
	return 0;
}
