// SPDX-License-Identifier: Apache-2.0
/* Any JSON as what the operator reads: one object as a BeamDeployment, a BeamRelease, a
 * BeamUpgrade, a workload, a pod and an agent's state at once.
 */
#include "base/json.h"
#include "k8s/beam_status.h"
#include "k8s/journal_kube.h"
#include "k8s/pods.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void pods(const json_t *object)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct pod pod;

	pod_read(&pod, object, &arena);
	pods_selected(object, object);
	if (pod_ordinal("shop", pod.name) < -1)
		abort();
}

static void tell(const json_t *object, const struct beam_wish *wish, const struct rollout *r)
{
	const struct beam_view view = { .object = object,
					.wish = wish,
					.invalid = "invalid",
					.target = json_at(object, "spec", "digest", NULL),
					.upgrade = object,
					.rollout = r,
					.failed = "",
					.rolling = "",
					.now = "2026-01-01T00:00:00Z",
					.deadline = "" };
	json_t *status = beam_status(&view);

	if (!json_is_array(json_object_get(status, "conditions")))
		abort();
	beam_status_differs(status, object);
	json_decref(status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_json json_t *object = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
	owned_rollout struct rollout *r = NULL;
	struct beam_release release = { "shop", "1.0.0", "sha256:00", "store" };
	struct beam_wish wish;
	struct error err;
	const char *why;
	bool read;

	if (!object)
		return 0;
	if (beam_release_read(&release, object, &err) == 0)
		json_decref(beam_document(&release));
	beam_sync_of(&why, &arena, object, &release);
	pods(object);
	if (journal_kube_read(&r, object, &err))
		r = NULL;
	read = beam_wish_read(&wish, object, &err) == 0;
	if (read && r && beam_wave_nr(&wish, r) >= wish.waves_len)
		abort();
	tell(object, read ? &wish : NULL, r);
	return 0;
}
