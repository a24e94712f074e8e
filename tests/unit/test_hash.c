// SPDX-License-Identifier: Apache-2.0
/* Digests and decompression: known values, and what must be refused. */
#include "base/deflate.h"
#include "base/hash.h"

#include <setjmp.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void known_digests(void **state)
{
	char hex[HASH_HEX_MAX];

	(void)state;
	hash_hex(HASH_MD5, SPAN(""), hex);
	assert_string_equal(hex, "d41d8cd98f00b204e9800998ecf8427e");
	hash_hex(HASH_MD5, SPAN("abc"), hex);
	assert_string_equal(hex, "900150983cd24fb0d6963f7d28e17f72");
	hash_hex(HASH_SHA256, SPAN("abc"), hex);
	assert_string_equal(hex,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void again_from_the_start(void **state)
{
	owned_hash struct hash *hash = hash_new(HASH_MD5);
	uint8_t first[HASH_SIZE_MAX], second[HASH_SIZE_MAX];

	(void)state;
	hash_add(hash, SPAN("a"));
	hash_add(hash, SPAN("bc"));
	hash_end(hash, first);
	hash_add(hash, SPAN("abc"));
	hash_end(hash, second);
	assert_memory_equal(first, second, 16);
}

static void of_a_file(void **state)
{
	char path[] = "/tmp/relevo-hash-XXXXXX", hex[HASH_HEX_MAX];
	int fd = mkstemp(path);
	struct error err;

	(void)state;
	assert_int_equal(write(fd, "abc", 3), 3);
	close(fd);
	assert_int_equal(hash_file_hex(HASH_MD5, path, hex, &err), 0);
	assert_string_equal(hex, "900150983cd24fb0d6963f7d28e17f72");
	unlink(path);
	assert_int_equal(hash_file_hex(HASH_MD5, path, hex, &err), -1);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

/* "hello hello hello hello" */
#define ZLIB "\x78\x9c\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x27\x01\x68\x03\x08\xb1"
#define GZIP                                                                       \
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\x40" \
	"\x27\x01\xe3\x51\x3d\x8d\x17\x00\x00\x00"

static void zlib(void **state)
{
	owned_str struct str out = STR_EMPTY;
	struct error err;
	size_t used = 0;

	(void)state;
	assert_int_equal(zlib_inflate(&out, SPAN(ZLIB), 23, &err), 0);
	assert_string_equal(str_text(&out), "hello hello hello hello");
	assert_int_equal(zlib_inflate(&out, SPAN(ZLIB), 22, &err), -1);
	assert_int_equal(zlib_inflate(&out, SPAN(ZLIB), 24, &err), -1);
	assert_int_equal(zlib_inflate(&out, SPAN(ZLIB), (size_t)1 << 40, &err), -1);
	assert_int_equal(zlib_inflate(&out, SPAN(ZLIB "more"), 23, &err), -1);
	assert_int_equal(zlib_inflate(&out, SPAN(""), 0, &err), -1);
	assert_int_equal(out.len, 23);
	assert_int_equal(zlib_inflate_some(&out, SPAN(ZLIB "more"), 23, &used, &err), 0);
	assert_int_equal(used, 16);
	assert_int_equal(out.len, 46);
}

static void gzip(void **state)
{
	owned_str struct str out = STR_EMPTY;
	struct error err;

	(void)state;
	assert_int_equal(gzip_inflate(&out, SPAN(GZIP), 100, &err), 0);
	assert_string_equal(str_text(&out), "hello hello hello hello");
	assert_int_equal(gzip_inflate(&out, SPAN(GZIP), 22, &err), -1);
	assert_string_equal(err.text, "gzip data: unpacks to more than 22 bytes");
	assert_int_equal(gzip_inflate(&out, SPAN("\x1f\x8b\x08"), 100, &err), -1);
	assert_int_equal(out.len, 23);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_digests), cmocka_unit_test(again_from_the_start),
		cmocka_unit_test(of_a_file),     cmocka_unit_test(zlib),
		cmocka_unit_test(gzip),
	};

	return cmocka_run_group_tests_name("hash and deflate", tests, NULL, NULL);
}
