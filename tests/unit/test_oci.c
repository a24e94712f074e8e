// SPDX-License-Identifier: Apache-2.0
/* What stands in the words of registries and their clients: challenges, credentials, references,
 * tags; and layers, one on the other.
 */
#include "docker/libs.h"
#include "release/store/challenge.h"
#include "release/store/credentials.h"
#include "release/store/remote.h"
#include "release/store/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* clang-format off */
static const struct {
	const char *header;
	bool basic, bearer;
	const char *realm, *service, *scope;
} challenges[] = {
	{ "Basic realm=\"r\"", true, false, "r", NULL, NULL },
	{ "Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:a/b:pull,push\"", false, true, "https://a/t", "s", "repository:a/b:pull,push" },
	{ "bearer  Realm=https://a , service = x", false, true, "https://a", NULL, NULL },
	{ "Bearer realm=\"a\\\"b\"", false, true, "a\"b", NULL, NULL },
	{ "Bearer realm=\"open", false, true, "open", NULL, NULL },
	{ "Bearer realm=\"a\", Basic realm=\"b\"", false, true, "a", NULL, NULL },
	{ "Digest realm=\"r\"", false, false, "r", NULL, NULL },
	{ "", false, false, NULL, NULL, NULL },
};

static const struct {
	const char *json, *host;
	bool ok, found;
	const char *user, *password, *token;
} credentials[] = {
	{ "{\"auths\": {\"r:5000\": {\"auth\": \"bTpn\"}}}", "r:5000", true, true, "m", "g", "" },
	{ "{\"auths\": {\"https://r/v1/\": {\"auth\": \"bTpn\"}}}", "r", true, true, "m", "g", "" },
	{ "{\"auths\": {\"r:5000\": {\"auth\": \"bTpn\"}}}", "r", true, false, "", "", "" },
	{ "{\"auths\": {\"r\": {\"auth\": \"bTpnOmg=\"}}}", "r", true, true, "m", "g:h", "" },
	{ "{\"auths\": {\"r\": {\"auth\": \"\", \"identitytoken\": \"t\"}}}", "r", true, true, "", "", "t" },
	{ "{\"auths\": {\"r\": {\"auth\": \"bQ==\"}}}", "r", false, false, "", "", "" },
	{ "{\"auths\": {\"r\": {\"auth\": \"?\"}}}", "r", false, false, "", "", "" },
	{ "{\"auths\": []}", "r", true, false, "", "", "" },
	{ "[]", "r", false, false, "", "", "" },
	{ "{\"credsStore\": \"a/b\"}", "r", false, false, "", "", "" },
};

static const struct {
	const char *text, *name, *ref; /* ref NULL: none */
} references[] = {
	{ "shop@1.0.0", "shop", "1.0.0" },
	{ "1.0.0", NULL, "1.0.0" },
	{ "shop@stable", "shop", "stable" },
	{ "shop@1.0.0+7", "shop", "1.0.0+7" },
	{ "shop@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "shop",
	  "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "shop@sha256:E3", NULL, NULL },
	{ "shop@../x", NULL, NULL },
	{ "../shop@1", NULL, NULL },
	{ "@1", NULL, NULL },
	{ "shop@", NULL, NULL },
	{ "", NULL, NULL },
};

static const struct {
	const char *vsn, *tag; /* tag NULL: none */
} tags[] = {
	{ "1.0.0", "1.0.0" }, { "1.0.0+7", "1.0.0_7" }, { "1.0~1", NULL }, { "-1", NULL }, { "", NULL },
};

static const struct {
	const char *url;
	bool is_private;
} urls[] = {
	{ "https://a/b", true }, { "http://127.0.0.1:5000/x", true }, { "http://localhost/x", true },
	{ "http://localhost.example.com/", false }, { "http://127.0.0.1@example.com/", false },
	{ "http://127.example.com@x/", false }, { "http://a/", false }, { "ftp://localhost/", false }, { "", false },
};
/* clang-format on */

static void same(const char *found, const char *want)
{
	if (want)
		assert_string_equal(found ? found : "(none)", want);
	else
		assert_null(found);
}

static void test_challenges(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(challenges); i++) {
		owned_arena struct arena arena = ARENA_EMPTY;
		struct challenge found;

		challenge_read(&found, &arena, challenges[i].header);
		assert_int_equal(found.basic, challenges[i].basic);
		assert_int_equal(found.bearer, challenges[i].bearer);
		same(found.realm, challenges[i].realm);
		same(found.service, challenges[i].service);
		same(found.scope, challenges[i].scope);
	}
}

static void test_credentials(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(credentials); i++) {
		owned_credentials struct credentials found = { 0 };
		struct error err;
		bool is_there = false;
		int ret = credentials_read(&found, &is_there, span_of(credentials[i].json),
					   credentials[i].host, "f", &err);

		assert_int_equal(ret == 0, credentials[i].ok);
		if (ret)
			continue;
		assert_int_equal(is_there, credentials[i].found);
		assert_string_equal(str_text(&found.user), credentials[i].user);
		assert_string_equal(str_text(&found.password), credentials[i].password);
		assert_string_equal(str_text(&found.token), credentials[i].token);
	}
}

static void test_references(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(references); i++) {
		owned_arena struct arena arena = ARENA_EMPTY;
		struct reference found;
		bool ok = reference_parse(&found, &arena, references[i].text);

		assert_int_equal(ok, references[i].ref != NULL);
		if (!ok)
			continue;
		same(found.name, references[i].name);
		same(found.ref, references[i].ref);
	}
}

static void test_tags(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		owned_arena struct arena arena = ARENA_EMPTY;
		const char *tag = NULL;
		struct error err;
		int ret = tag_of_version(&tag, &arena, tags[i].vsn, &err);

		assert_int_equal(ret == 0, tags[i].tag != NULL);
		same(tag, tags[i].tag);
	}
	for (size_t i = 0; i < ARRAY_LEN(urls); i++)
		assert_int_equal(url_is_private(urls[i].url), urls[i].is_private);
}

/* What a layer hides, and what it has itself. */
static void test_layers(void **state)
{
	owned_json json_t *libs = json_object();
	owned_json json_t *below =
		json_pack("[{s:s, s:i, s:[]}, {s:s, s:i, s:[]}, {s:s, s:s}, {s:s, s:i, s:[]}]",
			  "path", "lib/a.so.1", "machine", 62, "defines", "path", "usr/lib/x/b.so",
			  "machine", 62, "defines", "path", "lib/a.so", "link", "a.so.1", "path",
			  "usr/lib/xy.so", "machine", 62, "defines");
	owned_json json_t *above = json_pack("[{s:s, s:b}, {s:s, s:b}, {s:s, s:i, s:[]}]", "path",
					     "lib/a.so", "gone", 1, "path", "usr/lib/x", "opaque",
					     1, "path", "usr/lib/x/c.so", "machine", 62, "defines");

	(void)state;
	libs_put(libs, below);
	assert_int_equal(json_object_size(libs), 4);
	libs_put(libs, above);
	assert_non_null(json_object_get(libs, "lib/a.so.1"));
	assert_null(json_object_get(libs, "lib/a.so"));
	assert_null(json_object_get(libs, "usr/lib/x/b.so"));
	assert_non_null(json_object_get(libs, "usr/lib/x/c.so"));
	assert_non_null(json_object_get(libs, "usr/lib/xy.so"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_challenges), cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_references), cmocka_unit_test(test_tags),
		cmocka_unit_test(test_layers),
	};

	return cmocka_run_group_tests_name("oci", tests, NULL, NULL);
}
