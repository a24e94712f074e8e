// SPDX-License-Identifier: Apache-2.0
#include "release/model/app.h"
#include "erlang/term/text.h"

enum key_kind { KEY_VSN, KEY_TEXT, KEY_ATOMS, KEY_MOD, KEY_PHASES, KEY_ENV, KEY_LIMIT };

/* In the order in which systools looks at them: the first bad one is reported. */
static const struct key {
	const char *name;
	enum key_kind kind;
	bool required;
	size_t offset; /* of the field of struct app */
} keys[] = {
	{ "vsn", KEY_VSN, true, offsetof(struct app, vsn) },
	{ "id", KEY_TEXT, false, offsetof(struct app, id) },
	{ "description", KEY_TEXT, true, offsetof(struct app, description) },
	{ "modules", KEY_ATOMS, true, offsetof(struct app, modules) },
	{ "registered", KEY_ATOMS, true, offsetof(struct app, registered) },
	{ "applications", KEY_ATOMS, true, offsetof(struct app, applications) },
	{ "optional_applications", KEY_ATOMS, false, offsetof(struct app, optional) },
	{ "included_applications", KEY_ATOMS, false, offsetof(struct app, includes) },
	{ "mod", KEY_MOD, false, offsetof(struct app, mod) },
	{ "start_phases", KEY_PHASES, false, offsetof(struct app, start_phases) },
	{ "env", KEY_ENV, false, offsetof(struct app, env) },
	{ "maxT", KEY_LIMIT, false, offsetof(struct app, max_t) },
	{ "maxP", KEY_LIMIT, false, offsetof(struct app, max_p) },
};

static const char *const wanted[] = {
	[KEY_VSN] = "a version in double quotes, without a slash",
	[KEY_TEXT] = "text in double quotes",
	[KEY_ATOMS] = "a list of atoms",
	[KEY_MOD] = "{Module, Arguments} or []",
	[KEY_PHASES] = "a list of {Phase, Arguments} pairs",
	[KEY_ENV] = "a list of {Name, Value} pairs whose names are atoms",
	[KEY_LIMIT] = "a whole number above 0, or infinity",
};

enum verdict { GOOD, BAD, MISSING, CRASH };

static bool is_pairs(const struct term *list)
{
	if (!term_is_list(list))
		return false;
	for (size_t i = 0; i < list->seq.len; i++) {
		const struct term *pair = list->seq.items[i];

		if (!term_is_tuple(pair, 2) || pair->seq.items[0]->kind != TERM_ATOM)
			return false;
	}
	return true;
}

static bool is_limit(const struct term *term)
{
	if (term->kind == TERM_INTEGER)
		return term->integer > 0;
	if (term->kind == TERM_BIG)
		return !term->big.negative;
	return term_is_atom(term, "infinity");
}

static enum verdict keep_if(bool good, const struct term **field, const struct term *value)
{
	if (good)
		*field = value;
	return good ? GOOD : BAD;
}

static enum verdict read_mod(const struct term **field, const struct term *value)
{
	if (term_is_nil(value))
		return GOOD;
	if (!term_is_tuple(value, 2) || value->seq.items[0]->kind != TERM_ATOM)
		return MISSING; /* what systools says */
	return keep_if(true, field, value);
}

static enum verdict read_value(const struct key *key, void *field, struct arena *arena,
			       const struct term *value)
{
	static const enum verdict of_text[] = {
		[TEXT_GOOD] = GOOD,
		[TEXT_BAD] = BAD,
		[TEXT_CRASH] = CRASH,
	};

	enum text_verdict text;

	switch (key->kind) {
	case KEY_VSN:
		return of_text[text_check_folder(field, arena, value)];
	case KEY_TEXT:
		text = text_judge(value);
		keep_if(text == TEXT_GOOD, field, value);
		return of_text[text];
	case KEY_ATOMS:
		return names_from_list(field, arena, value) ? GOOD : BAD;
	case KEY_MOD:
		return read_mod(field, value);
	case KEY_PHASES:
		if (term_is_atom(value, "undefined"))
			return GOOD;
		return keep_if(is_pairs(value), field, value);
	case KEY_ENV:
		return keep_if(is_pairs(value), field, value);
	case KEY_LIMIT:
		return keep_if(is_limit(value), field, value);
	}
	return BAD;
}

/* The first tuple that begins with the key, of whatever size; NULL when there is none. */
static const struct term *find_key(const struct term *dict, const char *key)
{
	for (size_t i = 0; i < dict->seq.len; i++) {
		const struct term *item = dict->seq.items[i];

		if (item->kind == TERM_TUPLE && item->seq.len > 0 &&
		    term_is_atom(item->seq.items[0], key))
			return item;
	}
	return NULL;
}

static enum verdict read_key(const struct key *key, struct app *app, struct arena *arena,
			     const struct term *dict, const struct term **at)
{
	const struct term *pair = find_key(dict, key->name);

	*at = pair;
	if (!pair && dict->seq.tail)
		return CRASH;
	if (!pair)
		return key->required ? MISSING : GOOD;
	if (pair->seq.len != 2)
		return MISSING;
	return read_value(key, (char *)app + key->offset, arena, pair->seq.items[1]);
}

static int refuse(const struct key *key, enum verdict verdict, const char *file,
		  const struct term *at, struct error *err)
{
	const char *otp = verdict == BAD ? "bad_param" : "missing_param";

	if (verdict == CRASH)
		otp = "EXIT";
	if (!at)
		return error_otp(err, otp, "%s: \"%s\" is missing; add {%s, …}: %s", file,
				 key->name, key->name, wanted[key->kind]);
	return error_otp(err, otp, "%s:%u: \"%s\" must be %s", file, at->line, key->name,
			 wanted[key->kind]);
}

static const struct term *infinity(struct arena *arena)
{
	return term_atom(arena, "infinity");
}

int app_parse(struct app **out, struct arena *arena, const struct term *term, const char *file,
	      struct error *err)
{
	struct app *app = arena_new(arena, struct app);

	const char *name;

	if (!term_is_tagged(term, "application", 3) || !name_get_folder(&name, term_at(term, 1)) ||
	    term_at(term, 2)->kind != TERM_LIST)
		return error_otp(err, "badly_formatted_application",
				 "%s: must hold {application, Name, [{Key, Value}, …]}.", file);
	*app = (struct app){
		.name = name,
		.dir = path_dir(arena, file),
		.id = &term_nil,
		.env = &term_nil,
		.max_t = infinity(arena),
		.max_p = infinity(arena),
		.term = term,
	};
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const struct term *at;
		enum verdict verdict = read_key(&keys[i], app, arena, term_at(term, 2), &at);

		if (verdict != GOOD)
			return refuse(&keys[i], verdict, file, at, err);
	}
	*out = app;
	return 0;
}

int app_read(struct app **out, struct arena *arena, const struct tree *tree, const char *dir,
	     const char *name, struct error *err)
{
	const char *file = path_join(arena, dir, arena_printf(arena, "%s.app", name));
	owned_str struct str text = STR_EMPTY;
	const struct term *term;

	if (tree_read(tree, file, TERM_TEXT_MAX, &text, err) ||
	    term_parse(&term, arena, str_span(&text), file, err))
		return -1;
	return app_parse(out, arena, term, file, err);
}
