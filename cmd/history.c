// SPDX-License-Identifier: Apache-2.0
/* What was rolled out, as people and scripts see it. */
#include "cmd/history.h"

#include "cmd/commits.h"
#include "release/read/store.h"

#include <time.h>

enum { SHORT_ID = 10 };

static const char *text_in(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* ---- commits ---- */

/* The rollout before this one that was done, of another version: its releases are what ran. */
static const json_t *before(const json_t *rollouts, size_t nr)
{
	const char *vsn = text_in(json_array_get(rollouts, nr), "version");

	while (++nr < json_array_size(rollouts)) {
		const json_t *older = json_array_get(rollouts, nr);

		if (strcmp(text_in(older, "result"), "done") == 0 &&
		    strcmp(text_in(older, "version"), vsn) != 0)
			return older;
	}
	return NULL;
}

/* NULL: it is not there any more. */
static struct release *release_of(struct arena *arena, const struct project *project,
				  const json_t *rollout)
{
	const char *path = store_find(arena, project->store, text_in(rollout, "release"),
				      text_in(rollout, "version"));
	struct release *release = NULL;
	struct error ignored;

	return path && release_open(&release, path, &ignored) == 0 ? release : NULL;
}

static void add_commits(json_t *rollout, const json_t *older, const struct project *project)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_release struct release *from = release_of(&arena, project, older);
	owned_release struct release *to = from ? release_of(&arena, project, rollout) : NULL;
	struct release_commits commits = { 0 };

	if (to)
		release_commits_find(&commits, &arena, from, to);
	if (commits.from)
		json_object_set_new(rollout, "commits", release_commits_json(&commits));
}

void history_add_commits(json_t *history, const struct project *project)
{
	json_t *rollouts = json_object_get(history, "rollouts");

	for (size_t i = 0; i < json_array_size(rollouts); i++) {
		const json_t *older = before(rollouts, i);

		if (older)
			add_commits(json_array_get(rollouts, i), older, project);
	}
}

/* ---- shown ---- */

static const char *when(int64_t ms, char text[static 32])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	if (ms == 0 || !localtime_r(&seconds, &tm) ||
	    strftime(text, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(text, 32, "-");
	return text;
}

static void print_notes(const json_t *notes)
{
	const json_t *note;
	size_t i;
	char at[32];

	json_array_foreach (notes, i, note)
		print("    %s  %-24s %s\n",
		      when(json_integer_value(json_object_get(note, "at")), at),
		      text_in(note, "node"), text_in(note, "text"));
}

static void print_commits(const json_t *commits, bool verbose)
{
	const json_t *added = json_object_get(commits, "added"), *commit;
	size_t len = json_array_size(added),
	       gone = json_array_size(json_object_get(commits, "removed")), i;

	if (len + gone == 0)
		return;
	print("    %zu%s commit%s", len,
	      json_is_true(json_object_get(commits, "more")) ? " or more" : "",
	      len == 1 ? "" : "s");
	if (gone > 0)
		print(", %zu gone", gone);
	print("\n");
	json_array_foreach (added, i, commit) {
		if (verbose)
			print("      %.*s  %s\n", SHORT_ID, text_in(commit, "commit"),
			      text_in(commit, "subject"));
	}
}

void history_print(const json_t *history, bool verbose)
{
	const json_t *rollout;
	size_t i;
	char began[32], ended[32];

	json_array_foreach (json_object_get(history, "rollouts"), i, rollout) {
		const char *result = text_in(rollout, "result");

		print("%s  %s %s  %s%s%s\n",
		      when(json_integer_value(json_object_get(rollout, "began")), began),
		      text_in(rollout, "release"), text_in(rollout, "version"),
		      result[0] ? result : "not over", text_in(rollout, "why")[0] ? ": " : "",
		      text_in(rollout, "why"));
		print_commits(json_object_get(rollout, "commits"), verbose);
		if (verbose) {
			print_notes(json_object_get(rollout, "notes"));
			print("    ended %s\n",
			      when(json_integer_value(json_object_get(rollout, "ended")), ended));
		}
	}
}
