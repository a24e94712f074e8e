// SPDX-License-Identifier: Apache-2.0
/* parallel.h - the same work on many things, on all cores; or one thing beside another.
 *
 * The numbers 0 … count - 1 are taken in their order, so what is earlier is begun
 * earlier.  Threads live only as long as the call.
 */
#pragma once
#include "base/error.h"

#include <pthread.h>
#include <stdatomic.h>

enum { PARALLEL_MAX = 8 }; /* threads at most, however many cores there are */

/* Cores this process may use, 1 … PARALLEL_MAX. */
unsigned parallel_cores(void);

/* Calls work(context, nr, err) for every number, each once, on several threads; returns when
 * all are done.  After a failure no further number is begun, and the error is that of
 * the smallest number that failed, so that it does not depend on the threads' luck.
 */
must_check int parallel(size_t count, int (*work)(void *context, size_t nr, struct error *err),
			void *context, struct error *err);
/* The same on so many threads at most, 1 … PARALLEL_MAX: something else needs the other cores. */
must_check int parallel_on(unsigned cores, size_t count,
			   int (*work)(void *context, size_t nr, struct error *err), void *context,
			   struct error *err);

/* One piece of work beside the caller: set `work` and `context`, begin, and end in any case.  Where
 * no thread can be had it is done in beside_begin().
 */
struct beside {
	int (*work)(void *context, struct error *err);
	void *context;

	pthread_t thread;
	bool has_thread;
	atomic_bool over;
	int ret;
	struct error err;
};

void beside_begin(struct beside *beside);
/* Whether it is done. */
bool beside_over(struct beside *beside);
/* Waits for it, and returns what it returned. */
must_check int beside_end(struct beside *beside, struct error *err);
