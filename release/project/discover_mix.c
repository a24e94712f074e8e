// SPDX-License-Identifier: Apache-2.0
/* Mix projects: what mix.exs says plainly.  It is a program; only a few pairs of key and value
 * are looked for in its words.
 */
#include "release/project/discover_parts.h"

#include <ctype.h>

enum mix_kind { MIX_END, MIX_WORD, MIX_KEY, MIX_ATOM, MIX_STRING, MIX_SIGN };

struct mix_token {
	enum mix_kind kind;
	struct span text; /* without colon and quotes */
};

struct mix_tokens {
	struct mix_token *items; /* the last one is MIX_END */
	size_t len, cap;
};

/* ---- words ---- */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '@' || c == '?' || c == '!' ||
	       (c & 0x80);
}

static struct span cut(struct span *rest, size_t len)
{
	struct span part = { rest->ptr, len };

	rest->ptr += len;
	rest->len -= len;
	return part;
}

static struct span cut_word(struct span *rest)
{
	size_t len = 0;

	while (len < rest->len && is_word(rest->ptr[len]))
		len++;
	return cut(rest, len);
}

/* Up to the quotes that end it; `rest` starts behind those that begin it. */
static struct span cut_string(struct span *rest, const char *quotes)
{
	size_t len = 0, end = strlen(quotes);
	struct span text;

	while (len + end <= rest->len && memcmp(rest->ptr + len, quotes, end) != 0)
		len += rest->ptr[len] == '\\' ? 2 : 1;
	if (len + end > rest->len)
		return cut(rest, rest->len);
	text = cut(rest, len);
	cut(rest, end);
	return text;
}

static void skip_blank(struct span *rest)
{
	while (rest->len && (isspace((unsigned char)rest->ptr[0]) || rest->ptr[0] == '#')) {
		const char *end =
			rest->ptr[0] == '#' ? memchr(rest->ptr, '\n', rest->len) : rest->ptr;

		cut(rest, end ? (size_t)(end - rest->ptr) + 1 : rest->len);
	}
}

static struct mix_token next_token(struct span *rest)
{
	struct mix_token token = { MIX_END, { "", 0 } };

	skip_blank(rest);
	if (rest->len == 0)
		return token;
	if (span_starts(*rest, "\"\"\"")) {
		cut(rest, 3);
		return (struct mix_token){ MIX_STRING, cut_string(rest, "\"\"\"") };
	}
	if (rest->ptr[0] == '"') {
		cut(rest, 1);
		return (struct mix_token){ MIX_STRING, cut_string(rest, "\"") };
	}
	if (rest->ptr[0] == ':' && rest->len > 1 && is_word(rest->ptr[1])) {
		cut(rest, 1);
		return (struct mix_token){ MIX_ATOM, cut_word(rest) };
	}
	if (!is_word(rest->ptr[0]))
		return (struct mix_token){ MIX_SIGN, cut(rest, 1) };
	token = (struct mix_token){ MIX_WORD, cut_word(rest) };
	if (rest->len > 1 && rest->ptr[0] == ':' && isspace((unsigned char)rest->ptr[1])) {
		token.kind = MIX_KEY;
		cut(rest, 1);
	}
	return token;
}

static struct mix_tokens split(struct arena *arena, struct span text)
{
	struct mix_tokens tokens = { 0 };

	do {
		tokens.items = arena_grow(arena, tokens.items, tokens.len, &tokens.cap);
		tokens.items[tokens.len++] = next_token(&text);
	} while (tokens.items[tokens.len - 1].kind != MIX_END);
	return tokens;
}

/* ---- keys and values ---- */

static bool is(const struct mix_token *token, enum mix_kind kind, const char *text)
{
	return token->kind == kind && span_is(token->text, text);
}

/* What follows the first such key; NULL: no such key. */
static const struct mix_token *value_of(const struct mix_tokens *tokens, const char *key)
{
	for (size_t i = 0; i + 1 < tokens->len; i++)
		if (is(&tokens->items[i], MIX_KEY, key))
			return &tokens->items[i + 1];
	return NULL;
}

static struct span text_of(const struct mix_tokens *tokens, const char *key, enum mix_kind kind)
{
	const struct mix_token *value = value_of(tokens, key);

	return value && value->kind == kind ? value->text : (struct span){ "", 0 };
}

/* The list of `key: [` itself, or of the function in `key: function()`; behind its bracket. */
static const struct mix_token *list_of(const struct mix_tokens *tokens, const char *key)
{
	const struct mix_token *value = value_of(tokens, key), *at;

	if (!value || is(value, MIX_SIGN, "["))
		return value ? value + 1 : NULL;
	if (value->kind != MIX_WORD)
		return NULL;
	for (at = tokens->items; at->kind != MIX_END; at++)
		if ((is(at, MIX_WORD, "def") || is(at, MIX_WORD, "defp")) &&
		    at[1].kind == MIX_WORD && span_equal(at[1].text, value->text))
			break;
	while (at->kind != MIX_END && !is(at, MIX_SIGN, "["))
		at++;
	return at->kind == MIX_END ? NULL : at + 1;
}

/* ---- releases ---- */

static int deeper(const struct mix_token *token)
{
	static const char opening[] = "[{(", closing[] = "]})";

	if (token->kind != MIX_SIGN)
		return 0;
	return (memchr(opening, token->text.ptr[0], 3) != NULL) -
	       (memchr(closing, token->text.ptr[0], 3) != NULL);
}

/* [shop: :permanent, …]: behind the bracket. */
static void read_applications(struct discoverer *d, const struct mix_token *at)
{
	for (int depth = 0; at->kind != MIX_END && depth >= 0; depth += deeper(at), at++)
		if (depth == 0 && at->kind == MIX_KEY && at[1].kind == MIX_ATOM)
			discover_add(&d->listed, d, at->text, NULL,
				     discover_start_type(at[1].text));
	d->has_list = d->listed.len > 0;
}

/* [shop: [applications: […], …], …]: behind the bracket.  The first one is the release. */
static void read_releases(struct discoverer *d, const struct mix_token *at)
{
	const char **names = NULL;
	size_t len = 0, cap = 0;

	for (int depth = 0; at->kind != MIX_END && depth >= 0; depth += deeper(at), at++) {
		if (depth == 0 && at->kind == MIX_KEY && len < DISCOVER_APPS_MAX) {
			names = arena_grow(d->arena, names, len, &cap);
			names[len++] = arena_dup(d->arena, at->text);
		}
		if (depth == 1 && len == 1 && is(at, MIX_KEY, "applications") &&
		    is(&at[1], MIX_SIGN, "["))
			read_applications(d, at + 2);
	}
	d->found->releases = (struct names){ names, len };
	if (len)
		d->found->release = names[0];
}

/* ---- projects ---- */

static int read_file(struct span *out, struct discoverer *d, const char *dir, struct error *err)
{
	owned_str struct str text = STR_EMPTY;

	if (discover_read(&text, d, path_join(d->arena, dir, "mix.exs"), err))
		return -1;
	*out = (struct span){ arena_dup(d->arena, str_span(&text)), text.len };
	return 0;
}

/* The folder's name stands in for a name that is not plain. */
static int read_children(struct discoverer *d, const char *path, struct error *err)
{
	struct names names;

	if (discover_folders(&names, d, path, err))
		return -1;
	for (size_t i = 0; i < names.len; i++) {
		const char *dir = path_join(d->arena, path, names.items[i]);
		struct mix_tokens tokens;
		struct span text, name;

		if (!discover_has(d, path_join(d->arena, dir, "mix.exs")))
			continue;
		if (read_file(&text, d, dir, err))
			return -1;
		tokens = split(d->arena, text);
		name = text_of(&tokens, "app", MIX_ATOM);
		discover_add(&d->own, d, name.len ? name : span_of(names.items[i]), dir,
			     START_PERMANENT);
	}
	return 0;
}

int discover_mix_text(struct discoverer *d, struct span text, struct error *err)
{
	static const char *const libs[] = { "_build/prod/lib" };
	struct mix_tokens tokens = split(d->arena, text);
	struct span apps_path = text_of(&tokens, "apps_path", MIX_STRING);
	struct span app = text_of(&tokens, "app", MIX_ATOM);
	const struct mix_token *releases;

	d->found->kind = apps_path.len ? DISCOVERED_UMBRELLA : DISCOVERED_MIX;
	d->found->libs = (struct names){ libs, 1 };
	if (apps_path.len && apps_path.ptr[0] != '/' &&
	    read_children(d, arena_dup(d->arena, apps_path), err))
		return -1;
	if (!apps_path.len)
		discover_add(&d->own, d, app, ".", START_PERMANENT);
	releases = list_of(&tokens, "releases");
	if (releases)
		read_releases(d, releases);
	return 0;
}

int discover_mix(struct discoverer *d, struct error *err)
{
	struct span text;

	return read_file(&text, d, "", err) || discover_mix_text(d, text, err) ? -1 : 0;
}
