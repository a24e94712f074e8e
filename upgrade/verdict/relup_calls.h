// SPDX-License-Identifier: Apache-2.0
/* relup_calls.h - what a relup has the node call, beside changing its code.
 *
 * An instruction {apply, {M, F, Args}} may be anything at all; so may {sync_nodes, Id, {M, F,
 * Args}}.
 */
#pragma once
#include "erlang/term/term.h"

enum relup_call {
	RELUP_CALL_NONE,
	RELUP_CALL_USUAL, /* starts, stops an application or a child; reloads protocols: OTP's
			   * appup cookbook and relevo write these */
	RELUP_CALL_OTHER,
	RELUP_CALL_HALTS, /* ends the VM, or starts it again */
};

/* Of one step of a relup, or one instruction of an appup. */
enum relup_call relup_call(const struct term *step);
/* The call with its arguments, cut to a line or two: "os:cmd(\"reboot\")". */
const char *relup_call_shown(struct arena *arena, const struct term *step);
/* The first step that ends the VM; NULL: none does. */
const struct term *relup_halts(const struct term *steps);
