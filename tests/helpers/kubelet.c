// SPDX-License-Identifier: Apache-2.0
/* kubelet NAMESPACE DIR PREFIX: runs the pods of a namespace, for tests, as root (of its own user
 * namespace at least).  $KUBECONFIG says where; DIR is a folder of its own; the first pod gets the
 * address PREFIX1 ("127.77.0." → 127.77.0.1), the second PREFIX2 ….  SIGTERM ends it, with all
 * pods.
 *
 * Pods are bound here; a container is a process in mounts and a PID namespace of its own: command
 * and args with
 * $(NAME), env (value; fieldRef), volumes (emptyDir, configMap, secret) at mountPaths below /srv,
 * /mnt or /run; init containers, probes (httpGet, exec), restarts, and their end with grace.  What
 * they say is in DIR/POD.log.  Images are not looked at: what a command needs is on this machine.
 */
#include "base/base64.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "k8s/api.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONTAINERS_MAX = 8, PODS_MAX = 64, TURN_MS = 200, AGAIN_MS = 1000 };

static struct kube *kube;
static const char *space, *folder, *prefix;
static volatile sig_atomic_t told_to_end;

static void end(int number)
{
	(void)number;
	told_to_end = 1;
}

/* ---- JSON ---- */

static const json_t *at(const json_t *json, const char *path)
{
	struct span rest = span_of(path), key;

	while (json && span_next(&rest, '.', &key))
		json = json_object_getn(json, key.ptr, key.len);
	return json;
}

static const char *text_at(const json_t *json, const char *path)
{
	const char *text = json_string_value(at(json, path));

	return text ? text : "";
}

static int64_t number_at(const json_t *json, const char *path, int64_t otherwise)
{
	const json_t *value = at(json, path);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

/* False, and a line, where the server does not want to. */
static bool ask(json_t **out, const char *method, const char *path, json_t *body, const char *type)
{
	const struct kube_request request = { method, path, body, type, 5000, NULL };
	struct error err;
	bool ok = kube_ask(out, kube, &request, &err) == 0;

	json_decref(body);
	if (!ok && err.kind != ERROR_NOT_FOUND && err.kind != ERROR_LOCKED)
		fprintf(stderr, "%s %s: %s\n", method, path, err.text);
	return ok;
}

/* ---- a pod ---- */

struct container {
	const json_t *spec;
	pid_t pid;           /* 0: does not run */
	int restarts, ended; /* the last status; -1: never */
	int64_t began, asked, again;
	bool ready;
	int fails;
};

enum state { FETCHING, INITIALIZING, RUNNING, ENDING, GONE };

struct pod {
	struct arena arena;
	json_t *json;
	const char *name, *uid, *ip, *dir;
	enum state state;
	struct container init[CONTAINERS_MAX], containers[CONTAINERS_MAX];
	size_t init_len, len, init_at;
	int64_t ends_by, again;
	char *told;
	bool seen;
};

static struct pod pods[PODS_MAX];

static const char *pod_path(struct pod *pod, const char *more)
{
	return arena_printf(&pod->arena, "/api/v1/namespaces/%s/pods/%s%s", space, pod->name, more);
}

/* ---- volumes ---- */

static void put(const char *path, const char *key, struct span data, mode_t mode)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct error err;

	if (file_write(path_join(&arena, path, key), data, mode, &err))
		fprintf(stderr, "%s\n", err.text);
}

/* False: what is to be in it is not there yet. */
static bool fetch(struct pod *pod, const json_t *volume)
{
	const char *path = arena_printf(&pod->arena, "%s/%s", pod->dir, text_at(volume, "name"));
	bool secret = at(volume, "secret") != NULL;
	const json_t *of = secret ? at(volume, "secret") : at(volume, "configMap");
	const char *name = secret ? text_at(of, "secretName") : text_at(of, "name");
	owned_json json_t *object = NULL;
	const char *key;
	json_t *value;
	struct error err;

	if (dir_make(path, &err))
		return false;
	if (!of)
		return true;
	if (!ask(&object, "GET",
		 arena_printf(&pod->arena, "/api/v1/namespaces/%s/%s/%s", space,
			      secret ? "secrets" : "configmaps", name),
		 NULL, NULL))
		return json_is_true(at(of, "optional"));
	json_object_foreach ((json_t *)(uintptr_t)at(object, "data"), key, value) {
		owned_str struct str data = STR_EMPTY;
		struct span text = span_of(json_string_value(value));

		if (secret && base64_read(&data, text))
			text = str_span(&data);
		put(path, key, text, (mode_t)number_at(of, "defaultMode", 0644));
	}
	return true;
}

static bool fetch_all(struct pod *pod)
{
	const json_t *volume;
	size_t i;

	json_array_foreach (at(pod->json, "spec.volumes"), i, volume)
		if (!fetch(pod, volume))
			return false;
	return true;
}

/* ---- starting a container ---- */

static const char *field(const struct pod *pod, const char *path)
{
	return strcmp(path, "status.podIP") == 0 ? pod->ip : text_at(pod->json, path);
}

/* $(NAME) is what the environment has. */
static const char *filled(struct pod *pod, const char *text)
{
	owned_str struct str out = STR_EMPTY;

	while (*text) {
		const char *close = strncmp(text, "$(", 2) == 0 ? strchr(text, ')') : NULL;
		const char *value =
			close ? getenv(arena_dup(
					&pod->arena,
					(struct span){ text + 2, (size_t)(close - text) - 2 }))
			      : NULL;

		if (value) {
			str_adds(&out, value);
			text = close + 1;
		} else {
			str_addc(&out, *text++);
		}
	}
	return arena_dup(&pod->arena, str_span(&out));
}

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "kubelet: %s: %s\n", what, strerror(errno));
	_exit(125);
}

static void enter_mounts(struct pod *pod, const json_t *spec)
{
	static const char *const tops[] = { "/srv", "/mnt", "/run" };
	const json_t *mount_of;
	struct error err;
	size_t i;

	must(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "/");
	must(mount("proc", "/proc", "proc", 0, NULL) == 0, "/proc");
	for (i = 0; i < ARRAY_LEN(tops); i++)
		must(mount("none", tops[i], "tmpfs", 0, NULL) == 0, tops[i]);
	json_array_foreach (at(spec, "volumeMounts"), i, mount_of) {
		const char *path = text_at(mount_of, "mountPath");

		must(dir_make(path, &err) == 0, path);
		must(mount(arena_printf(&pod->arena, "%s/%s", pod->dir, text_at(mount_of, "name")),
			   path, NULL, MS_BIND, NULL) == 0,
		     path);
	}
}

/* Of a secret that is mounted as well. */
static const char *secret(struct pod *pod, const json_t *ref)
{
	owned_str struct str text = STR_EMPTY;
	const json_t *volume;
	struct error ignored;
	size_t i;

	json_array_foreach (at(pod->json, "spec.volumes"), i, volume)
		if (strcmp(text_at(volume, "secret.secretName"), text_at(ref, "name")) == 0)
			(void)!file_read(arena_printf(&pod->arena, "%s/%s/%s", pod->dir,
						      text_at(volume, "name"), text_at(ref, "key")),
					 65536, &text, &ignored);
	return arena_dup(&pod->arena, span_trim(str_span(&text)));
}

static const char *value_of(struct pod *pod, const json_t *env)
{
	if (at(env, "valueFrom.secretKeyRef"))
		return secret(pod, at(env, "valueFrom.secretKeyRef"));
	if (at(env, "valueFrom"))
		return field(pod, text_at(env, "valueFrom.fieldRef.fieldPath"));
	return filled(pod, text_at(env, "value"));
}

static void set_environment(struct pod *pod, const json_t *spec)
{
	const json_t *env;
	size_t i;

	json_array_foreach (at(spec, "env"), i, env)
		setenv(text_at(env, "name"), value_of(pod, env), 1);
}

static void add_words(struct pod *pod, char **argv, size_t *len, const json_t *words)
{
	const json_t *word;
	size_t i;

	json_array_foreach (words, i, word)
		if (*len < 63)
			argv[(*len)++] = (char *)(uintptr_t)filled(pod, json_string_value(word));
}

/* Becomes the command in the container's place. */
static void become(struct pod *pod, const json_t *spec, const json_t *command, bool probe)
{
	const char *log = arena_printf(&pod->arena, "%s/%s.log", folder, pod->name);
	int out = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char *argv[64] = { NULL };
	size_t len = 0;

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	set_environment(pod, spec);
	add_words(pod, argv, &len, command);
	if (!probe)
		add_words(pod, argv, &len, at(spec, "args"));
	enter_mounts(pod, spec);
	must(chdir(at(spec, "workingDir") ? text_at(spec, "workingDir") : "/") == 0, "workingDir");
	execvp(argv[0], argv);
	must(false, argv[0]);
}

static pid_t start(struct pod *pod, const json_t *spec, const json_t *command, bool probe)
{
	pid_t pid;

	fflush(NULL);
	/* As fork(), into mounts and processes of its own, as whose first it is not ended by a
	 * signal that it does not know.
	 */
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWNS | CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL,
			     NULL);
	if (pid == 0)
		become(pod, spec, command, probe);
	return pid;
}

static void begin(struct pod *pod, struct container *c)
{
	c->pid = start(pod, c->spec, at(c->spec, "command"), false);
	c->began = clock_mono_ms();
	c->ready = false;
	c->fails = 0;
}

/* Whether it has ended; then its status is in `ended`. */
static bool has_ended(struct container *c)
{
	int status;

	if (c->pid == 0 || waitpid(c->pid, &status, WNOHANG) != c->pid)
		return false;
	c->ended = process_status(status);
	kill(-c->pid, SIGKILL);
	c->pid = 0;
	c->ready = false;
	return true;
}

/* ---- looking after it ---- */

static bool probe_http(struct pod *pod, const json_t *probe, int64_t ms)
{
	const json_t *get = at(probe, "httpGet");
	owned_http_answer struct http_answer answer = { 0 };
	struct http_request request = { .timeout_ms = ms, .body_max = 4096 };
	struct error err;

	request.url = arena_printf(&pod->arena, "http://%s:%lld%s",
				   text_at(get, "host")[0] ? text_at(get, "host") : pod->ip,
				   (long long)number_at(get, "port", 80), text_at(get, "path"));
	return http_get(&answer, &request, &err) == 0 && answer.status >= 200 &&
	       answer.status < 400;
}

static bool probe_exec(struct pod *pod, const struct container *c, const json_t *probe, int64_t ms)
{
	pid_t pid = start(pod, c->spec, at(probe, "exec.command"), true);
	struct deadline deadline = deadline_in(ms);
	int status = 1;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (deadline_over(deadline)) {
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
		}
		clock_sleep_ms(20);
	}
	return status == 0;
}

static bool is_well(struct pod *pod, const struct container *c, const json_t *probe)
{
	int64_t ms = 1000 * number_at(probe, "timeoutSeconds", 1);

	return at(probe, "exec") ? probe_exec(pod, c, probe, ms) : probe_http(pod, probe, ms);
}

static void ask_probes(struct pod *pod, struct container *c)
{
	const json_t *readiness = at(c->spec, "readinessProbe");
	const json_t *liveness = at(c->spec, "livenessProbe");
	int64_t now = clock_mono_ms();

	if (!readiness)
		c->ready = true;
	if (now - c->asked < AGAIN_MS)
		return;
	c->asked = now;
	if (readiness)
		c->ready = is_well(pod, c, readiness);
	if (!liveness || now - c->began < 1000 * number_at(liveness, "initialDelaySeconds", 0))
		return;
	c->fails = is_well(pod, c, liveness) ? 0 : c->fails + 1;
	if (c->fails >= number_at(liveness, "failureThreshold", 3)) {
		fprintf(stderr, "%s %s is not alive\n", pod->name, text_at(c->spec, "name"));
		kill(-c->pid, SIGKILL);
	}
}

static void look_after(struct pod *pod, struct container *c)
{
	if (has_ended(c)) {
		fprintf(stderr, "%s %s ended with %d\n", pod->name, text_at(c->spec, "name"),
			c->ended);
		c->restarts++;
		c->again = clock_mono_ms() + AGAIN_MS;
	}
	if (c->pid == 0 && clock_mono_ms() >= c->again)
		begin(pod, c);
	if (c->pid != 0)
		ask_probes(pod, c);
}

/* ---- what is told of it ---- */

static json_t *status_of(const struct container *c)
{
	json_t *status =
		json_pack("{s:s, s:s, s:s, s:o, s:b, s:b, s:i, s:o}", "name",
			  text_at(c->spec, "name"), "image", text_at(c->spec, "image"), "imageID",
			  "", "containerID", json_sprintf("process://%d", (int)c->pid), "ready",
			  c->ready, "started", c->pid != 0, "restartCount", c->restarts, "state",
			  c->pid ? json_pack("{s:{}}", "running")
				 : json_pack("{s:{s:s}}", "waiting", "reason", "CrashLoopBackOff"));

	if (c->ended >= 0)
		json_object_set_new(status, "lastState",
				    json_pack("{s:{s:i, s:s}}", "terminated", "exitCode", c->ended,
					      "reason", c->ended ? "Error" : "Completed"));
	return status;
}

static json_t *condition(const char *type, bool truth)
{
	return json_pack("{s:s, s:s}", "type", type, "status", truth ? "True" : "False");
}

/* Gates that others set must be open as well. */
static bool gates_open(const struct pod *pod)
{
	const json_t *gate, *found;
	size_t i, k;

	json_array_foreach (at(pod->json, "spec.readinessGates"), i, gate) {
		bool open = false;

		json_array_foreach (at(pod->json, "status.conditions"), k, found)
			open = open || (strcmp(text_at(found, "type"),
					       text_at(gate, "conditionType")) == 0 &&
					strcmp(text_at(found, "status"), "True") == 0);
		if (!open)
			return false;
	}
	return true;
}

static void tell(struct pod *pod)
{
	bool ready = pod->state == RUNNING;
	json_t *statuses = json_array(), *patch;
	char *text;

	for (size_t i = 0; i < pod->len; i++) {
		ready = ready && pod->containers[i].ready;
		json_array_append_new(statuses, status_of(&pod->containers[i]));
	}
	patch = json_pack(
		"{s:{s:s}, s:{s:s, s:s, s:[{s:s}], s:s, s:o, s:[o, o, o, o]}}", "metadata", "uid",
		pod->uid, "status", "phase", pod->state < RUNNING ? "Pending" : "Running", "podIP",
		pod->ip, "podIPs", "ip", pod->ip, "hostIP", "127.0.0.1", "containerStatuses",
		statuses, "conditions", condition("PodScheduled", true),
		condition("Initialized", pod->state >= RUNNING),
		condition("ContainersReady", ready), condition("Ready", ready && gates_open(pod)));
	text = json_dumps(patch, JSON_COMPACT);
	if ((!pod->told || strcmp(text, pod->told) != 0) &&
	    ask(NULL, "PATCH", pod_path(pod, "/status"), json_incref(patch),
		"application/strategic-merge-patch+json")) {
		free(pod->told);
		pod->told = text;
		text = NULL;
	}
	free(text);
	json_decref(patch);
}

/* ---- its life ---- */

static size_t take_specs(struct container *out, const json_t *list)
{
	const json_t *spec;
	size_t i;

	json_array_foreach (list, i, spec)
		if (i < CONTAINERS_MAX)
			out[i] = (struct container){ .spec = spec, .ended = -1 };
	return json_array_size(list) < CONTAINERS_MAX ? json_array_size(list) : CONTAINERS_MAX;
}

static void initialize(struct pod *pod)
{
	struct container *c = &pod->init[pod->init_at];

	if (pod->init_at == pod->init_len) {
		pod->state = RUNNING;
	} else if (has_ended(c)) {
		fprintf(stderr, "%s %s ended with %d\n", pod->name, text_at(c->spec, "name"),
			c->ended);
		pod->init_at += c->ended == 0;
		c->again = clock_mono_ms() + AGAIN_MS;
	} else if (c->pid == 0 && clock_mono_ms() >= c->again) {
		begin(pod, c);
	}
}

static void signal_all(struct pod *pod, int number)
{
	for (size_t i = 0; i < CONTAINERS_MAX; i++) {
		if (pod->init[i].pid)
			kill(-pod->init[i].pid, number);
		if (pod->containers[i].pid)
			kill(-pod->containers[i].pid, number);
	}
}

static bool all_ended(struct pod *pod)
{
	bool some = false;

	for (size_t i = 0; i < CONTAINERS_MAX; i++) {
		has_ended(&pod->init[i]);
		has_ended(&pod->containers[i]);
		some = some || pod->init[i].pid || pod->containers[i].pid;
	}
	return !some;
}

static void end_pod(struct pod *pod, int64_t grace_s)
{
	if (pod->state >= ENDING)
		return;
	pod->state = ENDING;
	pod->ends_by = clock_mono_ms() + 1000 * grace_s;
	signal_all(pod, SIGTERM);
}

/* The server is told that it is over; where that is not heard, look_at() tells it again. */
static void let_go(const char *name, const char *uid)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	ask(NULL, "DELETE", arena_printf(&arena, "/api/v1/namespaces/%s/pods/%s", space, name),
	    json_pack("{s:i, s:{s:s}}", "gracePeriodSeconds", 0, "preconditions", "uid", uid),
	    NULL);
}

/* Nothing of it is left. */
static void bury(struct pod *pod)
{
	struct error ignored;

	let_go(pod->name, pod->uid);
	(void)!tree_remove(pod->dir, &ignored);
	json_decref(pod->json);
	arena_done(&pod->arena);
	free(pod->told);
	*pod = (struct pod){ 0 };
}

static void live(struct pod *pod)
{
	switch (pod->state) {
	case FETCHING:
		pod->state = fetch_all(pod) ? INITIALIZING : FETCHING;
		break;
	case INITIALIZING:
		initialize(pod);
		break;
	case RUNNING:
		for (size_t i = 0; i < pod->len; i++)
			look_after(pod, &pod->containers[i]);
		break;
	default:
		if (clock_mono_ms() >= pod->ends_by)
			signal_all(pod, SIGKILL);
		if (all_ended(pod)) {
			bury(pod);
			return;
		}
		break;
	}
	if (pod->state < ENDING)
		tell(pod);
}

static bool is_taken(const char *ip)
{
	for (size_t i = 0; i < PODS_MAX; i++)
		if (pods[i].json && pods[i].ip && strcmp(pods[i].ip, ip) == 0)
			return true;
	return false;
}

static void take_in(const json_t *json)
{
	struct pod *pod = NULL;

	for (size_t i = 0; i < PODS_MAX && !pod; i++)
		pod = pods[i].json ? NULL : &pods[i];
	if (!pod)
		return;
	pod->json = json_deep_copy(json);
	pod->name = text_at(pod->json, "metadata.name");
	pod->uid = text_at(pod->json, "metadata.uid");
	pod->ip = NULL;
	for (unsigned nr = 1; !pod->ip; nr++) {
		const char *ip = arena_printf(&pod->arena, "%s%u", prefix, nr);

		pod->ip = is_taken(ip) ? NULL : ip;
	}
	pod->dir = arena_printf(&pod->arena, "%s/%s", folder, pod->uid);
	pod->init_len = take_specs(pod->init, at(pod->json, "spec.initContainers"));
	pod->len = take_specs(pod->containers, at(pod->json, "spec.containers"));
	pod->seen = true;
}

static void look_at(const json_t *json)
{
	const char *uid = text_at(json, "metadata.uid");

	for (size_t i = 0; i < PODS_MAX; i++) {
		if (!pods[i].json || strcmp(pods[i].uid, uid) != 0)
			continue;
		pods[i].seen = true;
		json_object_set((json_t *)(uintptr_t)pods[i].json, "status",
				(json_t *)(uintptr_t)at(json, "status"));
		if (at(json, "metadata.deletionTimestamp"))
			end_pod(&pods[i],
				number_at(json, "metadata.deletionGracePeriodSeconds", 0));
		return;
	}
	if (at(json, "metadata.deletionTimestamp"))
		let_go(text_at(json, "metadata.name"), uid);
	else
		take_in(json);
}

static void bind_here(const json_t *json)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *name = text_at(json, "metadata.name");

	ask(NULL, "POST",
	    arena_printf(&arena, "/api/v1/namespaces/%s/pods/%s/binding", space, name),
	    json_pack("{s:s, s:s, s:{s:s}, s:{s:s, s:s}}", "apiVersion", "v1", "kind", "Binding",
		      "metadata", "name", name, "target", "kind", "Node", "name", "here"),
	    NULL);
}

/* Those that were there and are not any more have been taken away by force. */
static void look(void)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_json json_t *list = NULL;
	const json_t *json;
	size_t i;

	if (!ask(&list, "GET", arena_printf(&arena, "/api/v1/namespaces/%s/pods", space), NULL,
		 NULL))
		return;
	for (i = 0; i < PODS_MAX; i++)
		pods[i].seen = false;
	json_array_foreach (at(list, "items"), i, json)
		if (text_at(json, "spec.nodeName")[0])
			look_at(json);
		else
			bind_here(json);
	for (i = 0; i < PODS_MAX; i++)
		if (pods[i].json && !pods[i].seen)
			end_pod(&pods[i], 0);
}

static void end_all(void)
{
	bool some = true;

	for (size_t i = 0; i < PODS_MAX; i++)
		if (pods[i].json)
			end_pod(&pods[i], 5);
	while (some) {
		some = false;
		for (size_t i = 0; i < PODS_MAX; i++) {
			if (pods[i].json)
				live(&pods[i]);
			some = some || pods[i].json;
		}
		clock_sleep_ms(50);
	}
}

int main(int argc, char **argv)
{
	const struct kube_options options = { 0 };
	struct error err;

	process_begin();
	if (argc != 4) {
		fprintf(stderr, "usage: kubelet NAMESPACE DIR PREFIX\n");
		return 2;
	}
	space = argv[1];
	folder = argv[2];
	prefix = argv[3];
	signal(SIGTERM, end);
	signal(SIGINT, end);
	if (kube_open(&kube, &options, &err) || dir_make(folder, &err)) {
		fprintf(stderr, "kubelet: %s\n", err.text);
		return 1;
	}
	while (!told_to_end) {
		look();
		for (size_t i = 0; i < PODS_MAX; i++)
			if (pods[i].json)
				live(&pods[i]);
		clock_sleep_ms(TURN_MS);
	}
	end_all();
	kube_close(kube);
	return 0;
}
