// SPDX-License-Identifier: Apache-2.0
#include "k8s/lease.h"

#include "base/clock.h"
#include "base/json.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#define VERSION "coordination.k8s.io/v1"

enum { TRY_MS = 5000, NAP_MS = 100, DURATION_MAX_S = 3600, TRIES_MAX = 5, TIME_MAX = 64 };

/* Seen by processes that are forked later, too. */
struct told {
	atomic_int_least64_t leads_until; /* by clock_mono_ms(); 0: we do not */
	atomic_int_least64_t token;
};

struct lease {
	struct kube *kube;
	struct arena arena;
	struct lease_options options;
	const char *path;

	json_t *seen; /* the Lease as we saw it last; NULL: never */
	struct lease_record record;
	int64_t seen_at; /* when it was first seen as it is, by our clock */

	char acquired[TIME_MAX];
	bool ours;
	struct told *told;
};

/* ---- opening ---- */

int lease_new(struct lease **out, struct kube *kube, const struct lease_options *options,
	      struct error *err)
{
	struct lease_options full = *options;
	struct lease *lease;
	void *told;

	full.duration_s = full.duration_s ? full.duration_s : LEASE_DURATION_S;
	full.renew_ms = full.renew_ms ? full.renew_ms : LEASE_RENEW_MS;
	full.retry_ms = full.retry_ms ? full.retry_ms : LEASE_RETRY_MS;
	if (full.duration_s > DURATION_MAX_S || full.renew_ms >= full.duration_s * INT64_C(1000) ||
	    full.retry_ms >= full.renew_ms || full.retry_ms <= 0)
		return error_set(err, ERROR_USAGE,
				 "the lease %s: it must last longer (at most an hour) than it may "
				 "stay unrenewed, and that must be longer than a try to renew it",
				 full.name);
	if (strlen(full.holder) >= sizeof(lease->record.holder) || !full.holder[0])
		return error_set(err, ERROR_USAGE,
				 "the lease %s: the name of its holder has %zu "
				 "characters",
				 full.name, strlen(full.holder));
	told = mmap(NULL, sizeof(struct told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
	if (told == MAP_FAILED)
		return error_sys(err, "the lease %s: no memory", full.name);
	lease = mem_zero(1, sizeof(*lease));
	lease->told = told;
	full.space = arena_dup(&lease->arena, span_of(full.space));
	full.name = arena_dup(&lease->arena, span_of(full.name));
	full.holder = arena_dup(&lease->arena, span_of(full.holder));
	lease->options = full;
	lease->kube = kube;
	lease->path = kube_path(&lease->arena, VERSION, "leases", full.space, full.name);
	*out = lease;
	return 0;
}

void lease_free(struct lease *lease)
{
	if (!lease)
		return;
	json_decref(lease->seen);
	munmap(lease->told, sizeof(*lease->told));
	arena_done(&lease->arena);
	free(lease);
}

/* ---- what a Lease says ---- */

void lease_read(struct lease_record *out, const json_t *lease)
{
	const json_t *spec = json_object_get(lease, "spec");
	const char *holder = json_string_value(json_object_get(spec, "holderIdentity"));
	json_int_t seconds = json_integer_value(json_object_get(spec, "leaseDurationSeconds"));
	json_int_t transitions = json_integer_value(json_object_get(spec, "leaseTransitions"));

	*out = (struct lease_record){ 0 };
	snprintf(out->holder, sizeof(out->holder), "%s", holder ? holder : "");
	out->duration_s = seconds < 0                ? 0
			  : seconds > DURATION_MAX_S ? DURATION_MAX_S
						     : (int)seconds;
	out->transitions = transitions > 0 ? transitions : 0;
}

bool lease_is_free(const struct lease_record *record, const char *us, int64_t seen_at, int64_t now)
{
	return !record->holder[0] || strcmp(record->holder, us) == 0 ||
	       now >= seen_at + record->duration_s * INT64_C(1000);
}

static bool same_spec(const json_t *a, const json_t *b)
{
	return json_equal(json_object_get(a, "spec"), json_object_get(b, "spec"));
}

/* Takes the new reference. */
static void see(struct lease *lease, json_t *json)
{
	if (!lease->seen || !same_spec(lease->seen, json))
		lease->seen_at = clock_mono_ms();
	json_decref(lease->seen);
	lease->seen = json;
	lease_read(&lease->record, json);
}

/* ---- what is written ---- */

static const char *time_now(char out[static TIME_MAX])
{
	int64_t ms = clock_wall_ms();
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(out, TIME_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + strlen(out), TIME_MAX - strlen(out), ".%06dZ", (int)(ms % 1000) * 1000);
	return out;
}

static json_t *spec_of(const char *holder, int duration_s, const char *acquired,
		       int64_t transitions)
{
	char now[TIME_MAX];

	time_now(now);
	return json_pack("{s:s, s:i, s:s, s:s, s:I}", "holderIdentity", holder,
			 "leaseDurationSeconds", duration_s, "acquireTime",
			 acquired[0] ? acquired : now, "renewTime", now, "leaseTransitions",
			 (json_int_t)transitions);
}

static int create(json_t **out, struct lease *lease, int64_t transitions,
		  struct kube_status *status, struct error *err)
{
	const struct lease_options *o = &lease->options;
	owned_json json_t *body =
		json_pack("{s:s, s:s, s:{s:s, s:s}, s:o}", "apiVersion", VERSION, "kind", "Lease",
			  "metadata", "name", o->name, "namespace", o->space, "spec",
			  spec_of(o->holder, o->duration_s, lease->acquired, transitions));
	struct kube_request request = {
		.method = "POST",
		.path = kube_path(&lease->arena, VERSION, "leases", o->space, NULL),
		.body = body,
		.timeout_ms = TRY_MS,
		.status = status,
	};

	return kube_ask(out, lease->kube, &request, err);
}

/* With the resourceVersion that was seen: whoever was faster has won. */
static int replace(json_t **out, struct lease *lease, json_t *spec, struct kube_status *status,
		   struct error *err)
{
	owned_json json_t *body = json_copy(lease->seen);
	struct kube_request request = {
		.method = "PUT",
		.path = lease->path,
		.body = body,
		.timeout_ms = TRY_MS,
		.status = status,
	};

	json_object_set_new(body, "spec", spec);
	return kube_ask(out, lease->kube, &request, err);
}

/* ---- trying ---- */

/* What we wrote counts from before it was sent: nobody else counts from earlier. */
static void won(struct lease *lease, json_t *json, int64_t sent_at)
{
	see(lease, json);
	lease->ours = true;
	atomic_store(&lease->told->token, lease->record.transitions);
	atomic_store(&lease->told->leads_until, sent_at + lease->options.renew_ms);
}

static void lost(struct lease *lease)
{
	lease->ours = false;
	lease->acquired[0] = '\0';
	atomic_store(&lease->told->leads_until, 0);
}

/* Of a leadership that begins: above all that were. */
static int next_token(int64_t *out, const struct lease *lease, struct error *err)
{
	int64_t last = lease->seen ? lease->record.transitions : 0, floor = 0;

	if (lease->options.floor && lease->options.floor(&floor, lease->kube, err))
		return -1;
	*out = (floor > last ? floor : last) + 1;
	return 0;
}

static int take(bool *leads, struct lease *lease, struct error *err)
{
	const struct lease_options *o = &lease->options;
	bool again = lease->ours && strcmp(lease->record.holder, o->holder) == 0;
	int64_t transitions = lease->record.transitions, sent_at;
	struct kube_status status = { 0 };
	json_t *json;

	if (!again && next_token(&transitions, lease, err))
		return -1;
	if (!again)
		time_now(lease->acquired);
	sent_at = clock_mono_ms();
	if ((lease->seen ? replace(&json, lease,
				   spec_of(o->holder, o->duration_s, lease->acquired, transitions),
				   &status, err)
			 : create(&json, lease, transitions, &status, err)))
		/* Another was faster, or it is gone: no failure. */
		return status.code == 409 || status.code == 404 ? 0 : -1;
	won(lease, json, sent_at);
	*leads = true;
	return 0;
}

/* *there says whether there is one. */
static int look(bool *there, struct lease *lease, struct error *err)
{
	struct kube_status status = { 0 };
	struct kube_request request = { .path = lease->path,
					.timeout_ms = TRY_MS,
					.status = &status };
	json_t *json;

	if (kube_ask(&json, lease->kube, &request, err)) {
		if (status.code != 404)
			return -1;
		json_decref(lease->seen);
		lease->seen = NULL;
		*there = false;
		return 0;
	}
	see(lease, json);
	*there = true;
	return 0;
}

/* One of ours that was taken away, or over, is another leadership, whoever gets it. */
static bool may_take(const struct lease *lease, bool there)
{
	const char *us = lease->options.holder;

	if (lease->ours)
		return there && strcmp(lease->record.holder, us) == 0 &&
		       lease->record.transitions == lease_token(lease);
	return !there || lease_is_free(&lease->record, us, lease->seen_at, clock_mono_ms());
}

int lease_try(bool *leads, struct lease *lease, struct error *err)
{
	struct error failed;
	bool there = false, won = false;

	/* What it was when we wrote it last; where that fails, it is looked at. */
	if (lease->ours && lease_leads(lease) && take(&won, lease, &failed) == 0 && won) {
		*leads = true;
		return 0;
	}
	for (int tries = 0; tries < TRIES_MAX; tries++) {
		if (look(&there, lease, err))
			return -1;
		if (!may_take(lease, there))
			break;
		if (take(&won, lease, err))
			return -1;
		if (won) {
			*leads = true;
			return 0;
		}
		if (!lease->ours)
			break;
	}
	/* Whoever writes into it and leaves it to us has not taken it. */
	if (lease->ours && may_take(lease, there))
		return error_set(err, ERROR_FAILED, "somebody else writes into it all the time");
	lost(lease);
	*leads = false;
	return 0;
}

/* ---- keeping ---- */

static void rest(const struct lease *lease, int64_t ms)
{
	struct deadline until = deadline_in(ms);

	while (!kube_stopped(lease->kube) && !deadline_over(until))
		clock_sleep_ms(deadline_left(until) < NAP_MS ? deadline_left(until) : NAP_MS);
}

/* Up to 1.2 times as long again: candidates do not run in step. */
static int64_t some(int64_t ms)
{
	uint32_t bits = 0;

	if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
		return 0;
	return bits % (ms * 6 / 5 + 1);
}

int lease_acquire(struct lease *lease, struct error *err)
{
	while (!kube_stopped(lease->kube)) {
		struct error failed;
		bool leads = false;

		if (lease_try(&leads, lease, &failed) == 0 && leads)
			return 0;
		rest(lease, lease->options.retry_ms + some(lease->options.retry_ms));
	}
	return error_set(err, ERROR_PAUSED, "the lease %s: it was told to stop, and %s leads",
			 lease->options.name,
			 lease->record.holder[0] ? lease->record.holder : "nobody");
}

int lease_keep(struct lease *lease, struct error *err)
{
	struct error failed = { .text = "" };

	while (lease_leads(lease)) {
		bool leads = false;

		rest(lease, lease->options.retry_ms);
		if (kube_stopped(lease->kube))
			return 0;
		if (!lease_leads(lease))
			break;
		if (lease_try(&leads, lease, &failed) == 0 && !leads) {
			lost(lease);
			return error_set(err, ERROR_LOCKED, "the lease %s: %s has taken it",
					 lease->options.name,
					 lease->record.holder[0] ? lease->record.holder
								 : "another");
		}
	}
	lost(lease);
	return error_set(err, ERROR_LOCKED,
			 "the lease %s could not be renewed for %" PRId64 " s: %s",
			 lease->options.name, lease->options.renew_ms / 1000,
			 failed.text[0] ? failed.text : "this process did not run");
}

int lease_release(struct lease *lease, struct error *err)
{
	struct deadline until = deadline_in(lease->options.renew_ms);

	if (!lease->ours)
		return 0;
	for (;;) {
		struct kube_status status = { 0 };
		json_t *json;
		bool there;

		if (look(&there, lease, err))
			return -1;
		if (!there || strcmp(lease->record.holder, lease->options.holder) != 0 ||
		    lease->record.transitions != atomic_load(&lease->told->token))
			break;
		if (replace(&json, lease, spec_of("", 1, "", lease->record.transitions), &status,
			    err) == 0) {
			see(lease, json);
			break;
		}
		if (status.code != 409 || deadline_over(until))
			return -1;
	}
	lost(lease);
	return 0;
}

bool lease_leads(const struct lease *lease)
{
	return clock_mono_ms() < atomic_load(&lease->told->leads_until);
}

int64_t lease_token(const struct lease *lease)
{
	return atomic_load(&lease->told->token);
}

const char *lease_holder(const struct lease *lease)
{
	return lease->record.holder;
}
