// SPDX-License-Identifier: Apache-2.0
/* rpc NODE - calls and evaluations on a real node, for tests/live/rpc.sh.  The cookie is
 * $RELEASE_COOKIE.  Ends with 1 and the line of the first expectation that does not hold.
 */
#include "upgrade/node/node.h"
#include "upgrade/node/wire/cookie.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define EXPECT(what)                                                                          \
	do {                                                                                  \
		if (!(what)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s\n%s\n", __FILE__, __LINE__, #what, \
				error.text);                                                  \
			exit(1);                                                              \
		}                                                                             \
	} while (0)

static struct error error;

static struct node *connect_to(const char *name)
{
	owned_cookie struct str cookie = STR_EMPTY;
	struct node *node = NULL;
	const struct node_options options = { .name = name, .timeout_ms = 10000 };
	struct node_options with_cookie = options;

	EXPECT(cookie_find(&cookie, NULL, NULL, &error) == 0);
	with_cookie.cookie = str_text(&cookie);
	EXPECT(node_open(&node, &with_cookie, &error) == 0);
	return node;
}

/* lists:last([Term]) is Term. */
static int echo(const struct term **out, struct node *node, struct arena *arena,
		const struct term *term)
{
	const struct term *list = term_list(arena, &term, 1);

	return rpc_call(out, NULL, node_dist(node), arena, "lists", "last",
			term_list(arena, &list, 1), node_deadline(node), &error);
}

static int sleep_there(struct node *node, struct arena *arena, int64_t ms, int64_t patience_ms)
{
	const struct term *arg = term_integer(arena, ms), *result;

	return rpc_call(&result, NULL, node_dist(node), arena, "timer", "sleep",
			term_list(arena, &arg, 1), deadline_in(patience_ms), &error);
}

static int eval(const struct term **out, const struct term **bad, struct node *node,
		struct arena *arena, const char *text, const struct term *bound)
{
	const struct binding binding = { "L", bound };

	return node_eval(out, bad, node_dist(node), arena, "a text", span_of(text), &binding, 1,
			 node_deadline(node), &error);
}

static void evaluates(struct node *node)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *list = NULL, *result, *bad = &term_nil;
	int64_t number = 0;

	EXPECT(term_parse(&list, &arena, SPAN("[1,2,3]."), "list", &error) == 0);
	EXPECT(eval(&result, &bad, node, &arena, "%% a comment\nS = lists:sum(L),\nS * 2", list) ==
	       0);
	EXPECT(!bad && term_get_integer(result, &number) && number == 12);
	EXPECT(eval(&result, NULL, node, &arena, "S = ,", list) == -1);
	EXPECT(error.kind == ERROR_INVALID);
	EXPECT(eval(&result, NULL, node, &arena, "{a, b} = L", list) == -1);
	EXPECT(error.kind == ERROR_FAILED && strstr(error.text, "badmatch"));
	EXPECT(eval(&result, &bad, node, &arena, "exit(because)", list) == 0);
	EXPECT(bad && !result);
	EXPECT(eval(&result, &bad, node, &arena, "{badrpc_is, not_badrpc}", list) == 0);
	EXPECT(!bad && term_is_tagged(result, "badrpc_is", 2));
}

static void echoes(struct node *node)
{
	static const char odd[] =
		"{'\xc3\xa4tom',[],\"text\",<<\"bytes\">>,<<5:3>>,#{a=>1,b=>[x|y]},1.5,-1,255,256,"
		"123456789012345678901234567890,-98765432109876543210,[1000,2000],{}}.";
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_mem char *bytes = mem_alloc(8 << 20);
	const struct term *term, *back;

	EXPECT(term_parse(&term, &arena, span_of(odd), "odd", &error) == 0 ||
	       term_parse(&term, &arena, SPAN("{'\xc3\xa4',[1|2],#{a=>1.5}}."), "odd", &error) ==
		       0);
	EXPECT(echo(&back, node, &arena, term) == 0 && term_equal(term, back));
	for (size_t i = 0; i < 8 << 20; i++)
		bytes[i] = (char)(i * 31 + (i >> 13));
	term = term_binary(&arena, (struct span){ bytes, 8 << 20 });
	EXPECT(echo(&back, node, &arena, term) == 0 && term_equal(term, back));
	/* Pids and references of the node come back as they are. */
	EXPECT(eval(&back, NULL, node, &arena, "{self(), make_ref(), fun lists:last/1}", term) ==
	       0);
	EXPECT(echo(&term, node, &arena, back) == 0 && term_equal(term, back));
}

static void calls_often(struct node *node)
{
	int64_t start = clock_mono_ms(), ms;

	for (int i = 0; i < 5000; i++) {
		owned_arena struct arena arena = ARENA_EMPTY;
		const struct term *back;
		int64_t number;

		EXPECT(echo(&back, node, &arena, term_integer(&arena, i)) == 0);
		EXPECT(term_get_integer(back, &number) && number == i);
	}
	ms = clock_mono_ms() - start;
	printf("5000 calls in %" PRId64 " ms\n", ms);
}

static void is_not_fooled_by_late_answers(struct node *node)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *back;

	for (int i = 0; i < 3; i++) {
		EXPECT(sleep_there(node, &arena, 200, 20) == -1);
		EXPECT(error.kind == ERROR_UNREACHABLE && strstr(error.text, "no answer in time"));
		EXPECT(echo(&back, node, &arena, term_atom(&arena, "now")) == 0);
		EXPECT(term_is_atom(back, "now"));
		clock_sleep_ms(150 * i);
	}
}

static void bounds_what_it_reads(const char *name)
{
	owned_node struct node *node = connect_to(name);
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *back;

	/* More than a message may hold: refused, and the connection is still good. */
	EXPECT(eval(&back, NULL, node, &arena, "binary:copy(<<0>>, 70000000)", &term_nil) == -1);
	EXPECT(error.kind == ERROR_INVALID);
	EXPECT(echo(&back, node, &arena, term_atom(&arena, "still")) == 0);
	/* More than a frame may hold: not even read. */
	EXPECT(eval(&back, NULL, node, &arena, "binary:copy(<<0>>, 100000000)", &term_nil) == -1);
	EXPECT(error.kind == ERROR_INVALID && strstr(error.text, "over the limit"));
	EXPECT(node_reopen(node, deadline_in(5000), &error) == 0);
	EXPECT(echo(&back, node, &arena, term_atom(&arena, "again")) == 0);
}

static void answers_ticks(struct node *node)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *back;

	EXPECT(sleep_there(node, &arena, 9000, 12000) == 0);
	EXPECT(echo(&back, node, &arena, term_atom(&arena, "here")) == 0);
}

int main(int argc, char **argv)
{
	owned_node struct node *node = NULL;

	if (argc != 2)
		return 2;
	node = connect_to(argv[1]);
	evaluates(node);
	echoes(node);
	calls_often(node);
	is_not_fooled_by_late_answers(node);
	bounds_what_it_reads(argv[1]);
	answers_ticks(node);
	return 0;
}
