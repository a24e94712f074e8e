// SPDX-License-Identifier: Apache-2.0
#include "base/http.h"

#include "base/library.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <strings.h>

enum { KEPT_HEADERS_MAX = 64 * 1024, CA_AGE_SECONDS = 300 };

/* Loaded when it is first wanted: it brings thirty libraries along, which every other command would
 * wait for.
 */
/* clang-format off */
#define FUNCTIONS(X) \
	X(easy_init) X(easy_setopt) X(easy_perform) X(easy_getinfo) X(easy_strerror) X(easy_reset) \
	X(easy_cleanup) X(slist_append) X(slist_free_all)
/* clang-format on */

#define X(name) __typeof__(&curl_##name) name;
static struct {
	FUNCTIONS(X)
} lib;
#undef X

#define X(name) LIBRARY_FUNCTION(curl_##name, lib.name),
static const struct library_function functions[] = { FUNCTIONS(X) };
#undef X

static struct library library =
	LIBRARY("libcurl.so.4", functions, "HTTP is spoken with libcurl: install libcurl4.");

struct http {
	CURL *curl;
};

int http_open(struct http **out, struct error *err)
{
	struct http http = { 0 };

	if (library_load(&library, err))
		return -1;
	http.curl = lib.easy_init();
	if (!http.curl)
		return error_set(err, ERROR_FAILED, "libcurl cannot be used");
	*out = mem_alloc(sizeof(http));
	**out = http;
	return 0;
}

void http_close(struct http *http)
{
	if (!http)
		return;
	lib.easy_cleanup(http->curl);
	free(http);
}

struct taking {
	const struct http *http;
	const struct http_request *request;
	struct http_answer *answer;
	bool stopped;
};

static size_t take(char *data, size_t size, size_t count, void *context)
{
	struct taking *taking = context;
	const struct http_request *request = taking->request;
	struct str *body = &taking->answer->body;
	size_t len = size * count, room = request->body_max - body->len;
	long status = 0;

	if (request->take)
		lib.easy_getinfo(taking->http->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 && status <= 299) {
		taking->stopped = !request->take(request->context, (struct span){ data, len });
		return taking->stopped ? 0 : len;
	}
	taking->answer->cut = taking->answer->cut || len > room;
	str_add(body, (struct span){ data, len < room ? len : room });
	return len;
}

/* The headers of the last answer: one that only goes on (100) has some, too. */
static size_t keep_header(char *data, size_t size, size_t count, void *context)
{
	struct str *headers = &((struct taking *)context)->answer->headers;
	struct span line = { data, size * count };

	if (span_starts(line, "HTTP/"))
		headers->len = 0;
	if (headers->len + line.len <= KEPT_HEADERS_MAX)
		str_add(headers, line);
	return line.len;
}

static int look_up(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct taking *taking = context;

	(void)a, (void)b, (void)c, (void)d;
	taking->stopped = taking->stopped || taking->request->stop(taking->request->context);
	return taking->stopped;
}

static int set_pem(CURL *curl, CURLoption option, struct span pem)
{
	/* Only read while it is copied. */
	struct curl_blob blob = { (void *)(uintptr_t)pem.ptr, pem.len, CURL_BLOB_COPY };

	return pem.len > 0 ? (int)lib.easy_setopt(curl, option, &blob) : 0;
}

/* A file of authorities may change while we run; a libcurl that does not know how long it keeps
 * what was in it does not keep it.
 */
static void set_ca_age(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075700
	lib.easy_setopt(curl, CURLOPT_CA_CACHE_TIMEOUT, (long)CA_AGE_SECONDS);
#else
	(void)curl;
#endif
}

static int set_tls(CURL *curl, const struct http_tls *tls)
{
	set_ca_age(curl);
	/* Those of the system are in a folder besides, which would count as well. */
	return ((tls->ca || tls->ca_pem.len) && lib.easy_setopt(curl, CURLOPT_CAPATH, NULL)) ||
	       (tls->ca && lib.easy_setopt(curl, CURLOPT_CAINFO, tls->ca)) ||
	       (tls->cert && lib.easy_setopt(curl, CURLOPT_SSLCERT, tls->cert)) ||
	       (tls->key && lib.easy_setopt(curl, CURLOPT_SSLKEY, tls->key)) ||
	       set_pem(curl, CURLOPT_CAINFO_BLOB, tls->ca_pem) ||
	       set_pem(curl, CURLOPT_SSLCERT_BLOB, tls->cert_pem) ||
	       set_pem(curl, CURLOPT_SSLKEY_BLOB, tls->key_pem) ||
	       (tls->unchecked && (lib.easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L) ||
				   lib.easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L)));
}

static int set_way(CURL *curl, const struct http_request *request)
{
	return ((request->proxy || !request->proxies) &&
		lib.easy_setopt(curl, CURLOPT_PROXY, request->proxy ? request->proxy : "")) ||
	       (request->post && lib.easy_setopt(curl, CURLOPT_POSTFIELDS, request->post)) ||
	       (request->method && lib.easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method));
}

/* A peer that is gone is noticed also where nothing is said for long. */
static int set_watching(CURL *curl, struct taking *taking)
{
	return (taking->request->take && (lib.easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L) ||
					  lib.easy_setopt(curl, CURLOPT_TCP_KEEPIDLE, 30L) ||
					  lib.easy_setopt(curl, CURLOPT_TCP_KEEPINTVL, 10L))) ||
	       (taking->request->stop &&
		(lib.easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) ||
		 lib.easy_setopt(curl, CURLOPT_XFERINFODATA, taking) ||
		 lib.easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_up)));
}

static int set_up(CURL *curl, const struct http_request *request, struct taking *taking,
		  char *message)
{
	return lib.easy_setopt(curl, CURLOPT_URL, request->url) ||
	       lib.easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") ||
	       lib.easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) ||
	       lib.easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms) ||
	       lib.easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_ms) ||
	       lib.easy_setopt(curl, CURLOPT_ERRORBUFFER, message) ||
	       lib.easy_setopt(curl, CURLOPT_USERAGENT, "relevo") ||
	       lib.easy_setopt(curl, CURLOPT_WRITEFUNCTION, take) ||
	       lib.easy_setopt(curl, CURLOPT_WRITEDATA, taking) ||
	       lib.easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep_header) ||
	       lib.easy_setopt(curl, CURLOPT_HEADERDATA, taking) || set_way(curl, request) ||
	       set_watching(curl, taking) || set_tls(curl, &request->tls);
}

static bool list_add(struct curl_slist **list, const char *text)
{
	struct curl_slist *longer = lib.slist_append(*list, text);

	if (longer)
		*list = longer;
	return longer != NULL;
}

/* What libcurl reads while it performs. */
struct lists {
	struct curl_slist *headers, *connect_to;
};

static int set_lists(struct lists *out, const struct http *http, const struct http_request *request)
{
	owned_str struct str to = STR_EMPTY;

	for (const char *const *header = request->headers; header && *header; header++)
		if (!list_add(&out->headers, *header))
			return -1;
	str_addf(&to, "::%s", request->connect_to ? request->connect_to : "");
	if (request->connect_to && !list_add(&out->connect_to, str_text(&to)))
		return -1;
	return (out->headers && lib.easy_setopt(http->curl, CURLOPT_HTTPHEADER, out->headers)) ||
			       (out->connect_to &&
				lib.easy_setopt(http->curl, CURLOPT_CONNECT_TO, out->connect_to))
		       ? -1
		       : 0;
}

static int perform(struct http_answer *out, const struct http *http,
		   const struct http_request *request, struct lists *lists, struct error *err)
{
	struct taking taking = { http, request, out, false };
	char message[CURL_ERROR_SIZE] = "";
	curl_off_t us = 0;
	long status = 0;
	CURLcode code;

	if (set_up(http->curl, request, &taking, message) || set_lists(lists, http, request))
		return error_set(err, ERROR_FAILED, "%s: libcurl cannot be used", request->url);
	code = lib.easy_perform(http->curl);
	if (taking.stopped)
		return error_set(err, ERROR_PAUSED, "%s: it was told to stop", request->url);
	if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
		return error_set(err, ERROR_USAGE, "%s: no http or https URL", request->url);
	if (code != CURLE_OK)
		return error_set(err, ERROR_UNREACHABLE, "%s: %s", request->url,
				 message[0] ? message : lib.easy_strerror(code));
	lib.easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	lib.easy_getinfo(http->curl, CURLINFO_TOTAL_TIME_T, &us);
	out->status = (int)status;
	out->us = us;
	return 0;
}

int http_ask(struct http_answer *out, struct http *http, const struct http_request *request,
	     struct error *err)
{
	struct http_answer answer = { 0 };
	struct lists lists = { NULL, NULL };
	int ret = perform(&answer, http, request, &lists, err);

	/* It keeps what it was told, pointers into this call among it; connections stay. */
	lib.easy_reset(http->curl);
	lib.slist_free_all(lists.headers);
	lib.slist_free_all(lists.connect_to);
	if (ret) {
		http_answer_done(&answer);
		return -1;
	}
	*out = answer;
	return 0;
}

int http_get(struct http_answer *out, const struct http_request *request, struct error *err)
{
	struct http *http;
	int ret;

	if (http_open(&http, err))
		return -1;
	ret = http_ask(out, http, request, err);
	http_close(http);
	return ret;
}

void http_answer_done(struct http_answer *answer)
{
	str_done(&answer->body);
	str_done(&answer->headers);
}

/* ---- work with a server ---- */

enum { HEADERS_MAX = 256 << 10, REDIRECTIONS_MAX = 5, CONNECT_SECONDS = 30 };

const char *http_shown(struct arena *arena, const char *url)
{
	return arena_dup(arena, (struct span){ url, strcspn(url, "?") });
}

const char *http_header(struct arena *arena, const struct http_answer *answer, const char *name)
{
	struct span rest = str_span(&answer->headers), line;
	const char *found = NULL;
	size_t len = strlen(name);

	while (span_next(&rest, '\n', &line))
		if (line.len > len && line.ptr[len] == ':' && strncasecmp(line.ptr, name, len) == 0)
			found = arena_text(arena, span_trim((struct span){ line.ptr + len + 1,
									   line.len - len - 1 }));
	return found;
}

/* What comes, while it comes. */
struct coming {
	struct http *http;
	const struct http_call *call;
	struct http_answer *answer;
	struct str *into;
	size_t had;   /* of *into, before this request */
	bool started; /* the first byte was taken */
	bool too_much, other_range;
};

/* Those of the last answer count: one that leads elsewhere, or goes on, comes before. */
static size_t take_header(char *data, size_t size, size_t count, void *context)
{
	struct coming *c = context;
	struct span line = { data, size * count };

	if (span_starts(line, "HTTP/"))
		str_clear(&c->answer->headers);
	if (c->answer->headers.len + line.len > HEADERS_MAX)
		return 0;
	str_add(&c->answer->headers, line);
	return line.len;
}

/* A rest must begin where the one part ends. */
static bool begin_body(struct coming *c, long status)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *range;

	c->started = true;
	if (c->had == 0 || c->into == &c->answer->body)
		return true;
	if (status != 206) {
		str_clear(c->into);
		return true;
	}
	range = http_header(&arena, c->answer, "content-range");
	c->other_range = !range || strncasecmp(range, "bytes ", 6) != 0 ||
			 strtoull(range + 6, NULL, 10) != c->had;
	return !c->other_range;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct coming *c = context;
	size_t len = size * count, max = c->call->max;
	long status = 0;

	lib.easy_getinfo(c->http->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200 || status > 299) {
		c->into = &c->answer->body;
		max = HTTP_REASON_MAX;
	}
	/* Some say more than is asked for. */
	if (max == 0)
		return len;
	if (!c->started && !begin_body(c, status))
		return 0;
	if (len > max - c->into->len) {
		if (max == HTTP_REASON_MAX)
			return len;
		c->too_much = true;
		return 0;
	}
	str_add(c->into, (struct span){ data, len });
	return len;
}

static bool sends(const struct http_call *call)
{
	return strcmp(call->method, "PUT") == 0 || strcmp(call->method, "POST") == 0 ||
	       strcmp(call->method, "PATCH") == 0;
}

static bool list_headers(struct curl_slist **list, const struct coming *c)
{
	char range[64];

	for (const char *const *header = c->call->headers; header && *header; header++)
		if (!list_add(list, *header))
			return false;
	if (c->had > 0) {
		snprintf(range, sizeof(range), "Range: bytes=%zu-", c->had);
		if (!list_add(list, range))
			return false;
	}
	/* Servers of few words let one wait for their "100 Continue". */
	return list_add(list, "Expect:");
}

static bool set_method(CURL *curl, const struct http_call *call)
{
	if (strcmp(call->method, "HEAD") == 0)
		return !lib.easy_setopt(curl, CURLOPT_NOBODY, 1L) &&
		       !lib.easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	if (strcmp(call->method, "GET") == 0)
		return !lib.easy_setopt(curl, CURLOPT_HTTPGET, 1L) &&
		       !lib.easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	if (sends(call) &&
	    (lib.easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len) ||
	     lib.easy_setopt(curl, CURLOPT_POSTFIELDS, call->body.len ? call->body.ptr : "")))
		return false;
	return !lib.easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
}

static bool set_limits(CURL *curl, const char *url)
{
	const char *certificates = getenv("SSL_CERT_FILE");
	bool tls = strncasecmp(url, "https:", 6) == 0;

	return !lib.easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") &&
	       !lib.easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, tls ? "https" : "http,https") &&
	       !lib.easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTIONS_MAX) &&
	       !lib.easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) &&
	       !lib.easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS) &&
	       !lib.easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L) &&
	       !lib.easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)HTTP_STALL_SECONDS) &&
	       !(certificates && certificates[0] &&
		 lib.easy_setopt(curl, CURLOPT_CAINFO, certificates));
}

static bool set_call(struct coming *c, struct curl_slist *headers, char *message)
{
	CURL *curl = c->http->curl;

	return set_limits(curl, c->call->url) && set_method(curl, c->call) &&
	       !lib.easy_setopt(curl, CURLOPT_URL, c->call->url) &&
	       !lib.easy_setopt(curl, CURLOPT_HTTPHEADER, headers) &&
	       !lib.easy_setopt(curl, CURLOPT_USERAGENT, "relevo") &&
	       !lib.easy_setopt(curl, CURLOPT_ERRORBUFFER, message) &&
	       !lib.easy_setopt(
		       curl, CURLOPT_NETRC,
		       (long)(c->call->netrc ? CURL_NETRC_OPTIONAL : CURL_NETRC_IGNORED)) &&
	       !lib.easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header) &&
	       !lib.easy_setopt(curl, CURLOPT_HEADERDATA, c) &&
	       !lib.easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) &&
	       !lib.easy_setopt(curl, CURLOPT_WRITEDATA, c);
}

static int call_failed(const struct coming *c, CURLcode code, const char *message,
		       struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *url = http_shown(&arena, c->call->url);

	if (c->too_much)
		return error_set(err, ERROR_INVALID, "%s: the answer has more than %zu bytes", url,
				 c->call->max);
	if (c->other_range)
		return error_set(err, ERROR_INVALID, "%s: another part came than was asked for",
				 url);
	if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
		return error_set(err, ERROR_USAGE, "%s: no http or https URL", url);
	return error_set(err, ERROR_UNREACHABLE, "%s: %s", url,
			 message[0] ? message : lib.easy_strerror(code));
}

static int send_call(struct coming *c, struct error *err)
{
	struct curl_slist *headers = NULL;
	char message[CURL_ERROR_SIZE] = "";
	CURLcode code = CURLE_FAILED_INIT;
	long status = 0;

	lib.easy_reset(c->http->curl);
	if (list_headers(&headers, c) && set_call(c, headers, message))
		code = lib.easy_perform(c->http->curl);
	lib.slist_free_all(headers);
	if (code != CURLE_OK)
		return call_failed(c, code, message, err);
	lib.easy_getinfo(c->http->curl, CURLINFO_RESPONSE_CODE, &status);
	c->answer->status = (int)status;
	return 0;
}

int http_send(struct http_answer *out, struct http *http, const struct http_call *call,
	      struct error *err)
{
	struct http_answer answer = { 0 };
	struct coming coming = {
		.http = http,
		.call = call,
		.answer = &answer,
		.into = call->into ? call->into : &answer.body,
		.had = call->resume && call->into ? call->into->len : 0,
	};

	if (send_call(&coming, err)) {
		http_answer_done(&answer);
		return -1;
	}
	*out = answer;
	return 0;
}
