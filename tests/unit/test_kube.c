// SPDX-License-Identifier: Apache-2.0
/* What is read of kubeconfig files, of programs that say who we are, of Status objects and Leases;
 * and what is known after lists and watches that break in every way.  A real server: tests/kube.
 */
#include "base/json.h"
#include "k8s/access.h"
#include "k8s/credentials.h"
#include "k8s/lease.h"
#include "k8s/manifests.h"
#include "k8s/reflect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- kubeconfig ---- */

#define CLUSTER "clusters: [{name: c, cluster: {server: 'https://h:6443/'}}]\n"
#define CONTEXT "contexts: [{name: x, context: {cluster: c, user: u, namespace: n}}]\n"
#define CURRENT "current-context: x\n"
#define USER(user) "users: [{name: u, user: {" user "}}]\n"
#define ALL(user) CURRENT CLUSTER CONTEXT USER(user)
#define EXEC(more) ALL("exec: {apiVersion: client.authentication.k8s.io/v1, command: c" more "}")
/* "-----BEGIN X" in base64. */
#define PEM64 "LS0tLS1CRUdJTiBY"

static const struct access_row {
	const char *name, *first, *second, *context;
	const char *want; /* what describe() makes of it; or, behind "!", of the error */
} access_rows[] = {
	{ "a token", ALL("token: abc"), NULL, NULL, "https://h:6443 n token=abc" },
	{ "a token that looks like a number", ALL("token: 1.10"), NULL, NULL,
	  "https://h:6443 n token=1.10" },
	{ "nobody", CURRENT CLUSTER "contexts: [{name: x, context: {cluster: c}}]", NULL, NULL,
	  "https://h:6443 default" },
	{ "files beside the file", ALL("client-certificate: a.crt, client-key: /k.key"), NULL, NULL,
	  "https://h:6443 n cert=/d/a.crt key=/k.key" },
	{ "files inside",
	  ALL("client-certificate-data: " PEM64 ", client-key-data: " PEM64 ", tokenFile: t"), NULL,
	  NULL, "https://h:6443 n token_file=/d/t cert_pem=12 key_pem=12" },
	{ "a password", ALL("username: me, password: secret"), NULL, NULL,
	  "https://h:6443 n user=me:secret" },
	{ "for another", ALL("token: t, as: boss, as-groups: [a, b]"), NULL, NULL,
	  "https://h:6443 n token=t as=boss,a,b" },
	{ "a program", EXEC(", args: [a, 'b c'], env: [{name: N, value: v}]"), NULL, NULL,
	  "https://h:6443 n exec=c 'a' 'b c' N=v" },
	{ "a program beside the file",
	  ALL("exec: {apiVersion: client.authentication.k8s.io/v1beta1, "
	      "command: ./c}"),
	  NULL, NULL, "https://h:6443 n exec=/d/./c" },
	{ "a program is not asked where a token is", ALL("token: t, exec: {command: 7}"), NULL,
	  NULL, "https://h:6443 n token=t" },
	{ "the first of two users", CURRENT USER("token: first"),
	  "current-context: y\n" CLUSTER CONTEXT USER("token: second"), NULL,
	  "https://h:6443 n token=first" },
	{ "the first current context", CLUSTER CONTEXT USER("token: t"), CURRENT, NULL,
	  "https://h:6443 n token=t" },
	{ "another context", ALL("token: t"),
	  "contexts: [{name: z, context: {cluster: c, user: u, namespace: other}}]", "z",
	  "https://h:6443 other token=t" },
	{ "the cluster's own",
	  CURRENT CONTEXT USER("token: t") "clusters: [{name: c, cluster: {server: https://h, "
					   "certificate-authority: ca.crt, tls-server-name: s, "
					   "proxy-url: http://p}}]",
	  NULL, NULL, "https://h n ca=/d/ca.crt name=s proxy=http://p token=t" },
	{ "json",
	  "{\"current-context\": \"x\", \"clusters\": [{\"name\": \"c\", \"cluster\": "
	  "{\"server\": \"https://h\"}}], \"contexts\": [{\"name\": \"x\", \"context\": "
	  "{\"cluster\": \"c\"}}]}",
	  NULL, NULL, "https://h default" },

	{ "no current context", CLUSTER CONTEXT, NULL, NULL, "!no current-context" },
	{ "nothing", "", NULL, NULL, "!no current-context" },
	{ "a list", "[a]", NULL, NULL, "!no current-context" },
	{ "no such context", ALL("token: t"), NULL, "z", "!no context z" },
	{ "no such cluster", CURRENT CONTEXT, NULL, NULL, "!no cluster c" },
	{ "no such user", CURRENT CLUSTER CONTEXT, NULL, NULL, "!no user u" },
	{ "lists that are none", "clusters: 1\ncontexts: {a: b}\n" CURRENT, NULL, NULL,
	  "!no context x" },
	{ "no URL", CURRENT CONTEXT USER("") "clusters: [{name: c, cluster: {server: h}}]", NULL,
	  NULL, "!no https or http URL" },
	{ "a query",
	  CURRENT CONTEXT USER("") "clusters: [{name: c, cluster: {server: 'https://h?a'}}]", NULL,
	  NULL, "!more in it" },
	{ "a token for all to read",
	  CURRENT CONTEXT USER("token: t") "clusters: [{name: c, cluster: {server: 'http://h'}}]",
	  NULL, NULL, "!would be read by all" },
	{ "a certificate without its key", ALL("client-certificate: a"), NULL, NULL,
	  "!one of them is missing" },
	{ "no base64", ALL("client-certificate-data: '*', client-key: k"), NULL, NULL,
	  "!no PEM in base64" },
	{ "base64 of something else", ALL("client-certificate-data: YWJj, client-key: k"), NULL,
	  NULL, "!no PEM in base64" },
	{ "a program of another time", ALL("exec: {apiVersion: v1alpha1, command: c}"), NULL, NULL,
	  "!is neither" },
	{ "a program without a name", ALL("exec: {apiVersion: client.authentication.k8s.io/v1}"),
	  NULL, NULL, "!command is missing" },
	{ "a program that asks people", EXEC(", interactiveMode: Always"), NULL, NULL,
	  "!nobody can be asked" },
	{ "words that are none", EXEC(", args: [1]"), NULL, NULL, "!no list of texts" },
	{ "an environment that is none", EXEC(", env: [{name: 'A=B', value: c}]"), NULL, NULL,
	  "!no list of name and value" },
};

static void add(struct str *out, const char *name, const char *text)
{
	if (text)
		str_addf(out, " %s=%s", name, text);
}

static void describe(struct str *out, const struct kube_access *a)
{
	str_addf(out, "%s %s", a->server, a->space);
	add(out, "ca", a->ca);
	add(out, "name", a->tls_name);
	add(out, "proxy", a->proxy);
	add(out, "cert", a->cert);
	add(out, "key", a->key);
	add(out, "token", a->token);
	add(out, "token_file", a->token_file);
	if (a->cert_pem.len || a->key_pem.len)
		str_addf(out, " cert_pem=%zu key_pem=%zu", a->cert_pem.len, a->key_pem.len);
	if (a->user)
		str_addf(out, " user=%s:%s", a->user, a->password ? a->password : "");
	add(out, "as", a->as);
	for (size_t i = 0; i < a->as_groups.len; i++)
		str_addf(out, ",%s", a->as_groups.items[i]);
	if (!a->exec.version)
		return;
	add(out, "exec", a->exec.command);
	for (const char *const *arg = a->exec.args; arg && *arg; arg++)
		str_addf(out, " '%s'", *arg);
	for (const char *const *env = a->exec.env; env && *env; env++)
		str_addf(out, " %s", *env);
}

static void kubeconfig(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(access_rows); i++) {
		const struct access_row *row = &access_rows[i];
		owned_arena struct arena arena = ARENA_EMPTY;
		owned_str struct str text = STR_EMPTY;
		struct yaml files[2] = { 0 };
		size_t len = row->second ? 2 : 1;
		struct kube_access access;
		struct error err;
		bool good;

		if (yaml_parse(&files[0], span_of(row->first), "/d/config", &err) ||
		    (row->second && yaml_parse(&files[1], span_of(row->second), "/e/config", &err)))
			fail_msg("%s: %s", row->name, err.text);
		if (kube_access_read(&access, &arena, files, len, row->context, &err) == 0)
			describe(&text, &access);
		else
			str_addf(&text, "!%s", err.text);
		good = row->want[0] == '!' ? text.ptr[0] == '!' && strstr(text.ptr, row->want + 1)
					   : strcmp(text.ptr, row->want) == 0;
		if (!good)
			fail_msg("%s: %s", row->name, text.ptr);
		yaml_done(&files[0]);
		yaml_done(&files[1]);
	}
}

/* ---- programs that say who we are ---- */

#define GIVEN(status) \
	"{\"apiVersion\": \"v\", \"kind\": \"ExecCredential\", \"status\": {" status "}}"

static const struct {
	const char *text, *want; /* the token, or "cert", or behind "!" why not */
	int64_t until_ms;
} given_rows[] = {
	{ GIVEN("\"token\": \"abc\""), "abc", INT64_MAX },
	{ GIVEN("\"token\": \"a\", \"expirationTimestamp\": \"1970-01-01T00:01:00Z\""), "a",
	  60000 },
	{ GIVEN("\"token\": \"a\", \"expirationTimestamp\": \"1970-01-01T01:00:30.5+01:00\""), "a",
	  30000 },
	{ GIVEN("\"token\": \"a\", \"expirationTimestamp\": null"), "a", INT64_MAX },
	{ GIVEN("\"clientCertificateData\": \"-----BEGIN\", \"clientKeyData\": \"-----BEGIN\""),
	  "cert", INT64_MAX },
	{ GIVEN("\"token\": \"\""), "!neither a token nor", 0 },
	{ GIVEN("\"token\": 7"), "!neither a token nor", 0 },
	{ GIVEN("\"clientCertificateData\": \"-----BEGIN\""), "!belong together", 0 },
	{ GIVEN("\"clientCertificateData\": \"x\", \"clientKeyData\": \"y\""), "!in PEM", 0 },
	{ GIVEN("\"token\": \"a\", \"expirationTimestamp\": \"soon\""), "!no time", 0 },
	{ GIVEN("\"token\": \"a\", \"expirationTimestamp\": 7"), "!no time", 0 },
	{ "{\"apiVersion\": \"w\", \"status\": {\"token\": \"a\"}}", "!another apiVersion", 0 },
	{ "{", "!another apiVersion", 0 },
	{ "", "!another apiVersion", 0 },
};

static void given(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(given_rows); i++) {
		owned_arena struct arena arena = ARENA_EMPTY;
		const char *want = given_rows[i].want;
		struct kube_given out;
		struct error err;

		if (kube_given_read(&out, &arena, "v", span_of(given_rows[i].text), &err)) {
			if (want[0] != '!' || !strstr(err.text, want + 1))
				fail_msg("%s: %s", given_rows[i].text, err.text);
			continue;
		}
		assert_string_equal(out.token ? out.token : "cert", want);
		assert_int_equal(out.until_ms, given_rows[i].until_ms);
	}
}

static void times(void **state)
{
	(void)state;
	assert_int_equal(kube_time_ms("1970-01-02T00:00:00Z"), 86400000);
	assert_int_equal(kube_time_ms("1970-01-02T00:00:00-00:01"), 86460000);
	assert_int_equal(kube_time_ms("1970-01-02T00:00:00"), -1);
	assert_int_equal(kube_time_ms("1970-01-02T00:00:00Zulu"), -1);
	assert_int_equal(kube_time_ms("1970-01-02"), -1);
	assert_int_equal(kube_time_ms(""), -1);
	assert_int_equal(kube_time_ms(NULL), -1);
}

/* ---- what the server says ---- */

static const struct {
	int code;
	const char *answer;
	enum error_kind kind;
	const char *text, *reason;
	bool too_new;
} refusals[] = {
	{ 404, "{\"reason\": \"NotFound\", \"message\": \"pods \\\"a\\\" not found\"}",
	  ERROR_NOT_FOUND, "GET /x: pods \"a\" not found (NotFound, 404)", "NotFound", false },
	{ 403, "{\"reason\": \"Forbidden\", \"message\": \"no\"}", ERROR_USAGE,
	  "no (Forbidden, 403)", "Forbidden", false },
	{ 401, "null", ERROR_USAGE, "log in again", "", false },
	{ 409, "{\"reason\": \"Conflict\"}", ERROR_LOCKED, "says no more (Conflict, 409)",
	  "Conflict", false },
	{ 503, "[]", ERROR_UNREACHABLE, "(503)", "", false },
	{ 429, "{\"details\": {\"retryAfterSeconds\": 1e300}}", ERROR_UNREACHABLE, "(429)", "",
	  false },
	{ 422, "{\"message\": 7, \"reason\": {}}", ERROR_INVALID, "(422)", "", false },
	{ 504,
	  "{\"reason\": \"Timeout\", \"details\": {\"causes\": [{\"reason\": "
	  "\"ResourceVersionTooLarge\"}]}}",
	  ERROR_UNREACHABLE, "(Timeout, 504)", "Timeout", true },
	{ 504, "{\"message\": \"Too large resource version: 9\"}", ERROR_UNREACHABLE, "(504)", "",
	  true },
};

static void refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		owned_json json_t *answer = json_loads(refusals[i].answer, JSON_DECODE_ANY, NULL);
		struct kube_status status = { 0 };
		struct error err;

		kube_refused(&status, "GET /x", refusals[i].code, answer, &err);
		assert_int_equal(err.kind, refusals[i].kind);
		if (!strstr(err.text, refusals[i].text))
			fail_msg("%s", err.text);
		assert_string_equal(status.reason, refusals[i].reason);
		assert_int_equal(status.too_new, refusals[i].too_new);
	}
}

static void paths(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	(void)state;
	assert_string_equal(kube_path(&arena, "v1", "pods", "n", "a"),
			    "/api/v1/namespaces/n/pods/a");
	assert_string_equal(kube_path(&arena, "apps/v1", "deployments", NULL, NULL),
			    "/apis/apps/v1/deployments");
	assert_string_equal(kube_path(&arena, "v1", "pods", "../x", "a?b/c"),
			    "/api/v1/namespaces/..%2Fx/pods/a%3Fb%2Fc");
}

/* ---- leases ---- */

static const struct {
	const char *lease;
	int64_t age_ms;
	bool free;
} leases[] = {
	{ "{\"spec\": {\"holderIdentity\": \"b\", \"leaseDurationSeconds\": 15}}", 14999, false },
	{ "{\"spec\": {\"holderIdentity\": \"b\", \"leaseDurationSeconds\": 15}}", 15000, true },
	/* However old it says it is: what counts is since when we see it so. */
	{ "{\"spec\": {\"holderIdentity\": \"b\", \"leaseDurationSeconds\": 15, \"renewTime\": "
	  "\"1999-01-01T00:00:00.000000Z\"}}",
	  0, false },
	{ "{\"spec\": {\"holderIdentity\": \"a\", \"leaseDurationSeconds\": 15}}", 0, true },
	{ "{\"spec\": {\"holderIdentity\": \"\", \"leaseDurationSeconds\": 15}}", 0, true },
	{ "{\"spec\": {}}", 0, true },
	{ "{}", 0, true },
	{ "{\"spec\": {\"holderIdentity\": \"b\", \"leaseDurationSeconds\": 999999999999}}",
	  3599999, false },
	{ "{\"spec\": {\"holderIdentity\": \"b\", \"leaseDurationSeconds\": -1}}", 0, true },
};

static void lease_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(leases); i++) {
		owned_json json_t *json = json_loads(leases[i].lease, 0, NULL);
		struct lease_record record;

		lease_read(&record, json);
		if (lease_is_free(&record, "a", 1000, 1000 + leases[i].age_ms) != leases[i].free)
			fail_msg("%s after %d ms", leases[i].lease, (int)leases[i].age_ms);
	}
}

/* ---- lists and watches ---- */

struct heard {
	struct str text;
	size_t enough; /* after so many; 0: never */
	size_t count;
};

static bool hear(void *context, enum reflect_change change, const char *key, const json_t *object)
{
	struct heard *heard = context;

	str_addf(&heard->text, "%c%s%s ", "+*-="[change], key ? key : "",
		 json_object_get(json_object_get(object, "metadata"), "managedFields") ? "!" : "");
	return ++heard->count != heard->enough;
}

#define META(name, rv) "\"metadata\": {\"name\": \"" name "\", \"resourceVersion\": \"" rv "\"}"
#define ITEM(name, rv) "{" META(name, rv) "}"
#define LIST(rv, items) "{\"metadata\": {\"resourceVersion\": \"" rv "\"}, \"items\": [" items "]}"
#define PAGE(more, items)                                                   \
	"{\"metadata\": {\"resourceVersion\": \"1\", \"continue\": \"" more \
	"\"}, \"items\": [" items "]}"
#define EVENT(type, object) "{\"type\": \"" type "\", \"object\": " object "}\n"
#define GONE_EVENT \
	EVENT("ERROR", "{\"code\": 410, \"reason\": \"Expired\", \"message\": \"too old\"}")

/* Steps, one a line: "list JSON", "watch BYTES" (to its end, closed by the server, a second after
 * it began), "short BYTES" (at once), "cut BYTES" (and the connection broke), "fail CODE", "late"
 * (the clock goes on by three minutes); what is heard, then "what is asked next" of each.
 */
static const struct reflect_row {
	const char *name;
	const char *steps[8];
	const char *heard, *next; /* NEXT: the last query and, behind it, how long before it */
} reflect_rows[] = {
	{ "nothing yet", { NULL }, "", "?limit=500 0" },
	{ "a list",
	  { "list " LIST("7", ITEM("a", "1") "," ITEM("b", "2")) },
	  "+a +b = ",
	  "?watch=1&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=300 0" },
	{ "an empty one",
	  { "list {\"metadata\": {\"resourceVersion\": \"7\"}, \"items\": null}" },
	  "= ",
	  "?watch=1&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=300 0" },
	{ "with a namespace",
	  { "list " LIST("7", "{\"metadata\": {\"name\": \"a\", \"namespace\": \"n\", "
			      "\"managedFields\": [1]}}") },
	  "+n/a = ",
	  "?watch=1&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=300 0" },
	{ "pages",
	  { "list " PAGE("x/y", ITEM("a", "1")), "list " LIST("9", ITEM("b", "2")) },
	  "+a +b = ",
	  "?watch=1&allowWatchBookmarks=true&resourceVersion=9&timeoutSeconds=300 0" },
	{ "a page", { "list " PAGE("x/y", ITEM("a", "1")) }, "", "?limit=500&continue=x%2Fy 0" },
	{ "a page that is too old",
	  { "list " PAGE("x", ITEM("a", "1")), "fail 410" },
	  "",
	  "?resourceVersion= 0" },
	{ "changes",
	  { "list " LIST("7", ITEM("a", "1")),
	    "watch " EVENT("ADDED", ITEM("b", "8")) EVENT("MODIFIED", ITEM("a", "9"))
		    EVENT("DELETED", ITEM("b", "10")) },
	  "+a = +b *a -b ",
	  "?watch=1&allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds=300 0" },
	{ "the same again",
	  { "list " LIST("7", ITEM("a", "1")), "watch " EVENT("MODIFIED", ITEM("a", "1")) },
	  "+a = ",
	  "?watch=1&allowWatchBookmarks=true&resourceVersion=1&timeoutSeconds=300 0" },
	{ "a bookmark",
	  { "list " LIST("7", ""), "watch " EVENT("BOOKMARK", ITEM("", "99")) },
	  "= ",
	  "?watch=1&allowWatchBookmarks=true&resourceVersion=99&timeoutSeconds=300 0" },
	{ "gone that was never there",
	  { "list " LIST("7", ""), "watch " EVENT("DELETED", ITEM("a", "8")) },
	  "= ",
	  "?watch=1&allowWatchBookmarks=true&resourceVersion=8&timeoutSeconds=300 0" },
	{ "cut in the middle of an event",
	  { "list " LIST("7", ""),
	    "cut " EVENT("ADDED", ITEM("a", "8")) "{\"type\": \"ADDED\", \"obj",
	    "watch " EVENT("ADDED", ITEM("b", "9")) },
	  "= +a +b ",
	  "?watch=1&allowWatchBookmarks=true&resourceVersion=9&timeoutSeconds=300 0" },
	{ "cut: from where it was",
	  { "list " LIST("7", ""), "cut " EVENT("ADDED", ITEM("a", "8")) },
	  "= +a ",
	  "?watch=1&allowWatchBookmarks=true&resourceVersion=8&timeoutSeconds=300 800" },
	{ "a list that fails takes nothing away",
	  { "list " LIST("7", ITEM("a", "1")), "fail 500", "fail 0" },
	  "+a = ",
	  "?resourceVersion=7 1600" },
	{ "what is no list takes nothing away",
	  { "list " LIST("7", ITEM("a", "1")), "fail 500", "list {\"kind\": \"Status\"}" },
	  "+a = ",
	  "?resourceVersion=7 800" },
	{ "nor a list of what has no name",
	  { "list " LIST("7", ITEM("a", "1")), "fail 500", "list " LIST("8", "{}") },
	  "+a = ",
	  "?resourceVersion=7 800" },
	{ "nor one without a version",
	  { "list " LIST("7", ITEM("a", "1")), "fail 500", "list {\"items\": []}" },
	  "+a = ",
	  "?resourceVersion=7 800" },
	{ "what is gone from the next list",
	  { "list " LIST("7", ITEM("a", "1") "," ITEM("b", "2")), "fail 500",
	    "list " LIST("9", ITEM("b", "2") "," ITEM("c", "3")) },
	  "+a +b = +c -a = ",
	  "?watch=1&allowWatchBookmarks=true&resourceVersion=9&timeoutSeconds=300 0" },
	{ "410 on the request: at once, all that is true",
	  { "list " LIST("7", ITEM("a", "1")), "fail 410" },
	  "+a = ",
	  "?limit=500 0" },
	{ "410 as an event",
	  { "list " LIST("7", ITEM("a", "1")), "watch " GONE_EVENT },
	  "+a = ",
	  "?limit=500 0" },
	{ "410 again: not at once",
	  { "list " LIST("7", ""), "watch " GONE_EVENT, "list " LIST("8", ""),
	    "watch " GONE_EVENT },
	  "= = ",
	  "?limit=500 1600" },
	{ "410 again, later",
	  { "list " LIST("7", ""), "watch " GONE_EVENT, "list " LIST("8", ""), "late",
	    "watch " GONE_EVENT },
	  "= = ",
	  "?limit=500 0" },
	{ "429 keeps its place",
	  { "list " LIST("7", ""), "fail 429" },
	  "= ",
	  "?watch=1&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=300 800" },
	{ "429 as an event",
	  { "list " LIST("7", ""), "watch " EVENT("ERROR", "{\"code\": 429}") },
	  "= ",
	  "?watch=1&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=300 800" },
	{ "500 as an event",
	  { "list " LIST("7", ""), "watch " EVENT("ERROR", "{\"code\": 500}") },
	  "= ",
	  "?resourceVersion=7 800" },
	{ "refused connections wait longer and longer",
	  { "list " LIST("7", ""), "fail 0", "fail 0", "fail 0", "fail 0", "fail 0", "fail 0" },
	  "= ",
	  "?watch=1&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=300 25600" },
	{ "and forget it",
	  { "list " LIST("7", ""), "fail 0", "fail 0", "late", "fail 0" },
	  "= ",
	  "?watch=1&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=300 800" },
	{ "a version that the server does not know yet",
	  { "list " LIST("7", ""), "fail 504" },
	  "= ",
	  "?limit=500 0" },
	{ "closed at once, without a word",
	  { "list " LIST("7", ""), "short " },
	  "= ",
	  "?resourceVersion=7 800" },
	{ "closed at once, after something",
	  { "list " LIST("7", ""), "short " EVENT("ADDED", ITEM("a", "8")) },
	  "= +a ",
	  "?watch=1&allowWatchBookmarks=true&resourceVersion=8&timeoutSeconds=300 0" },
	{ "no JSON",
	  { "list " LIST("7", ITEM("a", "1")), "watch hello\n" },
	  "+a = ",
	  "?resourceVersion=7 800" },
	{ "no known event",
	  { "list " LIST("7", ""), "watch " EVENT("BORED", ITEM("a", "8")) },
	  "= ",
	  "?resourceVersion=7 800" },
	{ "an object without a name",
	  { "list " LIST("7", ""), "watch " EVENT("ADDED", "{}") },
	  "= ",
	  "?resourceVersion=7 800" },
	{ "an event without a version",
	  { "list " LIST("7", ""), "watch " EVENT("BOOKMARK", "{}") },
	  "= ",
	  "?resourceVersion=7 800" },
};

static bool step(struct reflect *r, const char *text, int64_t *now)
{
	struct span rest = span_of(text), word = { "", 0 };
	struct reflect_failure failure = { 0 };
	struct error err;

	span_next(&rest, ' ', &word);
	*now += 1;
	if (span_is(word, "late")) {
		*now += 180000;
	} else if (span_is(word, "fail")) {
		failure.code = (int)strtol(rest.ptr, NULL, 10);
		failure.too_new = failure.code == 504;
		reflect_failed(r, &failure, *now);
	} else if (span_is(word, "list")) {
		owned_json json_t *list = json_loadb(rest.ptr, rest.len, 0, NULL);

		if (reflect_listed(r, list, &err))
			return false;
	} else {
		reflect_watch_begins(r, *now);
		/* As they come: in pieces of three. */
		while (rest.len > 0) {
			size_t len = rest.len < 3 ? rest.len : 3;

			if (!reflect_take(r, (struct span){ rest.ptr, len }))
				break;
			rest = (struct span){ rest.ptr + len, rest.len - len };
		}
		*now += span_is(word, "short") ? 1 : 1000;
		if (span_is(word, "cut"))
			reflect_failed(r, &failure, *now);
		else if (reflect_watch_ended(r, *now, &err))
			return false;
	}
	return true;
}

static void reflects(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(reflect_rows); i++) {
		const struct reflect_row *row = &reflect_rows[i];
		struct heard heard = { 0 };
		struct reflect *r = reflect_new(hear, &heard);
		struct reflect_next next = { 0 };
		int64_t now = 1;

		for (size_t k = 0; k < ARRAY_LEN(row->steps) && row->steps[k]; k++)
			step(r, row->steps[k], &now);
		reflect_next(&next, r, 300);
		str_addf(&next.query, " %d", (int)next.wait_ms);
		if (strcmp(str_text(&heard.text), row->heard) != 0 ||
		    strcmp(str_text(&next.query), row->next) != 0)
			fail_msg("%s: heard %s, next %s", row->name, str_text(&heard.text),
				 str_text(&next.query));
		reflect_free(r);
		str_done(&heard.text);
		str_done(&next.query);
	}
}

static void reflect_has_enough(void **state)
{
	struct heard heard = { .enough = 2 };
	struct reflect *r = reflect_new(hear, &heard);
	int64_t now = 1;

	(void)state;
	assert_true(reflect_wants_more(r));
	step(r, "list " LIST("7", ITEM("a", "1") "," ITEM("b", "2") "," ITEM("c", "3")), &now);
	assert_false(reflect_wants_more(r));
	assert_string_equal(heard.text.ptr, "+a +b ");
	reflect_free(r);
	str_done(&heard.text);
}

static void reflect_is_bounded(void **state)
{
	struct heard heard = { 0 };
	struct reflect *r = reflect_new(hear, &heard);
	owned_mem char *blank = mem_alloc(1 << 20);
	struct error err;
	int64_t now = 1;
	int pieces = 0;

	(void)state;
	memset(blank, ' ', 1 << 20);
	step(r, "list " LIST("7", ""), &now);
	reflect_watch_begins(r, now);
	while (reflect_take(r, (struct span){ blank, 1 << 20 }))
		assert_true(++pieces < 4);
	assert_int_equal(pieces, 3);
	assert_int_equal(reflect_watch_ended(r, now + 5000, &err), -1);
	assert_non_null(strstr(err.text, "too large"));
	reflect_free(r);
	str_done(&heard.text);
}

/* ---- manifests ---- */

/* Every document of it, by a reader of ours, has a kind; nothing is left to be filled in. */
static void manifests(void **state)
{
	static const char *const wrong[] = { "", "-a", "a-", "A", "a.b", "a b", "${CONDITIONS}" };
	static const char *const wrong_images[] = { "", "-a", "a b", "a: b", "a\nb", "a:", "{a}" };
	owned_str struct str text = STR_EMPTY;
	const char *at;
	struct error err;
	int documents = 0;

	(void)state;
	assert_int_equal(manifests_add(&text, "shop-1", "host:5000/relevo@sha256:00", &err), 0);
	assert_null(strstr(text.ptr, "${"));
	assert_non_null(strstr(text.ptr, "namespace: shop-1\n"));
	for (at = text.ptr; at; documents++) {
		const char *end = strstr(at, "\n---\n");
		owned_yaml struct yaml yaml = { 0 };

		if (yaml_parse(&yaml, (struct span){ at, end ? (size_t)(end - at) : strlen(at) },
			       "m", &err))
			fail_msg("%s", err.text);
		assert_non_null(json_string_value(json_object_get(yaml.root, "kind")));
		at = end ? end + 5 : NULL;
	}
	assert_int_equal(documents, 7);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(manifests_add(&text, wrong[i], NULL, &err), -1);
	for (size_t i = 0; i < ARRAY_LEN(wrong_images); i++)
		assert_int_equal(manifests_add(&text, "a", wrong_images[i], &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kubeconfig),
		cmocka_unit_test(given),
		cmocka_unit_test(times),
		cmocka_unit_test(refused),
		cmocka_unit_test(paths),
		cmocka_unit_test(lease_rows),
		cmocka_unit_test(reflects),
		cmocka_unit_test(reflect_has_enough),
		cmocka_unit_test(reflect_is_bounded),
		cmocka_unit_test(manifests),
	};

	return cmocka_run_group_tests_name("kube", tests, NULL, NULL);
}
