// SPDX-License-Identifier: Apache-2.0
/* Any bytes as what an agent is told; the first byte, from "a" on, tells to do what. */
#include "k8s/agent_order.h"
#include "release/store/oci.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct agent_order *order)
{
	if (!order->attempt || !name_is_word(order->release.name) ||
	    !version_is_word(order->release.vsn) || !digest_is_good(order->release.digest) ||
	    (order->vsn && !version_is_word(order->vsn)) || order->node_ms < 1000 ||
	    order->answer_ms < 1000 || (order->gates_len > 0 && !order->gates) ||
	    (order->baseline && !json_is_object(order->baseline)))
		abort();
	for (size_t i = 0; i < order->allow.len; i++)
		if (!name_is_word(order->allow.items[i]))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span body = { (const char *)data + 1, size - 1 };
	owned_arena struct arena arena = ARENA_EMPTY;
	struct agent_order order;
	struct error err;

	if (size == 0 || data[0] < 'a' || data[0] >= 'a' + ACTION_KINDS)
		return 0;
	if (agent_order_read(&order, &arena, (enum action_kind)(data[0] - 'a'), body, &err) == 0) {
		check(&order);
		agent_order_done(&order);
	}
	return 0;
}
