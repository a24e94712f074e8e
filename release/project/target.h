// SPDX-License-Identifier: Apache-2.0
/* target.h - a named fleet of relevo.yaml, and how a release reaches it. */
#pragma once
#include "base/arena.h"
#include "base/error.h"
#include "base/names.h"

#include <jansson.h>

/* Through which machines a node is reached, as ssh takes them; NULL: not given. */
struct target_via {
	const char *ssh, *jump, *host;
};

struct target_node {
	const char *name;      /* "shop@10.0.0.1" */
	const char *zone;      /* its failure domain; "": none */
	struct target_via via; /* without `ssh`: that of the target */
};

struct target_amount {
	int64_t value; /* nodes, or percent of all */
	bool percent;
};

enum gate_kind {
	GATE_http,
	GATE_tcp,
	GATE_vitals,
	GATE_rpc,
	GATE_exec,
	GATE_prometheus,
	GATE_compare,
};
/* As it stands in relevo.yaml. */
const char *target_gate_name(enum gate_kind kind);

/* One thing that tells whether a node is well.  Whole numbers that were not given are -1, others
 * NAN.  In texts of http, tcp, exec and prometheus {host} is the node's host, {name} what stands
 * before the @, {node} both.
 */
struct target_gate {
	enum gate_kind kind;
	const char *url; /* http, prometheus */
	const char *ca;  /* PEM that vouches for it; NULL: the system's */
	/* http */
	int64_t expect;     /* status */
	const char *body;   /* must be in it; NULL: anything */
	const char *header; /* "NAME: TEXT" must be in it; NULL: any */
	int64_t latency_ms; /* and tcp */
	/* tcp */
	int64_t port;
	const char *host; /* NULL: the node's */
	/* vitals: at most; memory_growth in percent */
	int64_t run_queue, mailbox, restarts, crashes, memory_mb, memory_growth, processes, ports;
	/* rpc: Erlang; true or ok is well.  exec: status 0 is well, 75 says nothing */
	const char *expression, *command;
	/* prometheus */
	const char *query, *token_file;
	double at_most, at_least;
	/* compare: nodes with the release against those without */
	const char *metric; /* "memory", "run_queue", "mailbox", "processes" or "latency" */
	int64_t min_samples;
};

/* A gate that asks for nothing, but for at most so many restarts; -1: not for that either. */
#define TARGET_GATE_RESTARTS(count)                                                    \
	{                                                                              \
		.kind = GATE_vitals, .expect = 200, .latency_ms = -1, .run_queue = -1, \
		.mailbox = -1, .restarts = (count), .crashes = -1, .memory_mb = -1,    \
		.memory_growth = -1, .processes = -1, .ports = -1, .at_most = NAN,     \
		.at_least = NAN, .min_samples = 20,                                    \
	}

/* What is run, or who is told: exactly one of command, rpc, url, url_file, url_env. */
struct target_hook {
	const char *command; /* of the shell here */
	const char *rpc;     /* Erlang, on the node */
	const char *url;     /* POST */
	const char *url_file, *url_env, *ca;
	const char *key_file, *key_env; /* of HMAC-SHA-256; NULL: not signed */
	const char *form;               /* of what is told: "json" or "slack" */
};

struct target {
	const char *name, *extends;
	/* One of these. */
	const struct target_node *nodes;
	size_t nodes_len;
	const char *dns;  /* "shop@shop.internal" */
	const char *seed; /* a node whose cluster it is */
	const char *cookie_file, *cookie_env;
	int64_t port; /* 0: ask epmd */
	int64_t timeout_ms;
	const char *tls_ca, *tls_cert, *tls_key;
	struct target_via via;
	const char *dir;    /* where setup puts the release; NULL: NAME below the home folder */
	bool systemd;       /* setup installs a unit */
	struct names allow; /* codes of reasons that a hot upgrade may carry */
	/* strategy; names are checked here, "" and -1: not given */
	const char *mode, *on_failure, *commit;
	struct target_amount canary, batch, max_unavailable; /* value 0: not given */
	const struct target_amount *waves;                   /* cumulative */
	size_t waves_len;
	int64_t bake_ms, pause_ms, probe_ms, node_ms, progress_ms, total_ms;
	bool pause; /* after each wave, until it is promoted */
	int64_t failures, parallel;
	int64_t hops; /* a hot way may have; 1: no releases between */
	const struct target_gate *gates;
	size_t gates_len;
	/* Hooks; NULL: none. */
	const struct target_hook *before, *after, *before_node, *after_node, *drain, *undrain,
		*start, *failure;
	const char *once;          /* Erlang, with the release's code, beside the first node */
	const char *drained;       /* Erlang: how many are still served; NULL: see drained_port */
	int64_t drained_port;      /* whose connections are counted; 0: nobody is waited for */
	int64_t drain_ms, hook_ms; /* time-outs; hook_ms 0: node_ms */
	const struct target_hook *notify;
	size_t notify_len;
};

struct targets {
	const struct target *items;
	size_t len;
};

/* How a node of the target is reached, by its name. */
struct target_via target_via_of(const struct target *target, const char *node);

/* NULL: there is none of that name. */
const struct target *target_find(struct targets targets, const char *name);

/* What stands under "health", from somewhere else than relevo.yaml: target->gates, in the arena.
 * ERROR_INVALID: what is wrong in it.
 */
must_check int target_read_gates(struct target *target, struct arena *arena, const json_t *list,
				 struct error *err);
