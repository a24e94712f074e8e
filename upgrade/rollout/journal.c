// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rollout/journal_kind.h"

#include "base/file.h"

#include <stdlib.h>
#include <unistd.h>

int journal_default(const char **out, struct arena *arena, struct error *err)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state && state[0] == '/')
		*out = path_join(arena, state, "relevo/relevo.db");
	else if (home && home[0] == '/')
		*out = path_join(arena, home, ".local/state/relevo/relevo.db");
	else
		return error_set(err, ERROR_USAGE,
				 "neither $XDG_STATE_HOME nor $HOME says where rollouts are to be "
				 "written down: name a file with --state");
	return 0;
}

int journal_open(struct journal **out, const struct journal_options *options, struct error *err)
{
	return options->file ? journal_sqlite_open(out, options, err)
			     : journal_etcd_open(out, options, err);
}

void journal_close(struct journal *journal)
{
	if (journal)
		journal->kind->close(journal);
}

int journal_lock(struct journal *journal, const char *target, uint64_t *token_out,
		 struct error *err)
{
	return journal->kind->lock(journal, target, token_out, err);
}

int journal_driver(const char **out, struct journal *journal, struct arena *arena,
		   const char *target, struct error *err)
{
	return journal->kind->driver(out, journal, arena, target, err);
}

int journal_begin(struct journal *journal, struct rollout *rollout, const json_t *about,
		  struct error *err)
{
	return journal->kind->begin(journal, rollout, about, err);
}

int journal_write(struct journal *journal, struct rollout *rollout,
		  const struct rollout_actions *actions, struct error *err)
{
	if (journal->kind->write(journal, rollout, actions, err))
		return -1;
	for (size_t i = 0; i < rollout->len; i++)
		rollout->nodes[i].dirty = false;
	return 0;
}

int journal_note(struct journal *journal, const char *node, const char *text, struct error *err)
{
	return journal->kind->note(journal, node, text, err);
}

int journal_last(struct rollout **rollout_out, struct journal_entry *entry_out,
		 struct journal *journal, const char *target, struct error *err)
{
	return journal->kind->last(rollout_out, entry_out, journal, target, err);
}

int journal_history(json_t **out, struct journal *journal, const char *target, int64_t max,
		    struct error *err)
{
	json_t *list = json_array();

	if (journal->kind->history(list, journal, target, max, err)) {
		json_decref(list);
		return -1;
	}
	*out = json_pack("{s:s, s:o}", "target", target, "rollouts", list);
	return 0;
}

int journal_tell(struct journal *journal, const char *target, enum command_kind command,
		 const char *vsn, struct error *err)
{
	return journal->kind->tell(journal, target, command, vsn, err);
}

int journal_heed(bool *some_out, enum command_kind *out, const char **vsn_out,
		 struct journal *journal, struct arena *arena, struct error *err)
{
	return journal->kind->heed(some_out, out, vsn_out, journal, arena, err);
}

int journal_bad(struct journal *journal, const char *target, struct rollout *into,
		struct error *err)
{
	return journal->kind->bad(journal, target, into, err);
}

int journal_set_bad(struct journal *journal, const char *target, const char *vsn, bool bad,
		    struct error *err)
{
	return journal->kind->set_bad(journal, target, vsn, bad, err);
}

void journal_entry_done(struct journal_entry *entry)
{
	json_decref(entry->about);
	entry->about = NULL;
}

/* ---- what the kinds share ---- */

void journal_driver_name(struct str *out)
{
	char host[256] = "?";

	gethostname(host, sizeof(host) - 1);
	str_addf(out, "process %d on %s", (int)getpid(), host);
}

int journal_refuse(const char *target, const char *driver, struct error *err)
{
	error_set_(err, ERROR_LOCKED, "%s: %s is at work on it", target, driver);
	return error_hint(err, "Nothing was changed.  See what it does: relevo status -t %s",
			  target);
}

int journal_overtaken(const char *target, struct error *err)
{
	return error_set(err, ERROR_LOCKED, "%s: another relevo has taken over", target);
}

bool journal_action_text(struct str *out, const struct rollout_action *action)
{
	if (action->kind == ACTION_probe || action->kind == ACTION_look)
		return false;
	str_addf(out, "%s %s%s", action_name(action->kind), action->vsn ? action->vsn : "",
		 action->way == WAY_restart ? " by a restart" : "");
	return true;
}

json_t *journal_parse(struct span text)
{
	return json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
}

char *journal_dump(const json_t *json)
{
	return json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
}

static const char *text_in(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

json_t *journal_told(int64_t id, int64_t began, int64_t ended, const char *result,
		     const json_t *head, json_t *notes)
{
	return json_pack("{s:I, s:s, s:s, s:I, s:I, s:s, s:s, s:s, s:s, s:o}", "id", (json_int_t)id,
			 "release", text_in(head, "release"), "version", text_in(head, "to"),
			 "began", (json_int_t)began, "ended", (json_int_t)ended, "result", result,
			 "why", text_in(head, "why"), "phase", text_in(head, "phase"), "paused",
			 text_in(head, "paused"), "notes", notes);
}
