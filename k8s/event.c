// SPDX-License-Identifier: Apache-2.0
#include "k8s/event.h"

#include "base/clock.h"
#include "base/json.h"
#include "k8s/beam.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { NOTE_MAX = 1000, TRY_MS = 3000 };

static json_t *note_of(const char *text)
{
	size_t len = strlen(text) < NOTE_MAX ? strlen(text) : NOTE_MAX;
	json_t *note;

	/* Not in the middle of a letter. */
	for (note = NULL; !note; len--) {
		note = json_stringn(text, len);
		if (len == 0)
			break;
	}
	return note ? note : json_string("(not to be printed)");
}

static void time_now(char out[static 64], int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(out, 64, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + strlen(out), 16, ".%03d000Z", (int)(ms % 1000));
}

static json_t *regarding(const json_t *object)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "apiVersion",
			 json_at(object, "apiVersion", NULL), "kind", json_at(object, "kind", NULL),
			 "name", kube_meta(object, "name"), "namespace",
			 kube_meta(object, "namespace"), "uid", kube_meta(object, "uid"));
}

void event_tell(struct kube *kube, const struct event *event)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *space = kube_meta(event->regarding, "namespace");
	const char *name = kube_meta(event->regarding, "name");
	int64_t now = clock_wall_ms();
	static unsigned nr;
	char at[64], host[64] = "operator";
	owned_json json_t *body = NULL;
	struct kube_request request = { .method = "POST", .timeout_ms = TRY_MS };
	struct error ignored;

	time_now(at, now);
	gethostname(host, sizeof(host) - 1);
	body = json_pack("{s:s, s:s, s:{s:s, s:s}, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}",
			 "apiVersion", "events.k8s.io/v1", "kind", "Event", "metadata", "name",
			 arena_printf(&arena, "%s.%" PRIx64 "%02x%04x", name, now * 1000000,
				      nr++ & 0xff, (unsigned)getpid() & 0xffff),
			 "namespace", space, "eventTime", at, "type",
			 event->warning ? "Warning" : "Normal", "reason", event->reason, "action",
			 event->action, "reportingController", "relevo.dev/operator",
			 "reportingInstance", host, "note", note_of(event->note), "regarding",
			 regarding(event->regarding));
	request.body = body;
	request.path = kube_path(&arena, "events.k8s.io/v1", "events", space, NULL);
	if (kube_ask(NULL, kube, &request, &ignored))
		return;
}
