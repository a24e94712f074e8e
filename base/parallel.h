// SPDX-License-Identifier: Apache-2.0
/* parallel.h - the same work on many things, on all cores.
 *
 * The numbers 0 … count - 1 are taken in their order, so what is earlier is begun
 * earlier.  Threads live only as long as the call.
 */
#pragma once
#include "base/error.h"

enum { PARALLEL_MAX = 8 }; /* threads at most, however many cores there are */

/* Cores this process may use, 1 … PARALLEL_MAX. */
unsigned parallel_cores(void);

/* Calls work(context, nr, err) for every number, each once, on several threads; returns when
 * all are done.  After a failure no further number is begun, and the error is that of
 * the smallest number that failed, so that it does not depend on the threads' luck.
 */
must_check int parallel(size_t count, int (*work)(void *context, size_t nr, struct error *err),
			void *context, struct error *err);
