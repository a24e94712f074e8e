// SPDX-License-Identifier: Apache-2.0
/* mix_tokens.h - the words of a mix.exs, and what follows a key; nothing but discover_*.c. */
#pragma once
#include "base/arena.h"
#include "base/str.h"

enum mix_kind { MIX_END, MIX_WORD, MIX_KEY, MIX_ATOM, MIX_STRING, MIX_SIGN };

struct mix_token {
	enum mix_kind kind;
	struct span text; /* without colon and quotes */
};

struct mix_tokens {
	struct mix_token *items; /* the last one is MIX_END */
	size_t len, cap;
};

/* Borrows the text. */
struct mix_tokens mix_tokens_split(struct arena *arena, struct span text);
bool mix_token_is(const struct mix_token *token, enum mix_kind kind, const char *text);
/* 1 for a bracket that opens, -1 for one that closes, else 0. */
int mix_token_deeper(const struct mix_token *token);
/* The token behind a value that begins here: a comma or a bracket that closes, or the end. */
const struct mix_token *mix_value_end(const struct mix_token *at);
/* What follows the first such key; NULL: no such key. */
const struct mix_token *mix_value_of(const struct mix_tokens *tokens, const char *key);
/* Its text when it is a single word of that kind; else empty. */
struct span mix_text_of(const struct mix_tokens *tokens, const char *key, enum mix_kind kind);
/* The list of `key: [` itself, or of the function in `key: function()`; behind its bracket.  NULL:
 * there is none that is written down.
 */
const struct mix_token *mix_list_of(const struct mix_tokens *tokens, const char *key);
