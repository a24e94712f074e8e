// SPDX-License-Identifier: Apache-2.0
/* What an operator tells Prometheus; that a real one does is seen by tests/kube/operator.sh. */
#include "base/arena.h"
#include "base/json.h"
#include "k8s/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *parse(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	return json;
}

/* Each of its lines is there, whole; NULL ends them. */
static void has_lines(const struct str *text, const char *const *lines)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	for (; *lines; lines++)
		if (!strstr(arena_printf(&arena, "\n%s", str_text(text)),
			    arena_printf(&arena, "\n%s\n", *lines)))
			fail_msg("no line %s in:\n%s", *lines, str_text(text));
}

static void test_looks(void **state)
{
	static const char *const lines[] = {
		"# TYPE workqueue_queue_duration_seconds histogram",
		"workqueue_queue_duration_seconds_bucket{name=\"beamdeployment\",le=\"0.001\"} 1",
		"workqueue_queue_duration_seconds_count{name=\"beamdeployment\"} 2",
		"workqueue_queue_duration_seconds_sum{name=\"beamdeployment\"} 0.006000",
		"workqueue_work_duration_seconds_bucket{name=\"beamdeployment\",le=\"0.005\"} 1",
		"workqueue_work_duration_seconds_bucket{name=\"beamdeployment\",le=\"10\"} 1",
		"workqueue_work_duration_seconds_bucket{name=\"beamdeployment\",le=\"+Inf\"} 2",
		"workqueue_work_duration_seconds_sum{name=\"beamdeployment\"} 20.005000",
		"workqueue_adds_total{name=\"beamdeployment\"} 2",
		"workqueue_retries_total{name=\"beamdeployment\"} 3",
		"controller_runtime_reconcile_time_seconds_count{controller=\"beamdeployment\"} 2",
		NULL,
	};
	owned(metrics_done) struct metrics metrics = { .retries = 3 };
	owned_str struct str text = STR_EMPTY;

	(void)state;
	metrics_looked(&metrics, 0, 5000);
	metrics_looked(&metrics, 6000, 20000000);
	metrics_add(&text, &metrics);
	has_lines(&text, lines);
}

static void test_now(void **state)
{
	static const char *const busy[] = {
		"workqueue_depth{name=\"beamdeployment\"} 4",
		"workqueue_unfinished_work_seconds{name=\"beamdeployment\"} 2.500000",
		"workqueue_longest_running_processor_seconds{name=\"beamdeployment\"} 2.500000",
		NULL,
	};
	owned_str struct str text = STR_EMPTY;

	(void)state;
	metrics_add_now(&text, 4, 2500000);
	has_lines(&text, busy);
}

/* Each is counted once, when it ends; what had ended before is not. */
static void test_upgrades(void **state)
{
#define ONE(result, end) \
	"{\"status\": {\"result\": \"" result "\", \"startTime\": \"2026-01-01T00:00:00Z\"" end "}}"
	static const char *const rows[] = {
		"{\"a\": " ONE("Committed", ", \"endTime\": \"2026-01-01T00:01:00Z\"") "}",
		"{\"a\": " ONE("Committed", "") ", \"b\": " ONE("Running", "") "}",
		"{\"a\": " ONE("Committed", "") ", \"b\": " ONE(
			"RolledBack", ", \"endTime\": \"2026-01-01T00:00:30Z\"") "}",
		"{\"b\": " ONE("RolledBack",
			       "") ", \"c\": {\"status\": {\"result\": \"Superseded\"}}}",
		"{\"d\": " ONE("RolledBack", ", \"endTime\": \"2026-01-01T00:00:12Z\"") "}",
	};
	static const char *const lines[] = {
		"relevo_upgrade_duration_seconds_count{result=\"RolledBack\"} 2",
		"relevo_upgrade_duration_seconds_sum{result=\"RolledBack\"} 42",
		"relevo_upgrade_duration_seconds_count{result=\"Superseded\"} 1",
		"relevo_upgrade_duration_seconds_sum{result=\"Superseded\"} 0",
		NULL,
	};
	owned(metrics_done) struct metrics metrics = { 0 };
	owned_str struct str text = STR_EMPTY;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		owned_json json_t *upgrades = parse(rows[i]);

		metrics_upgrades(&metrics, upgrades);
	}
	metrics_add(&text, &metrics);
	has_lines(&text, lines);
	assert_null(strstr(str_text(&text), "result=\"Committed\""));
}

static void test_deployments(void **state)
{
	static const char *const lines[] = {
		"relevo_deployment_pods{deployment=\"shop\",state=\"wanted\"} 3",
		"relevo_deployment_pods{deployment=\"shop\",state=\"committed\"} 2",
		"relevo_deployment_pods{deployment=\"new\",state=\"wanted\"} 0",
		"relevo_deployment_condition{deployment=\"shop\",condition=\"Ready\"} 0",
		"relevo_deployment_condition{deployment=\"shop\",condition=\"Degraded\"} 1",
		NULL,
	};
	owned_json json_t *all =
		parse("{\"shop\": {\"status\": {\"replicas\": 3, \"committedReplicas\": 2, "
		      "\"conditions\": [{\"type\": \"Ready\", \"status\": \"Unknown\"}, "
		      "{\"type\": \"Degraded\", \"status\": \"True\"}]}}, \"new\": {}}");
	owned_str struct str text = STR_EMPTY;

	(void)state;
	metrics_add_deployments(&text, all);
	has_lines(&text, lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_now),
		cmocka_unit_test(test_upgrades),
		cmocka_unit_test(test_deployments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
