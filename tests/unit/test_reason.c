// SPDX-License-Identifier: Apache-2.0
/* Reasons of Erlang in words. */
#include "upgrade/node/wire/rpc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct {
	const char *reason, *shown;
} rows[] = {
	{ "undef", "a function that does not exist was called (undef)" },
	{ "{'EXIT', {undef, [{m, f, 1, []}]}}",
	  "a function that does not exist was called (undef)" },
	{ "{{badkey, a}, [{m, f, [b], [{line, 1}]}]}", "a map has no such key ({badkey,a})" },
	{ "{error, {badarg, [{io, put_chars, [a, \"pw\"], []}]}}",
	  "an argument is wrong (badarg)" },
	{ "enoent", "no such file or folder (enoent)" },
	{ "{no_such_release, \"1.2\"}",
	  "release_handler knows no release \"1.2\" ({no_such_release,...})" },
	{ "{code_change_failed, 1, m, x}",
	  "a process could not change its state in m ({code_change_failed,1,m,x})" },
	{ "{no_such_release}", "{no_such_release}" },
	{ "{something, new}", "{something,new}" },
	{ "[]", "[]" },
	/* What a process holds stays there. */
	{ "{badmatch, {state, \"pw\", <<\"pw\">>, 1.5, #{key => pw}, [1, 2], ok, 7}}",
	  "a value is another than the code wants ({badmatch,{state,...,...,...,...,...,ok,7}})" },
	{ "[{a, \"pw\"}, $p | <<\"pw\">>]", "[{a,...},...|...]" },
	{ "{enoent, \"/srv/shop/lib\"}", "{enoent,\"/srv/shop/lib\"}" },
	{ "{enoent, <<\"/srv/shop/lib\">>}", "{enoent,<<\"/srv/shop/lib\">>}" },
	{ "{url, \"/?pw=1\"}", "{url,...}" },
	{ "{a, {b, {c, {d, {e, {f, {g, {h, {i, j}}}}}}}}}", "{a,{b,{c,{d,{e,{f,{g,{h,...}}}}}}}}" },
};

static void in_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		owned_arena struct arena arena = ARENA_EMPTY;
		owned_str struct str out = STR_EMPTY, text = STR_EMPTY;
		const struct term *reason;
		struct error err;

		str_addf(&text, "%s.", rows[i].reason);
		assert_int_equal(term_parse_one(&reason, &arena, str_span(&text), "row", &err), 0);
		rpc_reason(&out, reason);
		assert_string_equal(str_text(&out), rows[i].shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(in_words) };

	return cmocka_run_group_tests_name("reason", tests, NULL, NULL);
}
