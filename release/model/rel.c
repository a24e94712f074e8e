// SPDX-License-Identifier: Apache-2.0
#include "release/model/rel.h"
#include "erlang/term/text.h"

static const char *const type_names[] = {
	[START_PERMANENT] = "permanent", [START_TRANSIENT] = "transient",
	[START_TEMPORARY] = "temporary", [START_LOAD] = "load",
	[START_NONE] = "none",
};

const char *start_type_name(enum start_type type)
{
	return type_names[type];
}

const struct term *rel_releases_term(struct arena *a, const struct rel *rel)
{
	struct terms libs = { NULL, 0, 0 }, releases = { NULL, 0, 0 };
	const struct term *entry;

	for (size_t i = 0; i < rel->len; i++) {
		const struct rel_app *app = &rel->apps[i];
		const char *dir = arena_printf(a, "lib/%s-%s", app->name, app->vsn);

		terms_add(a, &libs,
			  term_tuple(a, term_atom(a, app->name), term_string(a, app->vsn),
				     term_string(a, dir)));
	}
	entry = term_tuple(a, term_atom(a, "release"), term_string(a, rel->name),
			   term_string(a, rel->vsn), term_string(a, rel->erts),
			   term_list_of(a, &libs), term_atom(a, "permanent"));
	terms_add(a, &releases, entry);
	return term_list_of(a, &releases);
}

const struct rel_app *rel_find(const struct rel *rel, const char *name)
{
	for (size_t i = 0; i < rel->len; i++)
		if (strcmp(rel->apps[i].name, name) == 0)
			return &rel->apps[i];
	return NULL;
}

/* ---- the head: name and versions ---- */

#define MUST_BE_TEXT "must be text in double quotes"
#define MUST_FIT_FOLDER MUST_BE_TEXT ", without a slash"

static int refuse_text(enum text_verdict verdict, const char *otp, const char *file,
		       const struct term *term, const char *what, struct error *err)
{
	return error_otp(err, verdict == TEXT_CRASH ? "EXIT" : otp, "%s:%u: %s", file, term->line,
			 what);
}

/* The name may be any text: OTP's own releases are called "Erlang/OTP". */
static int read_name(const char **out, struct arena *arena, const struct term *term,
		     const char *file, struct error *err)
{
	enum text_verdict verdict = text_check(out, arena, term);

	if (verdict != TEXT_GOOD)
		return refuse_text(verdict, "illegal_name", file, term,
				   "the name of the release " MUST_BE_TEXT, err);
	return 0;
}

static int read_version(const char **out, struct arena *arena, const struct term *term,
			const char *file, const char *what, struct error *err)
{
	enum text_verdict verdict = text_check_folder(out, arena, term);

	if (verdict != TEXT_GOOD)
		return refuse_text(verdict, "illegal_form", file, term, what, err);
	return 0;
}

static bool is_release(const struct term *term)
{
	return term_is_tagged(term, "release", 4) && term_is_tuple(term_at(term, 1), 2) &&
	       term_is_tagged(term_at(term, 2), "erts", 2) && term_at(term, 3)->kind == TERM_LIST;
}

static int read_head(struct rel *rel, struct arena *arena, const struct term *term,
		     const char *file, struct error *err)
{
	const struct term *name = term_at(term, 1);

	if (read_name(&rel->name, arena, term_at(name, 0), file, err) ||
	    read_version(&rel->vsn, arena, term_at(name, 1), file,
			 "the version of the release " MUST_FIT_FOLDER, err) ||
	    read_version(&rel->erts, arena, term_at(term_at(term, 2), 1), file,
			 "the version of erts " MUST_FIT_FOLDER, err))
		return -1;
	return 0;
}

/* ---- the applications ---- */

static bool read_type(enum start_type *out, const struct term *term)
{
	for (size_t i = 0; i < ARRAY_LEN(type_names); i++) {
		if (!term_is_atom(term, type_names[i]))
			continue;
		*out = (enum start_type)i;
		return true;
	}
	return false;
}

static bool read_includes(struct rel_app *app, struct arena *arena, const struct term *list)
{
	app->has_includes = true;
	return names_from_list(&app->includes, arena, list);
}

/* The third and fourth element: {…, Type}, {…, [Incl]} or {…, Type, [Incl]}.  *shape tells
 * whether systools would have looked at the version at all.
 */
static bool read_options(struct rel_app *app, struct arena *arena, const struct term *term,
			 bool *shape)
{
	const struct term *third = term->seq.len > 2 ? term_at(term, 2) : NULL;
	const struct term *fourth = term->seq.len > 3 ? term_at(term, 3) : NULL;

	*shape = true;
	if (!third)
		return true;
	if (!fourth && third->kind == TERM_LIST)
		return read_includes(app, arena, third);
	if (third->kind == TERM_ATOM && !fourth)
		return read_type(&app->type, third);
	if (third->kind == TERM_ATOM && fourth->kind == TERM_LIST)
		return read_type(&app->type, third) && read_includes(app, arena, fourth);
	*shape = false;
	return false;
}

static enum text_verdict read_entry(struct rel_app *app, struct arena *arena,
				    const struct term *term)
{
	enum text_verdict verdict;
	bool shape, options;

	if (term->kind != TERM_TUPLE || term->seq.len < 2 || term->seq.len > 4 ||
	    term_at(term, 0)->kind != TERM_ATOM)
		return TEXT_BAD;
	options = read_options(app, arena, term, &shape);
	if (!shape)
		return TEXT_BAD;
	verdict = text_check_folder(&app->vsn, arena, term_at(term, 1));
	if (verdict != TEXT_GOOD)
		return verdict;
	return name_get_folder(&app->name, term_at(term, 0)) && options ? TEXT_GOOD : TEXT_BAD;
}

static int refuse_entries(const struct str *bad, const char *file, struct error *err)
{
	return error_otp(err, "illegal_applications",
			 "%s: an application must be {Name, \"Vsn\"}, {Name, \"Vsn\", Type}, "
			 "{Name, \"Vsn\", [Included]} or {Name, \"Vsn\", Type, [Included]}, where "
			 "Type is permanent, transient, temporary, load or none; not so:%s",
			 file, str_text(bad));
}

static void add_entry(struct str *bad, const struct term *term)
{
	str_addf(bad, "\n  line %u: ", term->line);
	term_print(bad, term);
}

static int read_entries(struct rel *rel, struct arena *arena, const struct term *list,
			const char *file, struct error *err)
{
	struct rel_app *apps = arena_array(arena, list->seq.len, struct rel_app);
	owned_str struct str bad = STR_EMPTY;

	if (list->seq.len > REL_APPS_MAX)
		return error_set(err, ERROR_INVALID, "%s: %zu applications; at most %d are taken",
				 file, list->seq.len, REL_APPS_MAX);
	for (size_t i = 0; i < list->seq.len; i++) {
		enum text_verdict verdict = read_entry(&apps[i], arena, list->seq.items[i]);

		if (verdict == TEXT_CRASH)
			return refuse_text(verdict, "EXIT", file, list->seq.items[i],
					   "the version of an application " MUST_FIT_FOLDER, err);
		if (verdict == TEXT_BAD)
			add_entry(&bad, list->seq.items[i]);
	}
	if (list->seq.tail)
		return error_otp(err, "EXIT", "%s: the list of applications ends in \"|\"", file);
	if (bad.len)
		return refuse_entries(&bad, file, err);
	rel->apps = apps;
	rel->len = list->seq.len;
	return 0;
}

static int check_mandatory(const struct rel *rel, const char *name, const char *file,
			   struct error *err)
{
	const struct rel_app *app = rel_find(rel, name);

	if (!app)
		return error_otp(err, "missing_mandatory_app",
				 "%s: the application %s is missing; no release runs without it",
				 file, name);
	if (app->type != START_PERMANENT)
		return error_otp(err, "mandatory_app", "%s: %s must be permanent, not %s", file,
				 name, start_type_name(app->type));
	return 0;
}

int rel_parse(struct rel **out, struct arena *arena, const struct term *term, const char *file,
	      struct error *err)
{
	struct rel *rel = arena_new(arena, struct rel);

	if (!is_release(term))
		return error_otp(err, "badly_formatted_release",
				 "%s: must hold {release, {\"Name\", \"Vsn\"}, {erts, \"Vsn\"}, "
				 "[{Application, \"Vsn\"}, …]}.",
				 file);
	if (read_head(rel, arena, term, file, err) ||
	    read_entries(rel, arena, term_at(term, 3), file, err) ||
	    check_mandatory(rel, "kernel", file, err) || check_mandatory(rel, "stdlib", file, err))
		return -1;
	*out = rel;
	return 0;
}

int rel_read(struct rel **out, struct arena *arena, const struct tree *tree, const char *file,
	     struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const struct term *term;

	if (!tree_has(tree, file))
		return error_otp(err, "not_found", "%s: no such file", file);
	if (tree_read(tree, file, TERM_TEXT_MAX, &text, err) ||
	    term_parse(&term, arena, str_span(&text), file, err))
		return -1;
	return rel_parse(out, arena, term, file, err);
}

/* ---- writing ---- */

static const struct term *names_term(struct arena *arena, struct names names)
{
	struct terms atoms = { 0 };

	for (size_t i = 0; i < names.len; i++)
		terms_add(arena, &atoms, term_atom(arena, names.items[i]));
	return term_list_of(arena, &atoms);
}

static const struct term *entry_term(struct arena *arena, const struct rel_app *app)
{
	const struct term *parts[4] = { term_atom(arena, app->name), term_string(arena, app->vsn),
					term_atom(arena, start_type_name(app->type)) };
	size_t len = 3;

	if (app->has_includes)
		parts[len++] = names_term(arena, app->includes);
	return term_tuple_of(arena, parts, len);
}

const struct term *rel_term(struct arena *arena, const struct rel *rel)
{
	struct terms apps = { 0 };

	for (size_t i = 0; i < rel->len; i++)
		terms_add(arena, &apps, entry_term(arena, &rel->apps[i]));
	return term_tuple(
		arena, term_atom(arena, "release"),
		term_tuple(arena, term_string(arena, rel->name), term_string(arena, rel->vsn)),
		term_tuple(arena, term_atom(arena, "erts"), term_string(arena, rel->erts)),
		term_list_of(arena, &apps));
}
