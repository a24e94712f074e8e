// SPDX-License-Identifier: Apache-2.0
/* kube: k8s/ by hand, as the tests in tests/kube want it.
 *
 *	kube ask METHOD PATH [FILE [TYPE]]   prints the answer
 *	kube apply PATH FILE [force]         server-side apply, prints the resourceVersion
 *	kube watch PATH OPEN_S               a line for each change: added, changed, gone, synced,
 *failed kube elect NAME HOLDER DURATION_S    "leads TOKEN", then what ends that
 *
 * $KUBECONFIG and $CONTEXT say where.  SIGTERM ends the last two softly.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "k8s/lease.h"
#include "k8s/watch.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile sig_atomic_t told_to_end;

static void end(int number)
{
	(void)number;
	told_to_end = 1;
}

static bool stop(void *context)
{
	(void)context;
	return told_to_end;
}

static int read_json(json_t **out, const char *path, struct error *err)
{
	owned_str struct str text = STR_EMPTY;

	if (file_read(path, KUBE_OBJECT_MAX, &text, err))
		return -1;
	*out = json_loadb(text.ptr, text.len, 0, NULL);
	return *out ? 0 : error_set(err, ERROR_INVALID, "%s: no JSON", path);
}

static int ask(struct kube *kube, int argc, char **argv, struct error *err)
{
	owned_json json_t *body = NULL, *answer = NULL;
	struct kube_request request = { .method = argv[0], .path = argv[1] };

	if (argc > 2 && read_json(&body, argv[2], err))
		return -1;
	request.body = body;
	request.type = argc > 3 ? argv[3] : NULL;
	if (kube_ask(&answer, kube, &request, err))
		return -1;
	json_dumpf(answer, stdout, JSON_COMPACT);
	putchar('\n');
	return 0;
}

static int apply(struct kube *kube, int argc, char **argv, struct error *err)
{
	owned_json json_t *body = NULL, *answer = NULL;

	if (read_json(&body, argv[1], err) ||
	    kube_apply(&answer, kube, argv[0], body, argc > 2, err))
		return -1;
	puts(kube_meta(answer, "resourceVersion"));
	return 0;
}

static bool seen(void *context, enum reflect_change change, const char *key, const json_t *object)
{
	static const char *const words[] = { "added", "changed", "gone", "synced" };

	(void)context;
	printf("%s %s %s\n", words[change], key ? key : "-",
	       object ? kube_meta(object, "resourceVersion") : "-");
	return true;
}

static bool failed(void *context, const struct error *failure)
{
	(void)context;
	printf("failed %s\n", failure->text);
	return true;
}

static int watch(struct kube *kube, int argc, char **argv, struct error *err)
{
	struct kube_watch w = { .path = argv[0],
				.open_s = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0,
				.seen = seen,
				.failed = failed };

	return kube_watch(kube, &w, err);
}

static int elect(struct kube *kube, int argc, char **argv, struct error *err)
{
	owned_lease struct lease *lease = NULL;
	struct lease_options options = { .space = kube_space(kube),
					 .name = argv[0],
					 .holder = argv[1] };

	if (argc > 2) {
		options.duration_s = (int)strtol(argv[2], NULL, 10);
		options.renew_ms = options.duration_s * INT64_C(700);
		options.retry_ms = 300;
	}
	if (lease_new(&lease, kube, &options, err) || lease_acquire(lease, err))
		return -1;
	printf("leads %" PRId64 "\n", lease_token(lease));
	if (lease_keep(lease, err)) {
		printf("lost, leads: %s\n", lease_leads(lease) ? "yes" : "no");
		return -1;
	}
	printf("stops, leads: %s\n", lease_leads(lease) ? "yes" : "no");
	told_to_end = 0;
	return lease_release(lease, err);
}

static const struct {
	const char *name;
	int args;
	int (*run)(struct kube *kube, int argc, char **argv, struct error *err);
} verbs[] = {
	{ "ask", 2, ask },
	{ "apply", 2, apply },
	{ "watch", 1, watch },
	{ "elect", 2, elect },
};

int main(int argc, char **argv)
{
	const struct kube_options options = { .context = getenv("CONTEXT"), .stop = stop };
	struct sigaction action = { .sa_handler = end };
	owned_kube struct kube *kube = NULL;
	struct error err;

	process_begin();
	sigaction(SIGTERM, &action, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; argc > 1 && i < ARRAY_LEN(verbs); i++)
		if (strcmp(argv[1], verbs[i].name) == 0 && argc - 2 >= verbs[i].args) {
			if (kube_open(&kube, &options, &err) == 0 &&
			    verbs[i].run(kube, argc - 2, argv + 2, &err) == 0)
				return 0;
			fprintf(stderr, "%s\n", err.text);
			return error_exit_status(err.kind);
		}
	fprintf(stderr, "kube: no such verb, or too few words\n");
	return 2;
}
