// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rollout/etcd.h"

#include "base/base64.h"
#include "base/file.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
	PATIENCE_MS = 10000,
	TRY_MS = 5000, /* for one endpoint */
	CONNECT_MS = 2000,
	AGAIN_MS = 250, /* after all of them have failed */
	ANSWER_MAX = 16 << 20,
	PASSWORD_MAX = 1000,
};

/* As gRPC counts them. */
enum {
	CODE_DEADLINE = 4,
	CODE_NOT_FOUND = 5,
	CODE_EXHAUSTED = 8,
	CODE_UNAVAILABLE = 14,
	CODE_UNAUTHENTICATED = 16,
};

struct etcd {
	struct arena arena;
	struct etcd_options options;
	struct str password;
	struct http *http;
	const char *all; /* endpoints, for messages */
	size_t at;       /* the one that last answered */
	bool answered;
	struct str header; /* "Authorization: …"; empty: none yet */
	int64_t patience;
};

/* ---- opening ---- */

static void secret_done(struct str *secret)
{
	if (secret->ptr)
		explicit_bzero(secret->ptr, secret->cap);
	str_done(secret);
}
#define owned_secret owned(secret_done)

static int read_password(struct str *out, const struct etcd_options *options, struct error *err)
{
	owned_secret struct str text = STR_EMPTY;
	struct span password;

	if (!options->user)
		return 0;
	str_room(&text, 2 * PASSWORD_MAX + 1); /* so that it never moves and leaves a copy */
	if (options->password_file) {
		if (file_read_given(options->password_file, PASSWORD_MAX, &text, err))
			return -1;
	} else {
		const char *value = getenv(options->password_env);

		if (!value)
			return error_set(err, ERROR_USAGE,
					 "the environment variable %s, with etcd's password, is "
					 "not set",
					 options->password_env);
		if (strlen(value) <= PASSWORD_MAX)
			str_adds(&text, value);
	}
	password = span_trim(str_span(&text));
	if (password.len == 0)
		return error_set(err, ERROR_USAGE, "etcd's password in %s is empty, or too long",
				 options->password_file ? options->password_file
							: options->password_env);
	str_add(out, password);
	return 0;
}

static const char *keep(struct etcd *etcd, const char *text)
{
	return text ? arena_dup(&etcd->arena, span_of(text)) : NULL;
}

static void copy_options(struct etcd *etcd, const struct etcd_options *options)
{
	const char **items = arena_array(&etcd->arena, options->endpoints.len, const char *);
	owned_str struct str all = STR_EMPTY;

	for (size_t i = 0; i < options->endpoints.len; i++) {
		struct span url = span_of(options->endpoints.items[i]);

		while (span_ends(url, "/"))
			url.len--;
		items[i] = arena_dup(&etcd->arena, url);
		str_addf(&all, "%s%s", i ? ", " : "", items[i]);
	}
	etcd->all = keep(etcd, str_text(&all));
	etcd->options.endpoints = (struct names){ items, options->endpoints.len };
	etcd->options.user = keep(etcd, options->user);
	etcd->options.stop = options->stop;
	etcd->options.tls = (struct http_tls){
		.ca = keep(etcd, options->tls.ca),
		.cert = keep(etcd, options->tls.cert),
		.key = keep(etcd, options->tls.key),
	};
}

int etcd_open(struct etcd **out, const struct etcd_options *options, struct error *err)
{
	struct etcd *etcd = mem_zero(1, sizeof(*etcd));

	etcd->patience = PATIENCE_MS;
	copy_options(etcd, options);
	if (read_password(&etcd->password, options, err) || http_open(&etcd->http, err)) {
		etcd_close(etcd);
		return -1;
	}
	*out = etcd;
	return 0;
}

void etcd_close(struct etcd *etcd)
{
	if (!etcd)
		return;
	http_close(etcd->http);
	secret_done(&etcd->password);
	secret_done(&etcd->header);
	arena_done(&etcd->arena);
	free(etcd);
}

void etcd_patience(struct etcd *etcd, int64_t ms)
{
	etcd->patience = ms;
}

const char *etcd_name(const struct etcd *etcd)
{
	return etcd->answered ? etcd->options.endpoints.items[etcd->at] : etcd->all;
}

/* ---- one request ---- */

int64_t etcd_number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);

	if (json_is_integer(value))
		return json_integer_value(value);
	return text ? strtoll(text, NULL, 10) : 0;
}

static const char *message_in(const json_t *answer)
{
	const char *text = json_string_value(json_object_get(answer, "message"));

	if (!text)
		text = json_string_value(json_object_get(answer, "error"));
	return text ? text : "it says nothing more";
}

enum verdict { TRY_NEXT, TRY_FRESH_TOKEN, IS_ABSENT, IS_OVER };

/* etcd has said no; *err is filled in, but for IS_ABSENT. */
static enum verdict refused(const struct etcd *etcd, const json_t *answer, struct error *err)
{
	const char *text = message_in(answer);
	int64_t code = etcd_number(answer, "code");

	error_set_(err, ERROR_FAILED, "etcd at %s: %.500s", etcd->options.endpoints.items[etcd->at],
		   text);
	switch (code) {
	case CODE_NOT_FOUND:
		return IS_ABSENT;
	case CODE_DEADLINE:
	case CODE_UNAVAILABLE:
		err->kind = ERROR_UNREACHABLE;
		return TRY_NEXT;
	case CODE_EXHAUSTED:
		if (strstr(text, "space"))
			error_hint_(err, "It is full: make room (etcdctl compact, defrag), then "
					 "take the alarm away (etcdctl alarm disarm).");
		break;
	case CODE_UNAUTHENTICATED:
		return TRY_FRESH_TOKEN;
	default:
		if (strstr(text, "auth"))
			err->kind = ERROR_USAGE;
		if (strstr(text, "revision of auth store is old"))
			return TRY_FRESH_TOKEN;
	}
	return IS_OVER;
}

/* Something before etcd, or something else than etcd. */
static void say_no_json(const char *url, const struct http_answer *answer, struct error *err)
{
	struct span rest = str_span(&answer->body), line = SPAN("");

	span_next(&rest, '\n', &line);
	error_set_(err, ERROR_INVALID, "%s answers with status %d and no JSON object: %.*s", url,
		   answer->status, line.len < 200 ? (int)line.len : 200, line.ptr);
	if (strstr(str_text(&answer->body), "CommonName"))
		error_hint_(err, "With users, etcd's gateway takes no certificate that has a "
				 "common name: make one without.");
	else
		error_hint_(err, "Is it etcd 3.4 or newer, with its gateway "
				 "(--enable-grpc-gateway)?");
}

static enum verdict take_answer(json_t **out, const struct etcd *etcd,
				const struct http_answer *answer, struct error *err)
{
	const char *url = etcd->options.endpoints.items[etcd->at];
	json_t *json = json_loadb(str_text(&answer->body), answer->body.len,
				  JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	enum verdict verdict = IS_OVER;

	if (answer->cut)
		error_set_(err, ERROR_INVALID, "%s answers with more than %d bytes", url,
			   ANSWER_MAX);
	else if (!json_is_object(json))
		say_no_json(url, answer, err);
	else if (answer->status != 200 || json_object_get(json, "error"))
		verdict = refused(etcd, json, err);
	else
		*out = json_incref(json);
	json_decref(json);
	return verdict;
}

static enum verdict try_one(json_t **out, struct etcd *etcd, const char *what, const char *text,
			    int64_t left_ms, struct error *err)
{
	owned_http_answer struct http_answer answer = { 0 };
	owned_str struct str url = STR_EMPTY;
	const char *const headers[] = { "Content-Type: application/json",
					etcd->header.len ? str_text(&etcd->header) : NULL, NULL };
	struct http_request request = {
		.url = url.ptr,
		.timeout_ms = left_ms < TRY_MS ? left_ms : TRY_MS,
		.connect_ms = CONNECT_MS,
		.body_max = ANSWER_MAX,
		.post = text,
		.headers = headers,
		.tls = etcd->options.tls,
	};

	str_addf(&url, "%s/v3/%s", etcd->options.endpoints.items[etcd->at], what);
	request.url = url.ptr;
	if (http_ask(&answer, etcd->http, &request, err))
		return err->kind == ERROR_UNREACHABLE ? TRY_NEXT : IS_OVER;
	return take_answer(out, etcd, &answer, err);
}

static int authenticate(struct etcd *etcd, int64_t left_ms, struct error *err)
{
	json_t *request, *answer = NULL;
	const char *token;
	char *text;

	secret_done(&etcd->header);
	request = json_pack("{s:s, s:s%}", "name", etcd->options.user, "password",
			    etcd->password.ptr, etcd->password.len);
	text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	json_decref(request);
	if (!text)
		return error_set(err, ERROR_USAGE, "etcd's user or password is no UTF-8");
	try_one(&answer, etcd, "auth/authenticate", text, left_ms, err);
	explicit_bzero(text, strlen(text));
	free(text);
	token = json_string_value(json_object_get(answer, "token"));
	if (answer && !token)
		error_set_(err, ERROR_INVALID, "etcd at %s gives no token",
			   etcd->options.endpoints.items[etcd->at]);
	if (token)
		str_addf(&etcd->header, "Authorization: %s", token);
	json_decref(answer);
	return etcd->header.len ? 0 : -1;
}

/* One endpoint; a token that has run out is made anew, once. */
static enum verdict ask_one(json_t **out, struct etcd *etcd, const char *what, const char *text,
			    struct deadline until, struct error *err)
{
	enum verdict verdict = TRY_FRESH_TOKEN;

	for (int i = 0; i < 2 && verdict == TRY_FRESH_TOKEN; i++) {
		if (etcd->options.user && (i > 0 || etcd->header.len == 0) &&
		    authenticate(etcd, deadline_left(until), err))
			return err->kind == ERROR_UNREACHABLE ? TRY_NEXT : IS_OVER;
		verdict = try_one(out, etcd, what, text, deadline_left(until), err);
	}
	if (verdict == TRY_FRESH_TOKEN)
		err->kind = ERROR_USAGE;
	return verdict;
}

/* *out NULL: what was asked for is not there. */
static int ask(json_t **out, struct etcd *etcd, const char *what, json_t *request,
	       struct error *err)
{
	struct deadline until = deadline_in(etcd->patience);
	size_t len = etcd->options.endpoints.len;
	owned_mem char *text = json_dumps(request, JSON_COMPACT);
	enum verdict verdict = TRY_NEXT;

	json_decref(request);
	*out = NULL;
	for (size_t tries = 1; text; tries++) {
		verdict = ask_one(out, etcd, what, text, until, err);
		if (verdict != TRY_NEXT)
			break;
		if (etcd->options.stop && etcd->options.stop())
			return error_set(err, ERROR_PAUSED,
					 "interrupted at once, while etcd does "
					 "not answer (%s)",
					 etcd->all);
		etcd->at = (etcd->at + 1) % len;
		if (tries % len == 0)
			clock_sleep_ms(deadline_left(until) < AGAIN_MS ? deadline_left(until)
								       : AGAIN_MS);
		if (deadline_over(until))
			return error_wrap(err, "etcd does not answer (%s)", etcd->all);
	}
	etcd->answered = true;
	return *out || verdict == IS_ABSENT ? 0 : -1;
}

/* ---- keys ---- */

static json_t *coded(struct span bytes)
{
	owned_str struct str text = STR_EMPTY;

	base64_add(&text, bytes);
	return json_string(str_text(&text));
}

static json_t *coded_text(const char *text)
{
	return coded(span_of(text));
}

/* The key behind all that begin so; no prefix ends in the last of all bytes. */
static json_t *coded_end(const char *prefix)
{
	owned_str struct str end = STR_EMPTY;

	str_adds(&end, prefix);
	end.ptr[end.len - 1]++;
	return coded(str_span(&end));
}

static int read_bytes(struct span *out, struct arena *arena, const json_t *kv, const char *key,
		      struct error *err)
{
	const char *text = json_string_value(json_object_get(kv, key));
	owned_str struct str bytes = STR_EMPTY;

	if (!base64_read(&bytes, span_of(text ? text : "")))
		return error_set(err, ERROR_INVALID, "etcd answers with a %s that is no base64",
				 key);
	*out = (struct span){ arena_dup(arena, str_span(&bytes)), bytes.len };
	return 0;
}

int etcd_read_kvs(struct etcd_kvs *out, struct arena *arena, const json_t *answer,
		  struct error *err)
{
	const json_t *list = json_object_get(answer, "kvs"), *kv;
	struct etcd_kv *items = arena_array(arena, json_array_size(list), struct etcd_kv);
	size_t i;

	json_array_foreach (list, i, kv) {
		if (read_bytes(&items[i].key, arena, kv, "key", err) ||
		    read_bytes(&items[i].value, arena, kv, "value", err))
			return -1;
		items[i].created = etcd_number(kv, "create_revision");
		items[i].version = etcd_number(kv, "version");
		items[i].lease = etcd_number(kv, "lease");
	}
	*out = (struct etcd_kvs){ items, json_array_size(list), etcd_number(answer, "count") };
	return 0;
}

static json_t *range_request(const struct etcd_range *range)
{
	json_t *request = json_object();

	if (range->after) {
		/* The very next key: the same with a NUL behind it. */
		struct span next = { range->after, strlen(range->after) + 1 };

		json_object_set_new(request, "key", coded(next));
	} else {
		json_object_set_new(request, "key",
				    coded_text(range->key ? range->key : range->prefix));
	}
	if (!range->key)
		json_object_set_new(request, "range_end", coded_end(range->prefix));
	if (range->limit)
		json_object_set_new(request, "limit", json_integer(range->limit));
	else
		json_object_set_new(request, "count_only", json_true());
	if (range->order != ETCD_BY_KEY) {
		bool oldest = range->order == ETCD_OLDEST_FIRST;

		json_object_set_new(request, "sort_target", json_string(oldest ? "CREATE" : "KEY"));
		json_object_set_new(request, "sort_order",
				    json_string(oldest ? "ASCEND" : "DESCEND"));
	}
	return request;
}

int etcd_get(struct etcd_kvs *out, struct etcd *etcd, struct arena *arena,
	     const struct etcd_range *range, struct error *err)
{
	json_t *answer;
	int ret;

	if (ask(&answer, etcd, "kv/range", range_request(range), err))
		return -1;
	ret = etcd_read_kvs(out, arena, answer, err);
	json_decref(answer);
	return ret;
}

/* ---- transactions ---- */

json_t *etcd_if_created(const char *key, int64_t revision)
{
	return json_pack("{s:s, s:s, s:o, s:I}", "target", "CREATE", "result", "EQUAL", "key",
			 coded_text(key), "create_revision", (json_int_t)revision);
}

json_t *etcd_if_version(const char *key, int64_t version)
{
	return json_pack("{s:s, s:s, s:o, s:I}", "target", "VERSION", "result", "EQUAL", "key",
			 coded_text(key), "version", (json_int_t)version);
}

json_t *etcd_if_value(const char *key, const char *value)
{
	return json_pack("{s:s, s:s, s:o, s:o}", "target", "VALUE", "result", "EQUAL", "key",
			 coded_text(key), "value", coded_text(value));
}

json_t *etcd_put(const char *key, const char *value, int64_t lease)
{
	return json_pack("{s:{s:o, s:o, s:I}}", "request_put", "key", coded_text(key), "value",
			 coded_text(value), "lease", (json_int_t)lease);
}

json_t *etcd_delete(const char *key)
{
	return json_pack("{s:{s:o}}", "request_delete_range", "key", coded_text(key));
}

json_t *etcd_delete_all(const char *prefix, const char *before)
{
	return json_pack("{s:{s:o, s:o}}", "request_delete_range", "key", coded_text(prefix),
			 "range_end", before ? coded_text(before) : coded_end(prefix));
}

int etcd_txn(bool *done, struct etcd *etcd, json_t *conditions, json_t *then, struct error *err)
{
	json_t *request = json_pack("{s:o, s:o}", "compare", conditions, "success", then), *answer;

	if (ask(&answer, etcd, "kv/txn", request, err))
		return -1;
	*done = json_is_true(json_object_get(answer, "succeeded"));
	json_decref(answer);
	return 0;
}

/* ---- leases ---- */

int etcd_grant(int64_t *lease_out, struct etcd *etcd, int64_t ttl_ms, struct error *err)
{
	json_t *answer;
	int64_t lease;

	if (ask(&answer, etcd, "lease/grant",
		json_pack("{s:I}", "TTL", (json_int_t)((ttl_ms + 999) / 1000)), err))
		return -1;
	lease = etcd_number(answer, "ID");
	json_decref(answer);
	if (lease == 0)
		return error_set(err, ERROR_INVALID, "etcd at %s grants no lease", etcd_name(etcd));
	*lease_out = lease;
	return 0;
}

int etcd_keep_alive(bool *alive, struct etcd *etcd, int64_t lease, struct error *err)
{
	json_t *answer;

	if (ask(&answer, etcd, "lease/keepalive", json_pack("{s:I}", "ID", (json_int_t)lease), err))
		return -1;
	*alive = etcd_number(json_object_get(answer, "result"), "TTL") > 0;
	json_decref(answer);
	return 0;
}

int etcd_revoke(struct etcd *etcd, int64_t lease, struct error *err)
{
	json_t *answer;

	if (ask(&answer, etcd, "lease/revoke", json_pack("{s:I}", "ID", (json_int_t)lease), err))
		return -1;
	json_decref(answer);
	return 0;
}
