// SPDX-License-Identifier: Apache-2.0
#include "release/project/mix_tokens.h"

#include <ctype.h>

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

struct mix_tokens mix_tokens_split(struct arena *arena, struct span text)
{
	struct mix_tokens tokens = { 0 };

	do {
		tokens.items = arena_grow(arena, tokens.items, tokens.len, &tokens.cap);
		tokens.items[tokens.len++] = next_token(&text);
	} while (tokens.items[tokens.len - 1].kind != MIX_END);
	return tokens;
}

/* ---- keys and values ---- */

bool mix_token_is(const struct mix_token *token, enum mix_kind kind, const char *text)
{
	return token->kind == kind && span_is(token->text, text);
}

const struct mix_token *mix_value_of(const struct mix_tokens *tokens, const char *key)
{
	for (size_t i = 0; i + 1 < tokens->len; i++)
		if (mix_token_is(&tokens->items[i], MIX_KEY, key))
			return &tokens->items[i + 1];
	return NULL;
}

struct span mix_text_of(const struct mix_tokens *tokens, const char *key, enum mix_kind kind)
{
	const struct mix_token *value = mix_value_of(tokens, key);

	return value && value->kind == kind ? value->text : (struct span){ "", 0 };
}

const struct mix_token *mix_list_of(const struct mix_tokens *tokens, const char *key)
{
	const struct mix_token *value = mix_value_of(tokens, key), *at;

	if (!value || mix_token_is(value, MIX_SIGN, "["))
		return value ? value + 1 : NULL;
	if (value->kind != MIX_WORD)
		return NULL;
	for (at = tokens->items; at->kind != MIX_END; at++)
		if ((mix_token_is(at, MIX_WORD, "def") || mix_token_is(at, MIX_WORD, "defp")) &&
		    at[1].kind == MIX_WORD && span_equal(at[1].text, value->text))
			break;
	while (at->kind != MIX_END && !mix_token_is(at, MIX_SIGN, "["))
		at++;
	return at->kind == MIX_END ? NULL : at + 1;
}

int mix_token_deeper(const struct mix_token *token)
{
	static const char opening[] = "[{(", closing[] = "]})";

	if (token->kind != MIX_SIGN)
		return 0;
	return (memchr(opening, token->text.ptr[0], 3) != NULL) -
	       (memchr(closing, token->text.ptr[0], 3) != NULL);
}

const struct mix_token *mix_value_end(const struct mix_token *at)
{
	for (int depth = 0; at->kind != MIX_END; at++) {
		if (depth == 0 && (mix_token_is(at, MIX_SIGN, ",") || mix_token_deeper(at) < 0))
			break;
		depth += mix_token_deeper(at);
	}
	return at;
}
