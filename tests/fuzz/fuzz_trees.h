// SPDX-License-Identifier: Apache-2.0
/* fuzz_trees.h - two releases from the bytes of a fuzzer: tarballs in memory.
 *
 *	--- o lib/a-1/ebin/a.appup      a file of the old release; n: of the new one, b: of both
 *	{"2",[],[]}.                    what is in it, up to the next such line
 *
 * What every release needs (a .rel, kernel, stdlib, sasl and the application a) is there when the
 * bytes do not have it.
 */
#pragma once
#include "release/read/release.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct fuzz_file {
	struct span path, content;
};

enum { FUZZ_FILES = 64, TAR_BLOCK = 512 };

struct fuzz_side {
	struct fuzz_file files[FUZZ_FILES];
	size_t len;
};

static void fuzz_add(struct fuzz_side *side, struct span path, struct span content)
{
	for (size_t i = 0; i < side->len; i++)
		if (span_equal(side->files[i].path, path))
			return;
	if (side->len < FUZZ_FILES && path.len < 100)
		side->files[side->len++] = (struct fuzz_file){ path, content };
}

/* Cuts one file off; false: there is no more. */
static bool fuzz_cut(struct span *rest, struct fuzz_side sides[static 2])
{
	static const char mark[] = "\n--- ";
	struct span content, head;
	const char *end;
	char which;

	if (!span_starts(*rest, mark + 1))
		return false;
	*rest = (struct span){ rest->ptr + strlen(mark) - 1, rest->len - strlen(mark) + 1 };
	if (!span_next(rest, '\n', &head) || head.len < 3)
		return false;
	end = memmem(rest->ptr, rest->len, mark, strlen(mark));
	content = (struct span){ rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len };
	*rest = end ? (struct span){ end + 1, rest->len - content.len - 1 } : (struct span){ 0 };
	which = head.ptr[0];
	head = (struct span){ head.ptr + 2, head.len - 2 };
	if (which != 'n')
		fuzz_add(&sides[0], head, content);
	if (which != 'o')
		fuzz_add(&sides[1], head, content);
	return true;
}

static void fuzz_default(struct fuzz_side *side, const char *path, const char *content)
{
	fuzz_add(side, span_of(path), span_of(content));
}

static void fuzz_rest(struct fuzz_side *side, const char *vsn, struct arena *arena)
{
	static const char *const otp[] = { "kernel", "stdlib", "sasl" };
	static const char app[] =
		"{application,%s,[{description,\"\"},{vsn,\"%s\"},{modules,[%s]},{registered,[]},"
		"{applications,[]}]}.";

	fuzz_default(side, arena_printf(arena, "releases/%s/r.rel", vsn),
		     arena_printf(arena,
				  "{release,{\"r\",\"%s\"},{erts,\"13\"},[{kernel,\"1\"},"
				  "{stdlib,\"1\"},{sasl,\"1\"},{a,\"%s\"}]}.",
				  vsn, vsn));
	for (size_t i = 0; i < 3; i++)
		fuzz_default(side, arena_printf(arena, "lib/%s-1/ebin/%s.app", otp[i], otp[i]),
			     arena_printf(arena, app, otp[i], "1", ""));
	fuzz_default(side, arena_printf(arena, "lib/a-%s/ebin/a.app", vsn),
		     arena_printf(arena, app, "a", vsn, ""));
	fuzz_default(side, "erts-13/bin/beam.smp", "x");
}

static void fuzz_tar(struct str *out, const struct fuzz_side *side)
{
	for (size_t i = 0; i < side->len; i++) {
		const struct fuzz_file *file = &side->files[i];
		char block[TAR_BLOCK] = { 0 };
		unsigned sum = 0;

		memcpy(block, file->path.ptr, file->path.len);
		snprintf(block + 100, 8, "0000644");
		snprintf(block + 124, 12, "%011zo", file->content.len);
		memcpy(block + 148, "        ", 8);
		block[156] = '0';
		memcpy(block + 257,
		       "ustar\0"
		       "00",
		       8);
		for (size_t k = 0; k < sizeof(block); k++)
			sum += (unsigned char)block[k];
		snprintf(block + 148, 8, "%06o", sum);
		str_add(out, (struct span){ block, sizeof(block) });
		str_add(out, file->content);
		memset(block, 0, sizeof(block));
		str_add(out, (struct span){ block, (TAR_BLOCK - file->content.len % TAR_BLOCK) %
							   TAR_BLOCK });
	}
	for (size_t k = 0; k < 2 * TAR_BLOCK; k++)
		str_addc(out, '\0');
}

static struct release *fuzz_open(const struct fuzz_side *side)
{
	owned_str struct str tar = STR_EMPTY;
	struct release *release = NULL;
	int fd = memfd_create("release", 0);
	struct error err;
	char path[32];

	fuzz_tar(&tar, side);
	if (fd < 0 || write(fd, tar.ptr, tar.len) != (ssize_t)tar.len)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (release_open(&release, path, &err) && err.text[0] == '\0')
		abort();
	close(fd);
	return release;
}

/* Either may be NULL: it is none. */
static void fuzz_releases(struct release **old_out, struct release **new_out, struct span bytes)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct fuzz_side sides[2] = { { .len = 0 } };

	while (fuzz_cut(&bytes, sides))
		;
	fuzz_rest(&sides[0], "1", &arena);
	fuzz_rest(&sides[1], "2", &arena);
	*old_out = fuzz_open(&sides[0]);
	*new_out = fuzz_open(&sides[1]);
}
