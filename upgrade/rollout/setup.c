// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rollout/setup.h"

#include "base/embed.h"
#include "base/file.h"
#include "base/parallel.h"
#include "upgrade/health/probe.h"
#include "upgrade/node/wire/remote.h"
#include "upgrade/rollout/reach.h"

#include <stdlib.h>

EMBED(far_side, "upgrade/rollout/setup.sh")

enum {
	AT_ONCE = 4, /* each holds the whole tarball */
	LOOK_MS = 60000,
	RETRY_MS = 300,
	DID_MAX = 16,
	TARBALL_MAX = 2000 << 20,
};

struct work {
	const struct setup *setup;
	struct setup_node *nodes;
	struct str list; /* "DIGEST  PATH" of each file */
	struct str tarball;
};

static void work_done(struct work *work)
{
	str_done(&work->list);
	str_done(&work->tarball);
}

/* ---- the far side ---- */

static const char *host_of(const char *node)
{
	return strchr(node, '@') + 1;
}

static struct node_options reach_of(const struct work *work, const struct setup_node *node)
{
	return target_reach(work->setup->target, node->name, work->setup->cookie);
}

/* "is WORD VALUE" and "did WHAT" */
static void take_line(struct setup_node *node, struct span line)
{
	struct span word;
	const char *value;

	if (!span_next(&line, ' ', &word))
		return;
	if (span_is(word, "did") && node->did_len < DID_MAX) {
		node->did[node->did_len++] = arena_dup(&node->arena, line);
		return;
	}
	if (!span_is(word, "is") || !span_next(&line, ' ', &word))
		return;
	value = arena_dup(&node->arena, span_trim(line));
	if (span_is(word, "dir"))
		node->dir = value;
	else if (span_is(word, "release"))
		node->release = value;
	else if (span_is(word, "damaged"))
		node->damaged = strtoll(value, NULL, 10);
	else if (span_is(word, "cookie"))
		node->cookie = true;
	else if (span_is(word, "name"))
		node->named = true;
	else if (span_is(word, "unit"))
		node->unit = true;
	else if (span_is(word, "systemd"))
		node->systemd = true;
}

static void set_all(struct str *text, const struct work *work, const struct setup_node *node,
		    const char *step, const char *bring)
{
	const struct bundle *bundle = work->setup->bundle;
	const struct target *target = work->setup->target;

	remote_set(text, "step", step);
	remote_set(text, "bring", bring);
	remote_set(text, "dir", target->dir ? target->dir : bundle->name);
	remote_set(text, "name", bundle->name);
	remote_set(text, "vsn", bundle->vsn);
	remote_set(text, "node", node->name);
	remote_set(text, "sha256", bundle->sha256);
	remote_set(text, "systemd", target->systemd ? "yes" : "no");
	str_addf(text, "cookie_len=%zu\nlist_len=%zu\n", strlen(work->setup->cookie),
		 work->list.len);
	str_add(text, far_side());
}

/* What it prints, for a step that says nothing of "is" and "did". */
static int far(struct str *out, const struct work *work, struct setup_node *node, const char *step,
	       const char *bring, int timeout_ms, struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	owned_str struct str input = STR_EMPTY;
	struct ssh_via via = reach_of(work, node).via;
	bool all = strcmp(bring, "nothing") != 0;
	int ret;

	set_all(&text, work, node, step, bring);
	/* At once, so that it never moves and leaves a cookie behind. */
	str_room(&input,
		 strlen(work->setup->cookie) + work->list.len + (all ? work->tarball.len : 0));
	str_adds(&input, work->setup->cookie);
	str_add(&input, str_span(&work->list));
	if (all)
		str_add(&input, str_span(&work->tarball));
	ret = remote_run(out, &via, host_of(node->name),
			 &(struct remote_script){ .text = str_span(&text),
						  .input = str_span(&input),
						  .timeout_ms = timeout_ms },
			 err);
	explicit_bzero(input.ptr, input.len);
	return ret ? error_wrap(err, "%s", node->name) : 0;
}

static int go_there(const struct work *work, struct setup_node *node, const char *step,
		    const char *bring, int timeout_ms, struct error *err)
{
	owned_str struct str out = STR_EMPTY;
	struct span rest, line;

	if (far(&out, work, node, step, bring, timeout_ms, err))
		return -1;
	rest = str_span(&out);
	while (span_next(&rest, '\n', &line))
		take_line(node, line);
	return 0;
}

/* ---- the node ---- */

static int connect_to(struct node **out, const struct work *work, const struct setup_node *node,
		      struct error *err)
{
	struct node_options options = reach_of(work, node);

	return node_open(out, &options, err);
}

static const char *first_failing(const struct probe *probe)
{
	const json_t *finding;
	size_t i;

	json_array_foreach (probe->findings, i, finding)
		if (json_is_true(json_object_get(finding, "fails")))
			return json_string_value(json_object_get(finding, "text"));
	return "";
}

/* 0 when it is well. */
static int see(const struct work *work, struct setup_node *node, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_node struct node *there = NULL;
	owned_probe struct probe probe = { 0 };
	struct node_releases releases;

	if (connect_to(&there, work, node, err) || node_releases(&releases, there, &arena, err))
		return -1;
	if (!releases.sasl || releases.starting || !releases_running(&releases))
		return error_set(err, ERROR_UNREACHABLE, "%s: its applications are not started yet",
				 node->name);
	node->runs = arena_dup(&node->arena, span_of(releases_running(&releases)->vsn));
	if (probe_node(&probe, there, &arena, work->setup->target, NULL, err))
		return -1;
	if (probe.verdict == PROBE_fail)
		return error_set(err, ERROR_UNREACHABLE, "%s: not well: %s", node->name,
				 first_failing(&probe));
	return 0;
}

/* What it said there, when it does not come up. */
static int not_up(const struct work *work, struct setup_node *node, struct error *err)
{
	owned_str struct str log = STR_EMPTY;
	struct error ignored;
	struct span text;

	if (far(&log, work, node, "log", "nothing", LOOK_MS, &ignored))
		return -1;
	text = span_trim(str_span(&log));
	if (text.len > 1000)
		text = (struct span){ text.ptr + text.len - 1000, 1000 };
	return text.len ? error_hint(err, "It said last:\n" SPAN_FMT, SPAN_ARG(text)) : -1;
}

static int await_well(const struct work *work, struct setup_node *node, struct error *err)
{
	struct deadline deadline = deadline_in(work->setup->target->node_ms);

	while (see(work, node, err)) {
		if (deadline_over(deadline) || err->kind == ERROR_USAGE)
			return not_up(work, node, err);
		clock_sleep_ms(RETRY_MS);
	}
	return 0;
}

/* ---- looking, then doing ---- */

static int look_at(const struct work *work, struct setup_node *node, struct error *err)
{
	owned_node struct node *there = NULL;

	if (!reach_of(work, node).via.to) {
		error_set_(err, ERROR_USAGE, "%s: no way there to set it up", node->name);
		return error_hint(err, "Give the target via: {ssh: USER@HOST}; docs/targets.md");
	}
	if (go_there(work, node, "look", "nothing", LOOK_MS, err))
		return -1;
	if (connect_to(&there, work, node, err) == 0) {
		node->answers = true;
		if (node->release)
			return 0;
		error_set_(err, ERROR_REFUSED, "%s: the node runs, but not from %s", node->name,
			   node->dir);
		return error_hint(err, "Nothing was changed.  Set setup.dir to where it lies.");
	}
	/* One that lets us not in runs as well. */
	return err->kind == ERROR_REFUSED ? error_wrap(err, "it runs already") : 0;
}

static const char *to_bring(const struct work *work, const struct setup_node *node)
{
	if (!node->release)
		return "all";
	return strcmp(node->release, work->setup->bundle->vsn) == 0 && node->damaged > 0
		       ? "some"
		       : "nothing";
}

static int set_up(const struct work *work, struct setup_node *node, struct error *err)
{
	const char *bring = to_bring(work, node);
	int ms = (int)work->setup->target->node_ms;
	bool all_there = strcmp(bring, "nothing") == 0 && node->cookie && node->named &&
			 (node->unit || !node->systemd);

	if (!all_there && go_there(work, node, "place", bring, ms, err))
		return -1;
	if (!node->answers && go_there(work, node, "start", "nothing", LOOK_MS, err))
		return -1;
	return await_well(work, node, err);
}

static int each(void *context, int (*one)(const struct work *, struct setup_node *, struct error *),
		size_t nr)
{
	struct work *work = context;
	struct setup_node *node = &work->nodes[nr];

	node->failed = one(work, node, &node->err) != 0;
	return 0;
}

static int look_nr(void *context, size_t nr, struct error *err)
{
	(void)err;
	return each(context, look_at, nr);
}

static int set_up_nr(void *context, size_t nr, struct error *err)
{
	(void)err;
	return each(context, set_up, nr);
}

static int first_failed(const struct work *work, struct error *err)
{
	for (size_t i = 0; i < work->setup->target->nodes_len; i++)
		if (work->nodes[i].failed) {
			*err = work->nodes[i].err;
			return -1;
		}
	return 0;
}

/* ---- all of it ---- */

static void add_file(struct str *list, const char *sha256, const char *path)
{
	if (*sha256)
		str_addf(list, "%s  %s\n", sha256, path);
}

static int prepare(struct work *work, struct error *err)
{
	const struct bundle *bundle = work->setup->bundle;
	const struct target *target = work->setup->target;

	for (size_t i = 0; i < bundle->files_len; i++)
		add_file(&work->list, bundle->files[i].sha256, bundle->files[i].path);
	add_file(&work->list, bundle->manifest_sha256, bundle->manifest);
	for (size_t i = 0; i < target->nodes_len; i++) {
		struct setup_node *node = &work->nodes[i];

		*node = (struct setup_node){ .name = target->nodes[i].name };
		node->did = arena_array(&node->arena, DID_MAX, const char *);
	}
	return file_read(bundle->file, TARBALL_MAX, &work->tarball, err);
}

int setup_run(struct setup_node *nodes, bool *changed, const struct setup *setup, struct error *err)
{
	owned(work_done) struct work work = { .setup = setup, .nodes = nodes };
	size_t len = setup->target->nodes_len;

	*changed = false;
	if (prepare(&work, err) || parallel_on(AT_ONCE, len, look_nr, &work, err) ||
	    first_failed(&work, err))
		return -1;
	*changed = true;
	return parallel_on(AT_ONCE, len, set_up_nr, &work, err) ? -1 : first_failed(&work, err);
}

void setup_done(struct setup_node *nodes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		arena_done(&nodes[i].arena);
}
