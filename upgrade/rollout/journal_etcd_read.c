// SPDX-License-Identifier: Apache-2.0
/* What is read: rollouts, what people want, versions. */
#include "upgrade/rollout/journal_etcd.h"

#include "base/clock.h"

#include <unistd.h>

enum {
	PAGE = 500,      /* keys read at once */
	NOTES_PAGE = 64, /* notes may be long: what a hook printed */
};

/* ---- reading ---- */

/* All keys of a prefix, a page at a time. */
struct reading {
	struct etcd_range range;
	struct etcd_kvs page;
	size_t at;
};

/* *kv_out NULL: that was all. */
static int next(const struct etcd_kv **kv_out, struct reading *reading, struct etcd_journal *j,
		struct arena *arena, struct error *err)
{
	struct etcd_range *range = &reading->range;

	if (reading->at == reading->page.len) {
		bool more = reading->page.len == 0 || reading->page.count > (int64_t)reading->at;

		if (range->after && !more) {
			*kv_out = NULL;
			return 0;
		}
		if (etcd_get(&reading->page, j->etcd, arena, range, err))
			return -1;
		reading->at = 0;
	}
	*kv_out = NULL;
	if (reading->page.len == 0)
		return 0;
	*kv_out = &reading->page.items[reading->at++];
	range->after = (*kv_out)->key.ptr;
	return 0;
}

static int wrong(struct etcd_journal *j, const struct etcd_kv *kv, struct error *err)
{
	return error_wrap(err, "the journal in etcd at %s: %s", etcd_name(j->etcd), kv->key.ptr);
}

static int read_nodes(struct rollout *r, struct etcd_journal *j, struct arena *arena,
		      const char *target, int64_t id, struct error *err)
{
	struct reading reading = { .range = { .prefix = etcd_numbered(j, arena, target, "node", id,
								      "/"),
					      .limit = PAGE } };
	const struct etcd_kv *kv;

	for (;;) {
		json_t *json;
		int ret;

		if (next(&kv, &reading, j, arena, err))
			return -1;
		if (!kv)
			return 0;
		json = journal_parse(kv->value);
		ret = rollout_read_node(r, json, err);
		json_decref(json);
		if (ret)
			return wrong(j, kv, err);
	}
}

static int count_notes(struct etcd_journal *j, struct arena *arena, struct error *err)
{
	struct etcd_range range = { .prefix = etcd_numbered(j, arena, j->target, "note", j->rollout,
							    "/") };
	struct etcd_kvs notes;

	if (etcd_get(&notes, j->etcd, arena, &range, err))
		return -1;
	j->notes = notes.count;
	return 0;
}

/* The one that is written on. */
static int take_up(struct etcd_journal *j, struct arena *arena, const struct journal_entry *entry,
		   struct error *err)
{
	j->rollout = entry->id;
	j->began = entry->began;
	j->ended = entry->ended;
	json_decref(j->about);
	j->about = json_incref(entry->about);
	return count_notes(j, arena, err);
}

int in_etcd_last(struct rollout **rollout_out, struct journal_entry *entry_out,
		 struct journal *journal, const char *target, struct error *err)
{
	struct etcd_journal *j = in_etcd(journal);
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_rollout struct rollout *r = NULL;
	owned_journal_entry struct journal_entry entry = { .target = target };
	struct etcd_kvs last;
	json_t *json;
	int ret;

	if (etcd_last(&last, j, &arena, target, 1, err))
		return -1;
	if (last.len == 0) {
		*rollout_out = NULL;
		*entry_out = entry;
		return 0;
	}
	json = journal_parse(last.items[0].value);
	entry.id = etcd_number_in(&last.items[0]);
	entry.began = etcd_number(json, "began");
	entry.ended = etcd_number(json, "ended");
	entry.about = json_incref(json_object_get(json, "about"));
	ret = rollout_read_head(&r, json_object_get(json, "head"), err);
	json_decref(json);
	if (ret)
		return wrong(j, &last.items[0], err);
	if (read_nodes(r, j, &arena, target, entry.id, err) ||
	    (j->lease && take_up(j, &arena, &entry, err)))
		return -1;
	*rollout_out = steal(&r);
	*entry_out = entry;
	entry.about = NULL;
	return 0;
}

static int read_notes(json_t *into, struct etcd_journal *j, struct arena *arena, const char *target,
		      int64_t id, struct error *err)
{
	struct reading reading = { .range = { .prefix = etcd_numbered(j, arena, target, "note", id,
								      "/"),
					      .limit = NOTES_PAGE } };
	const struct etcd_kv *kv;

	for (;;) {
		json_t *json;

		if (next(&kv, &reading, j, arena, err))
			return -1;
		if (!kv)
			return 0;
		json = journal_parse(kv->value);
		if (json_is_object(json))
			json_array_append(into, json);
		json_decref(json);
	}
}

int in_etcd_history(json_t *list, struct journal *journal, const char *target, int64_t max,
		    struct error *err)
{
	struct etcd_journal *j = in_etcd(journal);
	owned_arena struct arena arena = ARENA_EMPTY;
	struct etcd_kvs last;

	if (etcd_last(&last, j, &arena, target, max < ETCD_ROLLOUTS_MAX ? max : ETCD_ROLLOUTS_MAX,
		      err))
		return -1;
	for (size_t i = 0; i < last.len; i++) {
		int64_t id = etcd_number_in(&last.items[i]);
		json_t *json = journal_parse(last.items[i].value), *notes = json_array();
		const char *result = json_string_value(json_object_get(json, "result"));

		json_array_append_new(list,
				      journal_told(id, etcd_number(json, "began"),
						   etcd_number(json, "ended"), result ? result : "",
						   json_object_get(json, "head"), notes));
		json_decref(json);
		if (read_notes(notes, j, &arena, target, id, err))
			return -1;
	}
	return 0;
}

/* ---- people ---- */

static const char *const command_names[] = { "pause", "promote", "abort", "interrupt",
					     "supersede" };

int in_etcd_tell(struct journal *journal, const char *target, enum command_kind command,
		 const char *vsn, struct error *err)
{
	struct etcd_journal *j = in_etcd(journal);
	owned_arena struct arena arena = ARENA_EMPTY;
	/* Of two at the same moment each has its own. */
	const char *name =
		arena_printf(&arena, "command/%013" PRId64 "-%d", clock_wall_ms(), (int)getpid());
	json_t *then =
		json_pack("[o]", etcd_put_json(etcd_key(j, &arena, target, name),
					       json_pack("{s:s, s:s}", "command",
							 command_names[command], "version", vsn)));
	bool done;

	return etcd_txn(&done, j->etcd, json_array(), then, err);
}

static bool read_command(enum command_kind *out, const char **vsn_out, struct arena *arena,
			 const struct etcd_kv *kv)
{
	json_t *json = journal_parse(kv->value);
	const char *name = json_string_value(json_object_get(json, "command"));
	const char *vsn = json_string_value(json_object_get(json, "version"));
	bool found = false;

	for (unsigned i = 0; name && vsn && i < ARRAY_LEN(command_names); i++) {
		if (strcmp(name, command_names[i]) != 0)
			continue;
		*out = (enum command_kind)i;
		*vsn_out = arena_dup(arena, span_of(vsn));
		found = true;
	}
	json_decref(json);
	return found;
}

/* An etcd that is away has nothing to say; that it is shows when something is to be written. */
int in_etcd_heed(bool *some_out, enum command_kind *out, const char **vsn_out,
		 struct journal *journal, struct arena *arena, struct error *err)
{
	struct etcd_journal *j = in_etcd(journal);
	struct etcd_range range = { .prefix = etcd_key(j, arena, j->target, "command/"),
				    .order = ETCD_OLDEST_FIRST,
				    .limit = 1 };
	struct etcd_kvs kvs;

	etcd_hold(j);
	*some_out = false;
	etcd_patience(j->etcd, j->lease_ms / 3);
	if (etcd_get(&kvs, j->etcd, arena, &range, err))
		kvs.len = 0;
	etcd_patience(j->etcd, 2 * j->lease_ms);
	if (kvs.len == 0)
		return 0;
	*some_out = read_command(out, vsn_out, arena, &kvs.items[0]);
	return etcd_commit(j, json_pack("[o]", etcd_delete(kvs.items[0].key.ptr)), err);
}

/* ---- versions ---- */

int in_etcd_bad(struct journal *journal, const char *target, struct rollout *into,
		struct error *err)
{
	struct etcd_journal *j = in_etcd(journal);
	owned_arena struct arena arena = ARENA_EMPTY;
	struct reading reading = { .range = { .prefix = etcd_key(j, &arena, target, "bad/"),
					      .limit = PAGE } };
	const struct etcd_kv *kv;

	for (;;) {
		if (next(&kv, &reading, j, &arena, err))
			return -1;
		if (!kv)
			return 0;
		rollout_add_bad(into, strrchr(kv->key.ptr, '/') + 1);
	}
}

int in_etcd_set_bad(struct journal *journal, const char *target, const char *vsn, bool bad,
		    struct error *err)
{
	struct etcd_journal *j = in_etcd(journal);
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *key = etcd_key(j, &arena, target, arena_printf(&arena, "bad/%s", vsn));

	return etcd_commit(j, json_pack("[o]", bad ? etcd_put(key, "1", 0) : etcd_delete(key)),
			   err);
}
