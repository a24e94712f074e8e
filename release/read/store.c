// SPDX-License-Identifier: Apache-2.0
#include "release/read/store.h"

#include "base/file.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_separator(char c)
{
	return c == '.' || c == '-' || c == '+' || c == '_';
}

/* One run of digits, or of anything else up to a separator. */
static struct span next_part(const char **text)
{
	struct span part = { *text, 0 };
	bool digits = is_digit(**text);

	while ((*text)[0] && !is_separator(**text) && is_digit(**text) == digits) {
		++*text;
		part.len++;
	}
	return part;
}

static struct span without_zeros(struct span number)
{
	while (number.len > 1 && number.ptr[0] == '0')
		number = (struct span){ number.ptr + 1, number.len - 1 };
	return number;
}

static int compare_parts(struct span a, struct span b)
{
	bool a_number = a.len && is_digit(a.ptr[0]), b_number = b.len && is_digit(b.ptr[0]);

	if (a_number && b_number) {
		a = without_zeros(a);
		b = without_zeros(b);
		if (a.len != b.len)
			return a.len < b.len ? -1 : 1;
	} else if (a_number != b_number) {
		return a_number ? -1 : 1;
	}
	return span_compare(a, b);
}

/* "-3-gabc1234" of git describe: three commits after the tag, and no pre-release of it. */
static bool is_after_tag(const char *rest)
{
	size_t digits = strspn(rest + (*rest == '-'), "0123456789");

	if (*rest != '-')
		return false;
	return strcmp(rest, "-dirty") == 0 || (digits && strncmp(rest + 1 + digits, "-g", 2) == 0);
}

static bool is_before(const char *rest)
{
	return *rest == '-' && !is_after_tag(rest);
}

/* When one ends: the other is newer, unless what it has more is a pre-release. */
static int compare_ends(const char *a, const char *b)
{
	if (!*a && !*b)
		return 0;
	if (!*a)
		return is_before(b) ? 1 : -1;
	return is_before(a) ? -1 : 1;
}

int version_compare(const char *a, const char *b)
{
	while (*a && *b) {
		struct span a_part = next_part(&a), b_part = next_part(&b);
		int order = compare_parts(a_part, b_part);

		if (order)
			return order;
		if (!*a || !*b)
			break;
		if (is_separator(*a) && is_separator(*b)) {
			if (*a != *b && (*a == '-' || *b == '-'))
				return *a == '-' ? -1 : 1;
			if (is_before(a) != is_before(b))
				return is_before(a) ? -1 : 1;
			a++;
			b++;
		}
	}
	return compare_ends(a, b);
}

const char *store_find(struct arena *arena, const char *store, const char *name, const char *vsn)
{
	const char *tree = arena_printf(arena, "%s/%s-%s", store, name, vsn);
	const char *tarball = arena_printf(arena, "%s.tar.gz", tree);

	if (path_is_file(tarball))
		return tarball;
	return path_is_dir(tree) ? tree : NULL;
}

/* The VSN of NAME-VSN or NAME-VSN.tar.gz; NULL for anything else. */
static const char *version_of(struct arena *arena, const char *name, const char *entry)
{
	struct span rest = span_of(entry);

	if (!span_starts(rest, name) || entry[strlen(name)] != '-')
		return NULL;
	rest = (struct span){ entry + strlen(name) + 1, rest.len - strlen(name) - 1 };
	if (span_ends(rest, ".tar.gz"))
		rest.len -= strlen(".tar.gz");
	return is_digit(rest.len ? rest.ptr[0] : ' ') ? arena_dup(arena, rest) : NULL;
}

int store_previous(const char **out, struct arena *arena, const char *store, const char *name,
		   const char *vsn, struct error *err)
{
	struct dir_entry *entries;
	const char *best = NULL;
	size_t len;

	if (dir_list(&entries, &len, arena, store, err))
		return -1;
	for (size_t i = 0; i < len; i++) {
		const char *found = version_of(arena, name, entries[i].name);

		if (found && (!vsn || version_compare(found, vsn) < 0) &&
		    (!best || version_compare(found, best) > 0))
			best = found;
	}
	*out = best;
	return 0;
}
