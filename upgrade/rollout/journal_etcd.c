// SPDX-License-Identifier: Apache-2.0
/* The lock, and what is written. */
#include "upgrade/rollout/journal_etcd.h"

#include "base/clock.h"

#include <stdlib.h>

enum {
	NOTE_MAX = 65536, /* bytes */
	CLOSE_MS = 2000,  /* the lock goes by itself otherwise */
};

static const struct journal_kind etcd_kind;

/* ---- keys ---- */

const char *etcd_key(const struct etcd_journal *j, struct arena *arena, const char *target,
		     const char *what)
{
	return arena_printf(arena, "%s/%s/%s", str_text(&j->prefix), target, what);
}

const char *etcd_numbered(const struct etcd_journal *j, struct arena *arena, const char *target,
			  const char *kind, int64_t id, const char *rest)
{
	return arena_printf(arena, "%s/%s/%s/" ETCD_NUMBER "%s", str_text(&j->prefix), target, kind,
			    id, rest);
}

int64_t etcd_number_in(const struct etcd_kv *kv)
{
	const char *slash = strrchr(kv->key.ptr, '/');

	return slash ? strtoll(slash + 1, NULL, 10) : 0;
}

/* ---- opening ---- */

int journal_etcd_open(struct journal **out, const struct journal_options *options,
		      struct error *err)
{
	const struct project_etcd *given = options->etcd;
	struct etcd_options etcd = {
		.endpoints = given->endpoints,
		.tls = { .ca = given->ca, .cert = given->cert, .key = given->key },
		.user = given->user,
		.password_file = given->password_file,
		.password_env = given->password_env,
		.stop = options->stop,
	};
	struct etcd_journal *j = mem_zero(1, sizeof(*j));
	owned_journal struct journal *journal = &j->journal;

	journal->kind = &etcd_kind;
	j->lease_ms = given->lease_ms;
	str_adds(&j->prefix, given->prefix);
	if (etcd_open(&j->etcd, &etcd, err))
		return -1;
	*out = steal(&journal);
	return 0;
}

static void in_etcd_close(struct journal *journal)
{
	struct etcd_journal *j = in_etcd(journal);
	struct error ignored;

	if (j->lease) {
		etcd_patience(j->etcd, CLOSE_MS);
		if (etcd_revoke(j->etcd, j->lease, &ignored))
			j->lease = 0; /* it runs out */
	}
	etcd_close(j->etcd);
	str_done(&j->prefix);
	json_decref(j->about);
	free(j->target);
	free(j);
}

/* ---- the lock ---- */

static int get_one(struct etcd_kvs *out, struct etcd_journal *j, struct arena *arena,
		   const char *target, const char *what, struct error *err)
{
	struct etcd_range range = { .key = etcd_key(j, arena, target, what), .limit = 1 };

	return etcd_get(out, j->etcd, arena, &range, err);
}

static const char *first_text(const struct etcd_kvs *kvs)
{
	return kvs->len ? kvs->items[0].value.ptr : "";
}

static int refuse(struct etcd_journal *j, struct arena *arena, const char *target,
		  struct error *err)
{
	struct etcd_kvs lock;

	if (get_one(&lock, j, arena, target, "lock", err))
		return -1;
	return journal_refuse(target, lock.len ? first_text(&lock) : "another relevo", err);
}

/* Puts the lock where there is none, with a new lease, if the token is still as it was seen. */
static int put_lock(bool *done, struct etcd_journal *j, struct arena *arena, const char *target,
		    const char *token_seen, const char *token, struct error *err)
{
	const char *lock_key = etcd_key(j, arena, target, "lock");
	const char *token_key = etcd_key(j, arena, target, "token");
	owned_str struct str driver = STR_EMPTY;
	struct etcd_kvs lock;
	int64_t lease;

	journal_driver_name(&driver);
	if (etcd_grant(&lease, j->etcd, j->lease_ms, err) ||
	    etcd_txn(done, j->etcd,
		     json_pack("[o, o]", etcd_if_created(lock_key, 0),
			       token_seen[0] ? etcd_if_value(token_key, token_seen)
					     : etcd_if_created(token_key, 0)),
		     json_pack("[o, o]", etcd_put(lock_key, str_text(&driver), lease),
			       etcd_put(token_key, token, 0)),
		     err) ||
	    get_one(&lock, j, arena, target, "lock", err))
		return -1;
	/* Ours also where the answer to the first try was lost. */
	*done = lock.len && lock.items[0].lease == lease;
	if (!*done)
		return etcd_revoke(j->etcd, lease, err);
	j->lease = lease;
	j->revision = lock.items[0].created;
	j->version = 1;
	j->kept_at = clock_mono_ms();
	return 0;
}

static int in_etcd_lock(struct journal *journal, const char *target, uint64_t *token_out,
			struct error *err)
{
	struct etcd_journal *j = in_etcd(journal);
	owned_arena struct arena arena = ARENA_EMPTY;
	struct etcd_kvs token;
	int64_t next = clock_wall_ms();
	bool done;

	if (get_one(&token, j, &arena, target, "token", err))
		return -1;
	if (strtoll(first_text(&token), NULL, 10) >= next)
		next = strtoll(first_text(&token), NULL, 10) + 1;
	if (put_lock(&done, j, &arena, target, first_text(&token),
		     arena_printf(&arena, "%" PRId64, next), err))
		return -1;
	if (!done)
		return refuse(j, &arena, target, err);
	j->target = mem_dup(target);
	*token_out = j->token = (uint64_t)next;
	/* While it is driven an etcd that is away may come back. */
	etcd_patience(j->etcd, 2 * j->lease_ms);
	return 0;
}

static int in_etcd_driver(const char **out, struct journal *journal, struct arena *arena,
			  const char *target, struct error *err)
{
	struct etcd_journal *j = in_etcd(journal);
	struct etcd_kvs lock;

	*out = "";
	if (j->lease) /* it is we */
		return 0;
	if (get_one(&lock, j, arena, target, "lock", err))
		return -1;
	*out = first_text(&lock);
	return 0;
}

/* The lease has run out, or somebody took it away: the target is ours as long as nobody else drove
 * it since.
 */
static int lock_again(struct etcd_journal *j, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *token = arena_printf(&arena, "%" PRIu64, j->token);
	bool done;

	if (put_lock(&done, j, &arena, j->target, token, token, err))
		return -1;
	return done ? 0 : journal_overtaken(j->target, err);
}

void etcd_hold(struct etcd_journal *j)
{
	struct error ignored;
	bool alive;

	if (clock_mono_ms() - j->kept_at < j->lease_ms / 3)
		return;
	/* One that has run out, or an etcd that is away, shows when something is to be written. */
	etcd_patience(j->etcd, j->lease_ms / 3);
	if (etcd_keep_alive(&alive, j->etcd, j->lease, &ignored) == 0 && alive)
		j->kept_at = clock_mono_ms();
	etcd_patience(j->etcd, 2 * j->lease_ms);
}

/* ---- writing ---- */

/* Whether it was done by a try whose answer was lost. */
static int was_done(bool *done, struct etcd_journal *j, struct arena *arena, struct error *err)
{
	struct etcd_kvs lock;

	if (get_one(&lock, j, arena, j->target, "lock", err))
		return -1;
	*done = lock.len && lock.items[0].created == j->revision &&
		lock.items[0].version == j->version + 1;
	return 0;
}

static int try_commit(bool *done, struct etcd_journal *j, const json_t *then, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *lock = etcd_key(j, &arena, j->target, "lock");
	owned_str struct str driver = STR_EMPTY;
	json_t *all = json_copy((json_t *)(uintptr_t)then);

	journal_driver_name(&driver);
	json_array_append_new(all, etcd_put(lock, str_text(&driver), j->lease));
	if (etcd_txn(done, j->etcd,
		     json_pack("[o, o]", etcd_if_created(lock, j->revision),
			       etcd_if_version(lock, j->version)),
		     all, err) ||
	    (!*done && was_done(done, j, &arena, err)))
		return -1;
	j->version += *done;
	return 0;
}

int etcd_commit(struct etcd_journal *j, json_t *then, struct error *err)
{
	bool done = false;
	int ret = try_commit(&done, j, then, err);

	if (ret == 0 && !done)
		ret = lock_again(j, err) || try_commit(&done, j, then, err);
	json_decref(then);
	if (ret == 0)
		return done ? 0 : journal_overtaken(j->target, err);
	/* What it drives is under way: not as if nothing had been reached. */
	if (err->kind == ERROR_UNREACHABLE)
		err->kind = ERROR_FAILED;
	return -1;
}

/* One more of what is to be done together; as much as fits is done at once. */
static int add(json_t **then, struct etcd_journal *j, json_t *one, struct error *err)
{
	json_array_append_new(*then, one);
	if (json_array_size(*then) < ETCD_TXN_MAX)
		return 0;
	if (etcd_commit(j, *then, err)) {
		*then = NULL;
		return -1;
	}
	*then = json_array();
	return 0;
}

json_t *etcd_put_json(const char *key, json_t *value)
{
	owned_mem char *text = journal_dump(value);

	json_decref(value);
	return etcd_put(key, text, 0);
}

static json_t *put_rollout(struct etcd_journal *j, struct arena *arena, const struct rollout *r)
{
	bool over = r->phase == PHASE_end;

	if (over && j->ended == 0)
		j->ended = clock_wall_ms();
	return etcd_put_json(etcd_numbered(j, arena, j->target, "rollout", j->rollout, ""),
			     json_pack("{s:I, s:I, s:s, s:O, s:o}", "began", (json_int_t)j->began,
				       "ended", (json_int_t)j->ended, "result",
				       over ? result_name(r->result) : "", "about", j->about,
				       "head", rollout_head_json(r)));
}

static json_t *put_note(struct etcd_journal *j, struct arena *arena, const char *node,
			const char *text)
{
	struct span span = span_of(text);
	const char *key = etcd_numbered(j, arena, j->target, "note", j->rollout,
					arena_printf(arena, "/" ETCD_NUMBER, j->notes++));
	json_t *note;

	if (span.len > NOTE_MAX)
		span.len = NOTE_MAX;
	note = json_pack("{s:I, s:s*, s:s%}", "at", (json_int_t)clock_wall_ms(), "node", node,
			 "text", span.ptr, span.len);
	if (!note) /* cut in the middle of a letter, or no UTF-8 from the beginning */
		note = json_pack("{s:I, s:s*, s:s}", "at", (json_int_t)clock_wall_ms(), "node",
				 node, "text", "(not to be printed)");
	return etcd_put_json(key, note);
}

static int add_nodes(json_t **then, struct etcd_journal *j, struct arena *arena,
		     const struct rollout *r, struct error *err)
{
	for (size_t i = 0; i < r->len; i++) {
		const char *nr = arena_printf(arena, "/" ETCD_NUMBER, (int64_t)i);

		if (r->nodes[i].dirty &&
		    add(then, j,
			etcd_put_json(etcd_numbered(j, arena, j->target, "node", j->rollout, nr),
				      rollout_node_json(&r->nodes[i])),
			err))
			return -1;
	}
	return 0;
}

static int add_actions(json_t **then, struct etcd_journal *j, struct arena *arena,
		       const struct rollout *r, const struct rollout_actions *actions,
		       struct error *err)
{
	for (size_t i = 0; i < actions->len; i++) {
		const struct rollout_action *action = &actions->items[i];
		owned_str struct str text = STR_EMPTY;

		if (journal_action_text(&text, action) &&
		    add(then, j,
			put_note(j, arena,
				 action->node == SIZE_MAX ? NULL : r->nodes[action->node].name,
				 str_text(&text)),
			err))
			return -1;
	}
	return 0;
}

/* Where it is too much for one transaction the head comes last: with nodes that are written and a
 * head that is not, it goes on as if it had been killed before it acted, and asks all nodes.
 */
static int in_etcd_write(struct journal *journal, struct rollout *r,
			 const struct rollout_actions *actions, struct error *err)
{
	struct etcd_journal *j = in_etcd(journal);
	owned_arena struct arena arena = ARENA_EMPTY;
	json_t *then = json_array();

	if (add_nodes(&then, j, &arena, r, err) ||
	    (actions && add_actions(&then, j, &arena, r, actions, err))) {
		json_decref(then);
		return -1;
	}
	json_array_append_new(then, put_rollout(j, &arena, r));
	return etcd_commit(j, then, err);
}

int etcd_last(struct etcd_kvs *out, struct etcd_journal *j, struct arena *arena, const char *target,
	      int64_t max, struct error *err)
{
	struct etcd_range range = { .prefix = etcd_key(j, arena, target, "rollout/"),
				    .order = ETCD_LAST_KEY_FIRST,
				    .limit = max };

	return etcd_get(out, j->etcd, arena, &range, err);
}

/* What was said of an earlier one is not meant for this, and very old ones are forgotten. */
static json_t *forget(struct etcd_journal *j, struct arena *arena)
{
	static const char *const kinds[] = { "rollout", "node", "note" };
	json_t *then = json_array();
	int64_t oldest = j->rollout - ETCD_ROLLOUTS_MAX + 1;

	json_array_append_new(then,
			      etcd_delete_all(etcd_key(j, arena, j->target, "command/"), NULL));
	/* Of one that was begun, and not to its end. */
	for (size_t i = 1; i < ARRAY_LEN(kinds); i++)
		json_array_append_new(then,
				      etcd_delete_all(etcd_numbered(j, arena, j->target, kinds[i],
								    j->rollout, "/"),
						      NULL));
	for (size_t i = 0; i < ARRAY_LEN(kinds) && oldest > 0; i++)
		json_array_append_new(
			then,
			etcd_delete_all(
				etcd_key(j, arena, j->target, arena_printf(arena, "%s/", kinds[i])),
				etcd_numbered(j, arena, j->target, kinds[i], oldest, "")));
	return then;
}

static int in_etcd_begin(struct journal *journal, struct rollout *r, const json_t *about,
			 struct error *err)
{
	struct etcd_journal *j = in_etcd(journal);
	owned_arena struct arena arena = ARENA_EMPTY;
	struct etcd_kvs last;

	if (etcd_last(&last, j, &arena, j->target, 1, err))
		return -1;
	json_decref(j->about);
	j->about = json_deep_copy(about);
	j->rollout = last.len ? etcd_number_in(&last.items[0]) + 1 : 1;
	j->notes = j->ended = 0;
	j->began = clock_wall_ms();
	for (size_t i = 0; i < r->len; i++)
		r->nodes[i].dirty = true;
	return etcd_commit(j, forget(j, &arena), err) ? -1 : in_etcd_write(journal, r, NULL, err);
}

static int in_etcd_note(struct journal *journal, const char *node, const char *text,
			struct error *err)
{
	struct etcd_journal *j = in_etcd(journal);
	owned_arena struct arena arena = ARENA_EMPTY;

	return etcd_commit(j, json_pack("[o]", put_note(j, &arena, node, text)), err);
}

static const struct journal_kind etcd_kind = {
	.close = in_etcd_close,
	.lock = in_etcd_lock,
	.driver = in_etcd_driver,
	.begin = in_etcd_begin,
	.write = in_etcd_write,
	.note = in_etcd_note,
	.last = in_etcd_last,
	.history = in_etcd_history,
	.tell = in_etcd_tell,
	.heed = in_etcd_heed,
	.bad = in_etcd_bad,
	.set_bad = in_etcd_set_bad,
};
