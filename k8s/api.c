// SPDX-License-Identifier: Apache-2.0
#include "k8s/api.h"

#include "base/clock.h"
#include "base/json.h"
#include "k8s/credentials.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#define MANAGER "relevo"

enum { CONNECT_MS = 10000, TRIES_MAX = 10, RETRY_MAX_S = 60, REASON_MAX = 1 << 20 };

struct kube {
	struct arena arena;
	struct kube_access access;
	struct kube_credentials *credentials;
	struct http *http;
	const char *base;       /* the URL in front of each path */
	const char *connect_to; /* where the certificate has another name than the server */
	bool (*stop)(void *context);
	void *stop_context;
};

/* ---- opening ---- */

/* "HOST:PORT" of a URL; "[::1]:443" where the host has colons. */
static const char *host_port(struct arena *arena, struct span url)
{
	bool https = span_starts(url, "https:");
	const char *begin = strstr(url.ptr, "://") + 3;
	size_t len = strcspn(begin, "/");
	const char *host = arena_dup(arena, (struct span){ begin, len });
	const char *last = strrchr(host, ':');

	if (last && !strchr(last, ']'))
		return host;
	return arena_printf(arena, "%s:%d", host, https ? 443 : 80);
}

/* The name of the certificate stands in the URL, and the connection goes where the server is. */
static void name_server(struct kube *kube)
{
	struct span server = span_of(kube->access.server);
	const char *path = strchr(strstr(server.ptr, "://") + 3, '/');

	kube->base = kube->access.server;
	if (!kube->access.tls_name)
		return;
	kube->connect_to = host_port(&kube->arena, server);
	kube->base = arena_printf(&kube->arena, "https://%s%s%s", kube->access.tls_name,
				  strrchr(kube->connect_to, ':'), path ? path : "");
}

int kube_open(struct kube **out, const struct kube_options *options, struct error *err)
{
	struct kube *kube = mem_zero(1, sizeof(*kube));

	if (kube_access_find(&kube->access, &kube->arena, options->config, options->context, err) ||
	    http_open(&kube->http, err)) {
		kube_close(kube);
		return -1;
	}
	if (options->space)
		kube->access.space = arena_dup(&kube->arena, span_of(options->space));
	kube->stop = options->stop;
	kube->stop_context = options->stop_context;
	kube->credentials = kube_credentials_new(&kube->access);
	name_server(kube);
	*out = kube;
	return 0;
}

void kube_close(struct kube *kube)
{
	if (!kube)
		return;
	http_close(kube->http);
	kube_credentials_free(kube->credentials);
	arena_done(&kube->arena);
	free(kube);
}

const char *kube_server(const struct kube *kube)
{
	return kube->access.server;
}

const char *kube_space(const struct kube *kube)
{
	return kube->access.space;
}

bool kube_stopped(const struct kube *kube)
{
	return kube->stop && kube->stop(kube->stop_context);
}

/* ---- what the server says ---- */

static enum error_kind kind_of(int code)
{
	switch (code) {
	case 401:
	case 403:
		return ERROR_USAGE;
	case 404:
		return ERROR_NOT_FOUND;
	case 409:
		return ERROR_LOCKED;
	case 410:
		return ERROR_FAILED;
	case 429:
		return ERROR_UNREACHABLE;
	default:
		return code >= 500 ? ERROR_UNREACHABLE : ERROR_INVALID;
	}
}

static void say_next(int code, struct error *err)
{
	if (code == 401)
		error_hint_(err, "The server does not know us: log in again, or look at the user "
				 "of the context (kubectl config view).");
	else if (code == 403)
		error_hint_(err, "Whoever administers the cluster can allow it (kubectl auth can-i "
				 "--list shows what is).");
}

void kube_refused(struct kube_status *out, const char *what, int code, const json_t *answer,
		  struct error *err)
{
	const json_t *details = json_object_get(answer, "details"), *cause;
	const char *message = json_string_value(json_object_get(answer, "message"));
	const char *reason = json_string_value(json_object_get(answer, "reason"));
	json_int_t seconds = json_integer_value(json_object_get(details, "retryAfterSeconds"));
	size_t i;

	out->code = code;
	snprintf(out->reason, sizeof(out->reason), "%s", reason ? reason : "");
	if (out->retry_s == 0 && seconds > 0)
		out->retry_s = seconds < RETRY_MAX_S ? (int)seconds : RETRY_MAX_S;
	out->too_new = message && strstr(message, "Too large resource version");
	json_array_foreach (json_object_get(details, "causes"), i, cause) {
		const char *name = json_string_value(json_object_get(cause, "reason"));

		out->too_new =
			out->too_new || (name && strcmp(name, "ResourceVersionTooLarge") == 0);
	}
	error_set_(err, kind_of(code), "%s: %.1200s (%s%s%d)", what,
		   message && message[0] ? message : "the server says no more", out->reason,
		   out->reason[0] ? ", " : "", code);
	say_next(code, err);
}

/* ---- one request ---- */

/* All but the groups. */
enum { HEADERS_LEN = 5 };

static const char *const *headers_of(struct arena *arena, const struct kube *kube, const char *type)
{
	const struct names groups = kube->access.as_groups;
	const char *us = kube_credentials_header(kube->credentials);
	const char **headers = arena_array(arena, HEADERS_LEN + groups.len, const char *);
	size_t len = 0;

	headers[len++] = "Accept: application/json";
	if (type)
		headers[len++] = arena_printf(arena, "Content-Type: %s", type);
	if (us)
		headers[len++] = us;
	if (kube->access.as)
		headers[len++] = arena_printf(arena, "Impersonate-User: %s", kube->access.as);
	for (size_t i = 0; i < groups.len; i++)
		headers[len++] = arena_printf(arena, "Impersonate-Group: %s", groups.items[i]);
	return headers;
}

static struct http_tls tls_of(const struct kube *kube)
{
	const struct kube_access *access = &kube->access;
	struct span cert = kube_credentials_cert(kube->credentials);

	return (struct http_tls){
		.ca = access->ca_pem.len ? NULL : access->ca,
		.ca_pem = access->ca_pem,
		.cert = access->cert_pem.len || cert.len ? NULL : access->cert,
		.key = access->key_pem.len || cert.len ? NULL : access->key,
		.cert_pem = cert.len ? cert : access->cert_pem,
		.key_pem = cert.len ? kube_credentials_key(kube->credentials) : access->key_pem,
		.unchecked = access->unchecked,
	};
}

struct
try {
	const char *method, *path, *type;
	const char *body; /* NULL: none */
	int64_t timeout_ms;
	size_t max;
	bool (*take)(void *context, struct span bytes);
	void *context;
};

/* Whoever is asked to take what comes may be told to stop as well. */
struct taker {
	const struct kube *kube;
	const struct try *try;
};

static bool take(void *context, struct span bytes)
{
	const struct taker *taker = context;

	return taker->try->take(taker->try->context, bytes);
}

static bool stop(void *context)
{
	return kube_stopped(((const struct taker *)context)->kube);
}

static int send_once(struct http_answer *out, struct kube *kube, const struct try *try,
		     struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct taker taker = { kube, try };
	struct http_request request = {
		.url = arena_printf(&arena, "%s%s", kube->base, try->path),
		.method = try->method,
		.headers = headers_of(&arena, kube, try->type),
		.post = try->body,
		.timeout_ms = try->timeout_ms,
		.connect_ms = CONNECT_MS,
		.body_max = try->max,
		.tls = tls_of(kube),
		.proxy = kube->access.proxy,
		.proxies = true,
		.connect_to = kube->connect_to,
		.take = try->take ? take : NULL,
		.stop = kube->stop ? stop : NULL,
		.context = &taker,
	};

	return http_ask(out, kube->http, &request, err);
}

/* With what is known of us; once more with what is new, where the server does not take that. */
static int send_known(struct http_answer *out, struct kube *kube, const struct try *try,
		      struct error *err)
{
	for (bool refused = false;; refused = true) {
		if (kube_credentials_refresh(kube->credentials, refused, err) ||
		    send_once(out, kube, try, err))
			return -1;
		if (out->status != 401 || refused)
			return 0;
		http_answer_done(out);
		*out = (struct http_answer){ 0 };
	}
}

static int retry_after(const struct http_answer *answer)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *text = http_header(&arena, answer, "Retry-After");
	long seconds = text ? strtol(text, NULL, 10) : 0;

	return seconds <= 0 ? 0 : seconds < RETRY_MAX_S ? (int)seconds : RETRY_MAX_S;
}

static bool succeeded(const struct http_answer *answer)
{
	return answer->status >= 200 && answer->status <= 299;
}

static bool wait_stopped(const struct kube *kube, int64_t ms)
{
	struct deadline until = deadline_in(ms);

	while (!kube_stopped(kube) && !deadline_over(until))
		clock_sleep_ms(deadline_left(until) < 100 ? deadline_left(until) : 100);
	return kube_stopped(kube);
}

static int no_json(const struct kube *kube, const char *what, const struct http_answer *answer,
		   struct error *err)
{
	return error_set(err, ERROR_INVALID, "%s: what answers at %s (HTTP %d) is no Kubernetes%s",
			 what, kube->access.server, answer->status,
			 answer->cut ? ", or says too much" : "");
}

/* 1: it is to be tried again; else as kube_ask(). */
static int look_at(json_t **out, struct kube *kube, const char *what,
		   const struct http_answer *answer, struct kube_status *status, struct error *err)
{
	owned_json json_t *json =
		answer->cut ? NULL : json_loadb(str_text(&answer->body), answer->body.len, 0, NULL);

	status->code = answer->status;
	status->retry_s = retry_after(answer);
	if (succeeded(answer)) {
		if (!json_is_object(json))
			return no_json(kube, what, answer, err);
		if (out)
			*out = steal(&json);
		return 0;
	}
	if (answer->status < 400)
		return no_json(kube, what, answer, err);
	kube_refused(status, what, answer->status, json, err);
	return (answer->status == 429 || answer->status >= 500) && status->retry_s > 0 ? 1 : -1;
}

int kube_ask(json_t **out, struct kube *kube, const struct kube_request *request, struct error *err)
{
	struct deadline until =
		deadline_in(request->timeout_ms ? request->timeout_ms : KUBE_PATIENCE_MS);
	const char *method = request->method ? request->method : "GET";
	owned_mem char *body = request->body ? json_dumps(request->body, JSON_COMPACT) : NULL;
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *what = arena_printf(&arena, "%s %s", method, http_shown(&arena, request->path));
	struct try try = { .method = method,
			   .path = request->path,
			   .body = body,
			   .max = KUBE_ANSWER_MAX,
			   .type = !body           ? NULL
				   : request->type ? request->type
						   : KUBE_JSON };
	struct kube_status unseen, *status = request->status ? request->status : &unseen;

	for (int tries = 1;; tries++) {
		owned_http_answer struct http_answer answer = { 0 };
		int ret;

		*status = (struct kube_status){ 0 };
		try.timeout_ms = deadline_left(until) > 0 ? deadline_left(until) : 1;
		if (send_known(&answer, kube, &try, err))
			return -1;
		ret = look_at(out, kube, what, &answer, status, err);
		if (ret <= 0)
			return ret;
		if (tries == TRIES_MAX || deadline_left(until) <= status->retry_s * 1000 ||
		    wait_stopped(kube, status->retry_s * INT64_C(1000)))
			return -1;
	}
}

int kube_stream(struct kube *kube, const char *path, int64_t timeout_ms,
		bool (*taker)(void *context, struct span bytes), void *context,
		struct kube_status *status, struct error *err)
{
	owned_http_answer struct http_answer answer = { 0 };
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *what = arena_printf(&arena, "GET %s", http_shown(&arena, path));
	const struct try try = { .path = path,
				 .timeout_ms = timeout_ms,
				 .max = REASON_MAX,
				 .take = taker,
				 .context = context };

	*status = (struct kube_status){ 0 };
	if (send_known(&answer, kube, &try, err))
		return -1;
	if (succeeded(&answer)) {
		status->code = answer.status;
		return 0;
	}
	return look_at(NULL, kube, what, &answer, status, err) ? -1 : 0;
}

/* ---- usual requests ---- */

const char *kube_encode(struct arena *arena, const char *text)
{
	owned_str struct str out = STR_EMPTY;

	for (; *text; text++)
		if (isalnum((unsigned char)*text) || strchr("-_.~", *text))
			str_addc(&out, *text);
		else
			str_addf(&out, "%%%02X", (unsigned)(unsigned char)*text);
	return arena_dup(arena, str_span(&out));
}

const char *kube_path(struct arena *arena, const char *version, const char *resource,
		      const char *space, const char *name)
{
	owned_str struct str path = STR_EMPTY;

	str_addf(&path, "/%s/%s", strchr(version, '/') ? "apis" : "api", version);
	if (space)
		str_addf(&path, "/namespaces/%s", kube_encode(arena, space));
	str_addf(&path, "/%s", resource);
	if (name)
		str_addf(&path, "/%s", kube_encode(arena, name));
	return arena_dup(arena, str_span(&path));
}

int kube_apply(json_t **out, struct kube *kube, const char *path, const json_t *object, bool force,
	       struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct kube_request request = {
		.method = "PATCH",
		.path = arena_printf(&arena, "%s?fieldManager=" MANAGER "%s", path,
				     force ? "&force=true" : ""),
		.body = object,
		.type = KUBE_APPLY,
	};

	return kube_ask(out, kube, &request, err);
}

const char *kube_meta(const json_t *object, const char *key)
{
	const char *text =
		json_string_value(json_object_get(json_object_get(object, "metadata"), key));

	return text ? text : "";
}
