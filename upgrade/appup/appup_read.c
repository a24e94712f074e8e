// SPDX-License-Identifier: Apache-2.0
#include "upgrade/appup/appup_parts.h"
#include "upgrade/relup/regex.h"

/* ---- finding the file ---- */

/* A file of the folder: by the versions of the releases, else by the application's. */
static const char *folder_file(const struct appup_work *work, const struct app_diff *app)
{
	const struct diff *diff = work->diff;
	const char *vsns[][2] = { { diff->old_release->vsn, diff->new_release->vsn },
				  { app_diff_old_vsn(app), app_diff_new_vsn(app) } };

	for (size_t i = 0; work->options->dir && i < ARRAY_LEN(vsns); i++) {
		const char *file =
			arena_printf(work->arena, "%s/%s-%s/%s.appup", work->options->dir,
				     vsns[i][0], vsns[i][1], app->name);

		if (path_is_file(file))
			return file;
	}
	return NULL;
}

static const char *shipped_file(const struct appup_work *work, const struct app_diff *app)
{
	const char *file = path_join(work->arena, app->new_app->app->dir,
				     arena_printf(work->arena, "%s.appup", app->name));

	if (work->options->no_shipped || !tree_has(work->diff->new_release->tree, file))
		return NULL;
	return file;
}

/* ---- finding the entry ---- */

/* The script of the first entry that fits the version; NULL: none. */
static int find_entry(const struct term **out, struct arena *arena, const struct term *entries,
		      const char *vsn, struct error *err)
{
	const struct term *wanted = term_string(arena, vsn);

	*out = NULL;
	if (!term_is_list(entries))
		return error_set(err, ERROR_INVALID, "not a list of {Version, Instructions}");
	for (size_t i = 0; i < entries->seq.len; i++) {
		const struct term *entry = term_at(entries, i), *from;
		bool fits;

		if (!term_is_tuple(entry, 2))
			continue;
		from = term_at(entry, 0);
		fits = term_equal(from, wanted);
		if (from->kind == TERM_BINARY && version_matches(&fits, from->text, vsn, err))
			return -1;
		if (!fits)
			continue;
		if (!term_is_list(term_at(entry, 1)))
			return error_set(err, ERROR_INVALID,
					 "the instructions for \"%s\" are no list", vsn);
		*out = script_without_protocols(arena, term_at(entry, 1));
		return 0;
	}
	return 0;
}

static int take(struct appup_work *work, struct appup_made *made, const struct term *term,
		struct error *err)
{
	const char *old_vsn = app_diff_old_vsn(made->app), *new_vsn = app_diff_new_vsn(made->app);
	const struct term *up, *down;

	if (!term_is_tuple(term, 3))
		return error_set(err, ERROR_INVALID, "not {Vsn, UpFrom, DownTo}");
	if (!term_equal(term_at(term, 0), term_string(work->arena, new_vsn)))
		return error_set(err, ERROR_INVALID, "is not for version \"%s\"", new_vsn);
	if (find_entry(&up, work->arena, term_at(term, 1), old_vsn, err) ||
	    find_entry(&down, work->arena, term_at(term, 2), old_vsn, err))
		return -1;
	if (!up)
		return error_set(err, ERROR_INVALID, "no way up from version \"%s\"", old_vsn);
	made->term = term;
	made->up = up;
	made->down = down;
	return 0;
}

static struct reason *invalid(struct appup_work *work, const struct appup_made *made,
			      const char *file, const struct error *why)
{
	struct reason *reason = reason_add(work->arena, work->reasons, REASON_appup_invalid,
					   made->app->name, NULL, "%s: %s", file, why->text);

	reason->hint = "correct the file; until then the appup is a generated one";
	return reason;
}

static int read_folder(struct appup_work *work, struct appup_made *made, const char *file,
		       struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const struct term *term;
	struct error why;

	if (file_read(file, TERM_TEXT_MAX, &text, err))
		return -1;
	if (term_parse(&term, work->arena, str_span(&text), file, &why) ||
	    take(work, made, term, &why)) {
		invalid(work, made, file, &why);
		return 0;
	}
	made->source = APPUP_FOLDER;
	made->file = file;
	return 0;
}

/* What systools would refuse is told; what is for other versions is known to be.  A generated one
 * takes its place either way.
 */
static void passed_over(struct appup_work *work, const struct appup_made *made, const char *file,
			const struct term *term, const struct error *why)
{
	if (term_is_tuple(term, 3) && term_is_list(term_at(term, 1)) &&
	    (strstr(why->text, "no way up") || strstr(why->text, "is not for version"))) {
		reason_add(work->arena, work->reasons, REASON_appup_passed_over, made->app->name,
			   NULL, "%s: %s; a generated one takes its place", file, why->text);
		return;
	}
	invalid(work, made, file, why)->severity = SEVERITY_WARN;
}

/* One in the release that says nothing about this version is none. */
static int read_shipped(struct appup_work *work, struct appup_made *made, const char *file,
			struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const struct term *term;
	struct error why;

	if (tree_read(work->diff->new_release->tree, file, TERM_TEXT_MAX, &text, err))
		return -1;
	if (term_parse(&term, work->arena, str_span(&text), file, &why)) {
		invalid(work, made, file, &why);
		return 0;
	}
	made->file = file;
	if (take(work, made, term, &why)) {
		made->file = NULL;
		passed_over(work, made, file, term, &why);
		return 0;
	}
	made->source = APPUP_SHIPPED;
	return 0;
}

int appup_read(struct appup_work *work, struct appup_made *made, struct error *err)
{
	const char *file = folder_file(work, made->app);

	if (file && read_folder(work, made, file, err))
		return -1;
	if (file)
		return 0;
	file = shipped_file(work, made->app);
	return file ? read_shipped(work, made, file, err) : 0;
}
