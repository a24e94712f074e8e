// SPDX-License-Identifier: Apache-2.0
/* Each action is done by a process of its own. */
#include "base/clock.h"
#include "upgrade/rollout/drive.h"
#include "upgrade/rollout/hook.h"
#include "upgrade/rollout/work.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GRACE_MS = 5000 }; /* longer than its action, to say itself what is wrong */

const int ending_signals[3] = { SIGINT, SIGTERM, SIGHUP };

/* ---- one ---- */

/* The first in the order in which they get the release. */
static const char *first_node(const struct rollout *r)
{
	const struct rollout_node *first = NULL;

	for (size_t i = 0; i < r->len; i++)
		if (r->nodes[i].stage != STAGE_gone && (!first || r->nodes[i].wave < first->wave))
			first = &r->nodes[i];
	return first ? first->name : NULL;
}

static void be_child(const struct drive *d, const struct rollout_action *action,
		     const struct stage_peer *peer, int fd, pid_t parent)
{
	const struct rollout_node *node =
		action->node == SIZE_MAX ? NULL : &d->rollout->nodes[action->node];
	struct work work = {
		.target = d->fleet->target,
		.cookie = d->fleet->cookie,
		.bundle = d->fleet->bundle,
		.token = d->rollout->token,
		.action = *action,
		.node = node ? node->name : NULL,
		.from = node ? node->from : NULL,
		.peer = peer,
		.baseline = node ? d->baselines[action->node] : NULL,
		.beside = first_node(d->rollout),
	};
	FILE *out = fdopen(fd, "w");
	json_t *answer;

	/* The terminal's Ctrl-C is for the parent, which lets a step end. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || !out)
		_exit(1);
	for (size_t i = 0; i < ARRAY_LEN(ending_signals); i++)
		signal(ending_signals[i], SIG_DFL);
	answer = d->fleet->work ? d->fleet->work(d->fleet->context, &work) : work_do(&work);
	json_dumpf(answer, out, JSON_COMPACT);
	fflush(out);
	_exit(0);
}

static struct at_work *room_for_child(struct drive *d)
{
	if (d->len == d->cap) {
		d->cap = d->cap ? 2 * d->cap : 16;
		d->children = mem_resize(d->children, d->cap, sizeof(*d->children));
	}
	return &d->children[d->len++];
}

static int64_t time_for(const struct drive *d, const struct rollout_action *action)
{
	const struct rollout_doing *doing = action->node == SIZE_MAX
						    ? &d->rollout->doing
						    : &d->rollout->nodes[action->node].doing;

	if (action->kind == ACTION_failure)
		return hook_time(d->fleet->target) + GRACE_MS;
	if (action->kind == ACTION_foresee)
		return d->rollout->policy.node_ms + GRACE_MS;
	return doing->deadline - d->rollout->clock + GRACE_MS;
}

int start_child(struct drive *d, const struct rollout_action *action, const struct stage_peer *peer,
		struct error *err)
{
	pid_t parent = getpid(), pid;
	struct at_work *child;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return error_sys(err, "cannot make a pipe");
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		be_child(d, action, peer, fds[1], parent);
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return error_sys(err, "cannot start a process");
	}
	setpgid(pid, pid);
	child = room_for_child(d);
	*child = (struct at_work){ .pid = pid,
				   .fd = fds[0],
				   .action = *action,
				   .ends_by = clock_mono_ms() + time_for(d, action) };
	return 0;
}

static void child_end(struct at_work *child)
{
	kill(-child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(child->fd);
	str_done(&child->said);
}

/* ---- taking turns ---- */

static void wait_for_turn(struct drive *d, const struct rollout_action *action)
{
	if (d->waiting_len == d->waiting_cap) {
		d->waiting_cap = d->waiting_cap ? 2 * d->waiting_cap : 16;
		d->waiting = mem_resize(d->waiting, d->waiting_cap, sizeof(*d->waiting));
	}
	d->waiting[d->waiting_len++] = *action;
}

const char *runs_of(const struct drive *d, size_t node)
{
	const char *runs = d->rollout->nodes[node].runs;

	return runs ? runs : "";
}

int start_or_wait(struct drive *d, const struct rollout_action *action, struct error *err)
{
	const struct stage_peer *peer = NULL;

	if (action->kind == ACTION_stage &&
	    fanout_begin(d->fanout, action->id, runs_of(d, action->node), &peer) == FANOUT_WAIT) {
		wait_for_turn(d, action);
		return 0;
	}
	return start_child(d, action, peer, err);
}

/* Those whose time is over meanwhile are not waited for any more. */
int start_waiting(struct drive *d, struct error *err)
{
	size_t len = d->waiting_len;

	d->waiting_len = 0;
	for (size_t i = 0; i < len; i++) {
		struct rollout_action action = d->waiting[i];

		if (d->rollout->nodes[action.node].doing.id == action.id &&
		    start_or_wait(d, &action, err))
			return -1;
	}
	return 0;
}

/* ---- what they say ---- */

/* True at its end, or when it says too much. */
static bool read_child(struct at_work *child)
{
	ssize_t got = read(child->fd, str_room(&child->said, 64 * 1024), 64 * 1024);

	if (got <= 0)
		return !(got < 0 && (errno == EINTR || errno == EAGAIN));
	child->said.len += (size_t)got;
	child->said.ptr[child->said.len] = '\0';
	return child->said.len > WORK_ANSWER_MAX;
}

/* A child has ended; takes its place out of the list. */
static int take_child(struct drive *d, size_t nr, bool late, struct error *err)
{
	struct at_work child = d->children[nr];
	json_t *answer = late ? NULL : json_loadb(str_text(&child.said), child.said.len, 0, NULL);

	d->children[nr] = d->children[--d->len];
	child_end(&child);
	if (child.action.kind == ACTION_stage)
		fanout_ended(d->fanout, child.action.id, d->rollout->nodes[child.action.node].name,
			     runs_of(d, child.action.node), answer);
	return take_answer(d, &child.action, answer, late, err);
}

int take_children(struct drive *d, int wait_ms, struct error *err)
{
	struct pollfd *fds = mem_zero(d->len + 1, sizeof(*fds));
	size_t len = d->len;

	for (size_t i = 0; i < len; i++)
		fds[i] = (struct pollfd){ d->children[i].fd, POLLIN, 0 };
	poll(fds, (nfds_t)len, wait_ms);
	/* From the end, as the last takes the place of one that is taken out. */
	for (size_t i = len; i > 0; i--) {
		/* One that has ended is not late, however long nobody looked. */
		bool ended = fds[i - 1].revents && read_child(&d->children[i - 1]);
		bool late = !ended && clock_mono_ms() > d->children[i - 1].ends_by;

		if (!ended && !late)
			continue;
		if (take_child(d, i - 1, late, err)) {
			free(fds);
			return -1;
		}
	}
	free(fds);
	return 0;
}

void children_end(struct drive *d)
{
	for (size_t i = 0; i < d->len; i++)
		child_end(&d->children[i]);
	free(d->children);
	free(d->waiting);
}
