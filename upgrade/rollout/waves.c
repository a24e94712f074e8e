// SPDX-License-Identifier: Apache-2.0
/* Which node belongs to which wave. */
#include "upgrade/rollout/engine.h"

#include <stdlib.h>

unsigned rollout_waves(const struct rollout *r)
{
	unsigned last = 0;

	for (size_t i = 0; i < r->len; i++)
		if (r->nodes[i].wave > last)
			last = r->nodes[i].wave;
	return last + 1;
}

size_t rollout_wave_end(const struct rollout *r, unsigned wave)
{
	size_t count = 0;

	for (size_t i = 0; i < r->len; i++)
		count += r->nodes[i].wave <= wave;
	return count;
}

/* How many nodes have the release after the wave, as the policy says. */
static size_t wanted_end(const struct rollout *r, unsigned wave)
{
	const struct rollout_amount *amount = &r->policy.waves[wave];
	int64_t end;

	if (wave >= r->policy.waves_len)
		return r->len;
	end = amount->percent ? ((int64_t)r->len * amount->value + 99) / 100 : amount->value;
	return end < (int64_t)r->len ? (size_t)end : r->len;
}

struct place {
	const char *zone;
	size_t node;
	uint64_t key; /* where it stands in its zone, from 0 to 2^32 */
};

static int by_zone(const void *left, const void *right)
{
	const struct place *a = left, *b = right;
	int order = strcmp(a->zone, b->zone);

	return order ? order : (a->node > b->node) - (a->node < b->node);
}

static int by_key(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return (a->node > b->node) - (a->node < b->node);
}

/* The i-th of n nodes of a zone stands at (i + 1/2) / n: sorted by that, every stretch has its
 * share of every zone.
 */
static void order_nodes(struct place *places, size_t len)
{
	qsort(places, len, sizeof(*places), by_zone);
	for (size_t i = 0, end; i < len; i = end) {
		for (end = i; end < len && strcmp(places[end].zone, places[i].zone) == 0;)
			end++;
		for (size_t k = i; k < end && places[i].zone[0]; k++)
			places[k].key = ((2 * (k - i) + 1) << 31) / (end - i);
		for (size_t k = i; k < end && !places[i].zone[0]; k++)
			places[k].key = ((2 * (uint64_t)places[k].node + 1) << 31) / len;
	}
	qsort(places, len, sizeof(*places), by_key);
}

/* A wave that would add no node is none. */
void rollout_make_waves(struct rollout *r)
{
	struct place *places = mem_zero(r->len, sizeof(*places));
	unsigned wave = 0, from_policy = 0;

	for (size_t i = 0; i < r->len; i++)
		places[i] = (struct place){ r->nodes[i].zone, i, 0 };
	order_nodes(places, r->len);
	for (size_t i = 0; i < r->len; i++) {
		bool next = false;

		while (i >= wanted_end(r, from_policy)) {
			from_policy++;
			next = i > 0;
		}
		wave += next;
		r->nodes[places[i].node].wave = wave;
		r->nodes[places[i].node].dirty = true;
	}
	free(places);
}
