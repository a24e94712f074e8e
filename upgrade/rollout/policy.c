// SPDX-License-Identifier: Apache-2.0
/* From what a target says to how a rollout goes. */
#include "upgrade/rollout/fleet.h"
#include "upgrade/rollout/hook.h"

#include <string.h>

enum { HOOK_GRACE_MS = 10000 };

static struct rollout_amount amount_of(struct target_amount amount)
{
	return (struct rollout_amount){ amount.value, amount.percent };
}

/* The canary, then a batch more each time. */
static void make_waves(struct rollout_policy *policy, const struct target *target)
{
	size_t len = 0;

	for (; len < target->waves_len; len++)
		policy->waves[len] = amount_of(target->waves[len]);
	if (len == 0)
		policy->waves[len++] = amount_of(target->canary);
	if (target->waves_len == 0 && target->batch.value > 0) {
		int64_t nodes = (int64_t)target->nodes_len, end = target->canary.value, batch;

		if (target->canary.percent)
			end = (nodes * end + 99) / 100;
		batch = target->batch.percent ? (nodes * target->batch.value + 99) / 100
					      : target->batch.value;
		for (end += batch; end < nodes && len < ROLLOUT_WAVES_MAX; end += batch)
			policy->waves[len++] = (struct rollout_amount){ end, false };
	}
	policy->waves_len = len;
}

static unsigned word_nr(const char *word, const char *const *words, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		if (strcmp(word, words[i]) == 0)
			return i;
	return 0;
}

struct rollout_policy fleet_policy(const struct target *target)
{
	static const char *const modes[] = { "auto", "hot", "restart" };
	static const char *const failures[] = { "rollback", "pause", "stop" };
	static const char *const commits[] = { "end", "wave" };
	struct rollout_policy policy = {
		.mode = word_nr(target->mode, modes, 3),
		.on_failure = word_nr(target->on_failure, failures, 3),
		.commit = word_nr(target->commit, commits, 2),
		.max_unavailable = amount_of(target->max_unavailable),
		.bake_ms = target->bake_ms,
		.pause_ms = target->pause_ms,
		.pause = target->pause,
		.probe_ms = target->probe_ms,
		.fail_limit = (unsigned)target->failures,
		.node_ms = target->node_ms,
		/* A hook ends by itself first, and says why. */
		.once_ms = hook_time(target) * (target->before && target->once ? 2 : 1) +
			   HOOK_GRACE_MS,
		.progress_ms = target->progress_ms,
		.total_ms = target->total_ms,
		.parallel = (unsigned)target->parallel,
		.before = target->before || target->once,
		.drain = target->drain || target->undrain,
		.after = target->after != NULL,
	};

	for (size_t i = 0; i < target->gates_len; i++)
		policy.judge = policy.judge || target->gates[i].kind == GATE_compare;
	make_waves(&policy, target);
	return policy;
}
