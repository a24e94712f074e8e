// SPDX-License-Identifier: Apache-2.0
/* The pieces of a tarball, each compressed on some thread or taken from the cache, written in
 * their order as one gzip member (RFC 1952): erl_tar reads no second one.
 */
#include "base/deflate.h"
#include "base/file.h"
#include "base/parallel.h"
#include "release/files/archive.h"
#include "release/files/pack.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Pieces that wait for an earlier one; more would only cost memory. */
enum { WAITING_MAX = 16 };

struct writer {
	FILE *file;
	struct packer packer;
	void (*progress)(void *context, uint64_t done);
	void *context;

	pthread_mutex_t lock; /* for all that follows */
	pthread_cond_t moved; /* when `turn` or `failed` did */
	struct packed waiting[WAITING_MAX];
	size_t turn; /* the piece that is to be written next */
	bool failed;
	uint32_t crc; /* of all that was written */
	uint64_t plain;
};

/* False once another piece failed: nobody would ever take this one. */
static bool wait_for_room(struct writer *w, size_t nr)
{
	bool failed;

	pthread_mutex_lock(&w->lock);
	while (!w->failed && nr >= w->turn + WAITING_MAX)
		pthread_cond_wait(&w->moved, &w->lock);
	failed = w->failed;
	pthread_mutex_unlock(&w->lock);
	return !failed;
}

static int put(struct writer *w, struct span data, struct error *err)
{
	if (fwrite(data.ptr, 1, data.len, w->file) != data.len)
		return error_sys(err, "cannot write");
	return 0;
}

/* Writes this piece, and those that waited for it. */
static int write_ready(struct writer *w, struct error *err)
{
	for (;;) {
		struct packed *next = &w->waiting[w->turn % WAITING_MAX];

		if (!next->ready)
			return 0;
		if (put(w, str_span(&next->deflated), err))
			return -1;
		w->crc = crc32_join(w->crc, next->crc, next->plain);
		w->plain += next->plain;
		if (w->progress)
			w->progress(w->context, w->plain);
		str_done(&next->deflated);
		next->ready = false;
		w->turn++;
	}
}

static int hand_in(struct writer *w, size_t nr, struct packed *packed, int ret, struct error *err)
{
	pthread_mutex_lock(&w->lock);
	if (ret == 0) {
		packed->ready = true;
		w->waiting[nr % WAITING_MAX] = *packed;
		ret = write_ready(w, err);
	} else {
		str_done(&packed->deflated);
	}
	if (ret)
		w->failed = true;
	pthread_cond_broadcast(&w->moved);
	pthread_mutex_unlock(&w->lock);
	return ret;
}

static int write_piece(void *context, size_t nr, struct error *err)
{
	struct writer *w = context;
	struct packed packed = { .deflated = STR_EMPTY };

	if (!wait_for_room(w, nr))
		return error_set(err, ERROR_FAILED, "an earlier piece failed");
	return hand_in(w, nr, &packed, pack_piece(&packed, &w->packer, nr, err), err);
}

static int write_tail(struct writer *w, struct error *err)
{
	static const char end[2 * 512]; /* of a tarball */
	owned_str struct str tail = STR_EMPTY;
	struct span zeros = { end, sizeof(end) };

	if (deflate_piece(&tail, zeros, err))
		return -1;
	w->crc = crc32_join(w->crc, crc32_of(zeros), zeros.len);
	w->plain += zeros.len;
	str_add(&tail, DEFLATE_END);
	gzip_add_tail(&tail, w->crc, w->plain);
	return put(w, str_span(&tail), err);
}

static void writer_done(struct writer *w)
{
	for (size_t i = 0; i < WAITING_MAX; i++)
		str_done(&w->waiting[i].deflated);
	packer_done(&w->packer);
	pthread_cond_destroy(&w->moved);
	pthread_mutex_destroy(&w->lock);
}

static int write_all(struct writer *w, struct error *err)
{
	if (put(w, GZIP_HEAD, err) || parallel(w->packer.pieces.len, write_piece, w, err) ||
	    write_tail(w, err))
		return -1;
	if (fflush(w->file) || fchmod(fileno(w->file), 0644) || fsync(fileno(w->file)))
		return error_sys(err, "cannot write");
	return 0;
}

int archive_write_to(FILE *file, const struct archive_source *items, size_t len,
		     void (*progress)(void *context, uint64_t done), void *context,
		     struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned(writer_done) struct writer w = {
		.file = file,
		.progress = progress,
		.context = context,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.moved = PTHREAD_COND_INITIALIZER,
	};

	if (packer_open(&w.packer, &arena, items, len, err))
		return -1;
	return write_all(&w, err);
}

int archive_write(const char *path, const struct archive_source *items, size_t len,
		  void (*progress)(void *context, uint64_t done), void *context, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	char *temp = arena_printf(&arena, "%s.XXXXXX", path);
	int fd = mkostemp(temp, O_CLOEXEC);
	owned_stream FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");

	if (!file)
		return error_sys(err, "cannot write %s", path);
	if (archive_write_to(file, items, len, progress, context, err) == 0 &&
	    path_rename(temp, path, err) == 0)
		return 0;
	unlink(temp);
	return error_wrap(err, "cannot write %s", path);
}

/* ---- ahead of time ---- */

struct ahead {
	struct packer packer;
	bool (*go_on)(void *context);
	void *context;
};

/* The piece itself is not wanted yet: it will be in the cache. */
static int pack_ahead(void *context, size_t nr, struct error *err)
{
	const struct ahead *ahead = context;
	struct packed packed = { .deflated = STR_EMPTY };
	int ret = 0;

	if (ahead->go_on(ahead->context))
		ret = pack_piece(&packed, &ahead->packer, nr, err);
	str_done(&packed.deflated);
	return ret;
}

static void ahead_done(struct ahead *ahead)
{
	packer_done(&ahead->packer);
}

int archive_ahead(const struct archive_source *items, size_t len, bool (*go_on)(void *context),
		  void *context, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned(ahead_done) struct ahead ahead = { .go_on = go_on, .context = context };
	unsigned cores = parallel_cores();

	if (packer_open(&ahead.packer, &arena, items, len, err))
		return -1;
	if (!ahead.packer.cache)
		return 0;
	/* What is waited for in the meantime comes first. */
	return parallel_on(cores > 1 ? cores - 1 : 1, ahead.packer.pieces.len, pack_ahead, &ahead,
			   err);
}
