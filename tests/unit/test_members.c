// SPDX-License-Identifier: Apache-2.0
/* Which nodes a target has, from what a name service answers; who brings them a release; how often
 * one is asked that does not answer.
 */
#include "upgrade/rollout/fanout.h"
#include "upgrade/rollout/members.h"
#include "upgrade/rollout/rollout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- answers of a name service ---- */

#define HEADER(questions, answers) "\0\1\x84\0\0" questions "\0" answers "\0\0\0\0"
#define QUESTION "\4_srv\4test\0\0\x21\0\1"
#define SRV(length, host) "\xc0\x0c\0\x21\0\1\0\0\0\1\0" length "\0\0\0\0\0\0" host
#define ONE SRV("\x0e", "\1a\4test\0")

/* The length of a text that holds zeros, without the one behind it. */
#define BYTES(text) text, sizeof(text) - 1

static const struct srv_row {
	const char *name, *bytes;
	size_t len;
	const char *want; /* NULL: refused */
} srv_rows[] = {
	{ "none", BYTES(HEADER("\1", "\0") QUESTION), "" },
	{ "one", BYTES(HEADER("\1", "\1") QUESTION ONE), "a.test " },
	{ "two, by a pointer too",
	  BYTES(HEADER("\1", "\2") QUESTION ONE SRV("\x0a", "\1b\xc0\x11")), "a.test b.test " },
	{ "without its question",
	  BYTES(HEADER("\0", "\1") "\0\0\x21\0\1\0\0\0\1\0\x0e\0\0\0\0\0\0\1a\4test\0"),
	  "a.test " },
	{ "no such service", BYTES(HEADER("\1", "\1") QUESTION SRV("\7", "\0")), "" },
	{ "an address beside it",
	  BYTES(HEADER("\1", "\2") QUESTION "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\x7f\0\0\1" ONE),
	  "a.test " },
	{ "too short for a header", BYTES("\0\1\x84"), NULL },
	{ "less than it says", BYTES(HEADER("\1", "\2") QUESTION ONE), NULL },
	{ "a record that is cut", BYTES(HEADER("\1", "\1") QUESTION "\xc0\x0c\0\x21\0\1"), NULL },
	{ "a length beyond the end", BYTES(HEADER("\1", "\1") QUESTION SRV("\x7f", "\1a\0")),
	  NULL },
	{ "an SRV record of no length",
	  BYTES(HEADER("\1", "\1") QUESTION "\xc0\x0c\0\x21\0\1\0\0\0\1\0\0"), NULL },
	{ "a name that points at itself",
	  BYTES(HEADER("\1", "\1") QUESTION SRV("\x08", "\xc0\x2d")), NULL },
};

static void srv(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(srv_rows); i++) {
		const struct srv_row *row = &srv_rows[i];
		owned_arena struct arena arena = ARENA_EMPTY;
		owned_str struct str text = STR_EMPTY;
		struct names names = { 0 };
		struct error err;
		int ret = members_parse_srv(&names, &arena, (struct span){ row->bytes, row->len },
					    &err);

		for (size_t k = 0; ret == 0 && k < names.len; k++)
			str_addf(&text, "%s ", names.items[k]);
		if ((ret == 0) != (row->want != NULL) ||
		    (row->want && strcmp(str_text(&text), row->want) != 0))
			fail_msg("%s: %d, %s", row->name, ret, str_text(&text));
	}
}

/* ---- who brings it to whom ---- */

enum { FLEET = 64, LARGE = 30 << 20 };

static json_t *has_it(int64_t bytes)
{
	return json_pack("{s:{s:s, s:s, s:I}}", "parcel", "file", "/f", "sha256", "d", "bytes",
			 (json_int_t)bytes);
}

/* All of the fleet, those that may go at once in one round; returns the rounds. */
static unsigned spread(struct fanout *fanout, int64_t bytes, unsigned *from_here, unsigned *most)
{
	bool has[FLEET] = { false };
	unsigned rounds = 0, left = FLEET;

	*from_here = *most = 0;
	while (left > 0 && rounds < FLEET) {
		bool going[FLEET] = { false };
		unsigned count = 0;

		for (unsigned i = 0; i < FLEET; i++) {
			const struct stage_peer *peer;

			if (has[i] || fanout_begin(fanout, i + 1, "1.0.0", &peer) != FANOUT_GO)
				continue;
			going[i] = true;
			count++;
			*from_here += !peer;
		}
		*most = count > *most ? count : *most;
		for (unsigned i = 0; i < FLEET; i++) {
			json_t *answer = has_it(bytes);

			if (going[i]) {
				fanout_ended(fanout, i + 1, "n@h", "1.0.0", answer);
				has[i] = true;
				left--;
			}
			json_decref(answer);
		}
		rounds++;
	}
	return rounds;
}

static void handed_on(void **state)
{
	struct fanout *fanout = fanout_new(LARGE, false);
	unsigned from_here, most;

	(void)state;
	/* 2, then each to two others: 6, 18, 54, 64. */
	assert_int_equal(spread(fanout, LARGE, &from_here, &most), 5);
	assert_int_equal(from_here, 2);
	fanout_free(fanout);
	/* A small one goes to all at once; what lacks little, once that is known. */
	fanout = fanout_new(1000, false);
	assert_int_equal(spread(fanout, 1000, &from_here, &most), 1);
	assert_int_equal(from_here, FLEET);
	fanout_free(fanout);
	fanout = fanout_new(LARGE, false);
	assert_int_equal(spread(fanout, 1000, &from_here, &most), 2);
	assert_int_equal(from_here, FLEET);
	fanout_free(fanout);
}

/* One that fails frees its place, and gives nothing; what ran something else is given nothing of
 * it. */
static void not_handed_on(void **state)
{
	struct fanout *fanout = fanout_new(LARGE, false);
	const struct stage_peer *peer;
	json_t *answer = has_it(LARGE);

	(void)state;
	assert_int_equal(fanout_begin(fanout, 1, "1.0.0", &peer), FANOUT_GO);
	assert_int_equal(fanout_begin(fanout, 2, "1.0.0", &peer), FANOUT_GO);
	assert_int_equal(fanout_begin(fanout, 3, "1.0.0", &peer), FANOUT_WAIT);
	fanout_ended(fanout, 1, "a@h", "1.0.0", NULL);
	assert_int_equal(fanout_begin(fanout, 3, "1.0.0", &peer), FANOUT_GO);
	assert_null(peer);
	fanout_ended(fanout, 2, "b@h", "1.0.0", answer);
	fanout_ended(fanout, 3, "c@h", "1.0.0", NULL);
	assert_int_equal(fanout_begin(fanout, 4, "0.9.0", &peer), FANOUT_GO);
	assert_null(peer);
	assert_int_equal(fanout_begin(fanout, 5, "1.0.0", &peer), FANOUT_GO);
	assert_string_equal(peer->node, "b@h");
	json_decref(answer);
	fanout_free(fanout);
}

/* ---- one that does not answer ---- */

/* It is asked less and less often, each on a time of its own, and at once again when it is back. */
static void breaker(void **state)
{
	struct rollout_policy policy = ROLLOUT_POLICY;
	struct rollout *r;
	int64_t now = 0, last[2] = { 0 }, longest = 0;
	unsigned asked[2] = { 0 }, together = 0;
	struct sight silent[2];
	size_t len = 0;
	struct error err;

	(void)state;
	policy.node_ms = 3600000;
	policy.progress_ms = 3600000;
	r = rollout_new("shop", "1.1.0", "digest", &policy, 7);
	assert_int_equal(rollout_add(r, "a@h", "", &err), 0);
	assert_int_equal(rollout_add(r, "b@h", "", &err), 0);

	for (; now < 600000; now += 100) {
		struct rollout_actions actions = { 0 };

		rollout_step(r, silent, len, now, &actions);
		/* Before the waves it would be a reason to refuse. */
		r->phase = PHASE_waves;
		len = 0;
		together += actions.len == 2 && now > 0;
		for (size_t i = 0; i < actions.len; i++) {
			size_t node = actions.items[i].node;

			if (asked[node]++ > 0 && now - last[node] > longest)
				longest = now - last[node];
			last[node] = now;
			silent[len++] = (struct sight){ .kind = SIGHT_answer,
							.id = actions.items[i].id,
							.outcome = OUTCOME_silent };
		}
		rollout_actions_done(&actions);
	}
	if (asked[0] < 15 || asked[0] > 60 || longest > 40000)
		fail_msg("asked %u times, %d ms apart at most", asked[0], (int)longest);
	assert_true(together < asked[0] / 2);
	rollout_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(srv),
		cmocka_unit_test(handed_on),
		cmocka_unit_test(not_handed_on),
		cmocka_unit_test(breaker),
	};

	return cmocka_run_group_tests_name("members", tests, NULL, NULL);
}
