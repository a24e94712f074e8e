// SPDX-License-Identifier: Apache-2.0
/* Any bytes as what Kubernetes and its files say; the first byte tells which: kubeconfig files,
 * what a program that knows us prints, a Status, a Lease, or a list and, behind a NUL, watches.
 */
#include "base/json.h"
#include "k8s/credentials.h"
#include "k8s/lease.h"
#include "k8s/reflect.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two files, where there is a NUL between them. */
static void kubeconfig(struct span text)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct yaml files[2] = { 0 };
	struct kube_access access;
	struct error err;
	struct span part;
	size_t len = 0;

	while (len < 2 && span_next(&text, '\0', &part))
		if (yaml_parse(&files[len++], part, "/d/config", &err))
			break;
	if (kube_access_read(&access, &arena, files, len, NULL, &err) == 0 &&
	    (!access.server || !access.space || strstr(access.server, "://") == NULL))
		abort();
	for (size_t i = 0; i < len; i++)
		yaml_done(&files[i]);
}

static void given(struct span text)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct kube_given out;
	struct error err;

	if (kube_given_read(&out, &arena, "client.authentication.k8s.io/v1", text, &err) == 0 &&
	    !out.token && out.cert.len == 0)
		abort();
}

static void objects(struct span text)
{
	owned_json json_t *json = json_loadb(text.ptr, text.len, JSON_DECODE_ANY, NULL);
	struct kube_status status = { 0 };
	struct lease_record record;
	struct error err;

	kube_refused(&status, "GET /x", 500, json, &err);
	lease_read(&record, json);
	lease_is_free(&record, "a", 0, 1);
}

/* Nothing is told gone that was not told before. */
struct seen {
	int there;
};

static bool seen(void *context, enum reflect_change change, const char *key, const json_t *object)
{
	struct seen *s = context;

	if ((change == REFLECT_SYNCED) != (key == NULL) || (key == NULL) != (object == NULL))
		abort();
	s->there += change == REFLECT_ADDED ? 1 : change == REFLECT_GONE ? -1 : 0;
	if (s->there < 0)
		abort();
	return true;
}

static void reflect(struct span text)
{
	struct seen s = { 0 };
	owned_reflect struct reflect *r = reflect_new(seen, &s);
	struct reflect_next next = { 0 };
	struct reflect_failure failure = { 0 };
	struct error err;
	struct span part;
	int64_t now = 1;

	for (int i = 0; i < 16 && span_next(&text, '\0', &part); i++, now += 2000) {
		reflect_next(&next, r, 300);
		if (next.watch) {
			reflect_watch_begins(r, now);
			for (size_t at = 0; at < part.len; at += 50) {
				size_t len = part.len - at < 50 ? part.len - at : 50;

				if (!reflect_take(r, (struct span){ part.ptr + at, len }))
					break;
			}
			if (reflect_watch_ended(r, now + 500, &err) && part.len % 2)
				reflect_failed(r, &failure, now);
		} else {
			owned_json json_t *list = json_loadb(part.ptr, part.len, 0, NULL);

			failure.code = (int)(part.len % 600);
			if (reflect_listed(r, list, &err))
				reflect_failed(r, &failure, now);
		}
	}
	str_done(&next.query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data + 1, size - 1 };

	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'k':
		kubeconfig(text);
		break;
	case 'g':
		given(text);
		break;
	case 'o':
		objects(text);
		break;
	default:
		reflect(text);
	}
	return 0;
}
