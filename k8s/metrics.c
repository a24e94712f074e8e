// SPDX-License-Identifier: Apache-2.0
#include "k8s/metrics.h"

#include "k8s/beam.h"
#include "k8s/credentials.h"

#include <inttypes.h>

#define QUEUE "name=\"beamdeployment\""

static const int64_t bounds_us[METRICS_BOUNDS] = { 1000,   2500,    5000,    10000,
						   25000,  50000,   100000,  250000,
						   500000, 1000000, 2500000, 10000000 };

void metrics_done(struct metrics *metrics)
{
	json_decref(metrics->over);
	json_decref(metrics->ended);
	*metrics = (struct metrics){ 0 };
}

/* ---- counting ---- */

static void took(struct histogram *histogram, int64_t us)
{
	for (size_t i = 0; i < METRICS_BOUNDS; i++)
		histogram->within[i] += us <= bounds_us[i];
	histogram->all++;
	histogram->us += (uint64_t)us;
}

void metrics_looked(struct metrics *metrics, int64_t waited_us, int64_t us)
{
	took(&metrics->waited, waited_us);
	took(&metrics->looked, us);
}

static bool has_ended(const json_t *upgrade)
{
	const char *result = json_at(upgrade, "status", "result", NULL);

	return result[0] && strcmp(result, "Running") != 0;
}

static void count_end(struct metrics *metrics, const json_t *upgrade)
{
	const char *result = json_at(upgrade, "status", "result", NULL);
	const json_t *before = json_object_get(metrics->ended, result);
	int64_t began = kube_time_ms(json_at(upgrade, "status", "startTime", NULL));
	int64_t ended = kube_time_ms(json_at(upgrade, "status", "endTime", NULL));
	int64_t took_ms = began > 0 && ended > began ? ended - began : 0;

	json_object_set_new(metrics->ended, result,
			    json_pack("{s:I, s:I}", "count",
				      json_integer_value(json_object_get(before, "count")) + 1,
				      "seconds",
				      json_integer_value(json_object_get(before, "seconds")) +
					      (json_int_t)(took_ms / 1000)));
}

void metrics_upgrades(struct metrics *metrics, const json_t *upgrades)
{
	json_t *over = json_object();
	const char *name;
	json_t *upgrade;

	if (!metrics->ended)
		metrics->ended = json_object();
	json_object_foreach ((json_t *)(uintptr_t)upgrades, name, upgrade) {
		if (!has_ended(upgrade))
			continue;
		json_object_set_new(over, name, json_true());
		if (metrics->over && !json_object_get(metrics->over, name))
			count_end(metrics, upgrade);
	}
	json_decref(metrics->over);
	metrics->over = over;
}

/* ---- telling ---- */

static void add_head(struct str *out, const char *name, const char *type, const char *help)
{
	str_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_add_gauge(struct str *out, const char *name, const char *help, int64_t value)
{
	add_head(out, name, "gauge", help);
	str_addf(out, "%s %" PRId64 "\n", name, value);
}

static void add_histogram(struct str *out, const struct histogram *histogram, const char *name,
			  const char *label, const char *help)
{
	add_head(out, name, "histogram", help);
	for (size_t i = 0; i < METRICS_BOUNDS; i++)
		str_addf(out, "%s_bucket{%s,le=\"%g\"} %" PRIu64 "\n", name, label,
			 (double)bounds_us[i] / 1e6, histogram->within[i]);
	str_addf(out,
		 "%s_bucket{%s,le=\"+Inf\"} %" PRIu64 "\n%s_sum{%s} %.6f\n%s_count{%s} %" PRIu64
		 "\n",
		 name, label, histogram->all, name, label, (double)histogram->us / 1e6, name, label,
		 histogram->all);
}

static void add_ended(struct str *out, const json_t *ended)
{
	const char *const name = "relevo_upgrade_duration_seconds", *result;
	const json_t *one;

	add_head(out, name, "summary", "How long the upgrades took that have ended.");
	json_object_foreach ((json_t *)(uintptr_t)ended, result, one)
		str_addf(out,
			 "%s_sum{result=\"%s\"} %" JSON_INTEGER_FORMAT
			 "\n%s_count{result=\"%s\"} %" JSON_INTEGER_FORMAT "\n",
			 name, result, json_integer_value(json_object_get(one, "seconds")), name,
			 result, json_integer_value(json_object_get(one, "count")));
}

void metrics_add(struct str *out, const struct metrics *metrics)
{
	add_histogram(out, &metrics->looked, "controller_runtime_reconcile_time_seconds",
		      "controller=\"beamdeployment\"",
		      "How long a look at one BeamDeployment took.");
	add_histogram(out, &metrics->looked, "workqueue_work_duration_seconds", QUEUE,
		      "How long a look at one BeamDeployment took.");
	add_histogram(out, &metrics->waited, "workqueue_queue_duration_seconds", QUEUE,
		      "How long one waited for its look.");
	add_head(out, "workqueue_adds_total", "counter", "Looks that were to be done.");
	str_addf(out, "workqueue_adds_total{" QUEUE "} %" PRIu64 "\n", metrics->waited.all);
	add_head(out, "workqueue_retries_total", "counter",
		 "Attempts that could not go on, and are begun once more, later and later.");
	str_addf(out, "workqueue_retries_total{" QUEUE "} %" PRIu64 "\n", metrics->retries);
	add_ended(out, metrics->ended);
}

static void add_pods(struct str *out, const json_t *deployments)
{
	static const char *const states[][2] = {
		{ "wanted", "replicas" },
		{ "ready", "availableReplicas" },
		{ "staged", "stagedReplicas" },
		{ "updated", "updatedReplicas" },
		{ "committed", "committedReplicas" },
		{ "drifted", "driftedReplicas" },
	};
	const char *name;
	const json_t *one;

	add_head(out, "relevo_deployment_pods", "gauge", "Pods of a BeamDeployment.");
	json_object_foreach ((json_t *)(uintptr_t)deployments, name, one)
		for (size_t i = 0; i < ARRAY_LEN(states); i++)
			str_addf(out,
				 "relevo_deployment_pods{deployment=\"%s\",state=\"%s\"} "
				 "%" JSON_INTEGER_FORMAT "\n",
				 name, states[i][0],
				 json_integer_value(json_in(one, "status", states[i][1], NULL)));
}

void metrics_add_deployments(struct str *out, const json_t *deployments)
{
	const char *name;
	const json_t *one, *condition;
	size_t i;

	add_pods(out, deployments);
	add_head(out, "relevo_deployment_condition", "gauge",
		 "Whether a condition of a BeamDeployment is true.");
	json_object_foreach ((json_t *)(uintptr_t)deployments, name, one)
		json_array_foreach (json_in(one, "status", "conditions", NULL), i, condition)
			str_addf(out,
				 "relevo_deployment_condition{deployment=\"%s\",condition=\"%s\"} "
				 "%d\n",
				 name, json_at(condition, "type", NULL),
				 strcmp(json_at(condition, "status", NULL), "True") == 0);
}

void metrics_add_now(struct str *out, size_t waiting, int64_t us)
{
	static const char *const names[] = { "workqueue_unfinished_work_seconds",
					     "workqueue_longest_running_processor_seconds" };

	add_head(out, "workqueue_depth", "gauge", "BeamDeployments that wait for their look.");
	str_addf(out, "workqueue_depth{" QUEUE "} %zu\n", waiting);
	/* One is looked at at a time: both are its. */
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		add_head(out, names[i], "gauge",
			 "For how long one has been looked at; 0: none is.");
		str_addf(out, "%s{" QUEUE "} %.6f\n", names[i], (double)us / 1e6);
	}
}
