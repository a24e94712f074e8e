// SPDX-License-Identifier: Apache-2.0
/* Tarballs: pieces joined to one gzip member, the cache, what hostile tarballs are told. */
#include "base/cache.h"
#include "base/deflate.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/zstd.h"
#include "release/files/archive.h"
#include "release/files/pieces.h"
#include "release/files/tree.h"

#include <sched.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct arena arena;
static const char *dir;

static const char *in_dir(const char *name)
{
	return path_join(&arena, dir, name);
}

/* Text that compresses, bytes that do not, or zeros; the same for the same seed. */
static struct span content(size_t len, char kind, uint32_t seed)
{
	char *bytes = arena_alloc(&arena, len + 1);

	for (size_t i = 0; i < len && kind != 'z'; i++) {
		seed = seed * 1664525 + 1013904223;
		bytes[i] = kind == 'r' ? (char)(seed >> 24) : "{handle_call, ok} "[seed >> 28];
	}
	return (struct span){ bytes, len };
}

/* ---- pieces of one deflate stream ---- */

static void gzip_of(struct str *out, struct span plain, size_t piece)
{
	uint32_t crc = 0;
	struct error err;

	str_add(out, SPAN("\x1f\x8b\x08\0\0\0\0\0\0\xff"));
	for (size_t at = 0; at < plain.len; at += piece) {
		size_t len = plain.len - at < piece ? plain.len - at : piece;
		struct span part = { plain.ptr + at, len };

		assert_int_equal(deflate_piece(out, part, &err), 0);
		crc = crc32_join(crc, crc32_of(part), part.len);
	}
	assert_int_equal(crc, crc32_of(plain));
	str_add(out, DEFLATE_END);
	str_add(out, (struct span){ (const char *)&crc, 4 });
	str_add(out, (struct span){ (const char *)&(uint32_t){ (uint32_t)plain.len }, 4 });
}

static void pieces_join(void **state)
{
	static const size_t sizes[] = { 0,      1,     2,      55,      56,
					57,     511,   512,    4096,    65535,
					65536,  65537, 300000, 1 << 20, (1 << 20) + 1,
					3333333 };
	static const size_t pieces[] = { 1 << 18, 1 << 20, 77777, 5 << 20 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		for (size_t k = 0; k < ARRAY_LEN(pieces) * 3; k++) {
			struct span plain = content(sizes[i], "trz"[k % 3], (uint32_t)i);
			owned_str struct str gz = STR_EMPTY, back = STR_EMPTY;
			struct error err;

			gzip_of(&gz, plain, pieces[k / 3]);
			assert_int_equal(gzip_inflate(&back, str_span(&gz), 8 << 20, &err), 0);
			assert_true(span_equal(str_span(&back), plain));
		}
}

/* Every way in which the last block may end within its byte. */
static void small_pieces_join(void **state)
{
	struct span plain = content(20000, 't', 7);

	(void)state;
	for (size_t piece = 1; piece < 300; piece += 7) {
		owned_str struct str gz = STR_EMPTY, back = STR_EMPTY;
		struct error err;

		gzip_of(&gz, plain, piece);
		assert_int_equal(gzip_inflate(&back, str_span(&gz), 1 << 20, &err), 0);
		assert_true(span_equal(str_span(&back), plain));
	}
	assert_int_equal(deflate_fingerprint(), deflate_fingerprint());
}

/* ---- parallel ---- */

static int count_or_fail(void *context, size_t nr, struct error *err)
{
	int *seen = context;

	seen[nr]++;
	if (nr == 700 || nr == 702 || nr == 900)
		return error_set(err, ERROR_REFUSED, "number %zu", nr);
	return 0;
}

static void numbers_once_and_first_error(void **state)
{
	int seen[1000] = { 0 };
	struct error err;

	(void)state;
	assert_int_equal(parallel(700, count_or_fail, seen, &err), 0);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(seen[i], i < 700);
	assert_int_equal(parallel(1000, count_or_fail, seen, &err), -1);
	assert_string_equal(err.text, "number 700");
	assert_int_equal(parallel(0, count_or_fail, seen, &err), 0);
	assert_int_equal(seen[999], 0);
}

static int wait_to_fail(void *context, struct error *err)
{
	while (!atomic_load((atomic_bool *)context))
		sched_yield();
	return error_set(err, ERROR_REFUSED, "as told");
}

static void one_thing_goes_beside_another(void **state)
{
	atomic_bool may = false;
	struct beside beside = { .work = wait_to_fail, .context = &may };
	struct error err;

	(void)state;
	beside_begin(&beside);
	assert_false(beside_over(&beside));
	atomic_store(&may, true);
	assert_int_equal(beside_end(&beside, &err), -1);
	assert_true(beside_over(&beside));
	assert_string_equal(err.text, "as told");
}

/* ---- a tarball, written and read ---- */

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static struct archive_source sources[] = {
	{ .path = "bin/app", .mode = 0755 },
	{ .path = "lib/a-1.0/ebin/a.app", .mode = 0644 },
	{ .path = "lib/a-1.0/ebin/empty.beam", .mode = 0644 },
	{ .path = "lib/a-1.0/priv/" HUNDRED HUNDRED ".so", .mode = 0755 },
	{ .path = "lib/a-1.0/priv/" HUNDRED "/" HUNDRED "/" HUNDRED "/x", .mode = 0644 },
	{ .path = "lib/b-1.0/priv/large", .mode = 0644 },
	{ .path = "lib/b-1.0/priv/w\xc3\xa4re sch\xc3\xb6n.txt", .mode = 0644 },
	{ .path = "lib/b-1.0/priv/\xff not utf-8", .mode = 0644 },
	{ .path = "releases/1.0/sys.config", .mode = 0600 },
	{ .path = "top", .mode = 0644 },
};
static const size_t source_sizes[] = {
	900, 4000, 0, 70000, 1, 3 * PIECE_SIZE + 5, 512, 513, 60, 3
};

static int fill_sources(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		sources[i].data = content(source_sizes[i], i % 2 ? 't' : 'r', (uint32_t)i);
	return 0;
}

static int compare_item(void *context, const struct archive_item *item, struct error *err)
{
	size_t *nr = context;
	const struct archive_source *want = &sources[(*nr)++];

	(void)err;
	assert_string_equal(item->path, want->path);
	assert_false(item->is_dir);
	assert_int_equal(item->mode, want->mode);
	assert_true(span_equal(item->data, want->data));
	return 0;
}

static void read_file(struct str *out, const char *path)
{
	struct error err;

	assert_int_equal(file_read(path, 1 << 30, out, &err), 0);
}

static void write_and_read(void **state)
{
	const char *path = in_dir("app.tar.gz");
	owned_str struct str gz = STR_EMPTY, plain = STR_EMPTY, want = STR_EMPTY;
	size_t count = 0;
	struct error err;
	struct stat info;

	(void)state;
	assert_int_equal(archive_write(path, sources, ARRAY_LEN(sources), NULL, NULL, &err), 0);
	assert_int_equal(archive_read(path, 1 << 24, compare_item, &count, &err), 0);
	assert_int_equal(count, ARRAY_LEN(sources));
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0644);

	/* One member, as if it had been written in one go: of several, only the first is read. */
	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		assert_int_equal(archive_header(&want, &sources[i], sources[i].data.len, &err), 0);
		str_add(&want, sources[i].data);
		while (want.len % 512)
			str_addc(&want, '\0');
	}
	str_add(&want, content(1024, 'z', 0));
	read_file(&gz, path);
	assert_int_equal(gzip_inflate(&plain, str_span(&gz), 1 << 24, &err), 0);
	assert_true(span_equal(str_span(&plain), str_span(&want)));
}

static void nothing_is_left_behind(void **state)
{
	struct archive_source gone = { .path = "a", .file = in_dir("not there"), .mode = 0644 };
	struct dir_entry *entries;
	struct error err;
	size_t len;

	(void)state;
	assert_int_equal(dir_make(in_dir("empty"), &err), 0);
	assert_int_equal(archive_write(in_dir("empty/x.tar.gz"), &gone, 1, NULL, NULL, &err), -1);
	assert_non_null(strstr(err.text, "not there"));
	gone.file = dir;
	assert_int_equal(archive_write(in_dir("empty/x.tar.gz"), &gone, 1, NULL, NULL, &err), -1);
	assert_non_null(strstr(err.text, "not a regular file"));
	assert_int_equal(archive_write(in_dir("none/x.tar.gz"), &gone, 1, NULL, NULL, &err), -1);
	assert_int_equal(dir_list(&entries, &len, &arena, in_dir("empty"), &err), 0);
	assert_int_equal(len, 0);
}

/* An unchanged application gives the same pieces, whatever else is there. */
static void pieces_follow_applications(void **state)
{
	struct pieces all, some;
	struct error err;

	(void)state;
	assert_int_equal(pieces_cut(&all, &arena, sources, ARRAY_LEN(sources), &err), 0);
	assert_int_equal(pieces_cut(&some, &arena, sources + 5, 3, &err), 0);
	/* bin, a, b in four, releases, what is at the top */
	assert_int_equal(all.len, 8);
	assert_int_equal(some.len, 4);
	for (size_t i = 0; i < some.len; i++) {
		owned_str struct str one = STR_EMPTY, other = STR_EMPTY;

		assert_int_equal(piece_fill(&one, &all, 2 + i, &err), 0);
		assert_int_equal(piece_fill(&other, &some, i, &err), 0);
		assert_true(span_equal(str_span(&one), str_span(&other)));
		assert_true(one.len <= PIECE_SIZE + 4096);
	}
}

/* ---- the cache ---- */

static void write_again(const struct str *want, const char *when)
{
	const char *path = in_dir("again.tar.gz");
	owned_str struct str got = STR_EMPTY;
	struct error err;

	if (archive_write(path, sources, ARRAY_LEN(sources), NULL, NULL, &err))
		fail_msg("%s: %s", when, err.text);
	read_file(&got, path);
	if (!span_equal(str_span(&got), str_span(want)))
		fail_msg("%s: other bytes", when);
}

static size_t cached(struct dir_entry **out)
{
	struct error err;
	size_t len;

	if (dir_list(out, &len, &arena, in_dir("cache/relevo"), &err))
		return 0;
	return len;
}

static void damage(char how)
{
	struct dir_entry *entries;
	struct error err;
	size_t len = cached(&entries);

	for (size_t i = 0; i < len; i++) {
		const char *path = path_join(&arena, in_dir("cache/relevo"), entries[i].name);
		owned_str struct str bytes = STR_EMPTY;

		read_file(&bytes, path);
		if (how == 'f')
			bytes.ptr[bytes.len / 2] ^= 1;
		if (how == 'c')
			bytes.len = bytes.len / 2;
		if (how == 'e')
			bytes.len = 0;
		assert_int_equal(file_replace(path, str_span(&bytes), 0600, &err), 0);
	}
	/* Right in itself, but another's. */
	for (size_t i = 1; how == 's' && i < len; i += 2) {
		const char *one = path_join(&arena, in_dir("cache/relevo"), entries[i - 1].name);
		const char *other = path_join(&arena, in_dir("cache/relevo"), entries[i].name);
		owned_str struct str bytes = STR_EMPTY;

		read_file(&bytes, one);
		assert_int_equal(file_replace(other, str_span(&bytes), 0600, &err), 0);
	}
}

static void cache_never_changes_bytes(void **state)
{
	owned_str struct str want = STR_EMPTY;
	struct dir_entry *entries;
	struct error err;

	(void)state;
	assert_int_equal(tree_remove(in_dir("cache"), &err), 0);
	assert_int_equal(
		archive_write(in_dir("cold.tar.gz"), sources, ARRAY_LEN(sources), NULL, NULL, &err),
		0);
	read_file(&want, in_dir("cold.tar.gz"));
	assert_int_equal(cached(&entries), 8);
	write_again(&want, "warm");
	for (const char *how = "fces"; *how; how++) {
		damage(*how);
		write_again(&want, "damaged");
		write_again(&want, "mended");
	}
	assert_int_equal(cached(&entries), 8);
	setenv("XDG_CACHE_HOME", "/proc/none", 1);
	write_again(&want, "no cache");
	setenv("XDG_CACHE_HOME", "not/absolute", 1);
	setenv("HOME", "", 1);
	write_again(&want, "no home");
	setenv("XDG_CACHE_HOME", in_dir("cache"), 1);
}

static bool so_many(void *context)
{
	return atomic_fetch_sub((atomic_int *)context, 1) > 0;
}

/* What was compressed ahead is in the cache, as long as it was wanted, and changes no byte. */
static void ahead_is_the_same(void **state)
{
	owned_str struct str want = STR_EMPTY;
	struct dir_entry *entries;
	struct error err;
	atomic_int pieces;

	(void)state;
	read_file(&want, in_dir("cold.tar.gz"));
	for (int some = 0; some <= 8; some += 4) {
		assert_int_equal(tree_remove(in_dir("cache"), &err), 0);
		atomic_store(&pieces, some);
		assert_int_equal(archive_ahead(sources, ARRAY_LEN(sources), so_many, &pieces, &err),
				 0);
		assert_int_equal(cached(&entries), some);
		write_again(&want, "ahead");
		assert_int_equal(cached(&entries), 8);
	}
}

static void cache_keeps_what_was_used_last(void **state)
{
	owned_cache struct cache *cache = cache_open();
	struct cache_key keys[10];
	owned_str struct str value = STR_EMPTY;

	(void)state;
	assert_non_null(cache);
	cache_prune(cache, 0);
	for (size_t i = 0; i < 10; i++) {
		keys[i] = cache_key("test", 1, content(i + 1, 't', 1));
		cache_put(cache, &keys[i], content(1000, 'r', (uint32_t)i));
		usleep(15000);
	}
	assert_true(cache_get(cache, &keys[0], &value));
	assert_int_equal(value.len, 1000);
	cache_prune(cache, 20000);
	assert_true(cache_get(cache, &keys[9], &value));
	cache_prune(cache, 6000);
	assert_true(cache_get(cache, &keys[0], &value));
	assert_true(cache_get(cache, &keys[9], &value));
	assert_false(cache_get(cache, &keys[1], &value));
	assert_false(cache_get(NULL, &keys[9], &value));
	/* Another kind, another version. */
	keys[0] = cache_key("test", 2, content(10, 't', 1));
	assert_false(cache_get(cache, &keys[0], &value));
	keys[0] = cache_key("tests", 1, content(10, 't', 1));
	assert_false(cache_get(cache, &keys[0], &value));
}

/* ---- tarballs of others ---- */

/* One ustar header and the content; of a long name the first 63 bytes are the prefix. */
static void add_entry(struct str *out, const char *name, char type, const char *link,
		      struct span data)
{
	char header[512] = { 0 };
	unsigned sum = 0;

	if (strlen(name) > 99) {
		memcpy(header + 345, name, 63);
		name += 64;
	}
	snprintf(header, 100, "%s", name);
	memcpy(header + 100,
	       "0000644\0"
	       "0000000\0"
	       "0000000\0",
	       24);
	snprintf(header + 124, 12, "%011o", (unsigned)data.len);
	memcpy(header + 136, "00000000000", 12);
	memset(header + 148, ' ', 8);
	header[156] = type;
	snprintf(header + 157, 100, "%s", link);
	memcpy(header + 257,
	       "ustar\0"
	       "00",
	       8);
	for (size_t i = 0; i < sizeof(header); i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	str_add(out, (struct span){ header, sizeof(header) });
	str_add(out, data);
	while (out->len % 512)
		str_addc(out, '\0');
}

#define DEEP "d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/"

static const struct hostile {
	const char *name, *error; /* NULL: nothing wrong with it */
	const char *entries;      /* TYPE PATH, separated by commas; a link's target behind > */
} hostiles[] = {
	{ "plain", NULL, "0bin/a,5lib,0lib/b" },
	{ "dots and slashes", NULL, "5./,0./bin//a,5lib/" },
	{ "the same file twice", NULL, "0a,0a" },
	{ "a folder twice", NULL, "5a,0a/b,5a" },
	{ "absolute", "the path /etc/passwd leads out of the release", "0bin/a,0/etc/passwd" },
	{ "dots up", "the path lib/../../x leads out of the release", "0lib/../../x" },
	{ "dots at the end", "leads out of the release", "5lib/.." },
	{ "symbolic link", "bin/l is neither a file nor a folder", "2bin/l>/etc" },
	{ "hard link", "bin/l is neither a file nor a folder", "0bin/a,1bin/l>bin/a" },
	{ "device", "bin/l is neither a file nor a folder", "3bin/l" },
	{ "fifo", "bin/l is neither a file nor a folder", "6bin/l" },
	{ "file, then folder", "a is in it both as a file and as a folder", "0a,5a" },
	{ "folder, then file", "a is in it both as a file and as a folder", "5a,0a" },
	{ "file, then below it", "a is in it both as a file and as a folder", "0a,0a/b" },
	{ "file, then far below it", "a/b is in it both as a file and as a folder",
	  "0a/b,0a/b/c/d" },
	{ "too deep", "or too deep", "0" DEEP DEEP DEEP DEEP "x" },
};

static void hostile_tarball(struct str *out, const struct hostile *row)
{
	struct span rest = span_of(row->entries), entry;

	while (span_next(&rest, ',', &entry)) {
		char *name = arena_dup(&arena, (struct span){ entry.ptr + 1, entry.len - 1 });
		char *link = strchr(name, '>');

		if (link)
			*link++ = '\0';
		add_entry(out, name, entry.ptr[0], link ? link : "",
			  entry.ptr[0] == '0' ? SPAN("content") : SPAN(""));
	}
	str_add(out, content(1024, 'z', 0));
}

static void hostile_is_refused(void **state)
{
	const struct hostile *row = *state;
	const char *path = in_dir("hostile.tar.gz");
	owned_str struct str tar = STR_EMPTY, gz = STR_EMPTY;
	owned_tree struct tree *tree = NULL;
	struct error err;

	hostile_tarball(&tar, row);
	gzip_of(&gz, str_span(&tar), 1 << 20);
	assert_int_equal(file_put(path, str_span(&gz), 0644, &err), 0);
	if (!row->error) {
		if (tree_open(&tree, path, &err))
			fail_msg("%s", err.text);
		return;
	}
	assert_int_equal(tree_open(&tree, path, &err), -1);
	assert_int_equal(err.kind, ERROR_INVALID);
	if (!strstr(err.text, row->error))
		fail_msg("%s", err.text);
}

static int ignore_item(void *context, const struct archive_item *item, struct error *err)
{
	(void)context;
	(void)item;
	(void)err;
	return 0;
}

static int read_bytes(struct span bytes, size_t max, struct error *err)
{
	return archive_read_bytes(bytes, max, ignore_item, NULL, err);
}

static void cut_short(void **state)
{
	const char *path = in_dir("whole.tar.gz");
	owned_str struct str gz = STR_EMPTY;
	struct error err;

	(void)state;
	assert_int_equal(archive_write(path, sources, 2, NULL, NULL, &err), 0);
	read_file(&gz, path);
	assert_int_equal(read_bytes(str_span(&gz), 1 << 20, &err), 0);
	for (size_t len = 1; len + 40 < gz.len; len += 37)
		if (read_bytes((struct span){ gz.ptr, len }, 1 << 20, &err) == 0)
			fail_msg("%zu bytes of %zu are enough", len, gz.len);
	assert_int_equal(read_bytes(SPAN("no tarball at all, but a text"), 1 << 20, &err), -1);
}

/* A few bytes that unpack to a lot; many entries of nothing. */
static void bombs(void **state)
{
	owned_str struct str tar = STR_EMPTY, gz = STR_EMPTY, many = STR_EMPTY;
	struct error err;

	(void)state;
	add_entry(&tar, "zeros", '0', "", content(5 << 20, 'z', 0));
	gzip_of(&gz, str_span(&tar), 1 << 20);
	assert_true(gz.len < 20000);
	assert_int_equal(read_bytes(str_span(&gz), 6 << 20, &err), 0);
	assert_int_equal(read_bytes(str_span(&gz), 5 << 20, &err), -1);
	assert_int_equal(read_bytes(str_span(&gz), 4 << 20, &err), -1);
	assert_non_null(strstr(err.text, "unpacks to more than 4194304 bytes"));
	for (int i = 0; i < 1000; i++)
		add_entry(&many, arena_printf(&arena, "a/%d", i), '0', "", SPAN(""));
	assert_int_equal(read_bytes(str_span(&many), 1 << 20, &err), 0);
	assert_int_equal(read_bytes(str_span(&many), 400000, &err), -1);
	assert_string_equal(err.text, "unpacks to too much");
}

/* A frame of zstd by hand: blocks that say "128 KB of this byte". */
static void zstd_blocks(struct str *out, int blocks)
{
	str_add(out, SPAN(ZSTD_HEAD "\x00\x38"));
	for (int i = blocks; i > 0; i--) {
		uint32_t head = (128u << 10) << 3 | 1 << 1 | (i == 1);

		str_add(out, (struct span){ (const char *)&head, 3 });
		str_addc(out, 'x');
	}
}

static void zstd_is_bounded(void **state)
{
	owned_str struct str packed = STR_EMPTY, plain = STR_EMPTY;
	struct error err;

	(void)state;
	zstd_blocks(&packed, 24);
	zstd_blocks(&packed, 8);
	str_add(&plain, SPAN("before"));
	/* Whatever is cut off is told, but for a frame that was whole. */
	for (size_t len = 0; len < packed.len; len++)
		if (zstd_inflate(&plain, (struct span){ packed.ptr, len }, 8 << 20, &err) == 0) {
			assert_int_equal(len, 6 + 24 * 4);
			assert_int_equal(plain.len, 6 + (24 << 17));
			plain.len = 6;
		}
	assert_int_equal(plain.len, 6);
	assert_int_equal(zstd_inflate(&plain, str_span(&packed), 32 << 17, &err), 0);
	assert_int_equal(plain.len, 6 + (32 << 17));
	assert_int_equal(plain.ptr[plain.len - 1], 'x');
	assert_int_equal(zstd_inflate(&plain, str_span(&packed), (32 << 17) - 1, &err), -1);
	assert_non_null(strstr(err.text, "unpacks to more than"));
	assert_int_equal(plain.len, 6 + (32 << 17));
}

static int set_up(void **state)
{
	struct error err;

	(void)state;
	if (dir_make_temp(&dir, &arena, "/tmp/relevo-archive", &err))
		return -1;
	setenv("XDG_CACHE_HOME", in_dir("cache"), 1);
	return fill_sources(state);
}

static int tear_down(void **state)
{
	struct error err;
	int ret = tree_remove(dir, &err);

	(void)state;
	arena_done(&arena);
	return ret;
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(hostiles) + 16] = {
		cmocka_unit_test(pieces_join),
		cmocka_unit_test(small_pieces_join),
		cmocka_unit_test(numbers_once_and_first_error),
		cmocka_unit_test(one_thing_goes_beside_another),
		cmocka_unit_test(write_and_read),
		cmocka_unit_test(nothing_is_left_behind),
		cmocka_unit_test(pieces_follow_applications),
		cmocka_unit_test(cache_never_changes_bytes),
		cmocka_unit_test(ahead_is_the_same),
		cmocka_unit_test(cache_keeps_what_was_used_last),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(bombs),
		cmocka_unit_test(zstd_is_bounded),
	};
	size_t len = 0;

	while (tests[len].test_func)
		len++;
	for (size_t i = 0; i < ARRAY_LEN(hostiles); i++)
		tests[len++] =
			(struct CMUnitTest){ .name = hostiles[i].name,
					     .test_func = hostile_is_refused,
					     .initial_state = (void *)(uintptr_t)&hostiles[i] };
	return _cmocka_run_group_tests("archive", tests, len, set_up, tear_down);
}
