// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include <sched.h>
#include <stdlib.h>

struct crew {
	pthread_mutex_t lock;
	size_t count, next;
	int (*work)(void *context, size_t nr, struct error *err);
	void *context;
	size_t failed;     /* the smallest number that did; count: none */
	struct error *err; /* its error */
};

unsigned parallel_cores(void)
{
	cpu_set_t cores;
	int count = 1;

	/* More than a cpu_set_t holds is more than enough. */
	if (sched_getaffinity(0, sizeof(cores), &cores) == 0)
		count = CPU_COUNT(&cores);
	return count < 1 ? 1 : count > PARALLEL_MAX ? PARALLEL_MAX : (unsigned)count;
}

static bool take(struct crew *crew, size_t *nr)
{
	bool more;

	pthread_mutex_lock(&crew->lock);
	more = crew->next < crew->count && crew->failed == crew->count;
	if (more)
		*nr = crew->next++;
	pthread_mutex_unlock(&crew->lock);
	return more;
}

static void note_failure(struct crew *crew, size_t nr, const struct error *err)
{
	pthread_mutex_lock(&crew->lock);
	if (nr < crew->failed) {
		crew->failed = nr;
		*crew->err = *err;
	}
	pthread_mutex_unlock(&crew->lock);
}

static void *worker(void *context)
{
	struct crew *crew = context;
	struct error err;
	size_t nr;

	while (take(crew, &nr))
		if (crew->work(crew->context, nr, &err))
			note_failure(crew, nr, &err);
	return NULL;
}

int parallel(size_t count, int (*work)(void *context, size_t nr, struct error *err), void *context,
	     struct error *err)
{
	return parallel_on(parallel_cores(), count, work, context, err);
}

int parallel_on(unsigned cores, size_t count,
		int (*work)(void *context, size_t nr, struct error *err), void *context,
		struct error *err)
{
	struct crew crew = { .lock = PTHREAD_MUTEX_INITIALIZER,
			     .count = count,
			     .work = work,
			     .context = context,
			     .failed = count,
			     .err = err };
	unsigned want = cores, started = 0;
	pthread_t threads[PARALLEL_MAX];

	if (want > count)
		want = (unsigned)count;
	/* This thread is one of them; without any other the work is done all the same. */
	while (started + 1 < want && pthread_create(&threads[started], NULL, worker, &crew) == 0)
		started++;
	worker(&crew);
	while (started > 0)
		pthread_join(threads[--started], NULL);
	return crew.failed < count ? -1 : 0;
}

static void *do_beside(void *context)
{
	struct beside *beside = context;

	beside->ret = beside->work(beside->context, &beside->err);
	atomic_store(&beside->over, true);
	return NULL;
}

void beside_begin(struct beside *beside)
{
	beside->has_thread = pthread_create(&beside->thread, NULL, do_beside, beside) == 0;
	if (!beside->has_thread)
		do_beside(beside);
}

bool beside_over(struct beside *beside)
{
	return atomic_load(&beside->over);
}

int beside_end(struct beside *beside, struct error *err)
{
	if (beside->has_thread)
		pthread_join(beside->thread, NULL);
	if (beside->ret)
		*err = beside->err;
	return beside->ret;
}
