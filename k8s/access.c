// SPDX-License-Identifier: Apache-2.0
#include "k8s/access.h"

#include "base/base64.h"
#include "base/file.h"

#include <stdlib.h>

#define POD_FOLDER "/var/run/secrets/kubernetes.io/serviceaccount"

enum { SPACE_MAX = 253, EXEC_WORDS_MAX = 256, GROUPS_MAX = 256 };

/* ---- one mapping of a file ---- */

struct place {
	struct yaml *file;
	const json_t *object;
	struct arena *arena;
};

static const char *text_at(const struct place *place, const char *key)
{
	const char *text = yaml_scalar(place->file, place->object, key);

	if (!text || !text[0] || json_is_null(json_object_get(place->object, key)))
		return NULL;
	return arena_text(place->arena, span_of(text));
}

static const char *path_at(const struct place *place, const char *key)
{
	const char *text = text_at(place, key);

	return text ? path_join(place->arena, path_dir(place->arena, place->file->name), text)
		    : NULL;
}

static int wrong(const struct place *place, const char *key, const char *what, struct error *err)
{
	return error_set(err, ERROR_INVALID, "%s: %s %s",
			 yaml_where(place->file, place->object, key), key, what);
}

/* PEM in base64, as KEY-data. */
static int pem_at(struct span *out, const struct place *place, const char *key, struct error *err)
{
	const char *text = text_at(place, key);
	owned_str struct str pem = STR_EMPTY;

	if (!text)
		return 0;
	if (!base64_read(&pem, span_of(text)) || !strstr(str_text(&pem), "-----BEGIN"))
		return wrong(place, key, "is no PEM in base64", err);
	out->ptr = arena_dup(place->arena, str_span(&pem));
	out->len = pem.len;
	explicit_bzero(pem.ptr, pem.len);
	return 0;
}

static int texts_at(struct names *out, const struct place *place, const char *key, size_t max,
		    struct error *err)
{
	const json_t *list = json_object_get(place->object, key), *item;
	size_t len = json_array_size(list), i;
	const char **items;

	if (len == 0 || len > max)
		return len == 0 ? 0 : wrong(place, key, "is too long", err);
	items = arena_array(place->arena, len + 1, const char *);
	json_array_foreach (list, i, item) {
		if (!json_is_string(item))
			return wrong(place, key, "is no list of texts", err);
		items[i] = arena_text(place->arena, span_of(json_string_value(item)));
	}
	*out = (struct names){ items, len };
	return 0;
}

/* ---- what has a name ---- */

/* {name: NAME, KIND: {…}} in the list of the first file that has it; false: in none. */
static bool find(struct place *out, struct yaml *files, size_t len, const char *list,
		 const char *kind, const char *name)
{
	for (size_t i = 0; i < len; i++) {
		const json_t *items = json_object_get(files[i].root, list), *item;
		size_t at;

		json_array_foreach (items, at, item) {
			const char *here = yaml_scalar(&files[i], item, "name");

			if (at >= KUBECONFIG_ITEMS_MAX || !here || strcmp(here, name) != 0)
				continue;
			out->file = &files[i];
			out->object = json_object_get(item, kind);
			return true;
		}
	}
	return false;
}

static int read_cluster(struct kube_access *out, const struct place *place, struct error *err)
{
	const char *server = text_at(place, "server");
	struct span url = span_of(server ? server : "");

	while (span_ends(url, "/"))
		url.len--;
	if (!span_starts(url, "https://") && !span_starts(url, "http://"))
		return wrong(place, "server", "is no https or http URL", err);
	if (strpbrk(server, "?#@ \t\r\n"))
		return wrong(place, "server", "has more in it than a host, a port and a path", err);
	out->server = arena_dup(place->arena, url);
	out->ca = path_at(place, "certificate-authority");
	out->tls_name = text_at(place, "tls-server-name");
	out->proxy = text_at(place, "proxy-url");
	out->unchecked = json_is_true(json_object_get(place->object, "insecure-skip-tls-verify"));
	return pem_at(&out->ca_pem, place, "certificate-authority-data", err);
}

static int read_exec_env(struct kube_exec *out, const struct place *place, struct error *err)
{
	const json_t *list = json_object_get(place->object, "env"), *item;
	size_t len = json_array_size(list), i;
	const char **env;

	if (len > EXEC_WORDS_MAX)
		return wrong(place, "env", "is too long", err);
	env = arena_array(place->arena, len + 1, const char *);
	json_array_foreach (list, i, item) {
		const char *name = json_string_value(json_object_get(item, "name"));
		const char *value = json_string_value(json_object_get(item, "value"));

		if (!name || !name[0] || strchr(name, '=') || !value)
			return wrong(place, "env", "is no list of name and value", err);
		env[i] = arena_printf(place->arena, "%s=%s", name, value);
	}
	out->env = env;
	return 0;
}

static int read_exec(struct kube_exec *out, const struct place *user, struct error *err)
{
	struct place place = { user->file, json_object_get(user->object, "exec"), user->arena };
	struct names args = { 0 };
	const char *mode, *command, *version;

	if (!json_is_object(place.object))
		return 0;
	command = text_at(&place, "command");
	version = text_at(&place, "apiVersion");
	mode = text_at(&place, "interactiveMode");
	if (!command)
		return wrong(&place, "command", "is missing", err);
	if (!version || (strcmp(version, "client.authentication.k8s.io/v1") != 0 &&
			 strcmp(version, "client.authentication.k8s.io/v1beta1") != 0))
		return wrong(&place, "apiVersion",
			     "is neither client.authentication.k8s.io/v1 nor …/v1beta1", err);
	if (mode && strcmp(mode, "Always") == 0)
		return wrong(&place, "interactiveMode", "is Always, and nobody can be asked here",
			     err);
	if (texts_at(&args, &place, "args", EXEC_WORDS_MAX, err) || read_exec_env(out, &place, err))
		return -1;
	/* A path is relative to the file, a name is looked for in PATH. */
	out->command = strchr(command, '/') ? path_at(&place, "command") : command;
	out->version = version;
	out->args = args.items;
	out->hint = text_at(&place, "installHint");
	out->cluster = json_is_true(json_object_get(place.object, "provideClusterInfo"));
	return 0;
}

static int read_user(struct kube_access *out, const struct place *place, struct error *err)
{
	bool known;

	out->cert = path_at(place, "client-certificate");
	out->key = path_at(place, "client-key");
	out->token = text_at(place, "token");
	out->token_file = path_at(place, "tokenFile");
	out->user = text_at(place, "username");
	out->password = text_at(place, "password");
	out->as = text_at(place, "as");
	if (pem_at(&out->cert_pem, place, "client-certificate-data", err) ||
	    pem_at(&out->key_pem, place, "client-key-data", err) ||
	    texts_at(&out->as_groups, place, "as-groups", GROUPS_MAX, err))
		return -1;
	if ((out->cert || out->cert_pem.len) != (out->key || out->key_pem.len))
		return wrong(place, "client-certificate", "and client-key: one of them is missing",
			     err);
	known = out->cert || out->cert_pem.len || out->token || out->token_file || out->user;
	return known ? 0 : read_exec(&out->exec, place, err);
}

/* ---- all of it ---- */

static const char *current_context(struct yaml *files, size_t len, struct arena *arena)
{
	for (size_t i = 0; i < len; i++) {
		const struct place place = { &files[i], files[i].root, arena };
		const char *name = text_at(&place, "current-context");

		if (name)
			return name;
	}
	return NULL;
}

static int no_such(const char *kind, const char *name, const struct yaml *files, size_t len,
		   struct error *err)
{
	error_set_(err, ERROR_USAGE, "there is no %s %s in %s%s", kind, name,
		   len > 0 ? files[0].name : "kubeconfig",
		   len > 1 ? " and the files behind it" : "");
	return error_hint(err, "Those that there are: kubectl config get-contexts.");
}

int kube_access_read(struct kube_access *out, struct arena *arena, struct yaml *files, size_t len,
		     const char *context, struct error *err)
{
	const char *name = context ? context : current_context(files, len, arena);
	struct place at = { NULL, NULL, arena }, cluster = at, user = at;
	struct kube_access access = { 0 };
	const char *cluster_name, *user_name;

	if (!name) {
		error_set_(err, ERROR_USAGE, "%s has no current-context",
			   len > 0 ? files[0].name : "kubeconfig");
		return error_hint(err,
				  "Choose one: --context NAME, or kubectl config use-context.");
	}
	if (!find(&at, files, len, "contexts", "context", name))
		return no_such("context", name, files, len, err);
	cluster_name = text_at(&at, "cluster");
	user_name = text_at(&at, "user");
	if (!cluster_name || !find(&cluster, files, len, "clusters", "cluster", cluster_name))
		return no_such("cluster", cluster_name ? cluster_name : "of that context", files,
			       len, err);
	if (user_name && !find(&user, files, len, "users", "user", user_name))
		return no_such("user", user_name, files, len, err);
	access.name = arena_printf(arena, "context %s", name);
	access.space = text_at(&at, "namespace");
	if (!access.space)
		access.space = "default";
	if (read_cluster(&access, &cluster, err) || (user.file && read_user(&access, &user, err)))
		return -1;
	if (span_starts(span_of(access.server), "http:") &&
	    (access.token || access.token_file || access.user || access.exec.version))
		return wrong(&cluster, "server", "is http: a token would be read by all on the way",
			     err);
	*out = access;
	return 0;
}

/* ---- where the files are ---- */

static const char *usual_file(struct arena *arena)
{
	const char *home = getenv("HOME");

	return home && home[0] ? path_join(arena, home, ".kube/config") : NULL;
}

/* Those of the list that there are, but for `file`, which must be there. */
static int read_files(struct yaml files[static KUBECONFIG_FILES_MAX], size_t *len,
		      struct arena *arena, const char *file, struct error *err)
{
	const char *listed = getenv("KUBECONFIG");
	struct span rest, part;

	if (file)
		return yaml_read(&files[(*len)++], file, err);
	if (!listed || !listed[0])
		listed = usual_file(arena);
	rest = span_of(listed ? listed : "");
	while (span_next(&rest, ':', &part)) {
		const char *path = arena_dup(arena, part);

		if (part.len == 0 || !path_exists(path))
			continue;
		if (*len == KUBECONFIG_FILES_MAX)
			return error_set(err, ERROR_INVALID, "$KUBECONFIG names more than %d files",
					 KUBECONFIG_FILES_MAX);
		if (yaml_read(&files[(*len)++], path, err))
			return -1;
	}
	return 0;
}

/* What Kubernetes puts into every pod; ERROR_NOT_FOUND: this is none. */
static int read_pod(struct kube_access *out, struct arena *arena, struct error *err)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	owned_str struct str space = STR_EMPTY;
	bool v6 = host && strchr(host, ':');

	if (!host || !host[0] || !port || !port[0]) {
		error_set_(err, ERROR_NOT_FOUND,
			   "nothing says where Kubernetes is: there is no "
			   "kubeconfig, and this is no pod");
		return error_hint(err, "Name it: --kubeconfig FILE, or $KUBECONFIG.");
	}
	if (file_read(POD_FOLDER "/namespace", SPACE_MAX + 1, &space, err))
		return error_wrap(err, "this pod has no service account");
	*out = (struct kube_access){
		.name = "this pod",
		.server = arena_printf(arena, "https://%s%s%s:%s", v6 ? "[" : "", host,
				       v6 ? "]" : "", port),
		.space = arena_text(arena, span_trim(str_span(&space))),
		.ca = POD_FOLDER "/ca.crt",
		.token_file = POD_FOLDER "/token",
	};
	return 0;
}

int kube_access_find(struct kube_access *out, struct arena *arena, const char *file,
		     const char *context, struct error *err)
{
	struct yaml files[KUBECONFIG_FILES_MAX] = { 0 };
	size_t len = 0;
	int ret = read_files(files, &len, arena, file, err);

	if (ret == 0)
		ret = len > 0 ? kube_access_read(out, arena, files, len, context, err)
			      : read_pod(out, arena, err);
	for (size_t i = 0; i < len; i++)
		yaml_done(&files[i]);
	return ret;
}
