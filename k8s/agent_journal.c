// SPDX-License-Identifier: Apache-2.0
#include "k8s/agent_journal.h"

#include "base/file.h"
#include "base/json.h"
#include "k8s/desired.h"

#include <stdlib.h>

enum { JOURNAL_MAX = 8 << 20 };

void agent_journal_done(struct agent_journal *journal)
{
	free(journal->path);
	json_decref(journal->doing);
	json_decref(journal->last);
}

static json_t *object_in(const json_t *json, const char *key)
{
	json_t *object = json_object_get(json, key);

	return json_is_object(object) ? json_incref(object) : NULL;
}

static int take(struct agent_journal *journal, struct span text, struct error *err)
{
	owned_json json_t *json = json_loadb(text.ptr, text.len, 0, NULL);
	json_int_t token = json_integer_value(json_object_get(json, "token"));

	if (!json_is_object(json) || token < 0) {
		error_set_(err, ERROR_INVALID, "%s is not what an agent has written",
			   journal->path);
		return error_hint(err, "Remove it when nothing is being done to this node.");
	}
	journal->token = (uint64_t)token;
	journal->doing = object_in(json, "doing");
	journal->last = object_in(json, "last");
	return 0;
}

int agent_journal_open(struct agent_journal *out, const char *root, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *path = arena_printf(&arena, "%s/" VOLUME_OURS "/agent.json", root);
	owned_str struct str text = STR_EMPTY;
	struct agent_journal journal = { .path = mem_dup(path) };

	if (dir_make(volume_store(&arena, root), err) ||
	    (path_exists(path) &&
	     (file_read(path, JOURNAL_MAX, &text, err) || take(&journal, str_span(&text), err)))) {
		agent_journal_done(&journal);
		return -1;
	}
	*out = journal;
	return 0;
}

static int write_down(const struct agent_journal *journal, struct error *err)
{
	owned_json json_t *json =
		json_pack("{s:I, s:O?, s:O?}", "token", (json_int_t)journal->token, "doing",
			  journal->doing, "last", journal->last);
	owned_mem char *text = json_dumps(json, JSON_COMPACT);

	if (!text)
		abort();
	return file_write(journal->path, span_of(text), 0600, err);
}

static void put(json_t **into, json_t *json)
{
	json_decref(*into);
	*into = json;
}

int agent_journal_token(struct agent_journal *journal, uint64_t token, struct error *err)
{
	const uint64_t before = journal->token;

	journal->token = token;
	if (write_down(journal, err) == 0)
		return 0;
	journal->token = before;
	return -1;
}

int agent_journal_begin(struct agent_journal *journal, json_t *doing, bool down, struct error *err)
{
	put(&journal->doing, doing);
	if (!down || write_down(journal, err) == 0)
		return 0;
	put(&journal->doing, NULL);
	return -1;
}

int agent_journal_end(struct agent_journal *journal, json_t *last, bool down, struct error *err)
{
	put(&journal->doing, NULL);
	put(&journal->last, last);
	return down ? write_down(journal, err) : 0;
}
