// SPDX-License-Identifier: Apache-2.0
/* The keys "hooks" of a target. */
#include "release/project/target.h"
#include "release/project/target_parts.h"

enum { NOTIFY_MAX = 16 };

/* clang-format off */
#define IN(member) offsetof(struct target_hook, member)
static const struct project_key hook_keys[] = {
	{ "command", "shell command", "", "", project_get_text, IN(command) },
	{ "rpc", "Erlang", "", "", project_get_text, IN(rpc) },
	{ "http", "URL", "", "", project_get_text, IN(url) },
	{ "ca", "file", "", "", project_get_path, IN(ca) },
	{ NULL, NULL, NULL, NULL, NULL, 0 },
};
static const struct project_key notify_keys[] = {
	{ "command", "shell command", "", "", project_get_text, IN(command) },
	{ "url", "URL", "", "", project_get_text, IN(url) },
	{ "url_file", "file", "", "", project_get_path, IN(url_file) },
	{ "url_env", "name", "", "", project_get_text, IN(url_env) },
	{ "ca", "file", "", "", project_get_path, IN(ca) },
	{ "key_file", "file", "", "", project_get_path, IN(key_file) },
	{ "key_env", "name", "", "", project_get_text, IN(key_env) },
	{ "form", "json or slack", "", "", project_get_text, IN(form) },
	{ NULL, NULL, NULL, NULL, NULL, 0 },
};
/* clang-format on */

static int count(const char *a, const char *b, const char *c, const char *d)
{
	return (a != NULL) + (b != NULL) + (c != NULL) + (d != NULL);
}

static int get_hook(struct project_reader *r, const struct project_field *f, void *into,
		    bool of_node)
{
	const char *want = of_node ? "a shell command, {command: …}, {rpc: ERLANG} or {http: URL}"
				   : "a shell command, {command: …} or {http: URL}";
	struct target_hook *hook = arena_new(r->arena, struct target_hook);

	if (json_is_string(f->value) && project_get_text(r, f, &hook->command))
		return -1;
	if (json_is_object(f->value) && target_read_object(r, f->value, hook_keys, hook))
		return -1;
	if (count(hook->command, hook->rpc, hook->url, NULL) != 1 || (hook->ca && !hook->url) ||
	    (hook->rpc && !of_node))
		return project_wrong(r, f, want);
	*(const struct target_hook **)into = hook;
	return 0;
}

int target_get_hook(struct project_reader *r, const struct project_field *f, void *into)
{
	return get_hook(r, f, into, false);
}

int target_get_node_hook(struct project_reader *r, const struct project_field *f, void *into)
{
	return get_hook(r, f, into, true);
}

static int get_told(struct project_reader *r, const struct project_field *f,
		    struct target_hook *hook)
{
	static const char want[] =
		"a shell command, or {url: URL, key_file: FILE}, or {form: slack, url_env: NAME}";
	bool web;

	*hook = (struct target_hook){ .form = "json" };
	if (json_is_string(f->value) && project_get_text(r, f, &hook->command))
		return -1;
	if (json_is_object(f->value) && target_read_object(r, f->value, notify_keys, hook))
		return -1;
	web = !hook->command;
	if (count(hook->command, hook->url, hook->url_file, hook->url_env) != 1 ||
	    count(hook->key_file, hook->key_env, NULL, NULL) > 1 ||
	    (!web && count(hook->key_file, hook->key_env, hook->ca, NULL) > 0) ||
	    (strcmp(hook->form, "json") != 0 && strcmp(hook->form, "slack") != 0))
		return project_wrong(r, f, want);
	return 0;
}

int target_get_notify(struct project_reader *r, const struct project_field *f, void *into)
{
	struct target *target = into;
	bool list = json_is_array(f->value);
	size_t len = list ? json_array_size(f->value) : 1;
	struct target_hook *hooks = arena_array(r->arena, len, struct target_hook);

	if (len > NOTIFY_MAX)
		return project_wrong(r, f, "16 at most");
	for (size_t i = 0; i < len; i++) {
		struct project_field element = { f->object, f->key, f->path,
						 list ? json_array_get(f->value, i) : f->value };

		if (get_told(r, &element, &hooks[i]))
			return -1;
	}
	target->notify = hooks;
	target->notify_len = len;
	return 0;
}

/* A port, or Erlang. */
int target_get_drained(struct project_reader *r, const struct project_field *f, void *into)
{
	struct target *target = into;

	if (json_is_integer(f->value))
		return target_get_positive(r, f, &target->drained_port);
	if (!json_is_string(f->value))
		return project_wrong(r, f,
				     "a port of the node, or Erlang that tells how many are left");
	return project_get_text(r, f, &target->drained);
}
