// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/stage.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	CHUNK = 256 * 1024,
	WINDOW = 4,         /* chunks on the way; more gains nothing, one waits for the disk */
	DIGEST_MS = 120000, /* a large file on a slow disk */
};

struct stage {
	struct node *node;
	const struct bundle *bundle;
	const struct term *tag, *receiver;
	struct arena *arena;
	FILE *file;
	stage_progress *progress;
	void *context;
};

static void file_done(FILE **file)
{
	if (*file)
		fclose(*file);
}

static int receiver_said(const struct stage *stage, const struct term *reason, struct error *err)
{
	owned_str struct str text = STR_EMPTY;

	rpc_reason(&text, reason);
	return error_set(err, ERROR_FAILED, "%s: %s.tar.gz cannot be written there: %s",
			 node_name(stage->node), stage->bundle->base, str_text(&text));
}

/* What the receiver says next: an offset, ready or done. */
static int await(const struct term **out, struct stage *stage, struct arena *arena,
		 struct deadline deadline, struct error *err)
{
	for (;;) {
		struct dist_message message;

		if (dist_receive(node_dist(stage->node), arena, &message, deadline, err))
			return -1;
		if (message.kind == DIST_NOTHING)
			return error_set(err, ERROR_UNREACHABLE,
					 "%s: no answer while the tarball is sent",
					 node_name(stage->node));
		if (message.kind == DIST_EXIT && term_equal(message.from, stage->receiver))
			return receiver_said(stage, message.body, err);
		if (message.kind != DIST_MESSAGE || !term_is_tuple(message.body, 2) ||
		    !term_equal(term_at(message.body, 0), stage->tag))
			continue;
		*out = term_at(message.body, 1);
		if (term_is_tagged(*out, "error", 2))
			return receiver_said(stage, term_at(*out, 1), err);
		return 0;
	}
}

/* Starts the receiver; stage->receiver stays NULL when the node has the file. */
static int begin(struct stage *stage, struct error *err)
{
	const struct bundle *bundle = stage->bundle;
	const struct dist *dist = node_dist(stage->node);
	struct arena *arena = stage->arena;
	const struct binding bindings[] = {
		{ "Me", dist_pid(dist) },
		{ "Tag", stage->tag },
		{ "Base", term_string(arena, bundle->base) },
		{ "Size", term_integer(arena, bundle->size) },
		{ "Sha256", term_string(arena, bundle->sha256) },
		{ "Md5", term_string(arena, bundle->md5) },
	};
	const struct term *answer;

	if (node_run(&answer, NULL, stage->node, arena, SCRIPT_stage, bindings, ARRAY_LEN(bindings),
		     deadline_in(DIGEST_MS), err))
		return -1;
	if (term_is_atom(answer, "present"))
		return 0;
	if (answer->kind != TERM_PID)
		return receiver_said(stage, answer, err);
	stage->receiver = answer;
	return await(&answer, stage, arena, node_deadline(stage->node), err);
}

static int send_chunk(struct stage *stage, uint64_t offset, char *buffer, size_t *len,
		      struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	*len = fread(buffer, 1, CHUNK, stage->file);
	if (ferror(stage->file))
		return error_sys(err, "%s", stage->bundle->file);
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
	uint64_t offset = 0, total = (uint64_t)stage->bundle->size;
	unsigned waiting = 0;
	size_t len;

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

static int finish(struct stage *stage, struct error *err)
{
	struct arena *arena = stage->arena;
	const struct term *answer;

	if (dist_send_pid(node_dist(stage->node), stage->receiver,
			  term_tuple(arena, stage->tag, term_atom(arena, "finish")),
			  node_deadline(stage->node), err))
		return -1;
	return await(&answer, stage, arena, deadline_in(DIGEST_MS), err);
}

int stage_send(bool *sent, struct node *node, const struct bundle *bundle, stage_progress *progress,
	       void *context, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned(file_done) FILE *file = fopen(bundle->file, "rbe");
	owned_mem char *buffer = mem_alloc(CHUNK);
	struct stage stage = {
		.node = node,
		.bundle = bundle,
		.arena = &arena,
		.file = file,
		.progress = progress,
		.context = context,
	};

	if (!file)
		return error_sys(err, "%s", bundle->file);
	stage.tag = dist_reference(node_dist(node), &arena);
	if (begin(&stage, err))
		return -1;
	if (stage.receiver && (send_all(&stage, buffer, err) || finish(&stage, err)))
		return -1;
	*sent = stage.receiver != NULL;
	return 0;
}
