// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/watch.h"

#include <inttypes.h>
#include <string.h>

enum {
	LOOK_MS = 1000,
	TOO_OFTEN = 3, /* looks in a row */
};

int census_take(struct census *out, struct node *node, struct arena *arena, struct error *err)
{
	const struct term *answer;

	if (node_run(&answer, NULL, node, arena, SCRIPT_census, NULL, 0, node_deadline(node), err))
		return -1;
	if (!term_is_tuple(answer, 2) || !term_is_list(term_at(answer, 0)) ||
	    !term_is_list(term_at(answer, 1)))
		return error_set(err, ERROR_INVALID, "%s: an answer of another shape",
				 node_name(node));
	*out = (struct census){ term_at(answer, 0), term_at(answer, 1) };
	return 0;
}

int crashes_count(int64_t *out, const char **began, struct node *node, struct arena *arena,
		  int64_t keep_ms, struct error *err)
{
	const struct binding keep = { "Keep", term_integer(arena, keep_ms) };
	const struct term *answer;

	if (node_run(&answer, NULL, node, arena, SCRIPT_crashes, &keep, 1, node_deadline(node),
		     err))
		return -1;
	if (!term_is_tuple(answer, 2) || !term_get_integer(term_at(answer, 0), out) ||
	    !term_get_text(term_at(answer, 1), arena, began))
		return error_set(err, ERROR_INVALID, "%s: an answer of another shape",
				 node_name(node));
	return 0;
}

/* Both lists are sorted by name. */
int64_t census_restarts(const struct census *was, const struct census *is, const char **who)
{
	int64_t count = 0;
	size_t k = 0;

	for (size_t i = 0; i < was->names->seq.len; i++) {
		const struct term *old = term_at(was->names, i), *new = NULL;

		if (!term_is_tuple(old, 2))
			continue;
		while (k < is->names->seq.len && term_is_tuple(term_at(is->names, k), 2) &&
		       term_compare(term_at(term_at(is->names, k), 0), term_at(old, 0)) < 0)
			k++;
		if (k < is->names->seq.len)
			new = term_at(is->names, k);
		if (new &&term_is_tuple(new, 2) && term_equal(term_at(new, 0), term_at(old, 0)) &&
		    !term_equal(term_at(new, 1), term_at(old, 1))) {
			*who = term_atom_name(term_at(old, 0));
			count++;
		}
	}
	return count;
}

static const char *stopped_app(const struct census *was, const struct census *is)
{
	for (size_t i = 0; i < was->apps->seq.len; i++) {
		const struct term *app = term_at(was->apps, i);
		bool there = false;

		for (size_t k = 0; k < is->apps->seq.len && !there; k++)
			there = term_equal(app, term_at(is->apps, k));
		if (!there)
			return term_atom_name(app);
	}
	return NULL;
}

struct watch {
	struct node *node;
	const char *vsn;
	const struct watch_limits *limits;
	struct census start;
	int64_t crashes;     /* before */
	unsigned busy, full; /* looks in a row over the limit */
};

static int look_at_load(const char **fault, struct watch *watch, struct arena *arena,
			struct arena *scratch, struct error *err)
{
	const struct watch_limits *limits = watch->limits;
	struct node_vitals v;

	if (node_vitals(&v, watch->node, scratch, err))
		return -1;
	watch->busy =
		limits->run_queue >= 0 && v.run_queue > limits->run_queue ? watch->busy + 1 : 0;
	watch->full = limits->mailbox >= 0 && v.queue_len > limits->mailbox ? watch->full + 1 : 0;
	if (watch->busy >= TOO_OFTEN)
		*fault = arena_printf(arena, "the run queue is %" PRId64 ", over %" PRId64,
				      v.run_queue, limits->run_queue);
	else if (watch->full >= TOO_OFTEN)
		*fault = arena_printf(arena, "%s has %" PRId64 " messages waiting, over %" PRId64,
				      v.queue_process, v.queue_len, limits->mailbox);
	return 0;
}

static int look_at_crashes(const char **fault, struct watch *watch, struct arena *arena,
			   struct error *err)
{
	const char *began;
	int64_t count;

	if (watch->limits->crashes < 0)
		return 0;
	if (crashes_count(&count, &began, watch->node, arena, 0, err))
		return -1;
	if (count < watch->crashes)
		watch->crashes = 0; /* counted anew: another connection */
	if (count - watch->crashes > watch->limits->crashes)
		*fault = arena_printf(arena, "%" PRId64 " processes have crashed%s%s",
				      count - watch->crashes, *began ? ", one that began in " : "",
				      began);
	return 0;
}

static int look(const char **fault, struct watch *watch, struct arena *arena, struct error *err)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct node_release *running;
	struct node_releases releases;
	const char *who = NULL;
	struct census now;
	int64_t restarts;

	if (node_releases(&releases, watch->node, &scratch, err) ||
	    census_take(&now, watch->node, &scratch, err))
		return -1;
	running = releases_running(&releases);
	if (!running || strcmp(running->vsn, watch->vsn) != 0) {
		*fault = arena_printf(arena, "%s no longer runs", watch->vsn);
		return 0;
	}
	who = stopped_app(&watch->start, &now);
	if (who) {
		*fault = arena_printf(arena, "the application %s has stopped", who);
		return 0;
	}
	restarts = census_restarts(&watch->start, &now, &who);
	if (watch->limits->restarts >= 0 && restarts > watch->limits->restarts) {
		*fault = restarts == 1
				 ? arena_printf(arena, "the process %s was restarted",
						who ? who : "?")
				 : arena_printf(arena,
						"%" PRId64 " processes were restarted, %s for one",
						restarts, who ? who : "?");
		return 0;
	}
	if (look_at_crashes(fault, watch, arena, err) || *fault)
		return *fault ? 0 : -1;
	return look_at_load(fault, watch, arena, &scratch, err);
}

int node_watch(const char **fault, struct node *node, struct arena *arena, const char *vsn,
	       int64_t ms, const struct watch_limits *limits,
	       void (*progress)(void *context, uint64_t done, uint64_t total), void *context,
	       struct error *err)
{
	struct watch watch = { .node = node, .vsn = vsn, .limits = limits };
	struct deadline end = deadline_in(ms);
	const char *text = NULL;

	if (census_take(&watch.start, node, arena, err) ||
	    (limits->crashes >= 0 && crashes_count(&watch.crashes, &text, node, arena, 0, err)))
		return -1;
	text = NULL;
	for (;;) {
		int left = deadline_left(end);

		if (progress)
			progress(context, (uint64_t)(ms - left), (uint64_t)ms);
		if (left == 0)
			break;
		clock_sleep_ms(left < LOOK_MS ? left : LOOK_MS);
		if (look(&text, &watch, arena, err))
			return -1;
		if (text)
			break;
	}
	*fault = text;
	return 0;
}
