// SPDX-License-Identifier: Apache-2.0
#include "docker/image_config.h"

#include "base/json.h"

#include <stdlib.h>

#define SECOND 1000000000LL /* in nanoseconds */

/* ---- what runs in it ---- */

static bool env_has(const json_t *env, const char *assignment)
{
	size_t len = strcspn(assignment, "="), i;
	const json_t *item;

	json_array_foreach (env, i, item) {
		const char *text = json_string_value(item);

		if (text && strncmp(text, assignment, len) == 0 && text[len] == '=')
			return true;
	}
	return false;
}

static void env_set(json_t *env, const char *assignment)
{
	size_t len = strcspn(assignment, "=") + 1;

	for (size_t i = json_array_size(env); i > 0; i--) {
		const char *text = json_string_value(json_array_get(env, i - 1));

		if (text && strncmp(text, assignment, len) == 0)
			json_array_remove(env, i - 1);
	}
	json_array_append_new(env, json_text(assignment));
}

/* The base's, what a VM needs that the base does not say, the user's. */
static json_t *environment(const json_t *base, struct names env)
{
	static const char home[] = "HOME=" IMAGE_ROOT;
	static const char *const defaults[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", home,
		"LANG=C.UTF-8"
	};
	json_t *list = json_is_array(base) ? json_deep_copy(base) : json_array();

	for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
		if (!env_has(list, defaults[i]))
			json_array_append_new(list, json_string(defaults[i]));
	for (size_t i = 0; i < env.len; i++)
		env_set(list, env.items[i]);
	return list;
}

static json_t *health(const char *script, const char *command)
{
	json_t *test = command ? strcmp(command, "none") == 0
					 ? json_pack("[s]", "NONE")
					 : json_pack("[s, o]", "CMD-SHELL", json_text(command))
			       : json_pack("[s, s, s]", "CMD", script, "pid");

	return json_pack("{s:o, s:I, s:I, s:I, s:i}", "Test", test, "Interval",
			 (json_int_t)(30 * SECOND), "Timeout", (json_int_t)(10 * SECOND),
			 "StartPeriod", (json_int_t)(60 * SECOND), "Retries", 3);
}

/* What the field agrees on, for people and for tools. */
static json_t *annotations(const struct image *image)
{
	json_t *object = json_pack("{s:o, s:o}", OCI_TITLE, json_text(image->name), OCI_VERSION,
				   json_text(image->vsn));

	if (image->revision)
		json_object_set_new(object, OCI_REVISION, json_text(image->revision));
	/* A folder has another name on another machine. */
	if (strstr(image->base.name, "://"))
		json_object_set_new(object, "org.opencontainers.image.base.name",
				    json_text(image->base.name));
	if (image->base.digest)
		json_object_set_new(object, "org.opencontainers.image.base.digest",
				    json_text(image->base.digest));
	return object;
}

static json_t *labels(const struct image *image, const json_t *base, struct names given)
{
	json_t *object = json_is_object(base) ? json_deep_copy(base) : json_object();
	owned_json json_t *own = annotations(image);

	json_object_update(object, own);
	for (size_t i = 0; i < given.len; i++) {
		owned_arena struct arena arena = ARENA_EMPTY;
		size_t len = strcspn(given.items[i], "=");

		json_object_set_new(object,
				    arena_text(&arena, (struct span){ given.items[i], len }),
				    json_text(given.items[i] + len + 1));
	}
	return object;
}

static json_t *ports(struct names given)
{
	json_t *object = json_object();

	for (size_t i = 0; i < given.len; i++) {
		owned_arena struct arena arena = ARENA_EMPTY;
		bool whole = strchr(given.items[i], '/') != NULL;

		json_object_set_new(
			object, arena_printf(&arena, "%s%s", given.items[i], whole ? "" : "/tcp"),
			json_object());
	}
	return object;
}

static json_t *run_json(struct image *image, const struct image_options *options)
{
	const json_t *base = json_object_get(image->base.config, "config");
	json_t *run = json_is_object(base) ? json_deep_copy(base) : json_object();
	const char *script = arena_printf(&image->arena, IMAGE_ROOT "/bin/%s", image->name);
	owned_json json_t *own = json_pack(
		"{s:o, s:o, s:[s], s:[s], s:s, s:s, s:o, s:o}", "User",
		json_text(arena_printf(&image->arena, "%u:%u", options->user, options->user)),
		"Env", environment(json_object_get(base, "Env"), options->env), "Entrypoint",
		script, "Cmd", "start", "WorkingDir", IMAGE_ROOT, "StopSignal", "SIGTERM", "Labels",
		labels(image, json_object_get(base, "Labels"), options->labels), "Healthcheck",
		health(script, options->health));

	json_object_update(run, own);
	if (options->ports.len > 0)
		json_object_set_new(run, "ExposedPorts", ports(options->ports));
	return run;
}

/* ---- what it is made of ---- */

static json_t *diff_ids(const struct image *image)
{
	const json_t *rootfs = json_object_get(image->base.config, "rootfs");
	json_t *list = json_deep_copy(json_object_get(rootfs, "diff_ids"));

	for (size_t i = 0; i < image->len; i++)
		json_array_append_new(list, json_text(image->layers[i].diff_id));
	return list;
}

/* An entry for each layer; those of the base as it tells them. */
static json_t *history(const struct image *image)
{
	const json_t *base = json_object_get(image->base.config, "history");
	json_t *list = json_is_array(base) ? json_deep_copy(base) : json_array();

	for (size_t i = 0; !json_is_array(base) && i < image->base.len; i++)
		json_array_append_new(list, json_pack("{s:s}", "created_by", "base"));
	for (size_t i = 0; i < image->len; i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "created_by", "relevo image",
						      "comment", image->layers[i].title));
	return list;
}

static void make_config(struct image *image, const struct image_options *options)
{
	owned_json json_t *root =
		json_pack("{s:s, s:s, s:o, s:{s:s, s:o}, s:o}", "architecture", image->arch, "os",
			  "linux", "config", run_json(image, options), "rootfs", "type", "layers",
			  "diff_ids", diff_ids(image), "history", history(image));

	json_add_bytes(&image->config, root);
}

static void make_manifest(struct image *image)
{
	json_t *layers = json_array();
	owned_json json_t *root = NULL;

	for (size_t i = 0; i < image->base.len; i++)
		json_array_append_new(layers, descriptor_json(image->base.layers[i].type,
							      image->base.layers[i].digest,
							      image->base.layers[i].size, NULL));
	for (size_t i = 0; i < image->len; i++)
		json_array_append_new(layers, descriptor_json(image->layers[i].blob.type,
							      image->layers[i].blob.digest,
							      image->layers[i].blob.size, NULL));
	root = json_pack("{s:i, s:s, s:o, s:o, s:o}", "schemaVersion", 2, "mediaType", OCI_MANIFEST,
			 "config",
			 descriptor_json(OCI_CONFIG,
					 digest_make(&image->arena, str_span(&image->config)),
					 (int64_t)image->config.len, NULL),
			 "layers", layers, "annotations", annotations(image));
	json_add_bytes(&image->manifest, root);
	image->digest = digest_make(&image->arena, str_span(&image->manifest));
}

static int check_assignments(struct names list, const char *option, struct error *err)
{
	for (size_t i = 0; i < list.len; i++)
		if (!strchr(list.items[i], '=') || list.items[i][0] == '=')
			return error_set(err, ERROR_USAGE, "--%s %s: want NAME=VALUE", option,
					 list.items[i]);
	return 0;
}

static int check_ports(struct names list, struct error *err)
{
	for (size_t i = 0; i < list.len; i++) {
		char *end;
		unsigned long port = strtoul(list.items[i], &end, 10);

		if (list.items[i][0] < '0' || list.items[i][0] > '9' || port < 1 || port > 65535 ||
		    (*end && strcmp(end, "/tcp") != 0 && strcmp(end, "/udp") != 0))
			return error_set(err, ERROR_USAGE,
					 "--port %s: want 1 … 65535, or that with "
					 "/udp",
					 list.items[i]);
	}
	return 0;
}

int image_describe(struct image *image, const struct image_options *options, struct error *err)
{
	if (check_assignments(options->labels, "label", err) ||
	    check_assignments(options->env, "env", err) || check_ports(options->ports, err))
		return -1;
	make_config(image, options);
	make_manifest(image);
	return 0;
}
