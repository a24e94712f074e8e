// SPDX-License-Identifier: Apache-2.0
#include "upgrade/relup/relup.h"
#include "upgrade/relup/regex.h"
#include "upgrade/relup/translate/translate.h"

#include <stdio.h>

/* The appup of one application of the top release, read when it is first asked for. */
struct loaded {
	const struct term *term; /* NULL: not read yet */
	const char *file;
};

struct relup_work {
	struct arena *arena;
	const struct relup_input *input;
	struct loaded *loaded; /* by application of the top release */
	struct terms warnings; /* the oldest first */
};

/* One base, one direction. */
struct step {
	struct relup_work *work;
	enum direction direction;
	const struct resolved *base;
	const struct resolved *target, *left;
	struct script *scripts;
	size_t len, cap;
};

/* ---- appups ---- */

/* The text of the error stays, its name becomes that of a refusal. */
static int refuse_as(struct error *err, const char *otp)
{
	err->kind = ERROR_INVALID;
	snprintf(err->otp, sizeof(err->otp), "%s", otp);
	return -1;
}

static int appup_read(struct loaded *out, struct relup_work *work, const struct app *app,
		      struct error *err)
{
	const char *name = arena_printf(work->arena, "%s.appup", app->name);
	const char *file = path_join(work->arena, app->dir, name);
	owned_str struct str text = STR_EMPTY;
	const struct term *term;

	if (tree_read(work->input->top->tree, file, TERM_TEXT_MAX, &text, err) ||
	    term_parse(&term, work->arena, str_span(&text), file, err))
		return refuse_as(err, "file_problem");
	*out = (struct loaded){ term, file };
	return 0;
}

static bool appup_given(struct loaded *out, const struct relup_input *input, const char *name)
{
	for (size_t i = 0; i < input->appups_len; i++) {
		const struct appup *appup = &input->appups[i];

		if (strcmp(appup->app, name) == 0) {
			*out = (struct loaded){ appup->term, appup->file };
			return true;
		}
	}
	return false;
}

static int appup_load(const struct loaded **out, struct relup_work *work, size_t nr,
		      struct error *err)
{
	const struct app *app = work->input->top->apps[nr].app;
	struct loaded *loaded = &work->loaded[nr];

	if (!loaded->term && !appup_given(loaded, work->input, app->name) &&
	    appup_read(loaded, work, app, err))
		return -1;
	if (!term_is_tuple(loaded->term, 3))
		return error_otp(err, "file_problem", "%s: not {Vsn, UpFrom, DownTo}",
				 loaded->file);
	*out = loaded;
	return 0;
}

/* The first entry whose version is the base's, or a pattern that fits it; NULL: none. */
static int entry_find(const struct term **out, struct arena *arena, const struct term *entries,
		      const char *vsn, struct error *err)
{
	const struct term *wanted = term_string(arena, vsn);

	for (size_t i = 0; entries->kind == TERM_LIST && i < entries->seq.len; i++) {
		const struct term *entry = term_at(entries, i), *from;
		bool fits;

		if (!term_is_tuple(entry, 2))
			continue;
		from = term_at(entry, 0);
		fits = term_equal(from, wanted);
		if (from->kind == TERM_BINARY && version_matches(&fits, from->text, vsn, err))
			return refuse_as(err, "bad_appup");
		if (fits) {
			*out = term_at(entry, 1);
			return 0;
		}
	}
	if (!term_is_list(entries))
		return error_otp(err, "bad_appup", "not a list of {Version, Instructions}");
	*out = NULL;
	return 0;
}

/* ---- the scripts of a step ---- */

static void script_add(struct step *step, const struct term *instructions, const char *file)
{
	step->scripts = arena_grow(step->work->arena, step->scripts, step->len, &step->cap);
	step->scripts[step->len++] = (struct script){ instructions, file };
}

/* A script of one instruction that no file holds. */
static void script_add_one(struct step *step, const struct term *instruction)
{
	struct terms list = { 0 };

	terms_add(step->work->arena, &list, instruction);
	script_add(step, term_list_of(step->work->arena, &list), NULL);
}

static const struct term *pair(struct arena *arena, const struct term *a, const struct term *b)
{
	return term_tuple(arena, a, b);
}

static void warn_version(struct relup_work *work, const struct term *said, const char *vsn)
{
	struct arena *arena = work->arena;

	terms_add(arena, &work->warnings,
		  pair(arena, term_atom(arena, "bad_vsn"),
		       pair(arena, said, term_string(arena, vsn))));
}

static int add_appup(struct step *step, size_t nr, const char *base_vsn, struct error *err)
{
	struct relup_work *work = step->work;
	const struct app *app = work->input->top->apps[nr].app;
	const struct term *found, *said;
	const struct loaded *appup;

	if (appup_load(&appup, work, nr, err))
		return -1;
	said = term_at(appup->term, 0);
	if (!term_equal(said, term_string(work->arena, app->vsn)))
		warn_version(work, said, app->vsn);
	if (entry_find(&found, work->arena,
		       term_at(appup->term, step->direction == DIRECTION_UP ? 1 : 2), base_vsn,
		       err))
		return error_wrap(err, "%s", appup->file);
	if (!found)
		return error_otp(err, "no_relup", "%s: no entry for %s %s to %s", appup->file,
				 app->name, step->direction == DIRECTION_UP ? base_vsn : app->vsn,
				 step->direction == DIRECTION_UP ? app->vsn : base_vsn);
	script_add(step, found, appup->file);
	return 0;
}

static int add_appups(struct step *step, struct error *err)
{
	const struct resolved *top = step->work->input->top;

	for (size_t i = 0; i < top->len; i++) {
		const struct rel_app *old = rel_find(step->base->rel, top->apps[i].app->name);

		if (old && strcmp(old->vsn, top->apps[i].app->vsn) != 0 &&
		    add_appup(step, i, old->vsn, err))
			return -1;
	}
	return 0;
}

static void add_added(struct step *step)
{
	struct arena *arena = step->work->arena;
	const struct rel *rel = step->target->rel;

	for (size_t i = 0; i < rel->len; i++)
		if (!rel_find(step->left->rel, rel->apps[i].name))
			script_add_one(
				step,
				term_tuple(arena, term_atom(arena, "add_application"),
					   term_atom(arena, rel->apps[i].name),
					   term_atom(arena, start_type_name(rel->apps[i].type))));
}

static void add_removed(struct step *step)
{
	struct arena *arena = step->work->arena;
	const struct rel *rel = step->left->rel;

	for (size_t i = 0; i < rel->len; i++)
		if (!rel_find(step->target->rel, rel->apps[i].name))
			script_add_one(step, pair(arena, term_atom(arena, "remove_application"),
						  term_atom(arena, rel->apps[i].name)));
}

static const struct term *name_and_erts(struct arena *arena, const struct rel *rel)
{
	return pair(arena, term_string(arena, rel->name), term_string(arena, rel->erts));
}

static void add_new_emulator(struct step *step)
{
	struct arena *arena = step->work->arena;
	const struct rel *top = step->work->input->top->rel, *base = step->base->rel;

	if (strcmp(top->erts, base->erts) != 0)
		script_add_one(step, term_atom(arena, "restart_new_emulator"));
}

static void warn_erts(struct step *step)
{
	struct arena *arena = step->work->arena;
	const struct rel *top = step->work->input->top->rel, *base = step->base->rel;

	if (strcmp(top->erts, base->erts) != 0)
		terms_add(arena, &step->work->warnings,
			  pair(arena, term_atom(arena, "erts_vsn_changed"),
			       pair(arena, name_and_erts(arena, top), name_and_erts(arena, base))));
}

/* ---- one step ---- */

/* A release_handler from before R15 cannot go on after a restart: it restarts last. */
static const struct term *restart_last(struct step *step, const struct term *list)
{
	struct arena *arena = step->work->arena;
	const struct resolved_app *sasl = resolved_find(step->base, "sasl");
	struct terms moved = { 0 };
	bool dropped = false;

	if (!term_is_atom(term_at(list, 0), "restart_new_emulator") ||
	    strcmp(sasl->entry->vsn, "2.2") >= 0)
		return list;
	for (size_t i = 1; i < list->seq.len; i++) {
		if (!dropped && term_is_atom(term_at(list, i), "restart_emulator"))
			dropped = true;
		else
			terms_add(arena, &moved, term_at(list, i));
	}
	terms_add(arena, &moved, term_at(list, 0));
	terms_add(arena, &step->work->warnings, term_atom(arena, "pre_R15_emulator_upgrade"));
	return term_list_of(arena, &moved);
}

static int step_translate(const struct term **out, struct step *step, struct error *err)
{
	const struct term *list;

	add_new_emulator(step);
	add_added(step);
	if (add_appups(step, err))
		return -1;
	add_removed(step);
	warn_erts(step);
	if (step->work->input->restart_emulator)
		script_add_one(step, term_atom(step->work->arena, "restart_emulator"));
	if (translate(&list, step->work->arena, step->direction, step->scripts, step->len,
		      step->target, step->left, err))
		return -1;
	*out = step->direction == DIRECTION_UP ? restart_last(step, list) : list;
	return 0;
}

static int check_sasl(const struct resolved *release, struct error *err)
{
	if (rel_find(release->rel, "sasl"))
		return 0;
	return error_otp(
		err, "missing_sasl",
		"%s %s has no sasl, without which it cannot be upgraded: add it to the release",
		release->rel->name, release->rel->vsn);
}

static int step_make(const struct term **out, struct relup_work *work, enum direction direction,
		     const struct relup_base *base, struct error *err)
{
	const struct resolved *top = work->input->top;
	struct step step = {
		.work = work,
		.direction = direction,
		.base = base->release,
		.target = direction == DIRECTION_UP ? top : base->release,
		.left = direction == DIRECTION_UP ? base->release : top,
	};
	const struct term *list;

	if (check_sasl(base->release, err))
		return -1;
	if (step_translate(&list, &step, err))
		return error_wrap(err, "%s %s to %s", step.left->rel->name, step.left->rel->vsn,
				  step.target->rel->vsn);
	*out = term_tuple(
		work->arena, term_string(work->arena, base->release->rel->vsn),
		base->description ? term_string(work->arena, base->description) : &term_nil, list);
	return 0;
}

/* The entries of all bases, the last one first, as OTP has them. */
static int steps_make(const struct term **out, struct relup_work *work, enum direction direction,
		      const struct relup_base *bases, size_t len, struct error *err)
{
	const struct term **entries = arena_array(work->arena, len, const struct term *);

	for (size_t i = 0; i < len; i++)
		if (step_make(&entries[len - 1 - i], work, direction, &bases[i], err))
			return -1;
	*out = term_list(work->arena, entries, len);
	return 0;
}

static const struct term *newest_first(struct arena *arena, const struct terms *warnings)
{
	struct terms list = { 0 };

	for (size_t i = warnings->len; i-- > 0;)
		terms_add(arena, &list, warnings->items[i]);
	return term_list_of(arena, &list);
}

int relup_make(const struct term **out, const struct term **warnings, struct arena *arena,
	       const struct relup_input *input, struct error *err)
{
	struct relup_work work = { .arena = arena, .input = input };
	const struct term *up, *down;

	work.loaded = arena_array(arena, input->top->len, struct loaded);
	if (check_sasl(input->top, err) ||
	    steps_make(&up, &work, DIRECTION_UP, input->up, input->up_len, err) ||
	    steps_make(&down, &work, DIRECTION_DOWN, input->down, input->down_len, err))
		return -1;
	*out = term_tuple(arena, term_string(arena, input->top->rel->vsn), up, down);
	if (warnings)
		*warnings = newest_first(arena, &work.warnings);
	return 0;
}
