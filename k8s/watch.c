// SPDX-License-Identifier: Apache-2.0
#include "k8s/watch.h"

#include "base/clock.h"
#include "base/json.h"

#include <malloc.h>
#include <sys/random.h>

enum { OPEN_S = 300, LIST_MS = 120000, SLACK_MS = 30000, NAP_MS = 100 };

/* 0 … n - 1: many who lost a server at the same moment do not come back at the same. */
static int64_t some(int64_t n)
{
	uint32_t bits = 0;

	if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits) || n <= 0)
		return 0;
	return bits % n;
}

static void rest(const struct kube *kube, int64_t ms)
{
	struct deadline until = deadline_in(ms);

	while (ms > 0 && !kube_stopped(kube) && !deadline_over(until))
		clock_sleep_ms(deadline_left(until) < NAP_MS ? deadline_left(until) : NAP_MS);
}

static const char *path_of(struct arena *arena, const struct kube_watch *watch, const char *query)
{
	return arena_printf(arena, "%s%s%s%s", watch->path, query, watch->selector ? "&" : "",
			    watch->selector ? watch->selector : "");
}

static int failed(struct reflect *r, const struct kube_status *status)
{
	const struct reflect_failure failure = { status->code, status->too_new };

	reflect_failed(r, &failure, clock_mono_ms());
	return -1;
}

static int do_list(struct reflect *r, struct kube *kube, const char *path, struct error *err)
{
	struct kube_status status = { 0 };
	struct kube_request request = { .path = path, .timeout_ms = LIST_MS, .status = &status };
	owned_json json_t *list = NULL;

	if (kube_ask(&list, kube, &request, err))
		return failed(r, &status);
	if (reflect_listed(r, list, err) == 0)
		return 0;
	error_wrap_(err, "GET %s", path);
	return failed(r, &status);
}

static bool take(void *context, struct span bytes)
{
	return reflect_take(context, bytes);
}

static int do_watch(struct reflect *r, struct kube *kube, const char *path, int open_s,
		    struct error *err)
{
	struct kube_status status = { 0 };
	struct error why;
	int ret;

	reflect_watch_begins(r, clock_mono_ms());
	ret = kube_stream(kube, path, open_s * INT64_C(1000) + SLACK_MS, take, r, &status, err);
	if (ret && err->kind != ERROR_PAUSED)
		return failed(r, &status);
	/* Also where it was left because of what it said. */
	if (reflect_watch_ended(r, clock_mono_ms(), &why) == 0)
		return 0;
	*err = why;
	return -1;
}

int kube_watch(struct kube *kube, const struct kube_watch *watch, struct error *err)
{
	owned_reflect struct reflect *r = reflect_new(watch->seen, watch->context);
	owned(str_done) struct str query = STR_EMPTY;

	while (reflect_wants_more(r) && !kube_stopped(kube)) {
		int open_s = watch->open_s ? watch->open_s : OPEN_S + (int)some(OPEN_S);
		struct reflect_next next = { .query = query };
		owned_arena struct arena arena = ARENA_EMPTY;
		const char *path;
		int ret;

		reflect_next(&next, r, open_s);
		query = next.query;
		rest(kube, next.wait_ms + some(next.wait_ms));
		if (kube_stopped(kube))
			break;
		path = path_of(&arena, watch, str_text(&query));
		ret = next.watch ? do_watch(r, kube, path, open_s, err)
				 : do_list(r, kube, path, err);
		/* A list is much, and is needed once. */
		if (!next.watch)
			malloc_trim(0);
		if (ret && !kube_stopped(kube) && watch->failed &&
		    !watch->failed(watch->context, err))
			return -1;
	}
	return 0;
}
