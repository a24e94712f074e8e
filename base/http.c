// SPDX-License-Identifier: Apache-2.0
#include "base/http.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdlib.h>

enum { CONNECT_MS = 3000, HEADERS_MAX = 64 * 1024 };

/* Loaded when it is first wanted: it brings thirty libraries along, which every other command would
 * wait for.
 */
struct library {
	__typeof__(&curl_easy_init) init;
	__typeof__(&curl_easy_setopt) setopt;
	__typeof__(&curl_easy_perform) perform;
	__typeof__(&curl_easy_getinfo) getinfo;
	__typeof__(&curl_easy_strerror) strerror;
	__typeof__(&curl_easy_reset) reset;
	__typeof__(&curl_easy_cleanup) cleanup;
	__typeof__(&curl_slist_append) append;
	__typeof__(&curl_slist_free_all) free_all;
};

struct http {
	struct library lib;
	CURL *curl;
};

static int load(struct library *lib, struct error *err)
{
	void *handle = dlopen("libcurl.so.4", RTLD_NOW);
	struct {
		void *into;
		const char *name;
	} const functions[] = {
		{ &lib->init, "curl_easy_init" },          { &lib->setopt, "curl_easy_setopt" },
		{ &lib->perform, "curl_easy_perform" },    { &lib->getinfo, "curl_easy_getinfo" },
		{ &lib->strerror, "curl_easy_strerror" },  { &lib->cleanup, "curl_easy_cleanup" },
		{ &lib->reset, "curl_easy_reset" },        { &lib->append, "curl_slist_append" },
		{ &lib->free_all, "curl_slist_free_all" },
	};

	for (size_t i = 0; handle && i < ARRAY_LEN(functions); i++)
		if (!(*(void **)functions[i].into = dlsym(handle, functions[i].name)))
			handle = NULL;
	if (handle)
		return 0;
	error_set_(err, ERROR_FAILED, "HTTP: %s", dlerror());
	return error_hint(err, "HTTP is spoken with libcurl: install it.");
}

int http_open(struct http **out, struct error *err)
{
	struct http http = { 0 };

	if (load(&http.lib, err))
		return -1;
	http.curl = http.lib.init();
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
	http->lib.cleanup(http->curl);
	free(http);
}

struct taking {
	struct http_answer *answer;
	size_t max;
};

static size_t take(char *data, size_t size, size_t count, void *context)
{
	struct taking *taking = context;
	struct str *body = &taking->answer->body;
	size_t len = size * count, room = taking->max - body->len;

	taking->answer->cut = taking->answer->cut || len > room;
	str_add(body, (struct span){ data, len < room ? len : room });
	return len;
}

/* The headers of the last answer: one that only goes on (100) has some, too. */
static size_t take_header(char *data, size_t size, size_t count, void *context)
{
	struct str *headers = &((struct taking *)context)->answer->headers;
	struct span line = { data, size * count };

	if (span_starts(line, "HTTP/"))
		headers->len = 0;
	if (headers->len + line.len <= HEADERS_MAX)
		str_add(headers, line);
	return line.len;
}

static int set_tls(const struct library *lib, CURL *curl, const struct http_tls *tls)
{
	return (tls->ca && lib->setopt(curl, CURLOPT_CAINFO, tls->ca)) ||
	       (tls->cert && lib->setopt(curl, CURLOPT_SSLCERT, tls->cert)) ||
	       (tls->key && lib->setopt(curl, CURLOPT_SSLKEY, tls->key));
}

static int set_up(const struct library *lib, CURL *curl, const struct http_request *request,
		  struct taking *taking, char *message)
{
	return lib->setopt(curl, CURLOPT_URL, request->url) ||
	       lib->setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") ||
	       lib->setopt(curl, CURLOPT_PROXY, "") || lib->setopt(curl, CURLOPT_NOSIGNAL, 1L) ||
	       lib->setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms) ||
	       lib->setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS) ||
	       lib->setopt(curl, CURLOPT_ERRORBUFFER, message) ||
	       lib->setopt(curl, CURLOPT_USERAGENT, "relevo") ||
	       lib->setopt(curl, CURLOPT_WRITEFUNCTION, take) ||
	       lib->setopt(curl, CURLOPT_WRITEDATA, taking) ||
	       lib->setopt(curl, CURLOPT_HEADERFUNCTION, take_header) ||
	       lib->setopt(curl, CURLOPT_HEADERDATA, taking) ||
	       (request->post && lib->setopt(curl, CURLOPT_POSTFIELDS, request->post)) ||
	       set_tls(lib, curl, &request->tls);
}

static int set_headers(struct curl_slist **out, const struct http *http, const char *const *headers)
{
	for (; headers && *headers; headers++) {
		struct curl_slist *longer = http->lib.append(*out, *headers);

		if (!longer)
			return -1;
		*out = longer;
	}
	return *out && http->lib.setopt(http->curl, CURLOPT_HTTPHEADER, *out) ? -1 : 0;
}

static int perform(struct http_answer *out, const struct http *http,
		   const struct http_request *request, struct curl_slist **headers,
		   struct error *err)
{
	const struct library *lib = &http->lib;
	struct taking taking = { out, request->body_max };
	char message[CURL_ERROR_SIZE] = "";
	curl_off_t us = 0;
	long status = 0;
	CURLcode code;

	if (set_up(lib, http->curl, request, &taking, message) ||
	    set_headers(headers, http, request->headers))
		return error_set(err, ERROR_FAILED, "%s: libcurl cannot be used", request->url);
	code = lib->perform(http->curl);
	if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
		return error_set(err, ERROR_USAGE, "%s: no http or https URL", request->url);
	if (code != CURLE_OK)
		return error_set(err, ERROR_UNREACHABLE, "%s: %s", request->url,
				 message[0] ? message : lib->strerror(code));
	lib->getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	lib->getinfo(http->curl, CURLINFO_TOTAL_TIME_T, &us);
	out->status = (int)status;
	out->us = us;
	return 0;
}

int http_ask(struct http_answer *out, struct http *http, const struct http_request *request,
	     struct error *err)
{
	struct http_answer answer = { 0 };
	struct curl_slist *headers = NULL;
	int ret = perform(&answer, http, request, &headers, err);

	/* It keeps what it was told, pointers into this call among it; connections stay. */
	http->lib.reset(http->curl);
	http->lib.free_all(headers);
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
