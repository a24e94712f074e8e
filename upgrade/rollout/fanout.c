// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rollout/fanout.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum {
	SMALL = 1 << 20, /* bytes that are not worth waiting for */
	FROM_HERE = 2,   /* at once */
	FROM_A_NODE = 2,
};

/* Has it, and gives it to those that run what it ran. */
struct holder {
	char *node, *from, *file, *sha256;
	unsigned gives;
};

struct transfer {
	uint64_t id;
	size_t holder; /* SIZE_MAX: from here */
};

struct fanout {
	bool all_from_here;
	struct holder *holders;
	size_t holders_len;
	struct transfer *transfers;
	size_t transfers_len;
	unsigned from_here;
	struct stage_peer peer;
};

struct fanout *fanout_new(int64_t bytes, bool apart)
{
	struct fanout *fanout = mem_zero(1, sizeof(*fanout));

	fanout->all_from_here = apart || bytes < SMALL;
	return fanout;
}

void fanout_free(struct fanout *fanout)
{
	if (!fanout)
		return;
	for (size_t i = 0; i < fanout->holders_len; i++) {
		free(fanout->holders[i].node);
		free(fanout->holders[i].from);
		free(fanout->holders[i].file);
		free(fanout->holders[i].sha256);
	}
	free(fanout->holders);
	free(fanout->transfers);
	free(fanout);
}

/* The least busy of those that ran the same; SIZE_MAX: none. */
static size_t find_holder(const struct fanout *fanout, const char *from)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < fanout->holders_len; i++)
		if (strcmp(fanout->holders[i].from, from) == 0 &&
		    (best == SIZE_MAX || fanout->holders[i].gives < fanout->holders[best].gives))
			best = i;
	return best;
}

static void add_transfer(struct fanout *fanout, uint64_t id, size_t holder)
{
	fanout->transfers = mem_resize(fanout->transfers, fanout->transfers_len + 1,
				       sizeof(*fanout->transfers));
	fanout->transfers[fanout->transfers_len++] = (struct transfer){ id, holder };
	if (holder == SIZE_MAX)
		fanout->from_here++;
	else
		fanout->holders[holder].gives++;
}

enum fanout_turn fanout_begin(struct fanout *fanout, uint64_t id, const char *from,
			      const struct stage_peer **peer)
{
	size_t nr = find_holder(fanout, from);

	*peer = NULL;
	if (fanout->all_from_here)
		return FANOUT_GO;
	if (nr == SIZE_MAX ? fanout->from_here >= FROM_HERE
			   : fanout->holders[nr].gives >= FROM_A_NODE)
		return FANOUT_WAIT;
	add_transfer(fanout, id, nr);
	if (nr == SIZE_MAX)
		return FANOUT_GO;
	fanout->peer = (struct stage_peer){ fanout->holders[nr].node, fanout->holders[nr].file,
					    fanout->holders[nr].sha256 };
	*peer = &fanout->peer;
	return FANOUT_GO;
}

static void add_holder(struct fanout *fanout, const char *node, const char *from, const char *file,
		       const char *sha256)
{
	fanout->holders =
		mem_resize(fanout->holders, fanout->holders_len + 1, sizeof(*fanout->holders));
	fanout->holders[fanout->holders_len++] =
		(struct holder){ mem_dup(node), mem_dup(from), mem_dup(file), mem_dup(sha256), 0 };
}

static void forget_transfer(struct fanout *fanout, uint64_t id)
{
	for (size_t i = 0; i < fanout->transfers_len; i++) {
		struct transfer transfer = fanout->transfers[i];

		if (transfer.id != id)
			continue;
		fanout->transfers[i] = fanout->transfers[--fanout->transfers_len];
		if (transfer.holder == SIZE_MAX)
			fanout->from_here--;
		else
			fanout->holders[transfer.holder].gives--;
		return;
	}
}

void fanout_ended(struct fanout *fanout, uint64_t id, const char *node, const char *from,
		  const json_t *answer)
{
	const json_t *parcel = json_object_get(answer, "parcel");
	const char *file = json_string_value(json_object_get(parcel, "file"));
	const char *sha256 = json_string_value(json_object_get(parcel, "sha256"));

	if (fanout->all_from_here)
		return;
	forget_transfer(fanout, id);
	if (!file || !sha256)
		return;
	/* What little each lacks is not worth waiting for. */
	if (json_integer_value(json_object_get(parcel, "bytes")) < SMALL)
		fanout->all_from_here = true;
	else
		add_holder(fanout, node, from, file, sha256);
}
