// SPDX-License-Identifier: Apache-2.0
/* Any lines as the state of a rollout in a journal, the head and then its nodes: refused, or taken
 * and written down again as the same; and gone on with, without a node that answers.
 */
#include "base/json.h"
#include "upgrade/rollout/rollout.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 20, STEP_MS = 60000 };

static void refused(const struct error *err)
{
	if (err->text[0] == '\0')
		abort();
}

static void read_line(struct rollout **r, struct span line)
{
	json_t *json = json_loadb(line.ptr, line.len, 0, NULL);
	struct error err = { .text = "" };

	if (json && (*r ? rollout_read_node(*r, json, &err) : rollout_read_head(r, json, &err)))
		refused(&err);
	json_decref(json);
}

/* What was written down is read again as the same. */
static void write_again(const struct rollout *r)
{
	owned_rollout struct rollout *again = NULL;
	json_t *head = rollout_head_json(r), *second;
	struct error err = { .text = "" };

	if (!head || rollout_read_head(&again, head, &err))
		abort();
	second = rollout_head_json(again);
	if (!json_equal(head, second))
		abort();
	json_decref(head);
	json_decref(second);
	for (size_t i = 0; i < r->len; i++) {
		head = rollout_node_json(&r->nodes[i]);
		if (!head || rollout_read_node(again, head, &err))
			abort();
		second = rollout_node_json(&again->nodes[i]);
		if (!json_equal(head, second))
			abort();
		json_decref(head);
		json_decref(second);
	}
}

static void go_on(struct rollout *r)
{
	rollout_resume(r, 2);
	for (int i = 0; i < STEPS; i++) {
		struct rollout_actions actions = { .len = 0 };

		rollout_step(r, NULL, 0, (int64_t)i * STEP_MS, &actions);
		rollout_actions_done(&actions);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size }, line;
	owned_rollout struct rollout *r = NULL;

	while (span_next(&text, '\n', &line))
		read_line(&r, line);
	if (!r)
		return 0;
	write_again(r);
	go_on(r);
	return 0;
}
