// SPDX-License-Identifier: Apache-2.0
/* Overlays are copied as they are, as Mix copies them.  Only in files whose name ends in
 * .mustache are the names in {{ }} replaced, as relx does in its templates; the copy loses the
 * ending.
 */
#include "base/file.h"
#include "release/build/builder.h"

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

static int fill_file(struct builder *b, const char *from, const char *to, mode_t mode)
{
	owned_str struct str text = STR_EMPTY, filled = STR_EMPTY;
	struct span name = span_of(to);

	name.len -= strlen(ENDING);
	if (file_read(from, MUSTACHE_MAX, &text, b->err) || fill(&filled, b, str_span(&text), from))
		return -1;
	return file_put(arena_dup(b->arena, name), str_span(&filled), mode, b->err);
}

static int copy_folder(struct builder *b, const char *from, const char *to, int depth)
{
	struct dir_entry *entries;
	size_t len;

	if (depth == DEPTH_MAX)
		return error_set(b->err, ERROR_INVALID,
				 "%s: folders lie too deep; do links lead in a circle?", from);
	if (dir_list(&entries, &len, b->arena, from, b->err) || dir_make(to, b->err))
		return -1;
	for (size_t i = 0; i < len; i++) {
		const char *in = path_join(b->arena, from, entries[i].name);
		const char *out = path_join(b->arena, to, entries[i].name);
		mode_t mode = entries[i].mode & 0111 ? 0755 : 0644;
		int ret;

		if (entries[i].is_dir)
			ret = copy_folder(b, in, out, depth + 1);
		else if (span_ends(span_of(in), ENDING))
			ret = fill_file(b, in, out, mode);
		else
			ret = file_copy(in, out, mode, b->err);
		if (ret)
			return -1;
	}
	return 0;
}

int copy_overlays(struct builder *b)
{
	for (size_t i = 0; i < b->project->overlays.len; i++)
		if (copy_folder(b, b->project->overlays.items[i], b->root, 0))
			return error_wrap(b->err, "overlay");
	return 0;
}
