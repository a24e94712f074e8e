// SPDX-License-Identifier: Apache-2.0
#include "k8s/install.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/yaml.h"
#include "k8s/manifests.h"

enum { AGAIN_MS = 250 };

#define KIND_OF_KINDS "CustomResourceDefinition"

/* Where objects of a kind are kept. */
static const struct {
	const char *kind, *resource;
} resources[] = {
	{ KIND_OF_KINDS, "customresourcedefinitions" },
	{ "ServiceAccount", "serviceaccounts" },
	{ "Role", "roles" },
	{ "RoleBinding", "rolebindings" },
};

const char *install_change_name(enum install_change change)
{
	static const char *const names[] = { "created", "changed", "unchanged" };

	return names[change];
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static const char *path_of(struct arena *arena, const json_t *object)
{
	const char *space = kube_meta(object, "namespace");

	for (size_t i = 0; i < ARRAY_LEN(resources); i++)
		if (strcmp(text_of(object, "kind"), resources[i].kind) == 0)
			return kube_path(arena, text_of(object, "apiVersion"),
					 resources[i].resource, space[0] ? space : NULL,
					 kube_meta(object, "name"));
	return NULL;
}

/* The resourceVersion that it has; "": it is not there. */
static int look(const char **version, struct kube *kube, struct arena *arena, const char *path,
		struct error *err)
{
	struct kube_status status = { 0 };
	struct kube_request request = { .path = path, .status = &status };
	owned_json json_t *object = NULL;

	if (kube_ask(&object, kube, &request, err) && status.code != 404)
		return -1;
	*version = arena_dup(arena, span_of(kube_meta(object, "resourceVersion")));
	return 0;
}

static int apply(struct install *out, struct kube *kube, struct arena *arena, const json_t *object,
		 bool force, struct error *err)
{
	const char *path = path_of(arena, object), *before;
	owned_json json_t *now = NULL;

	if (!path || out->len == INSTALL_OBJECTS_MAX)
		return error_set(err, ERROR_FAILED, "a manifest is of no known kind");
	if (look(&before, kube, arena, path, err) ||
	    kube_apply(&now, kube, path, object, force, err))
		return -1;
	out->objects[out->len].kind = arena_dup(arena, span_of(text_of(object, "kind")));
	out->objects[out->len].name = arena_dup(arena, span_of(kube_meta(object, "name")));
	out->objects[out->len].change = !before[0] ? INSTALL_CREATED
					: strcmp(before, kube_meta(now, "resourceVersion")) == 0
						? INSTALL_UNCHANGED
						: INSTALL_CHANGED;
	out->len++;
	return 0;
}

static int apply_all(struct install *out, struct kube *kube, struct arena *arena, struct span text,
		     bool force, struct error *err)
{
	while (text.len > 0) {
		const char *end = memmem(text.ptr, text.len, "\n---\n", 5);
		size_t len = end ? (size_t)(end - text.ptr) : text.len;
		owned_yaml struct yaml yaml = { 0 };

		if (yaml_parse(&yaml, (struct span){ text.ptr, len }, "manifests", err) ||
		    apply(out, kube, arena, yaml.root, force, err))
			return -1;
		len += end ? 5 : 0;
		text = (struct span){ text.ptr + len, text.len - len };
	}
	return 0;
}

/* ---- the server knows a kind some time after it was told ---- */

static bool is_established(const json_t *object)
{
	const json_t *conditions = json_object_get(json_object_get(object, "status"), "conditions");
	const json_t *condition;
	size_t i;

	json_array_foreach (conditions, i, condition)
		if (strcmp(text_of(condition, "type"), "Established") == 0)
			return strcmp(text_of(condition, "status"), "True") == 0;
	return false;
}

static int wait_for_kind(struct kube *kube, struct arena *arena, const char *name,
			 struct deadline until, struct error *err)
{
	const struct kube_request request = {
		.path = kube_path(arena, "apiextensions.k8s.io/v1", "customresourcedefinitions",
				  NULL, name),
	};

	for (;;) {
		owned_json json_t *object = NULL;

		if (kube_ask(&object, kube, &request, err))
			return -1;
		if (is_established(object))
			return 0;
		if (deadline_over(until) || kube_stopped(kube))
			return error_set(err, ERROR_UNREACHABLE,
					 "%s: it was taken, and the server does not serve it yet",
					 name);
		clock_sleep_ms(AGAIN_MS);
	}
}

int install_run(struct install *out, struct kube *kube, struct arena *arena, const char *space,
		bool force, int64_t wait_ms, struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	struct install install = { .len = 0 };
	struct deadline until;

	if (manifests_add(&text, space, NULL, err))
		return -1;
	if (apply_all(&install, kube, arena, str_span(&text), force, err)) {
		error_hint_(err, "%zu objects were applied before that; the same command goes on.",
			    install.len);
		return -1;
	}
	until = deadline_in(wait_ms);
	for (size_t i = 0; i < install.len; i++)
		if (strcmp(install.objects[i].kind, KIND_OF_KINDS) == 0 &&
		    wait_for_kind(kube, arena, install.objects[i].name, until, err))
			return -1;
	*out = install;
	return 0;
}
