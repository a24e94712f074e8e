// SPDX-License-Identifier: Apache-2.0
/* journal_kind.h - what a journal is made of; for journal.c and the kinds alone.
 *
 * Each kind has a struct of its own that begins with a struct journal.  What the functions do
 * stands in journal.h.
 */
#pragma once
#include "upgrade/rollout/journal.h"

struct journal {
	const struct journal_kind *kind;
};

struct journal_kind {
	void (*close)(struct journal *journal);
	int (*lock)(struct journal *journal, const char *target, uint64_t *token_out,
		    struct error *err);
	int (*driver)(const char **out, struct journal *journal, struct arena *arena,
		      const char *target, struct error *err);
	int (*begin)(struct journal *journal, struct rollout *rollout, const json_t *about,
		     struct error *err);
	int (*write)(struct journal *journal, struct rollout *rollout,
		     const struct rollout_actions *actions, struct error *err);
	int (*note)(struct journal *journal, const char *node, const char *text, struct error *err);
	int (*last)(struct rollout **rollout_out, struct journal_entry *entry_out,
		    struct journal *journal, const char *target, struct error *err);
	int (*history)(json_t *list, struct journal *journal, const char *target, int64_t max,
		       struct error *err);
	int (*tell)(struct journal *journal, const char *target, enum command_kind command,
		    const char *vsn, struct error *err);
	int (*heed)(bool *some_out, enum command_kind *out, const char **vsn_out,
		    struct journal *journal, struct arena *arena, struct error *err);
	int (*bad)(struct journal *journal, const char *target, struct rollout *into,
		   struct error *err);
	int (*set_bad)(struct journal *journal, const char *target, const char *vsn, bool bad,
		       struct error *err);
};

must_check int journal_sqlite_open(struct journal **out, const struct journal_options *options,
				   struct error *err);
must_check int journal_etcd_open(struct journal **out, const struct journal_options *options,
				 struct error *err);

/* ---- what they share ---- */

/* "process 12 on host": of this process. */
void journal_driver_name(struct str *out);
/* ERROR_LOCKED: `driver` has the target. */
int journal_refuse(const char *target, const char *driver, struct error *err);
/* ERROR_LOCKED: this run had it. */
int journal_overtaken(const char *target, struct error *err);
/* What is noted of an action; false: nothing, as a look is no decision. */
bool journal_action_text(struct str *out, const struct rollout_action *action);
/* One text of a journal, a JSON document; NULL when it is none. */
json_t *journal_parse(struct span text);
char *journal_dump(const json_t *json);
/* One of journal_history(), without its notes; takes `notes`. */
json_t *journal_told(int64_t id, int64_t began, int64_t ended, const char *result,
		     const json_t *head, json_t *notes);
