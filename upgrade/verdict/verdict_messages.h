// SPDX-License-Identifier: Apache-2.0
/* verdict_messages.h - messages under way, and answers. */
#pragma once
#include "upgrade/verdict/verdict_parts.h"

/* ---- verdict_answered.c ---- */

/* A call out of code of the release `side`, of which the answer is given. */
struct answered {
	struct judge *judge;
	enum side side;
	bool (*is)(const void *ctx, const struct beam_function *to,
		   const struct value *const *args);
	const void *ctx;
};

/* Whether a function of that code fails behind the call with all of `news`, where it goes on with
 * one of `olds`.
 */
bool answers_fail(const struct answered *call, const struct code *code,
		  const struct code_function *function, struct values olds, struct values news);
/* Of what only the new release gives, the first with which it fails; NULL: none is seen, or more of
 * them take the place of others with which it failed before.
 */
const struct value *answer_that_fails(const struct answered *call, const struct code *code,
				      const struct code_function *function, struct values olds,
				      struct values news);
/* What the function returns where the call gives these, with the unknown where not all is seen. */
struct values answer_handed_on(const struct answered *call, const struct code *code,
			       const struct code_function *function, struct values answers,
			       struct arena *arena);

/* ---- verdict_replies.c ---- */

enum { ANSWERS_MAX = 16 };

struct answers {
	const struct value *items[ANSWERS_MAX];
	size_t len;
	bool more; /* there are others */
};

void answers_add(struct answers *answers, const struct value *value);
bool answers_have(const struct answers *answers, const struct value *value);
/* What the actions of a gen_statem reply; from: only to that one, or NULL. */
void statem_replies(struct answers *answers, const struct value *actions, const struct value *from,
		    struct arena *arena);

enum call_end { CALL_ANSWERED, CALL_LEFT, CALL_POSTPONED };

/* What becomes of a call in some state, the last of these; answers: takes what is answered at once,
 * or NULL.
 */
enum call_end statem_call(struct judge *judge, enum side side, const struct code *code,
			  const struct value *request, struct answers *answers);
/* Adds what its actions reply to who called before. */
void statem_late_replies(struct judge *judge, enum side side, const struct module_at *module,
			 struct answers *answers);

/* ---- verdict_waiting.c ---- */

/* Who waits in the old code for an answer of a server that gives it later. */
void judge_waiting(struct judge *judge);

/* ---- verdict_rounds.c ---- */

/* Timers that go round in another way: an interval, or set again by each message. */
void judge_rounds(struct judge *judge);

/* ---- verdict_messages.c ---- */

/* Messages of the old code that the new code does not understand, and between nodes those of the
 * new code that the old one does not.
 */
void judge_messages(struct judge *judge);
/* The module of a process to which new code sends what only its new code understands; NULL: none.
 */
const char *receiver_not_ready(struct judge *judge, const struct code *sender,
			       const struct code_effect *effect, const struct value **message);
/* Who is sent a message and answers with, or goes on with, what holds something: "the state of
 * bus", in the arena; NULL: nobody is seen to.
 */
const char *kept_by_receiver(struct judge *judge, enum side side, const struct code *self,
			     const struct code_effect *effect,
			     bool (*holds)(void *ctx, const struct value *value), void *ctx);

/* ---- verdict_takers.c ---- */

enum message_kind { MESSAGE_INFO, MESSAGE_CAST, MESSAGE_CALL, MESSAGE_EVENT, MESSAGE_KINDS };

/* "handle_info", "a state" */
const char *message_taker(const struct code *code, enum message_kind kind);
/* Whether a module has no behaviour that takes messages: they are for its loops, if it has any. */
bool message_is_for_loops(const struct module_diff *module);
/* Whether a changed module takes messages of that kind by something that changed. */
bool message_takers_changed(const struct module_diff *module, enum message_kind kind);
/* What the callback returns for a message; *sure: that is all. */
struct values message_answers(const struct code *code, enum message_kind kind,
			      const struct value *message, const struct code_library *library,
			      struct arena *arena, bool *sure);
/* From code of one release, that took a message, to that of the other one, `side`. */
struct message_way {
	struct judge *judge;
	enum side side;
	const struct code *knew, *code;
	bool raises; /* only that is asked; not whether it falls to what takes anything */
};
/* Of a module that is in both; not only what raises. */
struct message_way message_way_to(struct judge *judge, enum side side,
				  const struct module_diff *module);
/* Whether code does not take a message that `knew` did. */
bool message_is_lost(const struct message_way *way, enum message_kind kind,
		     const struct value *message);
/* The same of an event of a gen_statem, in that state; unknown: in some that both have. */
bool event_is_lost(const struct message_way *way, const struct value *type,
		   const struct value *content, const struct value *state);

/* ---- verdict_timeouts.c ---- */

/* Time-outs of a changed module, where they run in the old code, and all else it asks for. */
void judge_timeouts(struct judge *judge, const struct app_diff *app,
		    const struct module_diff *module);

/* A module, on one of the ways between the releases. */
struct asking {
	struct judge *judge;
	const struct app_diff *app;
	const struct module_diff *module;
	enum side from; /* of the code that asks; the other one gets it */
	enum reason_code reason;
	struct message_way way;
};

struct asking asking_of(struct judge *judge, enum side from, const struct app_diff *app,
			const struct module_diff *module);
/* One line is enough for one fact: what is understood neither way is told of the way up. */
bool asking_is_told(const struct asking *asking);
/* what: what the code asks for, "returns time-outs"; taker: who fails */
void tell_asked(const struct asking *asking, const char *what, const char *taker);

/* ---- verdict_asked.c ---- */

/* Messages that come by themselves, since it asked for them: monitors, tasks, sockets. */
void judge_all_asked(const struct asking *asking);

/* ---- verdict_nodes.c ---- */

/* rpc:call(Node, M, F, A) and its like of a function that the old release does not have; other
 * effects are none of those.
 */
void judge_rpc(struct judge *judge, struct module_at *module, const struct code_effect *effect);
