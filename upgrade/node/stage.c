// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/stage.h"

#include <inttypes.h>

enum {
	CHUNK = 256 * 1024,
	WINDOW = 4, /* chunks on the way; more gains nothing, one waits for the disk */
};

struct stage {
	struct node *node;
	const char *base;
	const struct parcel *parcel;
	const struct stage_peer *peer; /* NULL: none */
	bool hand_on;
	const struct term *tag, *receiver;
	struct arena *arena;
	int64_t there; /* bytes that an earlier attempt has brought */
	stage_progress *progress;
	void *context;
};

static int receiver_said(const struct stage *stage, const struct term *reason, struct error *err)
{
	owned_str struct str text = STR_EMPTY;

	rpc_reason(&text, reason);
	return error_set(err, ERROR_FAILED, "%s: %s.tar.gz cannot be written there: %s",
			 node_name(stage->node), stage->base, str_text(&text));
}

static bool is_of_receiver(void *context, const struct dist_message *message)
{
	const struct stage *stage = context;

	if (message->kind == DIST_EXIT)
		return term_equal(message->from, stage->receiver);
	return message->kind == DIST_MESSAGE && term_is_tuple(message->body, 2) &&
	       term_equal(term_at(message->body, 0), stage->tag);
}

/* What the receiver says next: an offset, ready or done. */
static int await(const struct term **out, struct stage *stage, struct arena *arena,
		 struct deadline deadline, struct error *err)
{
	struct dist_message message;

	if (dist_await(node_dist(stage->node), arena, &message, is_of_receiver, stage, deadline,
		       err))
		return -1;
	if (message.kind == DIST_NOTHING)
		return error_set(err, ERROR_UNREACHABLE, "%s: no answer while the tarball is sent",
				 node_name(stage->node));
	if (message.kind == DIST_EXIT)
		return receiver_said(stage, message.body, err);
	*out = term_at(message.body, 1);
	if (term_is_tagged(*out, "error", 2))
		return receiver_said(stage, term_at(*out, 1), err);
	return 0;
}

static int no_room(const struct stage *stage, const struct term *answer, struct error *err)
{
	int64_t space = 0, needed = 0;

	term_get_integer(term_at(answer, 1), &space);
	term_get_integer(term_at(answer, 2), &needed);
	return error_set(err, ERROR_REFUSED,
			 "%s: no room on the disk: %" PRId64 " MB are free, %" PRId64
			 " MB are needed",
			 node_name(stage->node), space >> 20, (needed >> 20) + 1);
}

/* Starts the receiver; stage->receiver stays NULL when the node has the file. */
static int begin(struct stage *stage, struct error *err)
{
	const struct parcel *parcel = stage->parcel;
	struct arena *arena = stage->arena;
	const struct binding bindings[] = {
		{ "Tag", stage->tag },
		{ "Base", term_string(arena, stage->base) },
		{ "Size", term_integer(arena, parcel->size) },
		{ "Sha256", term_string(arena, parcel->sha256) },
		{ "Md5", term_string(arena, parcel->md5) },
		{ "Room", term_integer(arena, parcel->room) },
		{ "HandOn", term_bool(stage->hand_on) },
		{ "Peer", term_string(arena, stage->peer ? stage->peer->node : "") },
		{ "File", term_string(arena, stage->peer ? stage->peer->file : "") },
	};
	const struct term *answer;

	if (node_run(&answer, NULL, stage->node, arena, SCRIPT_stage, bindings, ARRAY_LEN(bindings),
		     node_work_deadline(stage->node), err))
		return -1;
	if (term_is_atom(answer, "present"))
		return 0;
	if (term_is_tagged(answer, "no_room", 3))
		return no_room(stage, answer, err);
	if (answer->kind != TERM_PID)
		return receiver_said(stage, answer, err);
	stage->receiver = answer;
	if (await(&answer, stage, arena,
		  stage->peer ? node_work_deadline(stage->node) : node_deadline(stage->node), err))
		return -1;
	/* More than the whole is no beginning of it. */
	if (term_is_tagged(answer, "ready", 2) &&
	    term_get_integer(term_at(answer, 1), &stage->there) &&
	    (stage->there < 0 || stage->there > parcel->size))
		stage->there = 0;
	return 0;
}

static int send_chunk(struct stage *stage, uint64_t offset, char *buffer, size_t *len,
		      struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	*len = fread(buffer, 1, CHUNK, stage->parcel->file);
	if (ferror(stage->parcel->file))
		return error_sys(err, "%s.tar.gz", stage->base);
	if (*len == 0)
		return 0;
	return dist_send_pid(node_dist(stage->node), stage->receiver,
			     term_tuple(&arena, stage->tag, term_integer(&arena, (int64_t)offset),
					term_binary(&arena, (struct span){ buffer, *len })),
			     node_deadline(stage->node), err);
}

static int await_chunk(struct stage *stage, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *answer;

	return await(&answer, stage, &arena, node_deadline(stage->node), err);
}

static int send_all(struct stage *stage, char *buffer, struct error *err)
{
	uint64_t offset = (uint64_t)stage->there, total = (uint64_t)stage->parcel->size;
	unsigned waiting = 0;
	size_t len;

	if (fseeko(stage->parcel->file, (off_t)stage->there, SEEK_SET))
		return error_sys(err, "%s.tar.gz", stage->base);
	do {
		if (send_chunk(stage, offset, buffer, &len, err))
			return -1;
		offset += len;
		waiting += len > 0;
		while (waiting > 0 && (waiting >= WINDOW || len == 0)) {
			if (await_chunk(stage, err))
				return -1;
			waiting--;
		}
		if (stage->progress)
			stage->progress(stage->context, offset, total);
	} while (len > 0);
	return 0;
}

static int finish(bool *damaged, struct stage *stage, struct error *err)
{
	struct arena *arena = stage->arena;
	const struct term *answer;

	if (dist_send_pid(node_dist(stage->node), stage->receiver,
			  term_tuple(arena, stage->tag, term_atom(arena, "finish")),
			  node_deadline(stage->node), err) ||
	    await(&answer, stage, arena, node_work_deadline(stage->node), err))
		return -1;
	*damaged = !term_is_atom(answer, "done");
	return 0;
}

static int attempt(bool *damaged, struct stage *stage, char *buffer, struct error *err)
{
	stage->tag = dist_reference(node_dist(stage->node), stage->arena);
	stage->receiver = NULL;
	stage->there = 0;
	*damaged = false;
	if (begin(stage, err))
		return -1;
	if (stage->receiver && (send_all(stage, buffer, err) || finish(damaged, stage, err)))
		return -1;
	return 0;
}

int stage_send(int64_t *sent, struct node *node, const char *base, const struct parcel *parcel,
	       const struct stage_peer *peer, bool hand_on, stage_progress *progress, void *context,
	       struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_mem char *buffer = mem_alloc(CHUNK);
	struct stage stage = {
		.node = node,
		.base = base,
		.parcel = parcel,
		.peer = peer && strcmp(peer->sha256, parcel->sha256) == 0 ? peer : NULL,
		.hand_on = hand_on,
		.arena = &arena,
		.progress = progress,
		.context = context,
	};
	bool damaged;

	if (attempt(&damaged, &stage, buffer, err))
		return -1;
	/* What an earlier attempt has left, or another node gave, may be at fault; it is gone now.
	 */
	stage.peer = NULL;
	if (damaged && stage.there > 0 && attempt(&damaged, &stage, buffer, err))
		return -1;
	if (damaged)
		return error_set(err, ERROR_FAILED, "%s: %s.tar.gz arrived damaged",
				 node_name(node), base);
	*sent = stage.receiver ? parcel->size - stage.there : 0;
	return 0;
}
