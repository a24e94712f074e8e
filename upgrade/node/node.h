// SPDX-License-Identifier: Apache-2.0
/* node.h - one live BEAM node: what it is, how it feels, which releases it has.
 *
 * Calls fail with ERROR_UNREACHABLE when the node or the connection is gone, and with
 * ERROR_FAILED when the node answers with an exception.  Results live in the arena.
 */
#pragma once
#include "upgrade/node/scripts/scripts.h"
#include "upgrade/node/wire/rpc.h"

struct node; /* opaque: see node.c */

struct node_options {
	const char *name;     /* "shop@10.0.0.1" */
	const char *cookie;   /* copied; wiped when the node is closed */
	int port;             /* 0: ask epmd */
	int64_t timeout_ms;   /* for connecting, and for each question */
	struct tls_files tls; /* copied; without a ca: plain */
	struct ssh_via via;   /* copied; without `to`: directly */
	uint64_t token;       /* of the rollout that speaks, for node_lock(); 0: none */
};

/* Connects; free with node_close().  Fails as dist_open() does. */
must_check int node_open(struct node **out, const struct node_options *options, struct error *err);
void node_close(struct node *node); /* NULL is fine */
/* Connects anew, trying again and again while the node is not there (it restarts). */
must_check int node_reopen(struct node *node, struct deadline deadline, struct error *err);

/* Makes us the one relevo that may change the node, until the connection ends; a connection that
 * is made anew takes the lock again.  Waits for what another does there.
 * ERROR_LOCKED: another is at work until the deadline, and after it; or a rollout with a later
 * token was here (node_overtaken()).
 */
must_check int node_lock(struct node *node, struct deadline deadline, struct error *err);

/* Whether the lock was refused because of the token, which will not be otherwise later. */
bool node_overtaken(const struct node *node);

const char *node_name(const struct node *node);
struct dist *node_dist(struct node *node);
/* By which one question must be answered. */
struct deadline node_deadline(const struct node *node);
/* By which work must be done that is more than a question (unpacking, digests). */
struct deadline node_work_deadline(const struct node *node);
/* How long such work may take (300000 ms by default), and who is told what is being waited for:
 * NULL, or called once when the waiting begins and again for another reason.
 */
void node_be_patient(struct node *node, int64_t ms, void (*waiting)(void *context, const char *why),
		     void *context);
/* Waits a moment for something of the node. */
void node_pause(struct node *node, const char *why);
/* Another number after each start of the node. */
uint32_t node_creation(const struct node *node);

/* One of relevo's own texts; as node_eval().  Bound is also Me, our process. */
must_check int node_run(const struct term **out, const struct term **bad, struct node *node,
			struct arena *arena, enum script script, const struct binding *bindings,
			size_t bindings_len, struct deadline deadline, struct error *err);

/* Room in the node's table of atoms when it was first asked something on this connection. */
int64_t node_free_atoms(const struct node *node);

/* How long a question and its answer take, in microseconds. */
must_check int node_ping(int64_t *out_us, struct node *node, struct error *err);

struct node_app {
	const char *name, *vsn;
};

struct node_info {
	const char *name, *version; /* of the release that runs */
	const char *otp, *erts;
	const char *elixir; /* "": none */
	const char *root, *releases_dir;
	const char *mode; /* "embedded" or "interactive" */
	int64_t uptime_ms;
	const struct node_app *apps; /* those that run, by name */
	size_t apps_len;
};

must_check int node_info(struct node_info *out, struct node *node, struct arena *arena,
			 struct error *err);

struct node_vitals {
	int64_t run_queue, schedulers;
	int64_t memory, processes_memory, binary_memory, ets_memory; /* bytes */
	int64_t processes, process_limit, ports, port_limit, atoms, atom_limit;
	int64_t queue_len;            /* of the longest mailbox … */
	const char *queue_process;    /* … and whose it is */
	const char *const *suspended; /* processes held by sys:suspend, at most 20 of them */
	size_t suspended_len;
	int64_t suspended_count;
};

must_check int node_vitals(struct node_vitals *out, struct node *node, struct arena *arena,
			   struct error *err);

/* Who is served by Bandit and Cowboy; -1: neither is there, or it does not answer. */
struct node_web {
	int64_t connections; /* WebSockets among them */
	int64_t requests;    /* that run now */
};

must_check int node_web(struct node_web *out, struct node *node, struct arena *arena,
			struct error *err);

/* How busy the schedulers that are online were during the next `ms`, in thousandths. */
must_check int node_busy(int64_t *out, struct node *node, int64_t ms, struct error *err);

enum release_state {
	RELEASE_ABSENT, /* the node does not know it */
	RELEASE_UNPACKED,
	RELEASE_CURRENT,   /* runs, not committed */
	RELEASE_PERMANENT, /* boots after a restart; runs unless another is current */
	RELEASE_OLD,
};

const char *release_state_name(enum release_state state);

struct node_release {
	const char *name, *vsn;
	enum release_state state;
	struct node_app *libs;
	size_t libs_len;
};

/* What leads out of a state that should not be. */
enum way_out {
	WAY_ANY,    /* any command that changes the node */
	WAY_COMMIT, /* making permanent what runs */
	WAY_ADOPT,
	WAY_NONE, /* a person */
};

/* The witnesses of what the node is differ (witness.h). */
struct node_trouble {
	const char *name; /* stable: "records_behind" */
	const char *text;
	enum way_out way;
};

struct node_releases {
	const struct node_release *items; /* the newest first; states as they truly are */
	size_t len;
	bool sasl;              /* false: release_handler does not run, nothing is known */
	const char *file_fault; /* of RELEASES on disk; "": none */
	const char *releases_dir, *root;
	const char *erts, *otp, *mode;
	const struct node_trouble *trouble; /* NULL: all say the same */
	const char *pinned_vsn;  /* what bin/NAME boots whatever is permanent; "": none */
	const char *env_version; /* $RELEASE_VSN of the node, or "" */
	const char *keeper;     /* who starts it again when its VM ends; "": nobody, or not known */
	bool trials;            /* its start script boots a release on trial */
	const char *failed_vsn; /* which trial came to nothing last; "": none */
	const char *lock;       /* the relevo that is at work there, its node; "": none */
	/* The last way back that was begun, and was from a release that was not committed, or was
	 * not told to be done; "": none.
	 */
	const char *reverted_from, *reverted_to;
	/* What relevo installed there and did not see to have gone well: it was ended before; "":
	 * nothing.
	 */
	const char *unseen;
	bool busy;       /* an installation runs on the node right now */
	bool starting;   /* its applications are still being started */
	bool going_down; /* the node stops or restarts */
	bool crypto;     /* the node can compute SHA-256 */
};

must_check int node_releases(struct node_releases *out, struct node *node, struct arena *arena,
			     struct error *err);
/* Of the manifest that a release of the node brought with it: its SHA-256, and its text; "", and an
 * empty one, where there is none.  In the arena.
 */
must_check int node_manifest_digest(const char **out, struct node *node, struct arena *arena,
				    const char *vsn, struct error *err);
must_check int node_manifest_text(struct span *out, struct node *node, struct arena *arena,
				  const char *vsn, struct error *err);
/* NULL: not known. */
const struct node_release *releases_find(const struct node_releases *releases, const char *vsn);
/* Nobody has verified what runs, since it was installed. */
bool releases_is_unseen(const struct node_releases *releases);
/* The one that runs: current, else permanent; NULL: none. */
const struct node_release *releases_running(const struct node_releases *releases);
const struct node_release *releases_permanent(const struct node_releases *releases);

/* Whether another VM of the machine was booted from the same folder of releases, which is a trouble
 * of its own: *out stays as it is where there is none.
 */
must_check int node_shared(const struct node_trouble **out, struct node *node, struct arena *arena,
			   struct error *err);
/* What to do about it, a sentence in the arena. */
const char *trouble_way(const struct node_trouble *trouble, const struct node *node,
			struct arena *arena);

static inline void node_done(struct node **node)
{
	node_close(*node);
}
#define owned_node owned(node_done)
