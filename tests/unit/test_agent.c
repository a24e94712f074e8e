// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "k8s/agent_journal.h"
#include "k8s/agent_order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define DIGEST "sha256:0123456789012345678901234567890123456789012345678901234567890123"
#define RELEASE                                                                              \
	"\"release\":{\"release\":\"shop\",\"version\":\"1.1.0\",\"digest\":\"" DIGEST "\"," \
	"\"source\":\"/store\"}"
#define HEAD "{\"token\":3,\"id\":7,\"attempt\":\"shop-1\","

/* ---- orders ---- */

static const struct {
	enum action_kind kind;
	const char *body;
	const char *wrong; /* NULL: it is taken */
} order_rows[] = {
	{ ACTION_look, HEAD RELEASE "}", NULL },
	{ ACTION_look, HEAD RELEASE ",\"way\":\"hot\",\"version\":null,\"later\":1}", NULL },
	{ ACTION_commit, HEAD RELEASE ",\"version\":\"1.1.0\"}", NULL },
	{ ACTION_commit, HEAD RELEASE "}", "\"version\"" },
	{ ACTION_revert, HEAD RELEASE ",\"version\":null}", "\"version\"" },
	{ ACTION_look, "", "no JSON object" },
	{ ACTION_look, "[]", "no JSON object" },
	{ ACTION_look, HEAD "\"id\":8," RELEASE "}", "no JSON object" },
	{ ACTION_look, "{\"token\":-1,\"id\":7,\"attempt\":\"a\"," RELEASE "}", "\"token\"" },
	{ ACTION_look, "{\"token\":1.5,\"id\":7,\"attempt\":\"a\"," RELEASE "}", "\"token\"" },
	{ ACTION_look, "{\"token\":1,\"attempt\":\"a\"," RELEASE "}", "\"id\"" },
	{ ACTION_look, "{\"token\":1,\"id\":1," RELEASE "}", "\"attempt\"" },
	{ ACTION_look, "{\"token\":1,\"id\":1,\"attempt\":\"\"," RELEASE "}", "\"attempt\"" },
	{ ACTION_look, HEAD "\"release\":null}", "\"release\"" },
	{ ACTION_look, HEAD "\"release\":{\"release\":\"../x\"}}", "\"release\"" },
	{ ACTION_look, HEAD RELEASE ",\"way\":\"fast\"}", "\"way\"" },
	{ ACTION_look, HEAD RELEASE ",\"version\":\"1/2\"}", "\"version\"" },
	{ ACTION_look, HEAD RELEASE ",\"from\":\"$(x)\"}", "\"from\"" },
	{ ACTION_look, HEAD RELEASE ",\"timeouts\":{\"node\":0}}", "\"node\"" },
	{ ACTION_look, HEAD RELEASE ",\"timeouts\":{\"answer\":1e9}}", "\"answer\"" },
	{ ACTION_look, HEAD RELEASE ",\"timeouts\":[]}", "\"timeouts\"" },
	{ ACTION_look, HEAD RELEASE ",\"allow\":[\"old_code\"]}", NULL },
	{ ACTION_look, HEAD RELEASE ",\"allow\":[\"a b\"]}", "\"allow\"" },
	{ ACTION_look, HEAD RELEASE ",\"allow\":{}}", "\"allow\"" },
	{ ACTION_probe, HEAD RELEASE ",\"baseline\":{},\"health\":[]}", NULL },
	{ ACTION_probe, HEAD RELEASE ",\"baseline\":[]}", "\"baseline\"" },
	{ ACTION_probe, HEAD RELEASE ",\"health\":{}}", "\"health\"" },
	{ ACTION_probe, HEAD RELEASE ",\"health\":[{\"http\":{\"url\":\"http://{host}/\"}}]}",
	  NULL },
	{ ACTION_probe, HEAD RELEASE ",\"health\":[{\"http\":{}}]}", "health" },
	{ ACTION_probe, HEAD RELEASE ",\"health\":[{\"later\":{}}]}", "no key" },
	{ ACTION_probe, HEAD RELEASE ",\"health\":[1]}", "health" },
	{ ACTION_probe, HEAD RELEASE ",\"health\":[{\"exec\":{\"command\":\"id\"}}]}", "exec" },
	{ ACTION_probe, HEAD RELEASE ",\"health\":[{\"exec\":\"id\"}]}", "not asked by an agent" },
};

static void test_orders(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(order_rows); i++) {
		owned_arena struct arena arena = ARENA_EMPTY;
		struct agent_order order;
		struct error err;
		int ret = agent_order_read(&order, &arena, order_rows[i].kind,
					   span_of(order_rows[i].body), &err);

		if ((ret == 0) != !order_rows[i].wrong)
			fail_msg("%s: %s", order_rows[i].body, ret ? err.text : "is taken");
		if (ret == 0)
			agent_order_done(&order);
		else if (!strstr(err.text, order_rows[i].wrong) || err.kind != ERROR_INVALID)
			fail_msg("%s: %s", order_rows[i].body, err.text);
	}
}

static void test_what_is_said(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct agent_order order;
	struct error err;

	(void)state;
	assert_int_equal(
		agent_order_read(&order, &arena, ACTION_install,
				 span_of(HEAD RELEASE ",\"way\":\"hot\",\"version\":\"1.1.0\","
						      "\"timeouts\":{\"node\":60}}"),
				 &err),
		0);
	assert_int_equal(order.token, 3);
	assert_int_equal(order.id, 7);
	assert_int_equal(order.way, WAY_hot);
	assert_int_equal(order.node_ms, 60000);
	assert_int_equal(order.answer_ms, 10000);
	assert_string_equal(order.release.source, "/store");
	assert_null(order.from);
	agent_order_done(&order);
}

static void test_paths(void **state)
{
	(void)state;
	assert_int_equal(agent_action_of("/v1/install"), ACTION_install);
	assert_int_equal(agent_action_of("/v1/before"), ACTION_none);
	assert_int_equal(agent_action_of("/v1/none"), ACTION_none);
	assert_int_equal(agent_action_of("/v2/install"), ACTION_none);
	assert_int_equal(agent_action_of(""), ACTION_none);
}

/* ---- the journal ---- */

static void test_journal(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct agent_journal journal;
	struct error err;
	const char *root;

	(void)state;
	assert_int_equal(dir_make_temp(&root, &arena, "/tmp/relevo-agent", &err), 0);
	assert_int_equal(agent_journal_open(&journal, root, &err), 0);
	assert_int_equal(journal.token, 0);
	assert_int_equal(agent_journal_token(&journal, 9, &err), 0);
	assert_int_equal(agent_journal_begin(&journal, json_pack("{s:i}", "id", 1), true, &err), 0);
	agent_journal_done(&journal);

	/* What was begun is known, what only asked is not. */
	assert_int_equal(agent_journal_open(&journal, root, &err), 0);
	assert_int_equal(journal.token, 9);
	assert_int_equal(json_integer_value(json_object_get(journal.doing, "id")), 1);
	assert_int_equal(agent_journal_end(&journal, json_pack("{s:i}", "id", 1), true, &err), 0);
	assert_int_equal(agent_journal_begin(&journal, json_pack("{s:i}", "id", 2), false, &err),
			 0);
	agent_journal_done(&journal);
	assert_int_equal(agent_journal_open(&journal, root, &err), 0);
	assert_null(journal.doing);
	assert_int_equal(json_integer_value(json_object_get(journal.last, "id")), 1);
	agent_journal_done(&journal);

	assert_int_equal(file_put(arena_printf(&arena, "%s/.relevo/agent.json", root),
				  SPAN("{\"token\": "), 0600, &err),
			 0);
	assert_int_equal(agent_journal_open(&journal, root, &err), -1);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_int_equal(tree_remove(root, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_what_is_said),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
