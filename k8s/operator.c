// SPDX-License-Identifier: Apache-2.0
#include "k8s/operator.h"

#include "base/json.h"
#include "base/process.h"
#include "k8s/beam.h"
#include "k8s/web.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#define LEASE_NAME "relevo-operator"

/* ---- ends ---- */

static volatile sig_atomic_t told_to_end, child_ended, gives_back;

static void on_signal(int number)
{
	if (number == SIGCHLD)
		child_ended = 1;
	else
		told_to_end = 1;
}

static bool stops(void *context)
{
	(void)context;
	return !gives_back && (told_to_end || child_ended);
}

static bool leads_no_more(void *context)
{
	return !lease_leads(context);
}

static void take_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGCHLD, &action, NULL);
}

static void give_signals(void)
{
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
}

int operator_fork(pid_t *out, struct error *err)
{
	pid_t parent = getpid();

	fflush(NULL);
	*out = fork();
	if (*out < 0)
		return error_sys(err, "cannot start a process");
	if (*out > 0)
		return 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	give_signals();
	return 0;
}

/* ---- leading ---- */

/* Nobody else's, also of this machine. */
static const char *holder_of(struct arena *arena)
{
	char host[256] = "operator";
	uint64_t bits = 0;

	gethostname(host, sizeof(host) - 1);
	if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
		bits = (uint64_t)getpid();
	return arena_printf(arena, "%s_%016" PRIx64, host, bits);
}

static void say(const struct operator* op, const char *text)
{
	if (op->options->say)
		op->options->say(text);
}

static int lead_in_child(struct operator* op, pid_t *pid, struct error *err)
{
	struct error failed;

	if (operator_fork(pid, err))
		return -1;
	if (*pid > 0)
		return 0;
	op->kube.stop = leads_no_more;
	op->kube.stop_context = op->lease;
	if (leader_run(op, &failed)) {
		say(op, failed.text);
		_exit(error_exit_status(failed.kind));
	}
	_exit(0);
}

/* All it started ends with it. */
static int end_child(pid_t pid)
{
	int status = 0;

	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static int lead(struct operator* op, struct error *err)
{
	pid_t pid;
	int ret, status;

	if (lead_in_child(op, &pid, err))
		return -1;
	ret = lease_keep(op->lease, err);
	status = end_child(pid);
	if (ret)
		return -1;
	if (!lease_leads(op->lease))
		return error_set(err, ERROR_LOCKED, "the lease %s is lost", LEASE_NAME);
	/* Nothing is done any more. */
	gives_back = 1;
	if (lease_release(op->lease, err) || told_to_end)
		return told_to_end ? 0 : -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == error_exit_status(ERROR_LOCKED))
		return error_set(err, ERROR_LOCKED, "another leads");
	return error_set(err, ERROR_FAILED, "what leads has ended");
}

/* Many processes, which live long and work little: what is not needed is given back. */
static void spare_memory(void)
{
	mallopt(M_TOP_PAD, 16 << 10);
	mallopt(M_TRIM_THRESHOLD, 64 << 10);
	mallopt(M_MMAP_THRESHOLD, 64 << 10);
}

/* What was used is written down in each BeamDeployment before anything is begun with it. */
static int token_floor(int64_t *out, struct kube *kube, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct kube_request request = {
		.path = kube_path(&arena, BEAM_GROUP, "beamdeployments", kube_space(kube), NULL),
	};
	owned_json json_t *all = NULL;
	const json_t *one;
	size_t i;

	if (kube_ask(&all, kube, &request, err))
		return -1;
	json_array_foreach (json_object_get(all, "items"), i, one) {
		int64_t token = json_integer_value(json_in(one, "status", "fencingToken", NULL));

		if (token > *out && token < INT32_MAX)
			*out = token;
	}
	return 0;
}

int operator_run(const struct operator_options *options, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct operator op = { .options = options, .kube = options->kube };
	owned_kube struct kube *kube = NULL;
	owned_lease struct lease *lease = NULL;
	struct kube_options own = options->kube;
	struct lease_options lease_options = options->lease;

	spare_memory();
	take_signals();
	own.stop = stops;
	if (kube_open(&kube, &own, err))
		return -1;
	op.space = kube_space(kube);
	lease_options.space = op.space;
	lease_options.name = LEASE_NAME;
	lease_options.holder = holder_of(&arena);
	lease_options.floor = token_floor;
	if (lease_new(&lease, kube, &lease_options, err))
		return -1;
	op.lease = lease;
	if (web_new(&op.web, err) ||
	    (options->listen && web_start(op.web, options->listen, lease, err)))
		return -1;
	say(&op, arena_printf(&arena, "%s waits to lead in namespace %s", lease_options.holder,
			      op.space));
	if (lease_acquire(lease, err))
		return told_to_end ? 0 : -1;
	say(&op, arena_printf(&arena, "%s leads, token %" PRId64, lease_options.holder,
			      lease_token(lease)));
	return lead(&op, err);
}
