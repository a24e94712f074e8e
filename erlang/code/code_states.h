// SPDX-License-Identifier: Apache-2.0
/* code_states.h - the state of the processes of a module, as its code makes it. */
#pragma once
#include "erlang/code/code_eval.h"
#include "erlang/code/code_type.h"

/* What may be their state: what init/1 returns, with what start_link is seen to give to it, and
 * what the other callbacks return, up to a bounded number of rounds.  For gen_statem it is the
 * data; for BEAM_SPECIAL what is handed to sys:handle_system_msg/6.
 *
 * role    one bit of BEAM_PROCESS; 0: of a behaviour that is not OTP's, by init/1 alone
 * shares  calls share the steps (code_eval.h): slower, and sees more where others lose something
 */
struct type *code_state_type(const struct code *code, enum beam_role role,
			     const struct code_library *library, bool shares, struct arena *arena);

/* The same where what starts them is given that, as its argument `at`, counted from 0; empty: no
 * start is seen to go well with it.
 */
struct type *code_state_given(const struct code *code, enum beam_role role,
			      const struct code_library *library, unsigned at,
			      const struct value *given, struct arena *arena);

/* Of a behaviour that is not OTP's: whether its processes are like those of gen_fsm, since init/1
 * returns {ok, StateName, Data}, and there is a function of that name.
 */
bool code_is_fsm(const struct code *code, const struct code_library *library);

struct type_changed {
	struct type *type; /* of what it returns; empty: there is no such function */
	bool fails;        /* for one of the variants it always raises or refuses */
	bool fails_all;    /* for each of them */
};

/* What code_change is given beside the state. */
struct change_given {
	const struct term *vsn;   /* of the old module, both ways; NULL: not known */
	const struct term *extra; /* of the appup; NULL: not known */
	bool down;                /* on the way back */
};

/* What code_change makes of states of a type. */
struct type_changed code_change_type(const struct code *code, enum beam_role role,
				     const struct type *state, struct change_given given,
				     const struct code_library *library, struct arena *arena);
