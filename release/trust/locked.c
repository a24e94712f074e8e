// SPDX-License-Identifier: Apache-2.0
#include "release/trust/locked.h"

#include "base/file.h"

enum { LOCK_MAX = 4 << 20, ENTRIES_MAX = 10000, TEXTS_MAX = 8, METADATA_MAX = 1 << 20 };

struct adding {
	struct arena *arena;
	struct locked *items;
	size_t len, cap;
};

static struct locked *add(struct adding *a, struct locked locked)
{
	if (a->len >= ENTRIES_MAX)
		return NULL;
	a->items = arena_grow(a->arena, a->items, a->len, &a->cap);
	a->items[a->len++] = locked;
	return &a->items[a->len - 1];
}

static bool is_digest(const char *text)
{
	return text && strlen(text) == 64 && strspn(text, "0123456789abcdefABCDEF") == 64;
}

static const char *lower(struct arena *arena, const char *text)
{
	char *copy = arena_dup(arena, span_of(text));

	for (char *at = copy; *at; at++)
		if (*at >= 'A' && *at <= 'F')
			*at = (char)(*at - 'A' + 'a');
	return copy;
}

/* ---- mix.lock ----
 *
 * Mix writes one dependency a line:
 *	"jason": {:hex, :jason, "1.4.1", "INNER", [:mix], [DEPENDENCIES], "hexpm", "OUTER"},
 *	"x": {:git, "https://…", "COMMIT", []},
 */

/* The next text in quotes; NULL: none. */
static const char *next_text(struct arena *arena, struct span *rest)
{
	const char *begin = memchr(rest->ptr, '"', rest->len), *end;
	size_t left;

	if (!begin)
		return NULL;
	left = rest->len - (size_t)(begin + 1 - rest->ptr);
	end = memchr(begin + 1, '"', left);
	if (!end)
		return NULL;
	*rest = (struct span){ end + 1, left - (size_t)(end + 1 - (begin + 1)) };
	return arena_text(arena, (struct span){ begin + 1, (size_t)(end - begin - 1) });
}

/* ":jason," behind ":hex, " */
static const char *package_of(struct arena *arena, struct span rest)
{
	struct span atom;

	rest = span_trim(rest);
	if (!span_next(&rest, ',', &atom) || atom.len < 2 || atom.ptr[0] != ':')
		return NULL;
	return arena_text(arena, (struct span){ atom.ptr + 1, atom.len - 1 });
}

static void take_hex(struct adding *a, const char *app, struct span rest)
{
	struct locked locked = { .app = app, .package = package_of(a->arena, rest) };
	const char *text, *last = NULL;

	locked.vsn = next_text(a->arena, &rest);
	while ((text = next_text(a->arena, &rest)))
		last = text;
	if (is_digest(last))
		locked.sha256 = lower(a->arena, last);
	if (locked.package && locked.vsn)
		add(a, locked);
}

static void take_line(struct adding *a, struct span line)
{
	const char *app = next_text(a->arena, &line);
	struct span rest = span_trim(line);
	struct locked git = { .app = app };

	if (!app)
		return;
	if (span_starts(rest, ": {:hex,")) {
		take_hex(a, app, (struct span){ rest.ptr + 8, rest.len - 8 });
	} else if (span_starts(rest, ": {:git,")) {
		git.url = next_text(a->arena, &rest);
		git.commit = next_text(a->arena, &rest);
		if (git.url && git.commit)
			add(a, git);
	}
}

void lock_read_mix(struct lock *out, struct arena *arena, struct span text)
{
	struct adding a = { .arena = arena };
	struct span line;

	while (span_next(&text, '\n', &line))
		take_line(&a, line);
	*out = (struct lock){ a.items, a.len };
}

/* ---- rebar.lock ----
 *
 *	{"1.2.0", [{<<"cowboy">>, {pkg, <<"cowboy">>, <<"2.9.0">>}, 0},
 *	           {<<"x">>, {git, "https://…", {ref, "COMMIT"}}, 0}]}.
 *	[{pkg_hash, […]}, {pkg_hash_ext, [{<<"cowboy">>, <<"OUTER">>}]}].
 */

static const char *text_of(struct arena *arena, const struct term *term)
{
	const char *text;

	return term && term_get_text(term, arena, &text) ? text : NULL;
}

static const struct term *element(const struct term *tuple, size_t nr)
{
	return tuple && tuple->kind == TERM_TUPLE && nr < tuple->seq.len ? term_at(tuple, nr)
									 : NULL;
}

static bool is_atom(const struct term *term, const char *name)
{
	const char *atom = term ? term_atom_name(term) : NULL;

	return atom && strcmp(atom, name) == 0;
}

static void take_entry(struct adding *a, const struct term *entry)
{
	const struct term *source = element(entry, 1);
	struct locked locked = { .app = text_of(a->arena, element(entry, 0)) };

	if (!locked.app)
		return;
	if (is_atom(element(source, 0), "pkg")) {
		locked.package = text_of(a->arena, element(source, 1));
		locked.vsn = text_of(a->arena, element(source, 2));
		if (locked.package && locked.vsn)
			add(a, locked);
	} else if (is_atom(element(source, 0), "git")) {
		locked.url = text_of(a->arena, element(source, 1));
		locked.commit = text_of(a->arena, element(element(source, 2), 1));
		if (locked.url && locked.commit)
			add(a, locked);
	}
}

static void take_hash(struct adding *a, const struct term *pair)
{
	const char *app = text_of(a->arena, element(pair, 0));
	const char *sha256 = text_of(a->arena, element(pair, 1));

	for (size_t i = 0; app && is_digest(sha256) && i < a->len; i++)
		if (strcmp(a->items[i].app, app) == 0)
			a->items[i].sha256 = lower(a->arena, sha256);
}

static void each(struct adding *a, const struct term *list,
		 void (*take)(struct adding *a, const struct term *item))
{
	for (size_t i = 0; list && list->kind == TERM_LIST && i < list->seq.len; i++)
		take(a, term_at(list, i));
}

static void take_hashes(struct adding *a, const struct term *pair)
{
	if (is_atom(element(pair, 0), "pkg_hash_ext"))
		each(a, element(pair, 1), take_hash);
}

int lock_read_rebar(struct lock *out, struct arena *arena, struct span text, struct error *err)
{
	struct adding a = { .arena = arena };
	const struct term *all;

	if (term_parse_all(&all, arena, text, "rebar.lock", err))
		return -1;
	if (all->seq.len > 0)
		each(&a, element(term_at(all, 0), 1), take_entry);
	if (all->seq.len > 1)
		each(&a, term_at(all, 1), take_hashes);
	*out = (struct lock){ a.items, a.len };
	return 0;
}

/* ---- what Hex says of a package ---- */

struct names texts_of_list(struct arena *arena, const struct term *list)
{
	const char **items;
	size_t len = 0;

	if (!list || list->kind != TERM_LIST)
		return (struct names){ NULL, 0 };
	items = arena_array(arena, TEXTS_MAX, const char *);
	for (size_t i = 0; i < list->seq.len && len < TEXTS_MAX; i++) {
		items[len] = text_of(arena, term_at(list, i));
		len += items[len] != NULL;
	}
	return (struct names){ items, len };
}

/* What is not there, or cannot be read, is not told. */
static void take_metadata(struct locked *locked, struct arena *arena, const char *dir)
{
	const char *file = arena_printf(arena, "%s/deps/%s/hex_metadata.config", dir, locked->app);
	owned_str struct str text = STR_EMPTY;
	const struct term *all;
	struct error ignored;

	if (!name_is_word(locked->app) || !path_is_file(file) ||
	    file_read(file, METADATA_MAX, &text, &ignored) ||
	    term_parse_all(&all, arena, str_span(&text), file, &ignored))
		return;
	for (size_t i = 0; i < all->seq.len; i++) {
		const struct term *pair = term_at(all, i);
		const char *key = text_of(arena, element(pair, 0));

		if (key && strcmp(key, "licenses") == 0)
			locked->licences = texts_of_list(arena, element(pair, 1));
		if (key && strcmp(key, "description") == 0)
			locked->description = text_of(arena, element(pair, 1));
	}
}

int lock_read(struct lock *out, struct arena *arena, const char *dir, struct error *err)
{
	const char *mix = path_join(arena, dir, "mix.lock");
	const char *rebar = path_join(arena, dir, "rebar.lock");
	owned_str struct str text = STR_EMPTY;

	*out = (struct lock){ NULL, 0 };
	if (path_is_file(mix)) {
		if (file_read(mix, LOCK_MAX, &text, err))
			return -1;
		lock_read_mix(out, arena, str_span(&text));
	} else if (path_is_file(rebar)) {
		if (file_read(rebar, LOCK_MAX, &text, err) ||
		    lock_read_rebar(out, arena, str_span(&text), err))
			return -1;
	}
	for (size_t i = 0; i < out->len; i++)
		take_metadata((struct locked *)(uintptr_t)&out->items[i], arena, dir);
	return 0;
}

const struct locked *lock_find(const struct lock *lock, const char *app)
{
	for (size_t i = 0; i < lock->len; i++)
		if (strcmp(lock->items[i].app, app) == 0)
			return &lock->items[i];
	return NULL;
}

/* ---- where it is to be found ---- */

#define UNRESERVED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
#define IN_A_URI UNRESERVED ":/?#[]@!$&'()*+,;=%"

static void add_escaped(struct str *out, const char *text)
{
	for (const char *at = text; *at; at++)
		if (strchr(UNRESERVED, *at))
			str_addc(out, *at);
		else
			str_addf(out, "%%%02X", (unsigned char)*at);
}

const char *locked_purl(struct arena *arena, const struct locked *locked)
{
	owned_str struct str url = STR_EMPTY;

	if (!locked->package)
		return NULL;
	str_add(&url, SPAN("pkg:hex/"));
	add_escaped(&url, locked->package);
	str_addc(&url, '@');
	add_escaped(&url, locked->vsn);
	return arena_dup(arena, str_span(&url));
}

/* "user:password@host/path", the part behind "://". */
static const char *without_secrets(struct arena *arena, struct span scheme, const char *rest)
{
	const char *end = rest + strcspn(rest, "/?#"),
		   *at = memrchr(rest, '@', (size_t)(end - rest));
	size_t user = at ? strcspn(rest, ":@") : 0;

	if (!at)
		return rest;
	if (!span_is(scheme, "ssh") || user == 0)
		return at + 1;
	return arena_printf(arena, "%.*s%s", (int)user, rest, at);
}

const char *git_uri(struct arena *arena, const char *url)
{
	const char *scheme_end = strstr(url, "://"), *colon = strchr(url, ':');

	if (url[strspn(url, IN_A_URI)])
		return NULL;
	if (scheme_end && scheme_end == colon) {
		struct span scheme = { url, (size_t)(scheme_end - url) };

		return arena_printf(arena, SPAN_FMT "://%s", SPAN_ARG(scheme),
				    without_secrets(arena, scheme, scheme_end + 3));
	}
	/* "user@host:path", as ssh has it. */
	if (!colon || memchr(url, '/', (size_t)(colon - url)) || colon == url)
		return NULL;
	return arena_printf(arena, "ssh://%.*s%s%s", (int)(colon - url), url,
			    colon[1] == '/' ? "" : "/", colon + 1);
}
