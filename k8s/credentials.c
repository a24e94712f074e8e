// SPDX-License-Identifier: Apache-2.0
#include "k8s/credentials.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"

#include <stdlib.h>
#include <time.h>

enum {
	TOKEN_MAX = 64 << 10,
	GIVEN_MAX = 1 << 20,
	EXEC_MS = 60000,
	FILE_MS = 50000, /* Kubernetes changes them before they run out */
	EARLY_MS = 10000,
};

struct kube_credentials {
	const struct kube_access *access;
	struct str header;
	struct arena given; /* of the program's last answer */
	struct span cert, key;
	int64_t asked_at; /* by clock_mono_ms() */
	int64_t until_ms; /* since 1970 */
	bool known;
};

struct kube_credentials *kube_credentials_new(const struct kube_access *access)
{
	struct kube_credentials *c = mem_zero(1, sizeof(*c));

	c->access = access;
	return c;
}

static void secret_done(struct str *secret)
{
	if (secret->ptr)
		explicit_bzero(secret->ptr, secret->cap);
	str_done(secret);
}
#define owned_secret owned(secret_done)

void kube_credentials_free(struct kube_credentials *c)
{
	if (!c)
		return;
	secret_done(&c->header);
	arena_done(&c->given);
	free(c);
}

const char *kube_credentials_header(const struct kube_credentials *c)
{
	return c->header.len ? c->header.ptr : NULL;
}

struct span kube_credentials_cert(const struct kube_credentials *c)
{
	return c->cert;
}

struct span kube_credentials_key(const struct kube_credentials *c)
{
	return c->key;
}

/* One word of what may stand in a header. */
static bool is_token(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
			return false;
	return text.len > 0;
}

static int set_token(struct kube_credentials *c, struct span token, const char *where,
		     struct error *err)
{
	if (!is_token(token))
		return error_set(err, ERROR_USAGE, "%s: there is no token in it", where);
	secret_done(&c->header);
	str_room(&c->header, token.len + sizeof("Authorization: Bearer "));
	str_addf(&c->header, "Authorization: Bearer " SPAN_FMT, SPAN_ARG(token));
	return 0;
}

/* ---- a file ---- */

static int read_token_file(struct kube_credentials *c, struct error *err)
{
	const char *path = c->access->token_file;
	owned_secret struct str text = STR_EMPTY;

	str_room(&text, TOKEN_MAX + 1);
	if (file_read(path, TOKEN_MAX, &text, err)) {
		err->kind = ERROR_USAGE;
		return -1;
	}
	return set_token(c, span_trim(str_span(&text)), path, err);
}

/* One that cannot be read now is no reason not to use what was in it a minute ago. */
static int refresh_file(struct kube_credentials *c, struct error *err)
{
	struct error failed;

	if (c->known && read_token_file(c, &failed) == 0)
		return 0;
	return c->known ? 0 : read_token_file(c, err);
}

/* ---- a program ---- */

static int no_answer(const char *what, struct error *err)
{
	return error_set(err, ERROR_USAGE, "what it printed is no ExecCredential: %s", what);
}

static bool copy_pem(struct span *out, struct arena *arena, const json_t *text)
{
	const char *pem = json_string_value(text);

	if (pem && !strstr(pem, "-----BEGIN"))
		return false;
	if (pem)
		*out = (struct span){ arena_dup(arena, span_of(pem)), strlen(pem) };
	return true;
}

int64_t kube_time_ms(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	int hours = 0, minutes = 0;
	char sign;

	if (!rest)
		return -1;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (strcmp(rest, "Z") != 0) {
		if (strlen(rest) != 6 || sscanf(rest, "%c%2d:%2d", &sign, &hours, &minutes) != 3 ||
		    (sign != '+' && sign != '-') || hours < 0 || minutes < 0)
			return -1;
		tm.tm_hour -= sign == '+' ? hours : -hours;
		tm.tm_min -= sign == '+' ? minutes : -minutes;
	}
	return (int64_t)timegm(&tm) * 1000;
}

int kube_given_read(struct kube_given *out, struct arena *arena, const char *version,
		    struct span text, struct error *err)
{
	owned_json json_t *answer = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *status = json_object_get(answer, "status");
	const char *said = json_string_value(json_object_get(answer, "apiVersion"));
	const char *token = json_string_value(json_object_get(status, "token"));
	const json_t *until = json_object_get(status, "expirationTimestamp");
	struct kube_given given = { .until_ms = INT64_MAX };

	if (!said || strcmp(said, version) != 0)
		return no_answer("another apiVersion was asked for", err);
	if (!copy_pem(&given.cert, arena, json_object_get(status, "clientCertificateData")) ||
	    !copy_pem(&given.key, arena, json_object_get(status, "clientKeyData")) ||
	    (given.cert.len == 0) != (given.key.len == 0))
		return no_answer("a certificate and a key belong together, in PEM", err);
	if ((!token || !token[0]) && given.cert.len == 0)
		return no_answer("it has neither a token nor a certificate", err);
	if (token && token[0])
		given.token = arena_dup(arena, span_of(token));
	if (until && !json_is_null(until)) {
		given.until_ms = kube_time_ms(json_string_value(until));
		if (given.until_ms < 0)
			return no_answer("its expirationTimestamp is no time", err);
	}
	*out = given;
	return 0;
}

static json_t *exec_cluster(const struct kube_access *access)
{
	json_t *cluster = json_pack("{s:s}", "server", access->server);
	owned_str struct str ca = STR_EMPTY;

	if (access->tls_name)
		json_object_set_new(cluster, "tls-server-name", json_text(access->tls_name));
	if (access->unchecked)
		json_object_set_new(cluster, "insecure-skip-tls-verify", json_true());
	base64_add(&ca, access->ca_pem);
	if (ca.len > 0)
		json_object_set_new(cluster, "certificate-authority-data", json_text(ca.ptr));
	return cluster;
}

/* KUBERNETES_EXEC_INFO tells it who asks. */
static char *exec_info(const struct kube_access *access)
{
	owned_json json_t *info =
		json_pack("{s:s, s:s, s:{s:b}}", "kind", "ExecCredential", "apiVersion",
			  access->exec.version, "spec", "interactive", false);

	if (access->exec.cluster)
		json_object_set_new(json_object_get(info, "spec"), "cluster", exec_cluster(access));
	return json_dumps(info, JSON_COMPACT);
}

static const char *const *with_first(struct arena *arena, const char *first,
				     const char *const *rest)
{
	size_t len = 0;
	const char **all;

	while (rest && rest[len])
		len++;
	all = arena_array(arena, len + 2, const char *);
	all[0] = first;
	if (len > 0)
		memcpy(all + 1, rest, len * sizeof(*rest));
	return all;
}

static void result_done(struct process_result *result)
{
	if (result->out.ptr)
		explicit_bzero(result->out.ptr, result->out.cap);
	process_result_done(result);
}

static int run_exec(struct kube_given *out, struct arena *arena, const struct kube_access *access,
		    struct error *err)
{
	const struct kube_exec *exec = &access->exec;
	owned(result_done) struct process_result result = { 0 };
	owned_mem char *info = exec_info(access);
	const struct process_options options = {
		.env = with_first(arena, arena_printf(arena, "KUBERNETES_EXEC_INFO=%s", info),
				  exec->env),
		.output_max = GIVEN_MAX,
		.timeout_ms = EXEC_MS,
	};

	if (process_run(&result, with_first(arena, exec->command, exec->args), &options, err))
		return -1;
	if (result.status != 0)
		return error_set(err, ERROR_USAGE, "it ended with status %d: %.500s", result.status,
				 str_text(&result.err));
	return kube_given_read(out, arena, exec->version, str_span(&result.out), err);
}

static int refresh_exec(struct kube_credentials *c, struct error *err)
{
	const struct kube_exec *exec = &c->access->exec;
	struct kube_given given;
	struct arena arena = ARENA_EMPTY;

	if (run_exec(&given, &arena, c->access, err) ||
	    (given.token && set_token(c, span_of(given.token), exec->command, err))) {
		arena_done(&arena);
		err->kind = ERROR_USAGE;
		error_wrap_(err, "%s: asking %s who we are", c->access->name, exec->command);
		if (exec->hint)
			error_hint_(err, "%s", exec->hint);
		return -1;
	}
	arena_done(&c->given);
	c->given = arena;
	c->cert = given.cert;
	c->key = given.key;
	c->until_ms = given.until_ms;
	return 0;
}

/* ---- whichever there is ---- */

static int set_password(struct kube_credentials *c)
{
	owned_secret struct str plain = STR_EMPTY;
	const char *user = c->access->user, *password = c->access->password;

	str_room(&plain, strlen(user) + (password ? strlen(password) : 0) + 2);
	str_addf(&plain, "%s:%s", user, password ? password : "");
	str_room(&c->header, 2 * plain.len + sizeof("Authorization: Basic ") + 4);
	str_clear(&c->header);
	str_adds(&c->header, "Authorization: Basic ");
	base64_add(&c->header, str_span(&plain));
	return 0;
}

static bool is_old(const struct kube_credentials *c)
{
	const struct kube_access *access = c->access;

	if (access->token_file)
		return clock_mono_ms() - c->asked_at >= FILE_MS;
	return access->exec.version && c->until_ms != INT64_MAX &&
	       clock_wall_ms() >= c->until_ms - EARLY_MS;
}

int kube_credentials_refresh(struct kube_credentials *c, bool refused, struct error *err)
{
	const struct kube_access *access = c->access;
	int ret = 0;

	if (c->known && !refused && !is_old(c))
		return 0;
	if (access->token_file)
		ret = refresh_file(c, err);
	else if (access->token)
		ret = set_token(c, span_of(access->token), access->name, err);
	else if (access->user)
		ret = set_password(c);
	else if (access->exec.version)
		ret = refresh_exec(c, err);
	if (ret)
		return -1;
	c->known = true;
	c->asked_at = clock_mono_ms();
	return 0;
}
