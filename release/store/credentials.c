// SPDX-License-Identifier: Apache-2.0
#include "release/store/credentials.h"

#include "base/arena.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/json.h"
#include "base/names.h"
#include "base/process.h"

#include <stdlib.h>

enum { CONFIG_MAX = 1 << 20, SECRET_MAX = 64 << 10, HELPER_MS = 30000 };

void secret_set(struct str *out, struct span secret)
{
	secret_done(out);
	str_room(out, secret.len + 1);
	str_add(out, secret);
}

void secret_done(struct str *secret)
{
	if (secret->ptr)
		explicit_bzero(secret->ptr, secret->cap);
	str_done(secret);
}

void credentials_done(struct credentials *c)
{
	secret_done(&c->user);
	secret_done(&c->password);
	secret_done(&c->token);
}

bool credentials_given(const struct credentials *c)
{
	return c->user.len > 0 || c->token.len > 0;
}

/* ---- helpers ---- */

static void take_answer(struct credentials *out, const json_t *answer)
{
	const char *user = json_string_value(json_object_get(answer, "Username"));
	const char *secret = json_string_value(json_object_get(answer, "Secret"));

	if (!user || !secret)
		return;
	if (strcmp(user, "<token>") == 0) {
		secret_set(&out->token, span_of(secret));
		return;
	}
	secret_set(&out->user, span_of(user));
	secret_set(&out->password, span_of(secret));
}

static void result_done(struct process_result *result)
{
	if (result->out.ptr)
		explicit_bzero(result->out.ptr, result->out.cap);
	process_result_done(result);
}

/* What it says when it knows nobody is no error. */
static int ask_helper(struct credentials *out, const char *helper, const char *host,
		      struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned(result_done) struct process_result result = { 0 };
	const char *const argv[] = { arena_printf(&arena, "docker-credential-%s", helper), "get",
				     NULL };
	const struct process_options options = { .input = span_of(host),
						 .output_max = SECRET_MAX,
						 .timeout_ms = HELPER_MS };
	json_t *answer;

	if (!name_is_word(helper))
		return error_set(err, ERROR_INVALID, "a credential helper of such a name is none");
	if (process_run(&result, argv, &options, err))
		return error_wrap(err, "asking %s for %s", argv[0], host);
	if (result.status != 0) {
		if (strstr(str_text(&result.out), "credentials not found"))
			return 0;
		return error_set(err, ERROR_FAILED, "%s get (for %s) ended with status %d", argv[0],
				 host, result.status);
	}
	answer = json_loadb(str_text(&result.out), result.out.len, 0, NULL);
	take_answer(out, answer);
	json_decref(answer);
	return 0;
}

/* ---- files ---- */

static int take_entry(struct credentials *out, const json_t *entry, const char *name,
		      struct error *err)
{
	const char *auth = json_string_value(json_object_get(entry, "auth"));
	const char *token = json_string_value(json_object_get(entry, "identitytoken"));
	owned_secret struct str plain = STR_EMPTY;
	const char *colon;

	if (token && token[0])
		secret_set(&out->token, span_of(token));
	if (!auth || !auth[0])
		return 0;
	str_room(&plain, strlen(auth));
	if (!base64_read(&plain, span_of(auth)) ||
	    !(colon = memchr(str_text(&plain), ':', plain.len)))
		return error_set(err, ERROR_INVALID,
				 "%s: an \"auth\" is not USER:PASSWORD in "
				 "base64",
				 name);
	secret_set(&out->user, (struct span){ plain.ptr, (size_t)(colon - plain.ptr) });
	secret_set(&out->password, span_of(colon + 1));
	return 0;
}

/* "https://HOST/v1/" names the same as "HOST". */
static const json_t *entry_of(const json_t *auths, const char *host)
{
	const char *key;
	const json_t *entry;

	json_object_foreach ((json_t *)(uintptr_t)auths, key, entry) {
		const char *slashes = strstr(key, "://"), *at = slashes ? slashes + 3 : key;
		size_t len = strcspn(at, "/");

		if (len == strlen(host) && strncmp(at, host, len) == 0)
			return entry;
	}
	return NULL;
}

int credentials_read(struct credentials *out, bool *found, struct span json, const char *host,
		     const char *name, struct error *err)
{
	json_error_t fault;
	owned_json json_t *root = json_loadb(json.ptr, json.len, 0, &fault);
	const json_t *entry = entry_of(json_object_get(root, "auths"), host);
	const char *helper =
		json_string_value(json_object_get(json_object_get(root, "credHelpers"), host));

	if (!json_is_object(root))
		return error_set(err, ERROR_INVALID, "%s: no JSON, line %d", name, fault.line);
	if (!helper)
		helper = json_string_value(json_object_get(root, "credsStore"));
	*found = entry != NULL || helper != NULL;
	if (entry && take_entry(out, entry, name, err))
		return -1;
	if (credentials_given(out) || !helper)
		return 0;
	return ask_helper(out, helper, host, err);
}

static int read_file(struct credentials *out, bool *found, const char *path, const char *host,
		     struct error *err)
{
	owned_secret struct str text = STR_EMPTY;

	if (!path_is_file(path))
		return 0;
	str_room(&text, 2 * CONFIG_MAX);
	return file_read(path, CONFIG_MAX, &text, err) ||
			       credentials_read(out, found, str_span(&text), host, path, err)
		       ? -1
		       : 0;
}

static const char *below(struct arena *arena, const char *variable, const char *rest)
{
	const char *base = getenv(variable);

	return base && base[0] ? path_join(arena, base, rest) : NULL;
}

int credentials_find(struct credentials *out, const char *host, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *docker = below(&arena, "DOCKER_CONFIG", "config.json");
	const char *const files[] = {
		getenv("REGISTRY_AUTH_FILE"),
		docker ? docker : below(&arena, "HOME", ".docker/config.json"),
		below(&arena, "XDG_RUNTIME_DIR", "containers/auth.json"),
	};
	bool found = false;

	/* Docker's own registry goes by the name of its first version. */
	if (strcmp(host, "registry-1.docker.io") == 0)
		host = "index.docker.io";
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (files[i] && !credentials_given(out) &&
		    read_file(out, &found, files[i], host, err))
			return -1;
	return 0;
}
