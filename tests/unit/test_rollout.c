// SPDX-License-Identifier: Apache-2.0
/* The engine's waves, the way back where all are ill, and its state on paper. */
#include "upgrade/rollout/rollout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct rollout *fleet_of(size_t len, const struct rollout_policy *policy, unsigned zones)
{
	struct rollout *r = rollout_new("shop", "1.1.0", "digest", policy, 7);
	struct error err;

	for (size_t i = 0; i < len; i++) {
		char name[32], zone[16] = "";

		snprintf(name, sizeof(name), "shop%zu@h", i);
		if (zones)
			snprintf(zone, sizeof(zone), "z%zu", i * zones / len);
		assert_int_equal(rollout_add(r, name, zone, &err), 0);
	}
	return r;
}

/* The first step: nothing has been seen. */
static void first_step(struct rollout *r)
{
	struct rollout_actions actions = { 0 };

	rollout_step(r, NULL, 0, 1000, &actions);
	rollout_actions_done(&actions);
}

/* ---- waves ---- */

static const struct wave_row {
	const char *name;
	size_t nodes;
	struct rollout_amount waves[4];
	size_t waves_len;
	unsigned want;
	size_t ends[5];
} wave_rows[] = {
	{ "one node", 1, { { 1, false } }, 1, 1, { 1 } },
	{ "a canary, then all", 10, { { 1, false } }, 1, 2, { 1, 10 } },
	{ "percent round up", 7, { { 10, true }, { 50, true } }, 2, 3, { 1, 4, 7 } },
	{ "a wave that adds none is none",
	  4,
	  { { 1, false }, { 10, true }, { 2, false } },
	  3,
	  3,
	  { 1, 2, 4 } },
	{ "more than there are", 3, { { 9, false } }, 1, 1, { 3 } },
	{ "a hundred percent", 3, { { 1, false }, { 100, true } }, 2, 2, { 1, 3 } },
};

static void waves(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wave_rows); i++) {
		const struct wave_row *row = &wave_rows[i];
		struct rollout_policy policy = ROLLOUT_POLICY;
		struct rollout *r;

		memcpy(policy.waves, row->waves, sizeof(row->waves));
		policy.waves_len = row->waves_len;
		r = fleet_of(row->nodes, &policy, 0);
		first_step(r);
		if (rollout_waves(r) != row->want)
			fail_msg("%s: %u waves", row->name, rollout_waves(r));
		for (unsigned w = 0; w < row->want; w++)
			if (rollout_wave_end(r, w) != row->ends[w])
				fail_msg("%s: wave %u ends at %zu", row->name, w,
					 rollout_wave_end(r, w));
		rollout_free(r);
	}
}

static void zones_are_spread(void **state)
{
	struct rollout_policy policy = ROLLOUT_POLICY;
	size_t count[4][3] = { 0 };
	struct rollout *r;

	(void)state;
	for (size_t w = 0; w < 3; w++)
		policy.waves[w] = (struct rollout_amount){ (int64_t)(3 * w + 3), false };
	policy.waves_len = 3;
	r = fleet_of(12, &policy, 3);
	first_step(r);
	for (size_t i = 0; i < r->len; i++)
		count[r->nodes[i].wave][r->nodes[i].zone[1] - '0']++;
	for (size_t w = 0; w < 4; w++)
		for (size_t z = 0; z < 3; z++)
			assert_int_equal(count[w][z], 1);
	rollout_free(r);
}

static void how_many_may_be_out(void **state)
{
	static const struct {
		struct rollout_amount max;
		size_t nodes, want;
	} cases[] = {
		{ { 1, false }, 10, 1 }, { { 25, true }, 10, 2 }, { { 25, true }, 3, 1 },
		{ { 0, false }, 3, 1 },  { { 100, true }, 3, 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rollout_policy policy = ROLLOUT_POLICY;
		struct rollout *r;

		policy.max_unavailable = cases[i].max;
		r = fleet_of(cases[i].nodes, &policy, 0);
		assert_int_equal(rollout_max_unavailable(r), cases[i].want);
		rollout_free(r);
	}
}

/* ---- more are ill than may be out ---- */

enum { FLEET = 3, STEPS_MAX = 500 };

struct fleet {
	const char *runs[FLEET];
	bool ill; /* all that have the release */
	size_t at_once;
	struct sight joins; /* at the first step, if it has a node */
};

static void do_action(struct fleet *fleet, const struct rollout_action *action,
		      struct node_facts *facts, struct sight *sight)
{
	const char **runs = &fleet->runs[action->node];

	if (action->kind == ACTION_install || action->kind == ACTION_revert)
		*runs = action->vsn;
	*facts = (struct node_facts){
		.runs = *runs,
		.boots = "1.0.0",
		.born = 1,
		.has = true,
		.serving = true,
		.health = fleet->ill && strcmp(*runs, "1.1.0") == 0 ? HEALTH_fail : HEALTH_pass,
		.way = WAY_hot,
	};
	*sight = (struct sight){ .id = action->id, .outcome = OUTCOME_ok, .facts = facts };
}

static bool all_have_it(const struct fleet *fleet)
{
	for (size_t i = 0; i < FLEET; i++)
		if (strcmp(fleet->runs[i], "1.1.0") != 0)
			return false;
	return true;
}

/* What one step asks for is told at the next one. */
static void drive(struct rollout *r, struct fleet *fleet)
{
	struct node_facts facts[FLEET] = { 0 };
	struct sight sights[FLEET] = { 0 };
	size_t len = 0;

	if (fleet->joins.node)
		sights[len++] = fleet->joins;
	for (int64_t i = 0; i < STEPS_MAX && r->phase != PHASE_end; i++) {
		struct rollout_actions actions = { 0 };
		size_t reverts = 0;

		rollout_step(r, sights, len, i * 1000, &actions);
		len = actions.len;
		assert_true(len <= FLEET);
		for (size_t nr = 0; nr < len; nr++) {
			reverts += actions.items[nr].kind == ACTION_revert;
			do_action(fleet, &actions.items[nr], &facts[nr], &sights[nr]);
		}
		rollout_actions_done(&actions);
		if (reverts > fleet->at_once)
			fleet->at_once = reverts;
		fleet->ill = fleet->ill || all_have_it(fleet);
	}
}

static void all_ill_go_back(void **state)
{
	struct rollout_policy policy = ROLLOUT_POLICY;
	struct fleet fleet = { .runs = { "1.0.0", "1.0.0", "1.0.0" } };
	struct rollout *r = fleet_of(FLEET, &policy, 0);

	(void)state;
	drive(r, &fleet);
	assert_true(fleet.ill);
	assert_int_equal(r->phase, PHASE_end);
	assert_int_equal(r->result, RESULT_rolled_back);
	for (size_t i = 0; i < FLEET; i++)
		assert_string_equal(fleet.runs[i], "1.0.0");
	assert_int_equal(fleet.at_once, 1);
	rollout_free(r);
}

/* One that began with the release has nothing of its own that it could go back to. */
static void what_began_with_it_goes_back(void **state)
{
	struct rollout_policy policy = ROLLOUT_POLICY;
	struct fleet fleet = {
		.runs = { "1.0.0", "1.0.0", "1.1.0" },
		.joins = { .kind = SIGHT_new, .node = "shop2@h", .zone = "", .vsn = "1.0.0" },
	};
	struct rollout *r = fleet_of(FLEET - 1, &policy, 0);

	(void)state;
	drive(r, &fleet);
	assert_true(fleet.ill);
	assert_int_equal(r->result, RESULT_rolled_back);
	for (size_t i = 0; i < FLEET; i++)
		assert_string_equal(fleet.runs[i], "1.0.0");
	rollout_free(r);
}

/* ---- on paper ---- */

static char *on_paper(const struct rollout *r)
{
	json_t *nodes = json_array(), *all;
	char *text;

	for (size_t i = 0; i < r->len; i++)
		json_array_append_new(nodes, rollout_node_json(&r->nodes[i]));
	all = json_pack("{s:o, s:o}", "head", rollout_head_json(r), "nodes", nodes);
	text = json_dumps(all, JSON_SORT_KEYS);
	json_decref(all);
	return text;
}

static void state_is_read_again(void **state)
{
	struct rollout_policy policy = ROLLOUT_POLICY;
	struct rollout *r = fleet_of(3, &policy, 2), *again = NULL;
	char *text, *text_again;
	struct error err;
	json_t *json;

	(void)state;
	rollout_add_bad(r, "0.9.0");
	first_step(r);
	snprintf(r->nodes[1].why, sizeof(r->nodes[1].why), "because");
	json = rollout_head_json(r);
	assert_int_equal(rollout_read_head(&again, json, &err), 0);
	json_decref(json);
	for (size_t i = 0; i < r->len; i++) {
		json = rollout_node_json(&r->nodes[i]);
		assert_int_equal(rollout_read_node(again, json, &err), 0);
		json_decref(json);
	}
	text = on_paper(r);
	text_again = on_paper(again);
	assert_string_equal(text, text_again);
	free(text);
	free(text_again);
	rollout_free(r);
	rollout_free(again);
}

/* Without any one key, and with any one of another kind, it is refused. */
static void damaged_state_is_refused(void **state)
{
	struct rollout_policy policy = ROLLOUT_POLICY;
	struct rollout *r = fleet_of(1, &policy, 0), *again = NULL;
	json_t *head = rollout_head_json(r), *damaged;
	const char *key;
	json_t *value;
	struct error err;

	(void)state;
	json_object_foreach (head, key, value) {
		if (strcmp(key, "bad") == 0)
			continue;
		damaged = json_copy(head);
		json_object_del(damaged, key);
		assert_int_equal(rollout_read_head(&again, damaged, &err), -1);
		json_object_set_new(damaged, key, json_array());
		assert_int_equal(rollout_read_head(&again, damaged, &err), -1);
		json_decref(damaged);
	}
	json_decref(head);
	rollout_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waves),
		cmocka_unit_test(zones_are_spread),
		cmocka_unit_test(how_many_may_be_out),
		cmocka_unit_test(all_ill_go_back),
		cmocka_unit_test(what_began_with_it_goes_back),
		cmocka_unit_test(state_is_read_again),
		cmocka_unit_test(damaged_state_is_refused),
	};

	return cmocka_run_group_tests_name("rollout", tests, NULL, NULL);
}
