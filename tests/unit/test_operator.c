// SPDX-License-Identifier: Apache-2.0
/* What the operator makes of BeamDeployments, of pods and of what agents say; all of it pure.  With
 * a real server, and real nodes: tests/kube/operator.sh.
 */
#include "base/json.h"
#include "k8s/beam_status.h"
#include "k8s/journal_kube.h"
#include "k8s/pods.h"
#include "k8s/stand_in.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define A "sha256:aaaa"
#define B "sha256:bbbb"

static json_t *parse(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	return json;
}

static json_t *deployment(const char *spec, const char *status)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	return parse(arena_printf(
		&arena,
		"{\"metadata\": {\"name\": \"shop\", \"namespace\": \"n\", \"uid\": \"u\", "
		"\"generation\": 3}, \"spec\": {\"workloadRef\": {\"kind\": \"StatefulSet\", "
		"\"name\": \"shop\"}, \"releaseRef\": {\"name\": \"r\"}%s%s}, \"status\": {%s}}",
		spec[0] ? ", " : "", spec, status));
}

/* ---- what is wanted ---- */

static const struct {
	const char *spec;
	const char *wrong; /* a word of the error; NULL: it is taken */
} wishes[] = {
	{ "", NULL },
	{ "\"strategy\": {\"waves\": [{\"name\": \"a\", \"pods\": 1}, {\"name\": \"b\", \"pods\": "
	  "\"50%\"}]}",
	  NULL },
	{ "\"strategy\": {\"waves\": [{\"name\": \"a\", \"pods\": 2}, {\"name\": \"b\", \"pods\": "
	  "1}]}",
	  "fewer" },
	{ "\"strategy\": {\"waves\": [{\"name\": \"a\", \"pods\": \"50%\"}, {\"name\": \"b\", "
	  "\"pods\": "
	  "\"25%\"}]}",
	  "fewer" },
	{ "\"strategy\": {\"waves\": [{\"name\": \"a\", \"pods\": 0}]}", "wave a" },
	{ "\"strategy\": {\"waves\": [{\"name\": \"a\", \"pods\": \"0%\"}]}", "wave a" },
	{ "\"strategy\": {\"waves\": [{\"name\": \"a\", \"pods\": \"101%\"}]}", "wave a" },
	{ "\"strategy\": {\"waves\": [{\"name\": \"a\", \"pods\": \"5\"}]}", "wave a" },
	{ "\"strategy\": {\"waves\": [{\"name\": \"a\", \"pods\": 1, \"pause\": {\"type\": "
	  "\"Timed\"}}]}",
	  "duration" },
	{ "\"strategy\": {\"maxUnavailable\": \"x\"}", "amount" },
	{ "\"strategy\": {\"upgradePolicy\": \"Restart\"}", NULL },
	{ "\"releaseRef\": {}", "without" },
};

static void test_wishes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wishes); i++) {
		owned_json json_t *object = deployment(wishes[i].spec, "");
		struct beam_wish wish;
		struct error err = { .text = "" };
		int ret = beam_wish_read(&wish, object, &err);

		if ((ret != 0) != (wishes[i].wrong != NULL) ||
		    (ret && !strstr(err.text, wishes[i].wrong)))
			fail_msg("%s: %d %s", wishes[i].spec, ret, err.text);
	}
}

/* Engine waves that would add nobody are none: the wish's wave is found by how many pods it has. */
static void test_waves(void **state)
{
	owned_json json_t *object = deployment("\"strategy\": {\"waves\": [{\"name\": \"a\", "
					       "\"pods\": 1, \"minHealthySeconds\": 5, \"pause\": "
					       "{\"type\": \"Manual\"}}, {\"name\": \"b\", "
					       "\"pods\": \"10%\"}, {\"name\": \"c\", \"pods\": "
					       "\"50%\"}], \"commit\": {\"soakPeriodSeconds\": 7}}",
					       "");
	struct rollout_actions actions = { 0 };
	owned_rollout struct rollout *r = NULL;
	struct beam_wish wish;
	struct error err;
	static const char *const names[] = { "a", "c", "all" };
	char name[] = "shop-0";

	(void)state;
	assert_int_equal(beam_wish_read(&wish, object, &err), 0);
	assert_int_equal(wish.waves_len, 4);
	assert_int_equal(wish.policy.bake_ms, 5000);
	assert_true(wish.policy.pause);
	assert_int_equal(wish.waves[3].bake_ms, 7000);
	r = rollout_new("shop", "2", B, &wish.policy, 1);
	for (int i = 0; i < 4; i++) {
		name[5] = (char)('0' + i);
		assert_int_equal(rollout_add(r, name, "", &err), 0);
	}
	rollout_step(r, NULL, 0, 0, &actions);
	rollout_actions_done(&actions);
	assert_int_equal(rollout_waves(r), 3);
	for (r->wave = 0; r->wave < 3; r->wave++)
		assert_string_equal(wish.waves[beam_wave_nr(&wish, r)].name, names[r->wave]);
	r->wave = 0;
}

static void test_rejected(void **state)
{
	owned_json json_t *object = deployment(
		"\"retryToken\": \"one\"",
		"\"observedRetryToken\": \"one\", \"rejectedRevisions\": [{\"revision\": \"" A
		"\", \"reason\": \"x\"}]");
	struct beam_wish wish;
	struct error err;

	(void)state;
	assert_int_equal(beam_wish_read(&wish, object, &err), 0);
	assert_true(beam_is_rejected(&wish, A));
	assert_false(beam_is_rejected(&wish, B));
	wish.retry = "two";
	assert_false(beam_is_rejected(&wish, A));
}

/* ---- pods ---- */

static void test_pods(void **state)
{
	owned_json json_t *workload = parse("{\"spec\": {\"selector\": {\"matchLabels\": {\"app\": "
					    "\"shop\", \"tier\": \"1\"}}}}");
	owned_json json_t *all = parse("{}");
	owned_json json_t *pod =
		parse("{\"metadata\": {\"name\": \"shop-0\", \"labels\": {\"app\": \"shop\", "
		      "\"tier\": \"1\", \"more\": \"x\"}}, \"status\": {\"podIP\": "
		      "\"10.0.0.1\", \"conditions\": [{\"type\": \"Ready\", \"status\": "
		      "\"True\"}], \"containerStatuses\": [{\"name\": \"app\", "
		      "\"restartCount\": 2, \"lastState\": {\"terminated\": {\"reason\": "
		      "\"OOMKilled\", \"exitCode\": 137}}}, {\"name\": \"other\", "
		      "\"restartCount\": 1}]}}");
	owned_arena struct arena arena = ARENA_EMPTY;
	struct pod read;

	(void)state;
	assert_true(pods_selected(workload, pod));
	assert_false(pods_selected(workload, all));
	assert_false(pods_selected(all, pod));
	pod_read(&read, pod, &arena);
	assert_true(read.ready);
	assert_int_equal(read.restarts, 3);
	assert_string_equal(read.ended, "app: OOMKilled, exit code 137");
	assert_false(read.ending);
	assert_string_equal(read.ip, "10.0.0.1");
	pod_read(&read, all, &arena);
	assert_string_equal(read.ended, "");
	assert_false(read.ready);
	assert_string_equal(read.name, "");
	assert_int_equal(pod_ordinal("shop", "shop-12"), 12);
	assert_int_equal(pod_ordinal("shop", "shop-x"), -1);
	assert_int_equal(pod_ordinal("shop", "shop-1x"), -1);
	assert_int_equal(pod_ordinal("shop", "shop"), -1);
	assert_int_equal(pod_ordinal("shop", "shopper-1"), -1);
	assert_int_equal(pod_ordinal("shop", "shop-99999999999999999999"), -1);
}

/* ---- what an agent says ---- */

static const struct {
	const char *state;
	enum beam_sync sync;
} said[] = {
	{ "{\"up\": true, \"runs\": \"1\", \"boots\": \"1\", \"releases\": [{\"version\": \"1\", "
	  "\"digest\": \"" A "\"}]}",
	  SYNC_in },
	{ "{\"up\": true, \"runs\": \"1\", \"boots\": \"1\", \"releases\": [{\"version\": \"1\", "
	  "\"digest\": "
	  "null}]}",
	  SYNC_in },
	{ "{\"up\": true, \"runs\": \"1\", \"boots\": \"1\", \"releases\": [{\"version\": \"1\", "
	  "\"digest\": \"" B "\"}]}",
	  SYNC_behind },
	{ "{\"up\": true, \"runs\": \"0\", \"boots\": \"0\"}", SYNC_behind },
	{ "{\"up\": true, \"runs\": \"1\", \"boots\": \"0\"}", SYNC_uncommitted },
	{ "{\"up\": false, \"runs\": \"1\", \"boots\": \"1\"}", SYNC_silent },
	{ "{\"failed\": \"refused\"}", SYNC_silent },
	{ "[]", SYNC_silent },
};

static void test_sync(void **state)
{
	const struct beam_release stable = { "shop", "1", A, "s" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		owned_arena struct arena arena = ARENA_EMPTY;
		owned_json json_t *json = parse(said[i].state);
		const char *why;

		if (beam_sync_of(&why, &arena, json, &stable) != said[i].sync)
			fail_msg("%s: %s", said[i].state, why);
	}
}

/* ---- the status ---- */

static const char *condition(const json_t *status, const char *type, const char *key)
{
	const json_t *one;
	size_t i;

	json_array_foreach (json_object_get(status, "conditions"), i, one)
		if (strcmp(json_at(one, "type", NULL), type) == 0)
			return json_at(one, key, NULL);
	return "";
}

static const struct {
	const char *name, *spec, *status, *target;
	enum beam_sync sync;
	int64_t ready;
	const char *failed;
	const char *is, *reason; /* Ready */
} stands[] = {
	{ "no release", "", "", "", SYNC_unknown, 3, "", "False", "ReleaseMissing" },
	{ "pods are not there", "", "", A, SYNC_unknown, 0, "", "False", "WaitingForPods" },
	{ "begins", "", "", A, SYNC_unknown, 3, "", "False", "Beginning" },
	{ "is done", "", "\"stableRevision\": \"" A "\"", A, SYNC_in, 3, "", "True", "Committed" },
	{ "not asked yet", "", "\"stableRevision\": \"" A "\"", A, SYNC_unknown, 3, "", "False",
	  "NotChecked" },
	{ "a pod is behind", "", "\"stableRevision\": \"" A "\"", A, SYNC_behind, 3, "", "False",
	  "Behind" },
	{ "rejected", "", "\"rejectedRevisions\": [{\"revision\": \"" A "\", \"reason\": \"ill\"}]",
	  A, SYNC_in, 3, "", "False", "RolledBack" },
	{ "aborted", "\"abortedRevision\": \"" A "\"", "", A, SYNC_in, 3, "", "False", "Aborted" },
	{ "cannot begin", "", "", A, SYNC_unknown, 3, "why", "False", "AttemptFailed" },
	{ "template changed", "", "", A, SYNC_unknown, 2, "", "False", "WorkloadRolling" },
};

static void test_status(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(stands); i++) {
		owned_json json_t *object = deployment(stands[i].spec, stands[i].status);
		owned_json json_t *status = NULL, *after = NULL, *later = NULL;
		struct beam_wish wish;
		struct error err;
		struct beam_view view = {
			.object = object,
			.wish = &wish,
			.target = stands[i].target,
			.replicas = 3,
			.ready = stands[i].ready,
			.checked = { stands[i].sync != SYNC_unknown, stands[i].sync, "why", 3, 3, 0,
				     0 },
			.failed = stands[i].failed,
			.now = "2026-01-01T00:00:00Z",
			.deadline = "",
			.invalid = "",
			.rolling = strcmp(stands[i].reason, "WorkloadRolling") == 0 ? "why" : "",
		};

		assert_int_equal(beam_wish_read(&wish, object, &err), 0);
		status = beam_status(&view);
		if (strcmp(condition(status, "Ready", "status"), stands[i].is) != 0 ||
		    strcmp(condition(status, "Ready", "reason"), stands[i].reason) != 0)
			fail_msg("%s: %s", stands[i].name, condition(status, "Ready", "reason"));
		assert_true(beam_status_differs(status, object));
		/* The same again later is nothing new, and its times are those of the change. */
		after = json_deep_copy(object);
		json_object_update(json_object_get(after, "status"), status);
		view.object = after;
		view.now = "2026-01-02T00:00:00Z";
		assert_int_equal(beam_wish_read(&wish, after, &err), 0);
		later = beam_status(&view);
		assert_false(beam_status_differs(later, after));
	}
}

static const char *mixed_of(const struct beam_view *view)
{
	owned_json json_t *status = beam_status(view);
	const char *reason = condition(status, "MixedVersions", "reason");

	return strcmp(reason, "TooLong") == 0     ? "TooLong"
	       : strcmp(reason, "Upgrading") == 0 ? "Upgrading"
						  : "OneVersion";
}

static void test_mixed(void **state)
{
	const char *spec = "\"strategy\": {\"maxMixedVersionSeconds\": 5, "
			   "\"mixedVersionPolicy\": \"Rollback\"}";
	owned_json json_t *object = deployment(spec, "");
	owned_json json_t *late = deployment(spec, "\"conditions\": [{\"type\": \"MixedVersions\", "
						   "\"status\": \"True\", \"reason\": "
						   "\"TooLong\"}]");
	owned_json json_t *upgrade = parse("{\"status\": {\"result\": \"Running\"}}");
	owned_rollout struct rollout *r = NULL;
	struct beam_wish wish;
	struct error err;
	struct beam_view view = { .object = object,
				  .wish = &wish,
				  .target = B,
				  .upgrade = upgrade,
				  .failed = "",
				  .now = "t",
				  .deadline = "",
				  .rolling = "" };

	(void)state;
	assert_int_equal(beam_wish_read(&wish, object, &err), 0);
	assert_false(wish.give_up);
	view.rollout = r = rollout_new("shop", "2", B, &wish.policy, 1);
	assert_int_equal(rollout_add(r, "shop-0", "", &err), 0);
	assert_int_equal(rollout_add(r, "shop-1", "", &err), 0);
	r->nodes[0].runs = "1";
	assert_string_equal(mixed_of(&view), "OneVersion"); /* the other was not asked yet */
	r->nodes[1].runs = "2";
	view.mixed_ms = 4999;
	assert_string_equal(mixed_of(&view), "Upgrading");
	view.mixed_ms = 5001;
	assert_string_equal(mixed_of(&view), "TooLong");
	/* Another leader has not seen it for so long. */
	view.object = late;
	view.mixed_ms = 0;
	assert_string_equal(mixed_of(&view), "TooLong");
	assert_int_equal(beam_wish_read(&wish, late, &err), 0);
	assert_true(wish.give_up);
	r->nodes[0].runs = "2";
	assert_string_equal(mixed_of(&view), "OneVersion");
}

static void test_invalid(void **state)
{
	owned_json json_t *object = deployment("", "");
	const struct beam_view view = {
		.object = object, .invalid = "nonsense", .now = "t", .target = ""
	};
	owned_json json_t *status = beam_status(&view);

	(void)state;
	assert_string_equal(condition(status, "Ready", "reason"), "InvalidSpec");
	assert_string_equal(condition(status, "Degraded", "message"), "nonsense");
}

/* ---- pods of a Deployment that stand in for others ---- */

static struct pods some_pods(struct pod *items, const char *names)
{
	struct pods pods = { .items = items };

	for (; *names; names++)
		if (*names == '-')
			items[pods.len - 1].ending = true;
		else
			items[pods.len++] = (struct pod){ .name = *names == 'a'   ? "a"
								  : *names == 'b' ? "b"
								  : *names == 'x' ? "x"
										  : "y" };
	return pods;
}

/* Nodes a and b; b is restarted, a is as it was. */
static void test_stand_ins(void **state)
{
	static const struct {
		const char *pods; /* that there are, one after the other; with -: it ends */
		const char *of_b;
		bool all;
	} rows[] = {
		{ "ab", "b", true }, { "ab-", "b", false }, { "ab-x", "x", true },
		{ "ax", "x", true }, { "axy", "x", true },  { "ax-y", "y", true },
		{ "ay", "y", true }, { "a", "y", false },   { "axy", "y", true },
		{ "yx", "y", true },
	};
	owned_rollout struct rollout *r = rollout_new("shop", "1.1.0", A, &ROLLOUT_POLICY, 1);
	owned_json json_t *names = json_object();
	struct pod items[4];
	struct error err;

	(void)state;
	assert_int_equal(rollout_add(r, "a", "", &err) || rollout_add(r, "b", "", &err), 0);
	r->nodes[0].stage = r->nodes[1].stage = STAGE_staged;
	r->nodes[1].touched = true;
	r->nodes[1].way = WAY_restart;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pods pods = some_pods(items, rows[i].pods);

		memset(items + pods.len, 0, (4 - pods.len) * sizeof(*items));
		if (stand_in_find(names, r, &pods) != rows[i].all ||
		    strcmp(stand_in_of(names, "b"), rows[i].of_b) != 0)
			fail_msg("row %zu (%s): %s", i, rows[i].pods, stand_in_of(names, "b"));
		assert_string_equal(stand_in_of(names, "a"), "a");
	}
	assert_true(stand_in_is(names, "y"));
	r->nodes[1].stage = STAGE_gone;
	assert_true(stand_in_find(names, r, &(struct pods){ 0 }));
	assert_false(stand_in_is(names, "y"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wishes),    cmocka_unit_test(test_waves),
		cmocka_unit_test(test_rejected),  cmocka_unit_test(test_pods),
		cmocka_unit_test(test_sync),      cmocka_unit_test(test_status),
		cmocka_unit_test(test_mixed),     cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_stand_ins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
