// SPDX-License-Identifier: Apache-2.0
#include "release/project/vm_args.h"

#include <ctype.h>

struct word {
	const char *text;      /* without quotes and backslashes */
	const char *from, *to; /* where it stands */
};

struct words {
	struct word *items;
	size_t len, cap;
};

static bool is_blank(char c)
{
	return isspace((unsigned char)c);
}

static const char *skip(const char *at)
{
	while (is_blank(*at) || *at == '#')
		at += *at == '#' ? strcspn(at, "\n") : 1;
	return at;
}

/* A backslash counts outside of quotes only, and a comment ends a word. */
static const char *read_word(struct str *out, const char *at)
{
	char quotes = 0;

	for (; *at && (quotes || (!is_blank(*at) && *at != '#')); at++) {
		if (*at == quotes)
			quotes = 0;
		else if (!quotes && (*at == '"' || *at == '\''))
			quotes = *at;
		else if (!quotes && *at == '\\' && at[1])
			str_addc(out, *++at);
		else
			str_addc(out, *at);
	}
	return at;
}

static struct words split(struct arena *arena, const char *text)
{
	struct words words = { 0 };

	for (const char *at = skip(text); *at; at = skip(at)) {
		owned_str struct str word = STR_EMPTY;
		const char *from = at;

		at = read_word(&word, at);
		words.items = arena_grow(arena, words.items, words.len, &words.cap);
		words.items[words.len++] =
			(struct word){ arena_dup(arena, str_span(&word)), from, at };
	}
	return words;
}

static bool is_flag(const struct word *word)
{
	return word->text[0] == '-' || word->text[0] == '+';
}

/* The only value of the flag; NULL: it has none, or several. */
static const char *only_value(const struct words *words, size_t flag)
{
	const struct word *value = &words->items[flag + 1];

	if (flag + 1 == words->len || is_flag(value))
		return NULL;
	return flag + 2 == words->len || is_flag(value + 1) ? value->text : NULL;
}

static int take(struct vm_args *args, const char *flag, const char *value, const char *file,
		struct error *err)
{
	if (strcmp(flag, "-setcookie") == 0) {
		if (args->cookie)
			return error_set(err, ERROR_INVALID,
					 "%s: -setcookie stands there twice: the VM would take "
					 "neither; take one out",
					 file);
		args->cookie = value;
		return 0;
	}
	if (args->node)
		return error_set(err, ERROR_INVALID,
				 "%s: the node is named twice, -%s %s and %s %s: take one out",
				 file, args->distribution, args->node, flag, value);
	args->distribution = flag + 1;
	args->node = value;
	return 0;
}

static bool is_taken(const char *flag)
{
	return strcmp(flag, "-name") == 0 || strcmp(flag, "-sname") == 0 ||
	       strcmp(flag, "-setcookie") == 0;
}

/* What follows these is for others. */
static bool ends_flags(const char *flag)
{
	return strcmp(flag, "-extra") == 0 || strcmp(flag, "--") == 0;
}

/* A line that held nothing else goes as a whole. */
static const char *cut_line(const struct str *before, const char *behind)
{
	const char *end = behind;

	if (before->len && before->ptr[before->len - 1] != '\n')
		return behind;
	while (*end == ' ' || *end == '\t' || *end == '\r')
		end++;
	return *end == '\n' ? end + 1 : behind;
}

int vm_args_read(struct vm_args *out, struct arena *arena, const char *text, const char *file,
		 struct error *err)
{
	struct words words = split(arena, text);
	owned_str struct str rest = STR_EMPTY;
	struct vm_args args = { .node = NULL };

	for (size_t i = 0; i < words.len && !ends_flags(words.items[i].text); i++) {
		const char *flag = words.items[i].text;
		const char *value = is_taken(flag) ? only_value(&words, i) : NULL;

		if (!value)
			continue;
		if (take(&args, flag, value, file, err))
			return -1;
		str_add(&rest, (struct span){ text, (size_t)(words.items[i].from - text) });
		text = cut_line(&rest, words.items[i + 1].to);
	}
	str_adds(&rest, text);
	args.text = arena_dup(arena, str_span(&rest));
	*out = args;
	return 0;
}
