// SPDX-License-Identifier: Apache-2.0
#include "k8s/beam.h"

#include <stdarg.h>
#include <stdlib.h>

enum {
	PORT = 9443,
	PROBE_MS = 2000,
	BAKE_S = 60,
	SOAK_S = 600,
	PARALLEL = 16,
};

/* ---- JSON ---- */

static const json_t *walk(const json_t *object, va_list keys)
{
	const char *key;

	while ((key = va_arg(keys, const char *)))
		object = json_object_get(object, key);
	return object;
}

const json_t *json_in(const json_t *object, ...)
{
	va_list keys;

	va_start(keys, object);
	object = walk(object, keys);
	va_end(keys);
	return object;
}

const char *json_at(const json_t *object, ...)
{
	va_list keys;
	const char *text;

	va_start(keys, object);
	text = json_string_value(walk(object, keys));
	va_end(keys);
	return text ? text : "";
}

static int64_t number(const json_t *object, const char *key, int64_t otherwise)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
									: otherwise;
}

static int64_t ms(const json_t *object, const char *key, int64_t otherwise_s)
{
	int64_t seconds = number(object, key, otherwise_s);

	return (seconds > 2592000 ? 2592000 : seconds) * 1000;
}

/* ---- releases ---- */

int beam_document_read(struct beam_release *out, const json_t *document, struct error *err)
{
	struct beam_release r = {
		.release = json_at(document, "release", NULL),
		.version = json_at(document, "version", NULL),
		.digest = json_at(document, "digest", NULL),
		.source = json_at(document, "source", NULL),
	};

	if (!r.release[0] || !r.version[0] || !r.digest[0] || !r.source[0])
		return error_set(err, ERROR_INVALID,
				 "a release without its name, version, digest or source");
	*out = r;
	return 0;
}

int beam_release_read(struct beam_release *out, const json_t *object, struct error *err)
{
	if (beam_document_read(out, json_object_get(object, "spec"), err))
		return error_wrap(err, "BeamRelease %s", json_at(object, "metadata", "name", NULL));
	return 0;
}

json_t *beam_document(const struct beam_release *r)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "release", r->release, "version", r->version,
			 "digest", r->digest, "source", r->source);
}

/* ---- amounts and waves ---- */

/* A number, or "25%". */
static int amount(struct rollout_amount *out, const json_t *value, struct error *err)
{
	const char *text = json_string_value(value);
	char *end = NULL;
	int64_t percent = text ? strtoll(text, &end, 10) : 0;

	if (json_is_integer(value) && json_integer_value(value) > 0)
		*out = (struct rollout_amount){ json_integer_value(value), false };
	else if (text && end != text && strcmp(end, "%") == 0 && percent > 0 && percent <= 100)
		*out = (struct rollout_amount){ percent, true };
	else
		return error_set(err, ERROR_INVALID, "an amount of pods that is none");
	return 0;
}

static int wave_read(struct beam_wave *out, const json_t *wave, struct error *err)
{
	const json_t *pause = json_object_get(wave, "pause");
	const char *type = json_at(pause, "type", NULL);

	*out = (struct beam_wave){ .name = json_at(wave, "name", NULL),
				   .bake_ms = ms(wave, "minHealthySeconds", BAKE_S),
				   .pause = strcmp(type, "Manual") == 0 };
	if (strcmp(type, "Timed") == 0)
		out->pause_ms = ms(pause, "durationSeconds", 0);
	if (strcmp(type, "Timed") == 0 && out->pause_ms == 0)
		return error_set(err, ERROR_INVALID, "wave %s: a timed pause without its duration",
				 out->name);
	if (amount(&out->pods, json_object_get(wave, "pods"), err))
		return error_wrap(err, "wave %s", out->name);
	return 0;
}

/* Those of one unit must grow; a number beside a percentage depends on how many pods there are. */
static int check_growth(const struct beam_wish *wish, struct error *err)
{
	for (size_t i = 1; i < wish->waves_len; i++) {
		const struct rollout_amount *a = &wish->waves[i - 1].pods,
					    *b = &wish->waves[i].pods;

		if (a->percent == b->percent && b->value < a->value)
			return error_set(err, ERROR_INVALID,
					 "wave %s has fewer pods than %s before it",
					 wish->waves[i].name, wish->waves[i - 1].name);
	}
	return 0;
}

static int waves_read(struct beam_wish *wish, const json_t *strategy, struct error *err)
{
	const json_t *list = json_object_get(strategy, "waves"), *wave;
	size_t i;

	if (json_array_size(list) >= BEAM_WAVES_MAX)
		return error_set(err, ERROR_INVALID, "more than %d waves", BEAM_WAVES_MAX - 1);
	json_array_foreach (list, i, wave)
		if (wave_read(&wish->waves[wish->waves_len++], wave, err))
			return -1;
	if (wish->waves_len == 0)
		wish->waves[wish->waves_len++] = (struct beam_wave){ .name = "canary",
								     .pods = { 1, false },
								     .bake_ms = BAKE_S * 1000 };
	if (check_growth(wish, err))
		return -1;
	wish->waves[wish->waves_len++] = (struct beam_wave){
		.name = "all",
		.pods = { 100, true },
		.bake_ms = ms(json_in(strategy, "commit", NULL), "soakPeriodSeconds", SOAK_S),
	};
	return 0;
}

size_t beam_wave_nr(const struct beam_wish *wish, const struct rollout *r)
{
	int64_t end = (int64_t)rollout_wave_end(r, r->wave), len = (int64_t)r->len;

	for (size_t i = 0; i + 1 < wish->waves_len; i++) {
		const struct rollout_amount *pods = &wish->waves[i].pods;

		if ((pods->percent ? (len * pods->value + 99) / 100 : pods->value) >= end)
			return r->wave + 1 == rollout_waves(r) ? wish->waves_len - 1 : i;
	}
	return wish->waves_len - 1;
}

bool beam_is_mixed(const struct rollout *r)
{
	size_t with = 0, without = 0;

	for (size_t i = 0; i < r->len; i++) {
		const struct rollout_node *node = &r->nodes[i];

		if (node->stage == STAGE_gone || !node->runs)
			continue;
		if (strcmp(node->runs, r->to) == 0)
			with++;
		else
			without++;
	}
	return with > 0 && without > 0;
}

const json_t *beam_condition(const json_t *object, const char *type)
{
	const json_t *one;
	size_t i;

	json_array_foreach (json_in(object, "status", "conditions", NULL), i, one)
		if (strcmp(json_at(one, "type", NULL), type) == 0)
			return one;
	return NULL;
}

/* ---- the wish ---- */

static bool is_mixed_too_long(const json_t *object)
{
	return strcmp(json_at(beam_condition(object, "MixedVersions"), "reason", NULL),
		      BEAM_MIXED_TOO_LONG) == 0;
}

static int policy_read(struct beam_wish *wish, const json_t *spec, struct error *err)
{
	const json_t *strategy = json_object_get(spec, "strategy");
	const json_t *timeouts = json_object_get(strategy, "timeouts");
	const char *how = json_at(strategy, "upgradePolicy", NULL);
	struct rollout_policy *policy = &wish->policy;

	wish->stage_ms = ms(timeouts, "stageTimeoutSeconds", 300);
	wish->install_ms = ms(timeouts, "installTimeoutSeconds", 120);
	wish->restart_ms = ms(timeouts, "restartTimeoutSeconds", 300);
	wish->mixed_ms = ms(strategy, "maxMixedVersionSeconds", 0);
	wish->give_up = strcmp(json_at(strategy, "mixedVersionPolicy", NULL), "Rollback") == 0;
	*policy = (struct rollout_policy){
		.mode = strcmp(how, "HotOnly") == 0   ? MODE_hot
			: strcmp(how, "Restart") == 0 ? MODE_restart
						      : MODE_auto,
		.on_failure = strcmp(json_at(spec, "rollback", "policy", NULL), "Manual") == 0
				      ? ON_FAILURE_pause
				      : ON_FAILURE_rollback,
		.commit = strcmp(json_at(strategy, "commit", "policy", NULL), "AfterWave") == 0
				  ? COMMIT_wave
				  : COMMIT_end,
		.max_unavailable = { 1, false },
		.bake_ms = wish->waves[0].bake_ms,
		.pause_ms = wish->waves[0].pause_ms,
		.pause = wish->waves[0].pause,
		.probe_ms = PROBE_MS,
		.fail_limit = 3,
		.node_ms = wish->stage_ms > wish->restart_ms ? wish->stage_ms : wish->restart_ms,
		.once_ms = wish->install_ms,
		.progress_ms = ms(spec, "progressDeadlineSeconds", 900),
		.parallel = PARALLEL,
		.waves_len = wish->waves_len - 1,
	};
	for (size_t i = 0; i < policy->waves_len; i++)
		policy->waves[i] = wish->waves[i].pods;
	if (json_in(strategy, "maxUnavailable", NULL))
		return amount(&policy->max_unavailable, json_in(strategy, "maxUnavailable", NULL),
			      err);
	return 0;
}

int beam_wish_read(struct beam_wish *out, const json_t *object, struct error *err)
{
	const json_t *spec = json_object_get(object, "spec"),
		     *status = json_in(object, "status", NULL);
	struct beam_wish wish = {
		.name = json_at(object, "metadata", "name", NULL),
		.space = json_at(object, "metadata", "namespace", NULL),
		.uid = json_at(object, "metadata", "uid", NULL),
		.generation = number(json_in(object, "metadata", NULL), "generation", 0),
		.deleted = json_at(object, "metadata", "deletionTimestamp", NULL)[0] != '\0',
		.kind = json_at(spec, "workloadRef", "kind", NULL),
		.workload = json_at(spec, "workloadRef", "name", NULL),
		.release = json_at(spec, "releaseRef", "name", NULL),
		.promoted = json_at(spec, "promotedRevision", NULL),
		.aborted = json_at(spec, "abortedRevision", NULL),
		.retry = json_at(spec, "retryToken", NULL),
		.paused = json_is_true(json_object_get(spec, "paused")),
		.repair = strcmp(json_at(spec, "drift", "policy", NULL), "Repair") == 0,
		.check_ms = ms(json_in(spec, "drift", NULL), "checkPeriodSeconds", 30),
		.history = number(spec, "revisionHistoryLimit", 5),
		.port = number(json_in(spec, "agent", NULL), "port", PORT),
		.stable = json_at(status, "stableRevision", NULL),
		.heeded_retry = json_at(status, "observedRetryToken", NULL),
		.rejected = json_object_get(status, "rejectedRevisions"),
		.health = json_object_get(spec, "health"),
	};

	if (!wish.name[0] || !wish.space[0] || !wish.workload[0] || !wish.release[0])
		return error_set(err, ERROR_INVALID,
				 "a BeamDeployment without name, workload or release");
	if (waves_read(&wish, json_object_get(spec, "strategy"), err) ||
	    policy_read(&wish, spec, err))
		return -1;
	wish.give_up = wish.give_up && wish.mixed_ms && is_mixed_too_long(object);
	*out = wish;
	return 0;
}

bool beam_is_rejected(const struct beam_wish *wish, const char *digest)
{
	const json_t *one;
	size_t i;

	if (strcmp(wish->retry, wish->heeded_retry) != 0)
		return false;
	json_array_foreach (wish->rejected, i, one)
		if (strcmp(json_at(one, "revision", NULL), digest) == 0)
			return true;
	return false;
}

bool beam_is_on_delete(const json_t *set)
{
	return strcmp(json_at(set, "spec", "updateStrategy", "type", NULL), "OnDelete") == 0;
}
