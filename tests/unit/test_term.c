// SPDX-License-Identifier: Apache-2.0
#include "erlang/term/term.h"
#include "erlang/term/term_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- text that is read, and how it is written ---- */

static const struct text_row {
	const char *name, *text, *want;
} texts[] = {
	{ "atom", "ok.", "ok" },
	{ "atom with @ and digits", "a1_@B.", "a1_@B" },
	{ "quoted atom that needs none", "'ok'.", "ok" },
	{ "quoted atoms", "['', 'A', 'a b', 'it\\'s', 'end', 'x\\ny'].",
	  "['','A','a b','it\\'s','end','x\\ny']" },
	{ "words of later versions are quoted", "{maybe, else}.", "{'maybe','else'}" },
	{ "Latin-1 letters", "[\u00e9t\u00e9, '\u00c9t\u00e9', '\u00f7'].",
	  "[\u00e9t\u00e9,'\u00c9t\u00e9','\u00f7']" },
	{ "other letters", "'\u65e5\u672c'.", "'\u65e5\u672c'" },
	{ "integers", "[0, -1, +7, 1_000, 16#fF, 2#1010, 36#Zz, - 5, -(5), -((6))].",
	  "[0,-1,7,1000,255,10,1295,-5,-5,-6]" },
	{ "64 bits and more",
	  "{9223372036854775807, 9223372036854775808, -9223372036854775808, "
	  "-9223372036854775809, 18446744073709551616}.",
	  "{9223372036854775807,9223372036854775808,-9223372036854775808,"
	  "-9223372036854775809,18446744073709551616}" },
	{ "big in a base", "16#ffff_ffff_ffff_ffff_ffff.", "1208925819614629174706175" },
	{ "characters", "[$a, $\\n, $\\x41, $\\x{1F600}, $\\101, $\\^a, $ , $', $\\s, -$a].",
	  "[97,10,65,128512,65,1,32,39,32,-97]" },
	{ "floats", "[0.0, -0.0, 1.5, 1.0e3, 1.0E-5, 1_0.2_5e1_0, 123456789.0, 1.0e22, 5.0e-324].",
	  "[0.0,-0.0,1.5,1.0e3,1.0e-5,1.025e11,123456789.0,1.0e22,5.0e-324]" },
	{ "float with many digits", "0.1000000000000000055511151231257827.", "0.1" },
	{ "largest float", "1.7976931348623157e308.", "1.7976931348623157e308" },
	{ "float too small is zero", "1.0e-400.", "0.0" },
	{ "string", "\"text\".", "\"text\"" },
	{ "string escapes", "\"\\n\\r\\t\\v\\b\\f\\e\\s\\d\\\\\\\"\\'\\q\".",
	  "[10,13,9,11,8,12,27,32,127,92,34,39,113]" },
	{ "string escapes by number", "\"\\0\\12\\1234\\x41\\x{e9}\\^A\".",
	  "[0,10,83,52,65,233,1]" },
	{ "printable string", "\"a\\tb\\\"\\\\ \u00e9 \u65e5\".",
	  "\"a\\tb\\\"\\\\ \u00e9 \u65e5\"" },
	{ "strings that follow each other", "\"a\" \"b\"\n%% between\n\"c\".", "\"abc\"" },
	{ "string over lines", "\"a\nb\\\nc\".", "\"a\\nb\\nc\"" },
	{ "empty string", "\"\".", "[]" },
	{ "list that is text", "[104, 105].", "\"hi\"" },
	{ "lists", "[[], [1], [1 | 2], [a, b | c]].", "[[],[1],[1|2],[a,b|c]]" },
	{ "lists in tails", "[a | [b, c | [d | [e | []]]]].", "[a,b,c,d,e]" },
	{ "improper list in tails", "[a | [b | [c | d]]].", "[a,b,c|d]" },
	{ "string as tail", "[1 | \"ab\" \"c\"].", "[1,97,98,99]" },
	{ "list in parentheses as tail", "[1 | ([2 | 3])].", "[1,2|3]" },
	{ "tuples", "{{}, {a}, {a, (b)}}.", "{{},{a},{a,b}}" },
	{ "maps are in the order of keys", "#{b => 1, a => 2, 1.0 => x, 2 => y, \"k\" => #{}}.",
	  "#{2 => y,1.0 => x,a => 2,b => 1,\"k\" => #{}}" },
	{ "of equal keys the last", "# {a=>1,a=>2,'a'=>3}.", "#{a => 3}" },
	{ "binaries", "[<<>>, <<\"text\">>, <<1,2,3>>, << \"a\" , $b, 99 >>].",
	  "[<<>>,<<\"text\">>,<<1,2,3>>,<<\"abc\">>]" },
	{ "UTF-8 in binaries", "[<<\"\u00e9\"/utf8>>, <<\"\u65e5\">>, <<\"\u00e9\">>].",
	  "[<<\"\u00e9\"/utf8>>,<<229>>,<<233>>]" },
	{ "sizes in binaries", "<<1:16, 2:4, 3:4, -1:8, 16#1234:16/little, $a:8/unit:2>>.",
	  "<<0,1,35,255,52,18,0,97>>" },
	{ "bit strings", "[<<5:3>>, <<1,2:4>>, <<1:12/little>>, <<-1:65>>].",
	  "[<<5:3>>,<<1,2:4>>,<<1,0:4>>,<<255,255,255,255,255,255,255,255,1:1>>]" },
	{ "big integers in binaries", "<<18446744073709551617:72, -18446744073709551617:72>>.",
	  "<<1,0,0,0,0,0,0,0,1,254,255,255,255,255,255,255,255,255>>" },
	{ "floats in binaries",
	  "[<<1.0/float>>, <<1:32/float>>, <<1.0:16/float>>, "
	  "<<1.5/little-float>>, <<\"a\":32/float>>].",
	  "[<<63,240,0,0,0,0,0,0>>,<<63,128,0,0>>,<<60,0>>,<<0,0,0,0,0,0,248,63>>,"
	  "<<66,194,0,0>>]" },
	{ "binaries in binaries",
	  "[<<<<1,2>>/binary>>, <<(<<1,2:3>>)/bits, 1:5>>, "
	  "<<<<1,2,3>>:2/bytes>>].",
	  "[<<1,2>>,<<1,65>>,<<1,2>>]" },
	{ "UTF-16 and UTF-32", "[<<\"\U0001F600\"/utf16>>, <<$a/utf16-little>>, <<$a/utf32>>].",
	  "[<<216,61,222,0>>,<<97,0>>,<<0,0,0,97>>]" },
	{ "external fun", "fun lists:'map it'/2.", "fun lists:'map it'/2" },
	{ "comments and blanks", "%% one\n\n{a, % two\n\tb}\r\n. % three", "{a,b}" },
	{ "dot at the very end", "a.", "a" },
	{ "what is behind the dot is not read", "a. }} \" \xff", "a" },
	{ "latin-1", "%% coding: latin-1\n[\"\xe9\", '\xc9'].", "[\"\u00e9\",'\u00c9']" },
	{ "latin-1, as Emacs has it", "\n%% -*- coding: Latin-1-unix -*-\n\"\xe9\".",
	  "\"\u00e9\"" },
	{ "utf-8", "%% coding: utf-8\n\"\u00e9\".", "\"\u00e9\"" },
	{ "sigils", "[~\"a\\tb \u00e9\", ~b\"\\x41\", ~B\"\\x41\", ~s\"a\\nb\", ~S\"a\\nb\"].",
	  "[<<\"a\\tb \u00e9\"/utf8>>,<<\"A\">>,<<\"\\\\x41\">>,\"a\\nb\",\"a\\\\nb\"]" },
	{ "delimiters of sigils",
	  "[~s(a\\)), ~S[a\\], ~s{}, ~s<a>, ~s/a/, ~s|a|, ~s#a#, ~s`a`, ~'a'].",
	  "[\"a)\",\"a\\\\\",[],\"a\",\"a\",\"a\",\"a\",\"a\",<<\"a\">>]" },
	{ "text of several lines", "{\"\"\"\n  a \\n\n\n   \"b\"\"\n  \"\"\", c}.",
	  "{\"a \\\\n\\n\\n \\\"b\\\"\\\"\",c}" },
	{ "text of no lines", "[\"\"\" \t\n\"\"\", \"\"\"\"\n\"\"\"\n\"\"\"\"].",
	  "[[],\"\\\"\\\"\\\"\"]" },
	{ "lines end as they do elsewhere", "\"\"\"\r\n\ta\r\n\r\n\tb\r\n\t\"\"\".",
	  "\"a\\r\\n\\r\\nb\"" },
	{ "sigils of several lines",
	  "[~\"\"\"\n a\\t\n \"\"\", ~b\"\"\"\n a\\tb\\\n c\n \"\"\", ~s\"\"\"\n \\\"\"\"\n "
	  "\"\"\"].",
	  "[<<\"a\\\\t\">>,<<\"a\\tb\\nc\">>,\"\\\"\\\"\\\"\"]" },
};

static void check_text(void **state)
{
	const struct text_row *row = *state;
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str line = STR_EMPTY, file = STR_EMPTY;
	const struct term *term, *again;
	struct error err = { .text = "" };

	if (term_parse(&term, &arena, span_of(row->text), "x", &err))
		fail_msg("%s", err.text);
	term_print(&line, term);
	assert_string_equal(str_text(&line), row->want);
	term_print_file(&file, term);
	assert_int_equal(term_parse_one(&again, &arena, str_span(&file), "x", &err), 0);
	assert_true(term_equal(term, again));
	assert_int_equal(term_compare(term, again), 0);
}

/* ---- text that is refused ---- */

static const struct error_row {
	const char *name, *text, *otp, *error;
} errors[] = {
	{ "empty", "", "read", "x:1:1: there is no term" },
	{ "a sigil of no kind", "~r\"a\".", "parse", "x:1:1: there is no sigil ~r" },
	{ "a sigil with letters behind it", "~s\"a\"u.", "parse",
	  "x:1:1: nothing may follow the text of a sigil" },
	{ "a sigil without text", "{~ a}.", "read", "x:1:2: a sigil without text behind it" },
	{ "a sigil that does not end", "~s(a.", "read", "x:1:1: sigil that does not end" },
	{ "a sigil before a string", "~s\"a\" \"b\".", "parse", "x:1:7: unexpected \"b\"" },
	{ "several lines that do not end", "\"\"\"\n\"\".", "read",
	  "x:1:1: string that does not end" },
	{ "several lines that begin too early", "\"\"\"a\n\"\"\".", "read",
	  "x:1:1: text behind the quotes that begin a text of several lines" },
	{ "several lines, not indented", "\"\"\"\n  a\n b\n  \"\"\".", "read",
	  "x:1:1: line 2 of this text is not indented as its end is" },
	{ "only a comment", "% a\n", "read", "x:2:1: there is no term" },
	{ "no dot", "a", "parse", "x:1:2: the file ends without the final dot" },
	{ "no dot behind a tuple", "{a,\n b}\n", "parse",
	  "x:3:1: the file ends without the final dot" },
	{ "dot too early", "{a, [b\n.\n", "parse", "x:2:1: the final dot comes too early" },
	{ "only a dot", " .", "parse", "x:1:2: the final dot comes too early" },
	{ "dot that ends nothing", "a.b.", "parse", "x:1:2: unexpected ." },
	{ "wrong bracket", "{a,\n  [b}}.", "parse", "x:2:5: unexpected }" },
	{ "comma too many", "[a,].", "parse", "x:1:4: unexpected ]" },
	{ "two terms", "{a}, {b}.", "parse", "x:1:4: unexpected ," },
	{ "column counts characters", "{\"\u00e9\u65e5\", }.", "parse", "x:1:8: unexpected }" },
	{ "variable", "{a, Name}.", "parse", "x:1:5: variable Name is no term" },
	{ "reserved word", "{end}.", "parse", "x:1:2: reserved word end needs quotes" },
	{ "call", "a(b).", "parse", "x:1:2: unexpected (" },
	{ "operator", "1 + 1.", "parse", "x:1:3: unexpected +" },
	{ "sign before a sign", "- -1.", "parse", "x:1:3: unexpected -" },
	{ "map with :=", "#{a := 1}.", "parse", "x:1:5: unexpected :=" },
	{ "binary of an atom", "{<<a>>}.", "parse",
	  "x:1:4: this segment of a binary cannot be constructed" },
	{ "binary with a size over its end", "<<<<1>>:2/binary>>.", "parse",
	  "x:1:3: this segment of a binary cannot be constructed" },
	{ "huge binary", "<<0:99999999999>>.", "parse",
	  "x:1:3: this segment of a binary cannot be constructed" },
	{ "binary with two types", "<<1/integer-float>>.", "parse",
	  "x:1:18: wrong type of a binary segment before this" },
	{ "fun of this module", "fun f/1.", "parse", "x:1:6: unexpected /" },
	{ "string without end", "{a,\n \"b", "read", "x:2:2: string that does not end" },
	{ "atom without end", "'a\n.\n", "read", "x:1:1: quoted atom that does not end" },
	{ "byte that is not UTF-8", "\"a\xe9\".", "read",
	  "x:1:3: byte 0xe9 is not UTF-8 (Latin-1 text needs \"%% coding: latin-1\" in its "
	  "first line)" },
	{ "byte order mark",
	  "\ufeff"
	  "a.",
	  "read", "x:1:1: illegal character" },
	{ "character that none is", "\"\\x{d800}\".", "read",
	  "x:1:2: \\x escape of what is no character" },
	{ "escape too large", "\"\\x{1100000000000}\".", "read",
	  "x:1:2: \\x escape of what is no character" },
	{ "escape cut short", "\"\\x4\".", "read", "x:1:2: illegal \\x escape" },
	{ "escape without digits", "\"\\x{}\".", "read", "x:1:2: illegal \\x escape" },
	{ "base", "37#1.", "read", "x:1:1: base of a number is not in 2..36" },
	{ "no digits", "16#.", "read", "x:1:1: number without digits" },
	{ "no exponent", "1.0e.", "read", "x:1:1: exponent without digits" },
	{ "float too large", "{1.0e400}.", "read", "x:1:2: float out of range" },
	{ "a character that ends", "$", "read", "x:1:1: the text ends behind \"$\"" },
	{ "what cannot be read wins", "{a b, \n \xff}.", "read",
	  "x:2:2: byte 0xff is not UTF-8 (Latin-1 text needs \"%% coding: latin-1\" in its "
	  "first line)" },
	{ "but only up to the dot", "{a b}. \xff", "parse", "x:1:4: unexpected b" },
	{ "digit of another base", "2#12.", "parse", "x:1:4: unexpected 2" },
};

static void check_error(void **state)
{
	const struct error_row *row = *state;
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *term = &term_nil;
	struct error err;

	assert_int_equal(term_parse(&term, &arena, span_of(row->text), "x", &err), -1);
	assert_ptr_equal(term, &term_nil);
	assert_string_equal(err.text, row->error);
	assert_string_equal(err.otp, row->otp);
	assert_int_equal(err.kind, ERROR_INVALID);
}

/* ---- the external term format ---- */

/* Hexadecimal: what is decoded, and its text; `want` is what is encoded again, where
 * that is not the same.
 */
static const struct binary_row {
	const char *name, *hex, *text, *want;
} binaries[] = {
	{ "small integer", "83 61 ff", "255", NULL },
	{ "integer", "83 62 ffffffff", "-1", NULL },
	{ "integer that is small", "83 62 00000001", "1", "83 61 01" },
	{ "big", "83 6e 08 01 0000000000000080", "-9223372036854775808", NULL },
	{ "big, not small", "83 6e 08 00 0000000000000080", "9223372036854775808", NULL },
	{ "big with zeros in front", "83 6e 03 00 010000", "1", "83 61 01" },
	{ "large big", "83 6f 00000009 00 000000000000000001", "18446744073709551616",
	  "83 6e 09 00 000000000000000001" },
	{ "float", "83 46 3ff8000000000000", "1.5", NULL },
	{ "old float", "83 63 312e35303030303030303030303030303030303030652b3030 0000000000 00",
	  "1.5", "83 46 3ff8000000000000" },
	{ "atom", "83 64 0002 6f6b", "ok", NULL },
	{ "small atom", "83 73 02 6f6b", "ok", "83 64 0002 6f6b" },
	{ "UTF-8 atom", "83 77 03 e697a5", "'\u65e5'", NULL },
	{ "UTF-8 atom in Latin-1", "83 77 02 c3a9", "\u00e9", "83 64 0001 e9" },
	{ "long UTF-8 atom", "83 76 0003 e697a5", "'\u65e5'", "83 77 03 e697a5" },
	{ "nil", "83 6a", "[]", NULL },
	{ "string", "83 6b 0002 6869", "\"hi\"", NULL },
	{ "empty string", "83 6b 0000", "[]", "83 6a" },
	{ "list", "83 6c 00000002 61 01 62 00000100 6a", "[1,256]", NULL },
	{ "list of bytes", "83 6c 00000001 61 01 6a", "[1]", "83 6b 0001 01" },
	{ "improper list", "83 6c 00000001 61 01 61 02", "[1|2]", NULL },
	{ "list of nothing but a tail", "83 6c 00000000 61 05", "5", "83 61 05" },
	{ "lists in tails", "83 6c 00000001 62 00000100 6c 00000001 61 02 6b 0001 03", "[256,2,3]",
	  "83 6c 00000003 62 00000100 61 02 61 03 6a" },
	{ "tuple", "83 68 02 61 01 6a", "{1,[]}", NULL },
	{ "large tuple", "83 69 00000001 61 01", "{1}", "83 68 01 61 01" },
	{ "map", "83 74 00000002 61 02 6a 61 01 6a", "#{1 => [],2 => []}",
	  "83 74 00000002 61 01 6a 61 02 6a" },
	{ "binary", "83 6d 00000002 6869", "<<\"hi\">>", NULL },
	{ "bit string, unused bits set", "83 4d 00000001 03 bf", "<<5:3>>",
	  "83 4d 00000001 03 a0" },
	{ "bit string of whole bytes", "83 4d 00000001 08 ff", "<<255>>", "83 6d 00000001 ff" },
	{ "pid", "83 58 64 0003 614062 00000001 00000002 00000003", "#Pid<a@b.1.2>", NULL },
	{ "old pid", "83 67 64 0003 614062 00000001 00000002 03", "#Pid<a@b.1.2>",
	  "83 58 64 0003 614062 00000001 00000002 00000003" },
	{ "port", "83 59 64 0003 614062 00000007 00000001", "#Port<a@b.0.7>", NULL },
	{ "port of 64 bits", "83 78 64 0003 614062 0000000100000007 00000001", "#Port<a@b.1.7>",
	  NULL },
	{ "old port", "83 66 64 0003 614062 00000007 01", "#Port<a@b.0.7>",
	  "83 59 64 0003 614062 00000007 00000001" },
	{ "reference", "83 5a 0002 64 0003 614062 00000001 00000005 00000006", "#Ref<a@b.5.6>",
	  NULL },
	{ "old reference", "83 65 64 0003 614062 00000005 01", "#Ref<a@b.5>",
	  "83 5a 0001 64 0003 614062 00000001 00000005" },
	{ "less old reference", "83 72 0001 64 0003 614062 01 00000005", "#Ref<a@b.5>",
	  "83 5a 0001 64 0003 614062 00000001 00000005" },
	{ "external fun", "83 71 64 0001 6d 64 0001 66 61 02", "fun m:f/2", NULL },
	{ "external fun with UTF-8 atoms", "83 71 77 01 6d 77 01 66 61 02", "fun m:f/2",
	  "83 71 64 0001 6d 64 0001 66 61 02" },
	{ "external fun, an atom of it in Latin-1, one that has no place there",
	  "83 71 77 02 c3a9 77 02 cebb 61 02", "fun é:'λ'/2", "83 71 64 0001 e9 77 02 cebb 61 02" },
	{ "fun",
	  "83 70 00000038 00 00000000000000000000000000000000 00000000 00000001 64 0001 6d "
	  "61 00 61 00 58 64 0001 61 00000001 00000000 00000000 61 01",
	  "#Fun<>", NULL },
	{ "native record",
	  "83 43 00000002 01 64 0001 6d 64 0003 41 20 62 64 0001 78 64 0001 79 61 01 6c 00000001 "
	  "64 0001 61 6a",
	  "#m:'A b'{x = 1,y = [a]}", NULL },
	{ "native record without fields, not exported", "83 43 00000000 00 64 0001 6d 64 0001 72",
	  "#m:r{}", NULL },
	{ "compressed", "83 50 00000004 789ccb666074040001f300ae", "\"A\"", "83 6b 0001 41" },
};

static void from_hex(struct str *out, const char *hex)
{
	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		str_addc(out, (char)strtol((char[]){ hex[0], hex[1], '\0' }, NULL, 16));
		hex++;
	}
}

static void check_binary(void **state)
{
	const struct binary_row *row = *state;
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str bytes = STR_EMPTY, want = STR_EMPTY, line = STR_EMPTY, out = STR_EMPTY;
	const struct term *term, *again;
	struct error err = { .text = "" };
	size_t used;

	from_hex(&bytes, row->hex);
	from_hex(&want, row->want ? row->want : row->hex);
	if (term_decode(&term, &arena, str_span(&bytes), TERM_LIMITS_FILE, NULL, &err))
		fail_msg("%s", err.text);
	term_print(&line, term);
	assert_string_equal(str_text(&line), row->text);
	term_encode(&out, term, TERM_ATOMS_LATIN1);
	assert_int_equal(out.len, want.len);
	assert_memory_equal(out.ptr, want.ptr, want.len);

	str_clear(&out);
	term_encode(&out, term, TERM_ATOMS_UTF8);
	str_adds(&out, "behind");
	assert_int_equal(term_decode(&again, &arena, str_span(&out), TERM_LIMITS_FILE, &used, &err),
			 0);
	assert_int_equal(used, out.len - 6);
	assert_true(term_equal(term, again));

	for (size_t len = 0; len < bytes.len; len++)
		assert_int_equal(term_decode(&again, &arena, (struct span){ bytes.ptr, len },
					     TERM_LIMITS_FILE, NULL, &err),
				 -1);
}

static const struct hostile_row {
	const char *name, *hex, *error;
} hostiles[] = {
	{ "nothing", "", "byte 0: not the external term format" },
	{ "another version", "82 61 01", "byte 0: not the external term format" },
	{ "no term", "83", "byte 1: 1 bytes are missing" },
	{ "cut", "83 62 0000", "byte 2: 2 bytes are missing" },
	{ "more", "83 61 01 00", "byte 3: 1 bytes behind the term" },
	{ "list of 2^32", "83 6c ffffffff", "byte 6: 4294967295 elements in 0 bytes" },
	{ "tuple of 2^32", "83 69 ffffffff 6a", "byte 6: 4294967295 elements in 1 bytes" },
	{ "map of 2^32", "83 74 ffffffff 6a 6a", "byte 6: 4294967295 elements in 2 bytes" },
	{ "binary of 2^32", "83 6d ffffffff 00", "byte 6: 4294967294 bytes are missing" },
	{ "bit string of 2^32", "83 4d ffffffff 01 00", "byte 7: 4294967294 bytes are missing" },
	{ "bit string of 9 bits", "83 4d 00000001 09 00",
	  "byte 8: bit string with 9 bits in its last byte" },
	{ "bit string without bits", "83 4d 00000001 00 00",
	  "byte 8: bit string with 0 bits in its last byte" },
	{ "integer of 2^32", "83 6f ffffffff 00", "byte 7: integer of more than 8192 bytes" },
	{ "string cut", "83 6b ffff 41", "byte 4: 65534 bytes are missing" },
	{ "atom cut", "83 64 0003 6f6b", "byte 4: 1 bytes are missing" },
	{ "atom that is not UTF-8", "83 77 02 c328", "byte 5: atom that is not UTF-8" },
	{ "atom cache", "83 52 00", "byte 1: unknown tag 82" },
	{ "compressed inside", "83 68 01 50 00000000", "byte 3: unknown tag 80" },
	{ "infinite float", "83 46 7ff0000000000000", "byte 10: float that is no number" },
	{ "old float of words",
	  "83 63 696e66696e69747900000000000000000000000000000000000000000000 00",
	  "byte 33: float that is no number" },
	{ "key twice", "83 74 00000002 61 01 6a 61 01 6a", "byte 12: map with the same key twice" },
	{ "reference of no words", "83 5a 0000 64 0001 61 00000000",
	  "byte 4: reference of 0 words" },
	{ "reference of many words", "83 5a 0006 64 0001 61 00000000",
	  "byte 4: reference of 6 words" },
	{ "node that is no atom", "83 58 61 01 00000000 00000000 00000000",
	  "byte 3: node name that is no atom" },
	{ "fun that lies about its size",
	  "83 70 00000039 00 00000000000000000000000000000000 00000000 00000001 64 0001 6d "
	  "61 00 61 00 58 64 0001 61 00000001 00000000 00000000 61 01",
	  "byte 58: fun of another size than it says" },
	{ "external fun of a number", "83 71 61 01 64 0001 66 61 02",
	  "byte 4: a part of the wrong kind" },
	{ "native record of 2^32 fields", "83 43 ffffffff 00 64 0001 6d 64 0001 72",
	  "byte 6: 4294967295 elements in 9 bytes" },
	{ "native record of a number", "83 43 00000000 00 61 01 64 0001 72",
	  "byte 9: a part of the wrong kind" },
	{ "native record, half exported", "83 43 00000000 02 64 0001 6d 64 0001 72",
	  "byte 7: no native record" },
	{ "native record with a field twice",
	  "83 43 00000002 00 64 0001 6d 64 0001 72 64 0001 78 64 0001 78 61 01 61 02",
	  "byte 27: native record with the same field twice" },
	{ "compressed to 2^32", "83 50 ffffffff 789c",
	  "byte 2: 4294967295 bytes are more than allowed" },
	{ "compressed with more behind", "83 50 00000004 789ccb666074040001f300ae 00",
	  "byte 18: 1 bytes behind the term" },
	{ "compressed and wrong", "83 50 00000004 789ccb66607474020002e300f0", NULL },
};

static void check_hostile(void **state)
{
	const struct hostile_row *row = *state;
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str bytes = STR_EMPTY;
	const struct term *term = &term_nil;
	struct error err;

	from_hex(&bytes, row->hex);
	assert_int_equal(term_decode(&term, &arena, str_span(&bytes), TERM_LIMITS_FILE, NULL, &err),
			 -1);
	if (row->error)
		assert_string_equal(err.text, row->error);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_ptr_equal(term, &term_nil);
}

/* ---- limits ---- */

static void repeat(struct str *out, const char *hex, size_t times)
{
	for (; times > 0; times--)
		from_hex(out, hex);
}

static int decode_with(const char *before, const char *middle, size_t times, const char *after,
		       struct term_limits limits, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str bytes = STR_EMPTY;
	const struct term *term;

	from_hex(&bytes, before);
	repeat(&bytes, middle, times);
	from_hex(&bytes, after);
	return term_decode(&term, &arena, str_span(&bytes), limits, NULL, err);
}

static void limits_of_binaries(void **state)
{
	struct term_limits small = { .bytes = 1000, .depth = 3 };
	struct error err;

	(void)state;
	assert_int_equal(decode_with("83", "6801", 3, "6a", small, &err), 0);
	assert_int_equal(decode_with("83", "6801", 4, "6a", small, &err), -1);
	assert_string_equal(err.text, "byte 8: nested too deep");
	assert_int_equal(decode_with("83", "6801", TERM_DEPTH_MAX, "6a", TERM_LIMITS_FILE, &err),
			 0);
	assert_int_equal(decode_with("83", "6801", 1000000, "6a", TERM_LIMITS_FILE, &err), -1);
	assert_int_equal(decode_with("83 6d 00000321", "41", 801, "", small, &err), 0);
	assert_int_equal(decode_with("83 6d 000003e9", "41", 1001, "", small, &err), -1);
	assert_string_equal(err.text, "byte 1007: the term takes too much memory");
	assert_int_equal(decode_with("83 6b 03e9", "41", 1001, "", small, &err), -1);
	/* A list as the tail of a list is no deeper. */
	assert_int_equal(
		decode_with("83", "6c 00000001 6101", 100000, "6a", TERM_LIMITS_NODE, &err), 0);
	assert_int_equal(
		decode_with("83 6f 00002000 00", "ff", TERM_BIG_MAX, "", TERM_LIMITS_NODE, &err),
		0);
	assert_int_equal(decode_with("83 64 00ff", "61", 255, "", TERM_LIMITS_NODE, &err), 0);
	assert_int_equal(decode_with("83 64 0100", "61", 256, "", TERM_LIMITS_NODE, &err), -1);
	assert_int_equal(decode_with("83 76 02fd", "e697a5", 255, "", TERM_LIMITS_NODE, &err), 0);
	assert_int_equal(decode_with("83 76 0300", "e697a5", 256, "", TERM_LIMITS_NODE, &err), -1);
}

static int parse_with(const char *before, const char *middle, size_t times, const char *after,
		      size_t times_after, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str text = STR_EMPTY;
	const struct term *term;

	str_adds(&text, before);
	for (; times > 0; times--)
		str_adds(&text, middle);
	for (; times_after > 0; times_after--)
		str_adds(&text, after);
	str_addc(&text, '.');
	return term_parse_one(&term, &arena, str_span(&text), "x", err);
}

static void limits_of_texts(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(parse_with("", "[", 1024, "]", 1024, &err), 0);
	assert_int_equal(parse_with("", "[", 1025, "]", 1025, &err), -1);
	assert_string_equal(err.text, "x:1:1025: nested more than 1024 deep");
	assert_int_equal(parse_with("", "{a,#{b=>[(", 100000, "", 0, &err), -1);
	assert_int_equal(parse_with("", "- ", 100000, "", 0, &err), -1);
	assert_int_equal(parse_with("-", "(", 100000, ")", 0, &err), -1);
	assert_int_equal(parse_with("", "[a|", 100000, "", 0, &err), -1);
	assert_int_equal(parse_with("[a", "|[a", 100000, "]", 100001, &err), 0);
	assert_int_equal(parse_with("1", "0", 19000, "", 0, &err), 0);
	assert_int_equal(parse_with("1", "0", 20000, "", 0, &err), -1);
	assert_string_equal(err.text, "x:1:1: integer of more than 8192 bytes");
	assert_int_equal(parse_with("", "\u65e5", 0, "a", 255, &err), 0);
	assert_int_equal(parse_with("", "", 0, "a", 256, &err), -1);
	assert_string_equal(err.text, "x:1:1: name of more than 255 characters");
	assert_int_equal(parse_with("'", "\u65e5", 255, "'", 1, &err), 0);
	assert_int_equal(parse_with("'", "\u65e5", 256, "'", 1, &err), -1);
	assert_int_equal(parse_with("[\"", "text ", 200000, "\"]", 1, &err), 0);
}

/* ---- order ---- */

/* Ascending, in Erlang; each is less than all that follow. */
static const char *const ordered[] = {
	"-18446744073709551617",
	"-18446744073709551616",
	"-1.0e19",
	"-9223372036854775808",
	"-1",
	"-0.5",
	"0",
	"0.5",
	"1",
	"1.0",
	"1.5",
	"2",
	"9007199254740993",
	"9223372036854775807",
	"9.3e18",
	"18446744073709551616",
	"18446744073709551617",
	"1.0e300",
	"''",
	"'A'",
	"a",
	"aa",
	"b",
	"'\u65e5'",
	"fun a:b/1",
	"fun aa:a/0",
	"fun b:a/1",
	"{}",
	"{b}",
	"{a,a}",
	"{a,b}",
	"#{}",
	"#{1 => b}",
	"#{1.0 => a}",
	"#{a => 1}",
	"#{a => 1, b => 0}",
	"[]",
	"[a|b]",
	"[a]",
	"[a,b]",
	"[a|<<>>]",
	"[b]",
	"<<>>",
	"<<1:1>>",
	"<<129>>",
	"<<129,0>>",
	"<<129,0,1:1>>",
};

static void order(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *terms[ARRAY_LEN(ordered)];
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ordered); i++) {
		const char *text = arena_printf(&arena, "%s.", ordered[i]);

		if (term_parse(&terms[i], &arena, span_of(text), ordered[i], &err))
			fail_msg("%s", err.text);
	}
	for (size_t i = 0; i < ARRAY_LEN(ordered); i++)
		for (size_t k = 0; k < ARRAY_LEN(ordered); k++) {
			int want = (i > k) - (i < k), got = term_compare(terms[i], terms[k]);

			if (got != want)
				fail_msg("%s against %s: %d", ordered[i], ordered[k], got);
			assert_int_equal(term_equal(terms[i], terms[k]), i == k);
		}
}

/* ---- making and looking ---- */

static void making(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str text = STR_EMPTY;
	struct terms list = { 0 };
	const struct term *keys[] = { term_integer(&arena, 2), term_integer(&arena, 1),
				      term_integer(&arena, 2) };
	const struct term *values[] = { term_atom(&arena, "x"), term_bool(true), term_bool(false) };

	(void)state;
	terms_add(&arena, &list,
		  term_tuple(&arena, term_atom(&arena, "vsn"),
			     term_string(&arena, "1.0 \u00e9 \xff")));
	terms_add(&arena, &list, term_map(&arena, keys, values, 3));
	terms_add(&arena, &list, term_binary(&arena, SPAN("b")));
	terms_add(&arena, &list, term_float(&arena, 2));
	terms_add(&arena, &list, term_tuple_of(&arena, NULL, 0));
	terms_add(&arena, &list, term_integer(&arena, INT64_MIN));
	term_print(&text, term_list_of(&arena, &list));
	assert_string_equal(str_text(&text), "[{vsn,\"1.0 \u00e9 \u00ff\"},#{1 => true,2 => false},"
					     "<<\"b\">>,2.0,{},-9223372036854775808]");
}

static void looking(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *term, *found;
	const char *text = "unset";
	struct error err;
	int64_t number;

	(void)state;
	assert_int_equal(
		term_parse(&term, &arena,
			   SPAN("{a, [{x, \"\u00e9\"}, {y, 5}, {x, 2}, z], #{k => <<\"b\">>},\n"
				"'n\\0', \"n\\0\", [55296], [a|b]}."),
			   "x", &err),
		0);
	assert_true(term_is_tagged(term, "a", 7));
	assert_false(term_is_tagged(term, "a", 2));
	assert_false(term_is_tagged(term, "b", 7));
	found = term_proplist_get(term_at(term, 1), "x");
	assert_true(term_get_string(found, &arena, &text));
	assert_string_equal(text, "\u00e9");
	assert_true(term_get_integer(term_proplist_get(term_at(term, 1), "y"), &number));
	assert_int_equal(number, 5);
	assert_null(term_proplist_get(term_at(term, 1), "z"));
	assert_true(term_get_text(term_map_get(term_at(term, 2), "k"), &arena, &text));
	assert_string_equal(text, "b");
	assert_null(term_map_get(term_at(term, 2), "x"));
	assert_int_equal(term_at(term, 2)->line, 1);
	assert_int_equal(term_at(term, 3)->line, 2);
	text = "unset";
	assert_string_equal(term_atom_name(term_at(term, 3)), "n\u2400");
	assert_false(term_is_atom(term_at(term, 3), "n"));
	for (size_t i = 4; i < 7; i++)
		assert_false(term_get_string(term_at(term, i), &arena, &text));
	assert_string_equal(text, "unset");
	assert_true(term_get_string(&term_nil, &arena, &text));
	assert_string_equal(text, "");
}

static void one_and_all(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *term = &term_nil;
	struct error err;

	(void)state;
	assert_int_equal(term_parse_one(&term, &arena, SPAN("a. %x\n"), "x", &err), 0);
	assert_int_equal(term_parse_one(&term, &arena, SPAN("a.\nb.\n"), "x", &err), -1);
	assert_string_equal(err.text, "x:2:1: only one term is expected");
	assert_int_equal(term_parse_all(&term, &arena, SPAN("a.\nb. {c}."), "x", &err), 0);
	assert_int_equal(term->seq.len, 3);
	assert_int_equal(term_parse_all(&term, &arena, SPAN(" %\n"), "x", &err), 0);
	assert_true(term_is_nil(term));
	assert_int_equal(term_parse_all(&term, &arena, SPAN("a.\nb"), "x", &err), -1);
	assert_string_equal(err.text, "x:2:2: the file ends without the final dot");
	assert_int_equal(term_read(&term, &arena, "/nowhere/x.app", &err), -1);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

/* ---- pretty ---- */

static void pretty(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str out = STR_EMPTY;
	const struct term *term;
	struct error err;

	(void)state;
	assert_int_equal(
		term_parse(&term, &arena,
			   SPAN("{application,shop,[{description,\"a shop with a long text\"},"
				"{vsn,\"1.0\"},{modules,[a_module_with_a_long_name,another_of_them,"
				"one_more_of_those_modules,and_one_at_the_end]},{env,#{a=>\"a text "
				"that "
				"is long, so that the line has to be broken\","
				"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb=>[2|3]}}]}."),
			   "x", &err),
		0);
	term_print_file(&out, term);
	assert_string_equal(
		str_text(&out),
		"%% coding: utf-8\n"
		"{application,shop,\n"
		" [{description,\"a shop with a long text\"},\n"
		"  {vsn,\"1.0\"},\n"
		"  {modules,\n"
		"   [a_module_with_a_long_name,another_of_them,one_more_of_those_modules,"
		"and_one_at_the_end]},\n"
		"  {env,\n"
		"   #{a => \"a text that is long, so that the line has to be broken\",\n"
		"     bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb => [2|3]}}]}.\n");
}

/* Wide things far inside must not make the text many times as long. */
static void pretty_deep(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str text = STR_EMPTY, out = STR_EMPTY;
	const struct term *term;
	struct error err;

	(void)state;
	for (int i = 0; i < 1000; i++)
		str_addc(&text, '{');
	str_adds(&text, "[x");
	for (int i = 0; i < 10000; i++)
		str_adds(&text, ",{},x");
	str_addc(&text, ']');
	for (int i = 0; i < 1000; i++)
		str_addc(&text, '}');
	str_addc(&text, '.');
	assert_int_equal(term_parse(&term, &arena, str_span(&text), "x", &err), 0);
	term_print_pretty(&out, term);
	assert_true(out.len < 64 * text.len);
}

/* ---- JSON ---- */

static const struct text_row jsons[] = {
	{ "atoms and integers", "{a, 1, 9007199254740991, 9007199254740992}.",
	  "{\"tuple\": [{\"atom\": \"a\"}, 1, 9007199254740991, {\"integer\": "
	  "\"9007199254740992\"}]}" },
	{ "floats", "[1.0, 0.5].", "[1.0, 0.5]" },
	{ "lists", "[\"text\", [], [1], [1|2]].",
	  "[{\"string\": \"text\"}, [], [1], {\"list\": [1], \"tail\": 2}]" },
	{ "maps", "#{k => #{}}.", "{\"map\": [[{\"atom\": \"k\"}, {\"map\": []}]]}" },
	{ "binaries", "[<<\"t\\0\">>, <<255>>, <<1,2,5:3>>, <<>>].",
	  "[{\"binary\": \"t\\u0000\"}, {\"base64\": \"/w==\"}, {\"base64\": \"AQKg\", \"bits\": "
	  "19}, {\"binary\": \"\"}]" },
	{ "fun", "fun m:f/2.", "{\"external\": \"g3F3AW13AWZhAg==\"}" },
};

static void check_json(void **state)
{
	const struct text_row *row = *state;
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *term;
	struct error err;
	json_t *json;
	char *text;

	assert_int_equal(term_parse(&term, &arena, span_of(row->text), "x", &err), 0);
	json = term_to_json(term);
	text = json_dumps(json, JSON_ENCODE_ANY);
	assert_string_equal(text, row->want);
	free(text);
	json_decref(json);
}

static struct CMUnitTest test_of(const char *name, CMUnitTestFunction fn, const void *row)
{
	return (struct CMUnitTest){ .name = name,
				    .test_func = fn,
				    .initial_state = (void *)(uintptr_t)row };
}

#define ADD_ROWS(rows, fn)                           \
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) \
	tests[len++] = test_of((rows)[i].name, fn, &(rows)[i])

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(texts) + ARRAY_LEN(errors) + ARRAY_LEN(binaries) +
				ARRAY_LEN(hostiles) + ARRAY_LEN(jsons)];
	const struct CMUnitTest others[] = {
		cmocka_unit_test(limits_of_binaries),
		cmocka_unit_test(limits_of_texts),
		cmocka_unit_test(order),
		cmocka_unit_test(making),
		cmocka_unit_test(looking),
		cmocka_unit_test(one_and_all),
		cmocka_unit_test(pretty),
		cmocka_unit_test(pretty_deep),
	};
	size_t len = 0;

	ADD_ROWS(texts, check_text);
	ADD_ROWS(errors, check_error);
	ADD_ROWS(binaries, check_binary);
	ADD_ROWS(hostiles, check_hostile);
	ADD_ROWS(jsons, check_json);
	return cmocka_run_group_tests_name("term: rows", tests, NULL, NULL) +
	       cmocka_run_group_tests_name("term", others, NULL, NULL);
}
