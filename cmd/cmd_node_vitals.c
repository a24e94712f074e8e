// SPDX-License-Identifier: Apache-2.0
/* relevo node vitals: how a node feels, once or again and again. */
#include "base/json.h"
#include "cmd/node.h"
#include "cmd/output.h"
#include "upgrade/node/node_json.h"
#include "upgrade/node/watch.h"

#include <inttypes.h>
#include <time.h>

enum { SAMPLE_MS = 200 };

struct vitals_opts {
	struct node_opts node;
	long watch_ms, count;
};

static const struct option vitals_options[] = {
	NODE_OPTIONS(struct vitals_opts),
	OPT_DURATION(
		struct vitals_opts, watch_ms, 'w', "watch", "TIME",
		"look again every TIME until interrupted, and count restarts since the first look"),
	OPT_NUMBER(struct vitals_opts, count, 'n', "count", "N", "with --watch: end after N looks"),
	OPT_END,
};

/* One look. */
struct look {
	struct node_vitals vitals;
	struct node_web web;
	int64_t busy; /* of the schedulers, in thousandths */
	int64_t restarts;
	const char *restarted; /* the last of them; NULL: none */
};

static json_t *count_or_null(int64_t count)
{
	return count < 0 ? json_null() : json_integer(count);
}

static void print_look_json(const struct node *node, const struct look *look, bool watched)
{
	json_t *json = node_vitals_json(node, &look->vitals, look->busy);

	if (watched)
		json_object_set_new(json, "restarts",
				    json_pack("{s:I, s:o}", "count", (json_int_t)look->restarts,
					      "last", json_text(look->restarted)));
	json_object_set_new(json, "connections", count_or_null(look->web.connections));
	json_object_set_new(json, "requests", count_or_null(look->web.requests));
	print_json(json);
}

static void of_limit(struct table *table, const char *name, int64_t now, int64_t limit)
{
	char text[64];

	snprintf(text, sizeof(text), "%" PRId64 " of %" PRId64, now, limit);
	table_row(table, name, text);
}

static void vitals_print(const struct node *node, const struct look *look)
{
	const struct node_vitals *v = &look->vitals;
	owned_table struct table *table = table_new(2);
	owned_str struct str text = STR_EMPTY;
	char b[4][32];

	print("%s%s%s\n", style_on(stdout, STYLE_BOLD), node_name(node), style_off(stdout));
	str_addf(&text, "%" PRId64 " waiting, %" PRId64 " schedulers, %" PRId64 " %% busy",
		 v->run_queue, v->schedulers, look->busy / 10);
	table_row(table, "run queue", text.ptr);
	str_clear(&text);
	str_addf(&text, "%s (processes %s, binaries %s, ETS %s)",
		 human_bytes((uint64_t)v->memory, b[0]),
		 human_bytes((uint64_t)v->processes_memory, b[1]),
		 human_bytes((uint64_t)v->binary_memory, b[2]),
		 human_bytes((uint64_t)v->ets_memory, b[3]));
	table_row(table, "memory", text.ptr);
	of_limit(table, "processes", v->processes, v->process_limit);
	of_limit(table, "ports", v->ports, v->port_limit);
	of_limit(table, "atoms", v->atoms, v->atom_limit);
	str_clear(&text);
	str_addf(&text, "%" PRId64 "%s%s", v->queue_len, v->queue_len ? ": " : "",
		 v->queue_len ? v->queue_process : "");
	table_row(table, "longest mailbox", text.ptr);
	str_clear(&text);
	str_addf(&text, "%" PRId64, v->suspended_count);
	for (size_t i = 0; i < v->suspended_len; i++)
		str_addf(&text, "%s%s", i ? ", " : ": ", v->suspended[i]);
	table_row(table, "suspended", text.ptr);
	str_clear(&text);
	str_addf(&text, "%" PRId64 " connections, %" PRId64 " requests in flight",
		 look->web.connections, look->web.requests);
	if (look->web.connections >= 0)
		table_row(table, "served", text.ptr);
	table_print(table, stdout, "  ", false);
}

/* ---- again and again: a line each ---- */

static void line_heading(void)
{
	print("%-8s %5s %6s %9s %9s %9s %9s %8s\n", "TIME", "BUSY", "QUEUE", "MEMORY", "PROCESSES",
	      "MAILBOX", "SUSPENDED", "RESTARTS");
}

static void line_print(const struct look *look)
{
	const struct node_vitals *v = &look->vitals;
	time_t now = time(NULL);
	struct tm parts;
	char clock[16] = "", memory[32];

	if (localtime_r(&now, &parts))
		strftime(clock, sizeof(clock), "%H:%M:%S", &parts);
	print("%-8s %3" PRId64 " %% %6" PRId64 " %9s %9" PRId64 " %9" PRId64 " %9" PRId64
	      " %8" PRId64 "%s%s\n",
	      clock, look->busy / 10, v->run_queue, human_bytes((uint64_t)v->memory, memory),
	      v->processes, v->queue_len, v->suspended_count, look->restarts,
	      look->restarted ? " " : "", look->restarted ? look->restarted : "");
	fflush(stdout);
}

static int look_at(struct look *out, struct node *node, struct arena *arena, int64_t sample_ms,
		   const struct census *first, struct error *err)
{
	struct look look = { .restarts = 0 };
	struct census now;

	if (node_busy(&look.busy, node, sample_ms, err) ||
	    node_vitals(&look.vitals, node, arena, err) || node_web(&look.web, node, arena, err))
		return -1;
	if (first) {
		if (census_take(&now, node, arena, err))
			return -1;
		look.restarts = census_restarts(first, &now, &look.restarted);
	}
	*out = look;
	return 0;
}

static int watch(const struct call *call, struct node *node, struct arena *arena, struct error *err)
{
	const struct vitals_opts *opts = call->opts;
	struct census first;

	if (census_take(&first, node, arena, err))
		return -1;
	if (!call->json)
		line_heading();
	for (long i = 0; opts->count == 0 || i < opts->count; i++) {
		owned_arena struct arena round = ARENA_EMPTY;
		struct look look;

		/* The schedulers are measured all the while. */
		if (look_at(&look, node, &round, opts->watch_ms, &first, err))
			return -1;
		if (call->json)
			print_look_json(node, &look, true);
		else
			line_print(&look);
		if (ferror(stdout))
			return error_sys(err, "standard output");
	}
	return 0;
}

static int vitals_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct vitals_opts *opts = call->opts;
	owned_node struct node *node = NULL;
	struct look look;

	if (node_connect(&node, call, &opts->node, err))
		return -1;
	if (opts->watch_ms)
		return watch(call, node, &arena, err);
	if (look_at(&look, node, &arena, SAMPLE_MS, NULL, err))
		return -1;
	if (call->json)
		print_look_json(node, &look, false);
	else
		vitals_print(node, &look);
	return 0;
}

/* clang-format off */
const struct command cmd_node_vitals = {
	.name = "vitals",
	.parent = "node",
	.args = "NODE",
	.summary = "Show how a node feels: schedulers, memory, mailboxes, suspended processes",
	.description =
		"Once, or with --watch a line (with --json a document) every TIME.  Restarts are registered "
		"processes that came back under another pid since the first look.",
	.examples = "relevo node vitals shop@10.0.0.1 --watch 2s",
	.args_min = 1,
	.args_max = 1,
	.options = vitals_options,
	.opts_size = sizeof(struct vitals_opts),
	.run = vitals_run,
};
/* clang-format on */
