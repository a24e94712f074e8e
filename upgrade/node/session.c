// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/session.h"

#include "base/deflate.h"

#include <inttypes.h>
#include <stdlib.h>

struct node_session {
	struct dist *dist; /* borrowed */
	struct arena arena;
	const struct term *pid;
	int64_t free_atoms;
	bool sent[SCRIPT_PARTS];
};

static const struct term *zip(struct arena *arena, struct span bytes, struct error *err)
{
	owned_str struct str packed = STR_EMPTY;

	if (deflate_piece(&packed, bytes, err))
		return NULL;
	str_add(&packed, DEFLATE_END);
	return term_binary(arena, (struct span){ arena_dup(arena, str_span(&packed)), packed.len });
}

int node_session_pack(const struct term **out, struct arena *arena, const struct term *term,
		      struct error *err)
{
	owned_str struct str bytes = STR_EMPTY;

	term_encode(&bytes, term, TERM_ATOMS_UTF8);
	*out = zip(arena, str_span(&bytes), err);
	return *out ? 0 : -1;
}

/* ---- beginning ---- */

static int few_atoms(const struct dist *dist, const struct term *answer, struct error *err)
{
	int64_t left = 0;

	term_get_integer(term_at(answer, 1), &left);
	error_set_(err, ERROR_REFUSED,
		   "%s: its table of atoms is nearly full (%" PRId64 " are left): a few questions, "
		   "let alone an upgrade, would end it; nothing was changed",
		   dist_node(dist), left);
	return error_hint(err, "Find out what makes atoms there, restart it, and raise +t in its "
			       "vm.args.");
}

int node_session_open(struct node_session **out, struct dist *dist, struct deadline deadline,
		      struct error *err)
{
	owned_node_session struct node_session *session = mem_zero(1, sizeof(*session));
	const struct binding me = { "Me", dist_pid(dist) };
	const struct term *answer;

	session->dist = dist;
	if (node_eval_at_once(&answer, dist, &session->arena, "session.erl", script_session(), &me,
			      1, deadline, err))
		return -1;
	if (term_is_tagged(answer, "atoms", 2))
		return few_atoms(dist, answer, err);
	if (!term_is_tuple(answer, 2) || term_at(answer, 0)->kind != TERM_PID ||
	    !term_get_integer(term_at(answer, 1), &session->free_atoms))
		return error_set(err, ERROR_INVALID, "%s: session.erl: an answer of another shape",
				 dist_node(dist));
	session->pid = term_at(answer, 0);
	*out = steal(&session);
	return 0;
}

void node_session_free(struct node_session *session)
{
	if (!session)
		return;
	arena_done(&session->arena);
	free(session);
}

int64_t node_session_free_atoms(const struct node_session *session)
{
	return session->free_atoms;
}

/* ---- texts ---- */

static int send_part(struct node_session *session, enum script_part part, struct deadline deadline,
		     struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str text = STR_EMPTY;
	const struct term *zipped;

	if (session->sent[part])
		return 0;
	script_part_text(&text, part);
	zipped = zip(&arena, str_span(&text), err);
	if (!zipped ||
	    dist_send_pid(session->dist, session->pid,
			  term_tuple(&arena, dist_pid(session->dist), term_atom(&arena, "keep"),
				     term_integer(&arena, part), zipped),
			  deadline, err))
		return -1;
	session->sent[part] = true;
	return 0;
}

/* *parts receives the numbers of what the script is made of. */
static int send_parts(const struct term **parts, struct node_session *session, struct arena *arena,
		      enum script script, struct deadline deadline, struct error *err)
{
	enum script_part list[SCRIPT_PARTS];
	size_t len = script_parts(list, script);
	struct terms numbers = { 0 };

	for (size_t i = 0; i < len; i++) {
		if (send_part(session, list[i], deadline, err))
			return -1;
		terms_add(arena, &numbers, term_integer(arena, list[i]));
	}
	*parts = term_list_of(arena, &numbers);
	return 0;
}

/* ---- running ---- */

struct asked {
	const struct node_session *session;
	const struct term *reference;
};

static bool is_answer(void *context, const struct dist_message *message)
{
	const struct asked *asked = context;

	if (message->kind == DIST_EXIT)
		return term_equal(message->from, asked->session->pid);
	return message->kind == DIST_MESSAGE && term_is_tuple(message->body, 2) &&
	       term_equal(term_at(message->body, 0), asked->reference);
}

static int await(const struct term **out, const struct asked *asked, struct arena *arena,
		 const char *what, struct deadline deadline, struct error *err)
{
	struct dist *dist = asked->session->dist;
	struct dist_message message;

	if (dist_await(dist, arena, &message, is_answer, (void *)(uintptr_t)asked, deadline, err))
		return -1;
	if (message.kind == DIST_NOTHING)
		return rpc_silent(dist, what, err);
	if (message.kind == DIST_EXIT)
		return rpc_failed(dist, what, message.body, err);
	*out = term_at(message.body, 1);
	return 0;
}

static const struct term *bindings_term(struct arena *arena, const struct binding *bindings,
					size_t len, const struct term *me)
{
	struct terms list = { 0 };

	terms_add(arena, &list, term_tuple(arena, term_atom(arena, "Me"), me));
	for (size_t i = 0; i < len; i++)
		terms_add(arena, &list,
			  term_tuple(arena, term_atom(arena, bindings[i].name), bindings[i].value));
	return term_list_of(arena, &list);
}

static int not_up(const struct dist *dist, const char *what, const struct term *reason,
		  struct error *err)
{
	(void)rpc_failed(dist, what, reason, err);
	err->kind = ERROR_UNREACHABLE;
	return error_hint(err,
			  "The node starts, stops or restarts meanwhile; try again when it is up.");
}

int node_session_run(const struct term **out, const struct term **bad, struct node_session *session,
		     struct arena *arena, enum script script, const struct binding *bindings,
		     size_t bindings_len, struct deadline deadline, struct error *err)
{
	struct dist *dist = session->dist;
	const struct asked asked = { session, dist_reference(dist, arena) };
	const struct term *parts, *result, *failed;

	if (send_parts(&parts, session, arena, script, deadline, err) ||
	    dist_send_pid(dist, session->pid,
			  term_tuple(arena, dist_pid(dist), term_atom(arena, "run"),
				     asked.reference, parts,
				     bindings_term(arena, bindings, bindings_len, dist_pid(dist))),
			  deadline, err) ||
	    await(&result, &asked, arena, script_name(script), deadline, err) ||
	    rpc_result(out, &failed, dist, result, script_name(script), err))
		return -1;
	if (failed && term_is_tagged(failed, "not_up", 2))
		return not_up(dist, script_name(script), term_at(failed, 1), err);
	if (failed && !bad)
		return rpc_failed(dist, script_name(script), failed, err);
	if (bad)
		*bad = failed;
	return 0;
}
