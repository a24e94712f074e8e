// SPDX-License-Identifier: Apache-2.0
/* rpc.h - functions and pieces of Erlang text that run on the node.
 *
 * Each call has a reference of its own, so that the late answer of a call that was
 * given up is never taken for another's.  A call that is given up, or whose connection
 * breaks, runs on at the node to its end.
 *
 * Results live in the caller's arena.
 */
#pragma once
#include "upgrade/node/wire/dist.h"

/* module:function(args…), `args` being a list.
 *
 * When the node says {badrpc, Reason}: with `bad` given, *bad is the reason and *out is
 * NULL; without, it is an error of kind ERROR_FAILED whose text holds the whole reason.  When
 * there is a result, *bad is NULL.
 *
 * ERROR_UNREACHABLE: no answer within the deadline, or the connection is gone.
 */
must_check int rpc_call(const struct term **out, const struct term **bad, struct dist *dist,
			struct arena *arena, const char *module, const char *function,
			const struct term *args, struct deadline deadline, struct error *err);

struct binding {
	const char *name; /* of an Erlang variable */
	const struct term *value;
};

/* Erlang text: expressions with commas between them, no dot at the end; the value of the
 * last one is the result.  What it binds is seen by nothing else.
 *
 * name      of the text, for messages
 * bindings  variables it finds bound
 *
 * Fails as rpc_call() does; an exception in the text is its {badrpc, …}.
 */
must_check int node_eval(const struct term **out, const struct term **bad, struct dist *dist,
			 struct arena *arena, const char *name, struct span text,
			 const struct binding *bindings, size_t bindings_len,
			 struct deadline deadline, struct error *err);

/* The same with text of relevo's own that is known to be right, by one question: what comes back is
 * the value alone, and nothing but the text goes there.  An exception is ERROR_FAILED.
 */
must_check int node_eval_at_once(const struct term **out, struct dist *dist, struct arena *arena,
				 const char *name, struct span text, const struct binding *bindings,
				 size_t bindings_len, struct deadline deadline, struct error *err);

/* For those who ask by messages of their own: what a result means (as rpc_call() says), that there
 * was none, and that what was asked failed for a reason, of which no value is told.  The last two
 * return -1.
 */
must_check int rpc_result(const struct term **out, const struct term **bad, const struct dist *dist,
			  const struct term *result, const char *what, struct error *err);
void rpc_silent_(const struct dist *dist, const char *what, struct error *err);
#define rpc_silent(...) (rpc_silent_(__VA_ARGS__), -1)
void rpc_failed_(const struct dist *dist, const char *what, const struct term *reason,
		 struct error *err);
#define rpc_failed(...) (rpc_failed_(__VA_ARGS__), -1)

/* A reason as a person wants it: without the stack, cut to one screen line or three; and without
 * values, which may be secrets that a process holds: of texts only paths stand there, the others as
 * "...".
 */
void rpc_reason(struct str *out, const struct term *reason);
/* With values: of what a person has asked for in words of his own. */
void rpc_reason_whole(struct str *out, const struct term *reason);
/* What OTP means by it, where that is known; else false, and nothing is added. */
bool reason_words(struct str *out, const struct term *reason);
/* The term, its values as "...". */
void reason_outline(struct str *out, const struct term *reason);
