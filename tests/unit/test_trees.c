// SPDX-License-Identifier: Apache-2.0
/* Property: whatever tree it is, what is packed comes out again: content, modes, links, times,
 * names of any length and letters.  GNU tar unpacks it, and relevo reads it.  SEED=N begins with
 * that tree, TREES=N says how many.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "docker/layer.h"
#include "release/files/pieces.h"

#include <setjmp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { ENTRIES_MAX = 60, FOLDERS_MAX = 12, NAME_LEN_MAX = 255, PATH_LEN_MAX = 3000 };

static uint64_t state;

/* 0 to `below` - 1; the same for the same seed (xorshift). */
static unsigned chance(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % below;
}

/* ---- a tree ---- */

static size_t any_size(void)
{
	static const size_t edges[] = { 0, 1, 511, 512, 513, 1024, PIECE_SIZE - 512, PIECE_SIZE };

	return chance(3) == 0 ? edges[chance(ARRAY_LEN(edges))] : chance(30000);
}

static void any_content(struct str *out)
{
	size_t len = any_size();
	bool text = chance(2);

	while (out->len < len)
		str_addc(out, text ? "{ok, state}"[chance(11)] : (char)chance(256));
}

/* Most are short, some as long as names may be, or as long as a header has room for. */
static void any_name(struct str *out, unsigned nr)
{
	static const char *const letters[] = { "a", "Z", "0", "-", ".", " ",  "\n",   "\\",
					       "'", "*", "=", ":", "ä", "名", "\xff", "🙂" };
	static const size_t edges[] = { 99, 100, 101, NAME_LEN_MAX };
	size_t len = chance(4) == 0 ? edges[chance(ARRAY_LEN(edges))] : 1 + chance(40);
	bool plain = chance(2);

	str_addf(out, "%x", nr); /* no two are the same, none is ".." */
	while (out->len < len) {
		const char *letter = letters[chance(plain ? 3 : ARRAY_LEN(letters))];

		str_add(out, span_of(out->len + strlen(letter) <= len ? letter : "x"));
	}
}

static void make_link(const char *path)
{
	owned_str struct str target = STR_EMPTY;

	for (unsigned i = chance(6); i < 6; i++) {
		any_name(&target, i);
		str_add(&target, span_of(i % 2 ? "/" : "/../"));
	}
	if (target.len == 0)
		str_add(&target, SPAN("/nowhere"));
	assert_int_equal(symlink(str_text(&target), path), 0);
}

static void make_file(const char *path)
{
	owned_str struct str bytes = STR_EMPTY;
	struct error err;

	any_content(&bytes);
	assert_int_equal(file_put(path, str_span(&bytes), 0644, &err), 0);
	assert_int_equal(chmod(path, 0400 | chance(010000)), 0);
}

static void make_tree(struct arena *arena, const char *root)
{
	const char *folders[FOLDERS_MAX] = { root };
	size_t len = 1;
	struct error err;

	assert_int_equal(dir_make(root, &err), 0);
	for (unsigned i = chance(ENTRIES_MAX); i < ENTRIES_MAX; i++) {
		owned_str struct str name = STR_EMPTY;
		const char *path, *folder = folders[chance((unsigned)len)];

		any_name(&name, i);
		path = path_join(arena, folder, str_text(&name));
		if (strlen(path) > PATH_LEN_MAX)
			continue;
		if (chance(4) == 0 && len < FOLDERS_MAX) {
			assert_int_equal(mkdir(path, 0700), 0);
			assert_int_equal(chmod(path, 0700 | chance(010000)), 0);
			folders[len++] = path;
		} else if (chance(4) == 0) {
			make_link(path);
		} else {
			make_file(path);
		}
	}
}

/* ---- the same? ---- */

static unsigned long seed;

static void same_content(const char *want, const char *got)
{
	owned_str struct str a = STR_EMPTY, b = STR_EMPTY;
	struct error err;

	assert_int_equal(file_read(want, 1 << 24, &a, &err), 0);
	assert_int_equal(file_read(got, 1 << 24, &b, &err), 0);
	if (!span_equal(str_span(&a), str_span(&b)))
		fail_msg("SEED=%lu: other content: %s", seed, want);
}

static void same_target(const char *want, const char *link)
{
	char target[4096];
	ssize_t len = readlink(link, target, sizeof(target));

	assert_true(len > 0 && len < (ssize_t)sizeof(target));
	if (!span_is((struct span){ target, (size_t)len }, want))
		fail_msg("SEED=%lu: %s leads to %.*s", seed, want, (int)len, target);
}

/* Of what GNU tar made of it. */
static void check_unpacked(const struct archive_source *item, const char *got)
{
	struct stat info;

	if (lstat(got, &info))
		fail_msg("SEED=%lu: %s is not there", seed, item->path);
	if (item->link
		    ? !S_ISLNK(info.st_mode)
		    : S_ISDIR(info.st_mode) != item->is_dir || (info.st_mode & 07777) != item->mode)
		fail_msg("SEED=%lu: %s has the mode %o", seed, item->path, info.st_mode);
	if (info.st_mtime != 0)
		fail_msg("SEED=%lu: %s has a time", seed, item->path);
	if (item->link)
		same_target(item->link, got);
	else if (!item->is_dir)
		same_content(item->file, got);
}

/* The item is as it is on the disk. */
static void check_item(const struct archive_source *item, const char *path)
{
	struct stat info;

	assert_int_equal(lstat(path, &info), 0);
	assert_true(S_ISLNK(info.st_mode) == (item->link != NULL));
	assert_true(S_ISDIR(info.st_mode) == item->is_dir);
	if (item->link)
		same_target(item->link, path);
	else if (item->mode != (info.st_mode & 07777))
		fail_msg("SEED=%lu: %s is not %o", seed, path, info.st_mode & 07777);
}

struct reading {
	const struct archive_source *next;
	size_t left;
};

static bool want_all(const char *path)
{
	(void)path;
	return true;
}

/* Of what relevo reads. */
static int check_read(void *context, const struct archive_entry_found *found, struct error *err)
{
	struct reading *reading = context;
	const struct archive_source *want = reading->next++;
	struct span path = span_of(want->path);

	(void)err;
	assert_true(reading->left-- > 0);
	path.len -= want->is_dir; /* its slash */
	if (!span_is(path, found->path))
		fail_msg("SEED=%lu: %s came as %s", seed, want->path, found->path);
	assert_true(found->is_file == (!want->is_dir && !want->link));
	assert_true((found->link == NULL) == (want->link == NULL));
	if (want->link)
		assert_string_equal(found->link, want->link);
	if (found->is_file) {
		owned_str struct str bytes = STR_EMPTY;

		assert_int_equal(file_read(want->file, 1 << 24, &bytes, err), 0);
		assert_true(span_equal(str_span(&bytes), found->data));
	}
	return 0;
}

static void check_reading(const struct layer *layer, const char *tarball)
{
	struct reading reading = { layer->items, layer->len };
	owned_str struct str tar = STR_EMPTY;
	struct error err;

	assert_int_equal(archive_load(&tar, tarball, 1 << 28, &err), 0);
	if (archive_entries(str_span(&tar), want_all, check_read, &reading, &err))
		fail_msg("SEED=%lu: %s", seed, err.text);
	assert_int_equal(reading.left, 0);
}

static size_t count_entries(const char *root)
{
	const char *argv[] = { "find", root, "-mindepth", "1", "-printf", "x", NULL };
	struct process_options options = { .output_max = 1 << 20, .timeout_ms = 60000 };
	owned_process_result struct process_result result = { 0 };
	struct error err;

	assert_int_equal(process_run(&result, argv, &options, &err), 0);
	return result.out.len;
}

static void unpack(const char *tarball, const char *into)
{
	const char *argv[] = { "tar", "-xpzf", tarball, "-C", into, NULL };
	struct process_options options = { .output_max = 1 << 20, .timeout_ms = 60000 };
	owned_process_result struct process_result result = { 0 };
	struct error err;

	assert_int_equal(dir_make(into, &err), 0);
	assert_int_equal(process_run(&result, argv, &options, &err), 0);
	if (result.status != 0 || result.err.len > 0)
		fail_msg("SEED=%lu: tar: %s", seed, str_text(&result.err));
}

static void one_tree(const char *dir)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *in = path_join(&arena, dir, "in"), *out = path_join(&arena, dir, "out");
	const char *tarball = path_join(&arena, dir, "tree.tar.gz");
	struct layer layer = { 0 };
	struct error err;

	state = seed * 0x9e3779b97f4a7c15 + 1;
	make_tree(&arena, in);
	if (layer_of_folder(&layer, &arena, in, &err) ||
	    archive_write(tarball, layer.items, layer.len, NULL, NULL, &err))
		fail_msg("SEED=%lu: %s", seed, err.text);
	assert_int_equal(count_entries(in), layer.len);
	unpack(tarball, out);
	assert_int_equal(count_entries(out), layer.len);
	for (size_t i = 0; i < layer.len; i++) {
		check_item(&layer.items[i], path_join(&arena, in, layer.items[i].path));
		check_unpacked(&layer.items[i], path_join(&arena, out, layer.items[i].path));
	}
	check_reading(&layer, tarball);
	assert_int_equal(tree_remove(dir, &err), 0);
}

static unsigned long number_of(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 10) : otherwise;
}

static void trees_come_out_as_they_went_in(void **nothing)
{
	unsigned long trees = number_of("TREES", 40);

	(void)nothing;
	seed = number_of("SEED", (unsigned long)clock_wall_ms());
	print_message("seed: %lu\n", seed);
	for (; trees > 0; trees--, seed++) {
		owned_arena struct arena arena = ARENA_EMPTY;
		const char *dir;
		struct error err;

		assert_int_equal(dir_make_temp(&dir, &arena, "/tmp/relevo-trees", &err), 0);
		one_tree(dir);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees_come_out_as_they_went_in),
	};

	unsetenv("HOME");
	unsetenv("XDG_CACHE_HOME");
	return cmocka_run_group_tests_name("trees", tests, NULL, NULL);
}
