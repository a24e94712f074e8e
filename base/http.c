// SPDX-License-Identifier: Apache-2.0
#include "base/http.h"

#include <curl/curl.h>
#include <dlfcn.h>

/* Loaded when it is first wanted: it brings thirty libraries along, which every other command would
 * wait for.
 */
struct library {
	__typeof__(&curl_easy_init) init;
	__typeof__(&curl_easy_setopt) setopt;
	__typeof__(&curl_easy_perform) perform;
	__typeof__(&curl_easy_getinfo) getinfo;
	__typeof__(&curl_easy_strerror) strerror;
	__typeof__(&curl_easy_cleanup) cleanup;
};

static int load(struct library *lib, struct error *err)
{
	void *handle = dlopen("libcurl.so.4", RTLD_NOW);
	struct {
		void *into;
		const char *name;
	} const functions[] = {
		{ &lib->init, "curl_easy_init" },         { &lib->setopt, "curl_easy_setopt" },
		{ &lib->perform, "curl_easy_perform" },   { &lib->getinfo, "curl_easy_getinfo" },
		{ &lib->strerror, "curl_easy_strerror" }, { &lib->cleanup, "curl_easy_cleanup" },
	};

	for (size_t i = 0; handle && i < ARRAY_LEN(functions); i++)
		if (!(*(void **)functions[i].into = dlsym(handle, functions[i].name)))
			handle = NULL;
	if (handle)
		return 0;
	error_set_(err, ERROR_FAILED, "HTTP: %s", dlerror());
	return error_hint(err, "HTTP is spoken with libcurl: install it.");
}

struct taking {
	struct str *body;
	size_t max;
};

static size_t take(char *data, size_t size, size_t count, void *context)
{
	struct taking *taking = context;
	size_t len = size * count, room = taking->max - taking->body->len;

	str_add(taking->body, (struct span){ data, len < room ? len : room });
	return len;
}

static int set_up(const struct library *lib, CURL *curl, const struct http_request *request,
		  struct taking *taking, char *message)
{
	return lib->setopt(curl, CURLOPT_URL, request->url) ||
	       lib->setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") ||
	       lib->setopt(curl, CURLOPT_PROXY, "") || lib->setopt(curl, CURLOPT_NOSIGNAL, 1L) ||
	       lib->setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms) ||
	       lib->setopt(curl, CURLOPT_ERRORBUFFER, message) ||
	       lib->setopt(curl, CURLOPT_USERAGENT, "relevo") ||
	       lib->setopt(curl, CURLOPT_WRITEFUNCTION, take) ||
	       lib->setopt(curl, CURLOPT_WRITEDATA, taking);
}

static int perform(struct http_answer *out, const struct library *lib, CURL *curl,
		   const struct http_request *request, struct error *err)
{
	struct taking taking = { &out->body, request->body_max };
	char message[CURL_ERROR_SIZE] = "";
	curl_off_t us = 0;
	long status = 0;
	CURLcode code;

	if (set_up(lib, curl, request, &taking, message))
		return error_set(err, ERROR_FAILED, "%s: libcurl cannot be used", request->url);
	code = lib->perform(curl);
	if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
		return error_set(err, ERROR_USAGE, "%s: no http or https URL", request->url);
	if (code != CURLE_OK)
		return error_set(err, ERROR_UNREACHABLE, "%s: %s", request->url,
				 message[0] ? message : lib->strerror(code));
	lib->getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	lib->getinfo(curl, CURLINFO_TOTAL_TIME_T, &us);
	out->status = (int)status;
	out->us = us;
	return 0;
}

int http_get(struct http_answer *out, const struct http_request *request, struct error *err)
{
	struct http_answer answer = { 0 };
	struct library lib;
	CURL *curl;
	int ret;

	if (load(&lib, err))
		return -1;
	curl = lib.init();
	if (!curl)
		return error_set(err, ERROR_FAILED, "libcurl cannot be used");
	ret = perform(&answer, &lib, curl, request, err);
	lib.cleanup(curl);
	if (ret) {
		http_answer_done(&answer);
		return -1;
	}
	*out = answer;
	return 0;
}

void http_answer_done(struct http_answer *answer)
{
	str_done(&answer->body);
}
