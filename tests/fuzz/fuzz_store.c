// SPDX-License-Identifier: Apache-2.0
/* What a store, a registry or a file of credentials may answer: refused, or of the form that the
 * callers rely on.  The first byte says which of them the others are.
 */
#include "base/base64.h"
#include "release/files/parts.h"
#include "release/store/challenge.h"
#include "release/store/credentials.h"
#include "release/store/remote.h"
#include "release/trust/locked.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok)
{
	if (!ok)
		abort();
}

/* A store in which every tag is these bytes. */
struct fake {
	struct place place;
	struct span bytes;
};

static int get_manifest(struct place *place, const char *repo, const char *ref, struct str *out,
			struct error *err)
{
	(void)repo;
	(void)ref;
	(void)err;
	str_add(out, ((struct fake *)place)->bytes);
	return 0;
}

static int list(struct place *place, struct arena *arena, const char *repo, struct names *out,
		struct error *err)
{
	static const char *const tags[] = { "1.0.0", "stable" };

	(void)place;
	(void)arena;
	(void)repo;
	(void)err;
	*out = (struct names){ tags, ARRAY_LEN(tags) };
	return 0;
}

static void try_list(struct arena *arena, struct span bytes)
{
	static const struct place_ops ops = { .get_manifest = get_manifest, .list = list };
	struct fake fake = { { &ops, "fake", "fake", "" }, bytes };
	struct listed *listed = NULL;
	struct error err;
	size_t len = 0;

	if (remote_list(&listed, &len, arena, &fake.place, "shop", &err) == 0)
		for (size_t i = 0; i < len; i++)
			want(digest_is_good(listed[i].digest) && version_is_word(listed[i].vsn) &&
			     listed[i].size >= 0);
}

static void try_manifest(struct arena *arena, struct span bytes)
{
	owned_image_manifest struct image_manifest manifest = { 0 };
	struct artifact artifact;
	struct error err = { .text = "" };

	if (image_manifest_read(&manifest, arena, bytes, &err)) {
		want(err.text[0] != '\0');
		return;
	}
	for (size_t i = 0; i < manifest.len; i++)
		want(digest_is_good(manifest.layers[i].digest) && manifest.layers[i].size >= 0);
	if (artifact_read(&artifact, arena, &manifest, bytes, &err) == 0)
		want(name_is_word(artifact.name) && version_is_word(artifact.vsn) &&
		     digest_is_good(artifact.tarball));
}

static void try_credentials(struct span bytes)
{
	owned_credentials struct credentials credentials = { 0 };
	struct error err = { .text = "" };
	bool found;

	setenv("PATH", "/nonexistent", 1);
	if (credentials_read(&credentials, &found, bytes, "r.example.com", "fuzz", &err))
		want(err.text[0] != '\0');
}

static void try_part(struct span bytes)
{
	owned_joining struct joining joining = { 0 };
	char sha256[HASH_HEX_MAX];
	struct error err = { .text = "" };

	want(join_begin(&joining, NULL, &err) == 0);
	if (join_add(&joining, bytes, &err) == 0)
		want(join_end(&joining, sha256, &err) == 0 && joining.size >= bytes.len - 20);
}

/* What is told of where things come from is a URI, and its user has no password. */
static void try_lock(struct arena *arena, const struct lock *lock)
{
	for (size_t i = 0; i < lock->len; i++) {
		const struct locked *locked = &lock->items[i];
		const char *purl = locked_purl(arena, locked);
		const char *uri = locked->url ? git_uri(arena, locked->url) : NULL;
		const char *host = uri ? strstr(uri, "://") : NULL;
		size_t user;

		want(!purl || !strpbrk(purl, " \"<>+"));
		want(!uri || host);
		if (!uri)
			continue;
		user = strcspn(host + 3, "@/?#");
		want(host[3 + user] != '@' || !memchr(host + 3, ':', user));
		want(host[3 + user] != '@' || strncmp(uri, "ssh:", 4) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str text = STR_EMPTY, again = STR_EMPTY;
	struct span bytes = { (const char *)data + 1, size - 1 };
	struct challenge challenge;
	struct reference reference;
	struct error err;
	struct lock lock;

	if (size == 0)
		return 0;
	switch (data[0] % 8) {
	case 0:
		try_manifest(&arena, bytes);
		break;
	case 1:
		try_list(&arena, bytes);
		break;
	case 2:
		try_credentials(bytes);
		break;
	case 3:
		challenge_read(&challenge, &arena, arena_text(&arena, bytes));
		break;
	case 4:
		try_part(bytes);
		break;
	case 5:
		lock_read_mix(&lock, &arena, bytes);
		try_lock(&arena, &lock);
		if (lock_read_rebar(&lock, &arena, bytes, &err) == 0)
			try_lock(&arena, &lock);
		break;
	case 6:
		if (reference_parse(&reference, &arena, arena_text(&arena, bytes)))
			want(!strchr(reference.ref, '/') &&
			     (!reference.name || name_is_word(reference.name)));
		break;
	default:
		base64_add(&text, bytes);
		want(base64_read(&again, str_span(&text)) && span_equal(str_span(&again), bytes));
	}
	return 0;
}
