// SPDX-License-Identifier: Apache-2.0
#include "k8s/cluster.h"

#include "base/clock.h"
#include "base/json.h"
#include "k8s/beam.h"
#include "k8s/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READ = 64 << 10, LINE_MAX = REFLECT_LINE_MAX + 1024 };

static const struct {
	const char *version, *resource;
} kinds[CLUSTER_KINDS] = {
	[CLUSTER_deployments] = { BEAM_GROUP, "beamdeployments" },
	[CLUSTER_releases] = { BEAM_GROUP, "beamreleases" },
	[CLUSTER_upgrades] = { BEAM_GROUP, "beamupgrades" },
	[CLUSTER_pods] = { "v1", "pods" },
	[CLUSTER_sets] = { "apps/v1", "statefulsets" },
	[CLUSTER_apps] = { "apps/v1", "deployments" },
};

struct source {
	pid_t pid;
	int fd;
	bool synced;
	struct str line;
	json_t *objects;
};

struct cluster {
	struct source sources[CLUSTER_KINDS];
};

/* ---- the process of one kind ---- */

struct teller {
	FILE *out;
	enum cluster_kind kind;
};

/* Another one than the present means that Kubernetes replaces pods. */
static json_t *revisions_of(const json_t *set)
{
	return json_pack("{s:s, s:s}", "currentRevision",
			 json_at(set, "status", "currentRevision", NULL), "updateRevision",
			 json_at(set, "status", "updateRevision", NULL));
}

/* Only what is looked at is kept; who set which field is often more than the fields. */
static json_t *less_of(enum cluster_kind kind, const json_t *object)
{
	json_t *less = json_copy((json_t *)(uintptr_t)object);
	json_t *metadata = json_copy(json_object_get(object, "metadata"));

	json_object_del(metadata, "managedFields");
	json_object_del(metadata, "annotations");
	json_object_set_new(less, "metadata", metadata);
	if (kind == CLUSTER_pods) {
		json_object_set_new(
			less, "spec",
			json_pack("{s:s}", "nodeName", json_at(object, "spec", "nodeName", NULL)));
		json_object_set_new(
			less, "status",
			json_pack("{s:s, s:O*}", "podIP", json_at(object, "status", "podIP", NULL),
				  "conditions", json_in(object, "status", "conditions", NULL)));
	}
	if (kind == CLUSTER_sets || kind == CLUSTER_apps) {
		json_t *spec = json_copy(json_object_get(object, "spec"));

		json_object_del(spec, "template");
		json_object_set_new(less, "spec", spec);
		json_object_set_new(less, "status", revisions_of(object));
	}
	/* Those of a list do not say what they are, and events are about them. */
	if (kind == CLUSTER_deployments) {
		json_object_set_new(less, "apiVersion", json_string(BEAM_GROUP));
		json_object_set_new(less, "kind", json_string("BeamDeployment"));
	}
	return less;
}

/* A line "+{object}", "-{object}" or "=". */
static bool tell(void *context, enum reflect_change change, const char *key, const json_t *object)
{
	struct teller *teller = context;
	owned_json json_t *less = NULL;

	(void)key;
	fputc(change == REFLECT_SYNCED ? '=' : change == REFLECT_GONE ? '-' : '+', teller->out);
	if (object) {
		less = less_of(teller->kind, object);
		json_dumpf(less, teller->out, JSON_COMPACT);
	}
	fputc('\n', teller->out);
	return fflush(teller->out) == 0;
}

static void be_source(struct operator* op, enum cluster_kind kind, int fd)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct teller teller = { fdopen(fd, "w"), kind };
	const struct kube_watch watch = {
		.path = kube_path(&arena, kinds[kind].version, kinds[kind].resource, op->space,
				  NULL),
		.seen = tell,
		.context = &teller,
	};
	struct kube *kube;
	struct error err;

	if (!teller.out || kube_open(&kube, &op->kube, &err) || kube_watch(kube, &watch, &err))
		_exit(1);
	_exit(0);
}

static int start(struct source *source, struct operator* op, enum cluster_kind kind,
		 struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return error_sys(err, "cannot make a pipe");
	if (operator_fork(&source->pid, err)) {
		close(fds[0]);
		close(fds[1]);
		return -1;
	}
	if (source->pid == 0) {
		close(fds[0]);
		be_source(op, kind, fds[1]);
	}
	close(fds[1]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	source->fd = fds[0];
	source->objects = json_object();
	return 0;
}

int cluster_open(struct cluster **out, struct operator* op, struct error *err)
{
	owned_cluster struct cluster *cluster = mem_zero(1, sizeof(*cluster));

	for (size_t i = 0; i < CLUSTER_KINDS; i++)
		cluster->sources[i].fd = -1;
	for (size_t i = 0; i < CLUSTER_KINDS; i++)
		if (start(&cluster->sources[i], op, (enum cluster_kind)i, err))
			return -1;
	*out = steal(&cluster);
	return 0;
}

static void source_end(struct source *source)
{
	if (source->pid > 0) {
		kill(source->pid, SIGKILL);
		while (waitpid(source->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (source->fd >= 0)
		close(source->fd);
	str_done(&source->line);
	json_decref(source->objects);
}

void cluster_free(struct cluster *cluster)
{
	if (!cluster)
		return;
	for (size_t i = 0; i < CLUSTER_KINDS; i++)
		source_end(&cluster->sources[i]);
	free(cluster);
}

/* ---- what they tell ---- */

static bool take_line(struct source *source, struct span line)
{
	json_t *object;

	if (line.len == 1 && line.ptr[0] == '=') {
		source->synced = true;
		return true;
	}
	object = line.len > 1 ? json_loadb(line.ptr + 1, line.len - 1, 0, NULL) : NULL;
	if (!object)
		return false;
	if (line.ptr[0] == '-')
		json_object_del(source->objects, kube_meta(object, "name"));
	else
		json_object_set(source->objects, kube_meta(object, "name"), object);
	json_decref(object);
	return true;
}

static bool take_lines(bool *changed, struct source *source)
{
	char *end;
	size_t done = 0;

	while (source->line.len > done &&
	       (end = memchr(source->line.ptr + done, '\n', source->line.len - done))) {
		size_t len = (size_t)(end - source->line.ptr) - done;

		if (!take_line(source, (struct span){ source->line.ptr + done, len }))
			return false;
		done += len + 1;
		*changed = true;
	}
	str_drop(&source->line, done);
	return source->line.len <= LINE_MAX;
}

static bool take(bool *changed, struct source *source)
{
	for (;;) {
		ssize_t got = read(source->fd, str_room(&source->line, READ), READ);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (got <= 0)
			return false;
		source->line.len += (size_t)got;
		source->line.ptr[source->line.len] = '\0';
		if (!take_lines(changed, source))
			return false;
	}
}

int cluster_wait(bool *changed, struct cluster *cluster, int wait_ms, struct error *err)
{
	struct pollfd fds[CLUSTER_KINDS];

	*changed = false;
	for (size_t i = 0; i < CLUSTER_KINDS; i++)
		fds[i] = (struct pollfd){ cluster->sources[i].fd, POLLIN, 0 };
	poll(fds, CLUSTER_KINDS, wait_ms);
	for (size_t i = 0; i < CLUSTER_KINDS; i++)
		if (fds[i].revents && !take(changed, &cluster->sources[i]))
			return error_set(err, ERROR_FAILED, "what watches %s has ended",
					 kinds[i].resource);
	return 0;
}

bool cluster_is_synced(const struct cluster *cluster)
{
	for (size_t i = 0; i < CLUSTER_KINDS; i++)
		if (!cluster->sources[i].synced)
			return false;
	return true;
}

json_t *cluster_all(const struct cluster *cluster, enum cluster_kind kind)
{
	return cluster->sources[kind].objects;
}

const json_t *cluster_get(const struct cluster *cluster, enum cluster_kind kind, const char *name)
{
	return json_object_get(cluster->sources[kind].objects, name);
}

void cluster_put(struct cluster *cluster, enum cluster_kind kind, json_t *object)
{
	json_object_set(cluster->sources[kind].objects, kube_meta(object, "name"), object);
}
