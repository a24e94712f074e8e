// SPDX-License-Identifier: Apache-2.0
/* guard.h - work that starts processes and must leave none behind, whatever ends it.
 *
 * The work is done in a process of its own.  When it is over, crashes, or we are told to end
 * (SIGINT, SIGTERM, SIGHUP, SIGQUIT, unless they are ignored), everything that descends from it is
 * killed, also what went into a session or a process group of its own.
 */
#pragma once
#include "base/error.h"

/* Does the work and returns what it returned; what it changed in memory stays there, only
 * the error comes back (when it returned -1).  The caller must have no other children.
 *
 * begin       makes here what clean takes away, with signals held back already; where it fails,
 * nothing else is called.  NULL: nothing to make clean       called here when nothing runs any
 * more, with signals still held back signal_out  the signal that ended it, or 0; the caller is then
 * to end with guard_raise()
 *
 * ERROR_FAILED: the work crashed, or was ended by a signal.
 */
must_check int guard_run(int (*begin)(void *context, struct error *err),
			 int (*work)(void *context, struct error *err), void *context,
			 void (*clean)(void *context), int *signal_out, struct error *err);
/* Memory for what the work tells clean(); zero, never given back. */
void *guard_memory(size_t size);
/* What was printed has reached stdout; ends this program as SIGPIPE does when nobody reads it any
 * more.  guard_run() looks at what the work printed, so it fails when that got lost.
 */
must_check int result_flush(struct error *err);
/* Ends this program by the signal, as whoever sent it expects. */
void guard_raise(int signal);
