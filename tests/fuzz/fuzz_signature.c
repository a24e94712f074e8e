// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a signature of a manifest, bare or with certificates (CMS), and as the file of a
 * public key: no bare one is that of a key which never signed, and who signed with certificates has
 * a name. The first byte says which of them the others are.
 */
#include "base/file.h"
#include "release/trust/cms.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct span manifest = { "a manifest", 10 };

/* Of whom one of the corpus was signed for; its key is gone. */
static const char authority[] = "-----BEGIN CERTIFICATE-----\n"
				"MIIBdDCCARugAwIBAgIUaEYt/YR8AbBw2DHHD/9e/V+hgaEwCgYIKoZIzj0EAwIw\n"
				"DzENMAsGA1UEAwwEcm9vdDAgFw0yNjExMjgxNjIxMzFaGA8yMTI2MTEwNDE2MjEz\n"
				"MVowDzENMAsGA1UEAwwEcm9vdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNwo\n"
				"R7hjprWPgTIyy5qs/ITckvC4LDaz9BgkpqQ6u7fGwIAqkFC6Kupl025t/QorK2wW\n"
				"Z321J3ojX+DqvOoV7MCjUzBRMB0GA1UdDgQWBBQOfUTrC1Yx6vZ1hqh4ZPB2XoVK\n"
				"GjAfBgNVHSMEGDAWgBQOfUTrC1Yx6vZ1hqh4ZPB2XoVKGjAPBgNVHRMBAf8EBTAD\n"
				"AQH/MAoGCCqGSM49BAMCA0cAMEQCIDAPQwNBGdKW0m4J4g6Rx8liqcUy2CfERWbb\n"
				"35vQuvaOAiAh+7XDAke1IzSICM5FrFVwvJB/DmrZDTGO6e6NKzLsFw==\n"
				"-----END CERTIFICATE-----\n";

static void want(bool ok)
{
	if (!ok)
		abort();
}

/* A file of these bytes, that is open for as long as the program runs or until it is closed. */
static int file_of(struct span bytes, char path[static 64])
{
	int fd = memfd_create("trust", MFD_CLOEXEC);

	want(fd >= 0 && write(fd, bytes.ptr, bytes.len) == (ssize_t)bytes.len);
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

static void try_bare(const char *kind, struct span bytes)
{
	static struct key *keys[2];
	struct key **key = &keys[kind[0] == 'p'];
	struct error err;

	want(*key || key_make(key, kind, &err) == 0);
	want(!key_verifies(*key, manifest, bytes));
}

static void try_cms(struct arena *arena, struct span bytes)
{
	static char path[64];
	const char *const files[] = { path }, *subject = NULL;
	struct error err = { .text = "" };

	if (!path[0])
		file_of((struct span){ authority, sizeof(authority) - 1 }, path);
	if (cms_verify(&subject, arena, (struct names){ files, 1 }, manifest, bytes, &err))
		want(err.text[0] != '\0');
	else
		want(subject && *subject);
}

static void try_public(struct span bytes)
{
	owned_key struct key *key = NULL;
	struct error err = { .text = "" };
	char path[64], id[KEY_ID_MAX];
	int fd = file_of(bytes, path);

	if (key_read_public(&key, path, &err)) {
		want(err.text[0] != '\0');
	} else {
		key_id(key, id);
		want(strlen(id) == KEY_ID_MAX - 1);
		want(!key_verifies(key, manifest, bytes));
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct span bytes = { (const char *)data + 1, size - 1 };

	if (size == 0)
		return 0;
	switch (data[0] % 4) {
	case 0:
		try_bare("ed25519", bytes);
		break;
	case 1:
		try_bare("p256", bytes);
		break;
	case 2:
		try_cms(&arena, bytes);
		break;
	default:
		try_public(bytes);
	}
	return 0;
}
