// SPDX-License-Identifier: Apache-2.0
#include "cmd/commits.h"

#include "base/file.h"
#include "base/json.h"
#include "release/read/manifest_read.h"
#include "upgrade/plan/plan_text.h"

enum { SHOWN_MAX = 10, SHORT_ID = 10 };

/* NULL: not known. */
static const char *commit_of(struct arena *arena, const struct release *release)
{
	return release->manifest ? manifest_commit(arena, release->tree, release->manifest) : NULL;
}

void release_commits_find(struct release_commits *out, struct arena *arena,
			  const struct release *old_release, const struct release *new_release)
{
	const char *from = commit_of(arena, old_release), *to = NULL, *dir;
	struct error ignored;

	*out = (struct release_commits){ 0 };
	if (!from || !(to = commit_of(arena, new_release)) || strcmp(from, to) == 0 ||
	    path_real(&dir, arena, ".", &ignored) ||
	    git_commits_between(&out->added, arena, dir, from, to, &ignored) ||
	    git_commits_between(&out->removed, arena, dir, to, from, &ignored))
		return;
	out->from = from;
	out->to = to;
}

/* ---- for people ---- */

static void print_list(const char *title, struct commits list, bool all)
{
	size_t shown = all || list.len < SHOWN_MAX ? list.len : SHOWN_MAX;

	if (list.len == 0)
		return;
	print("\n%s%s%s\n", style_on(stdout, STYLE_BOLD), title, style_off(stdout));
	for (size_t i = 0; i < shown; i++)
		print("  %s%.*s%s  %s\n", style_on(stdout, STYLE_DIM), SHORT_ID, list.items[i].id,
		      style_off(stdout), list.items[i].subject);
	if (list.len > shown)
		print("  and %zu%s more\n", list.len - shown, list.more ? " or" : "");
}

void release_commits_print(const struct release_commits *commits, bool all)
{
	print_list("commits", commits->added, all);
	print_list("commits that are gone", commits->removed, all);
}

static void put_list(struct str *out, const char *title, struct commits list)
{
	if (list.len == 0)
		return;
	str_addf(out, "\n%s:\n\n", title);
	for (size_t i = 0; i < list.len; i++) {
		str_addf(out, "- `%.*s` ", SHORT_ID, list.items[i].id);
		markdown_put_text(out, list.items[i].subject);
		str_addc(out, '\n');
	}
	if (list.more)
		str_adds(out, "- and more\n");
}

void release_commits_markdown(struct str *out, const struct release_commits *commits)
{
	put_list(out, "Commits", commits->added);
	put_list(out, "Commits that are gone", commits->removed);
}

/* ---- for programs ---- */

static json_t *list_json(struct commits list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list.len; i++)
		json_array_append_new(array,
				      json_pack("{s:o, s:o}", "commit", json_text(list.items[i].id),
						"subject", json_text(list.items[i].subject)));
	return array;
}

json_t *release_commits_json(const struct release_commits *commits)
{
	if (!commits->from)
		return NULL;
	return json_pack("{s:o, s:o, s:o, s:o, s:b}", "from", json_text(commits->from), "to",
			 json_text(commits->to), "added", list_json(commits->added), "removed",
			 list_json(commits->removed), "more",
			 commits->added.more || commits->removed.more);
}
