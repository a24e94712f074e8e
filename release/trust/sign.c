// SPDX-License-Identifier: Apache-2.0
#include "release/trust/sign.h"

#include "base/file.h"
#include "release/files/archive.h"
#include "release/read/manifest.h"
#include "release/read/store.h"
#include "release/read/verify.h"
#include "release/trust/cms.h"

enum { MANIFEST_MAX = 256 << 20, RECORD_MAX = 1 << 20, DIFFERENCES_SHOWN = 5 };

static int no_manifest(const struct release *release, enum error_kind kind, struct error *err)
{
	error_set_(err, kind,
		   "%s: no releases/%s/relevo.manifest.json in it, which a signature covers",
		   release->path, release->vsn);
	return error_hint(err, "relevo build makes one.");
}

/* The files are those that the manifest lists, no more. */
static int check_files(size_t *files, struct arena *arena, const struct release *release,
		       struct error *err)
{
	owned_str struct str list = STR_EMPTY;
	struct verified *verified;

	if (release_verify(&verified, arena, release, err))
		return -1;
	*files = verified->files;
	for (size_t i = 0; i < verified->len && i < DIFFERENCES_SHOWN; i++)
		str_addf(&list, "\n%s: %s", verified->items[i].path,
			 difference_name(verified->items[i].kind));
	if (verified->len == 0)
		return 0;
	if (verified->len > DIFFERENCES_SHOWN)
		str_addf(&list, "\nand %zu more", verified->len - DIFFERENCES_SHOWN);
	return error_set(err, ERROR_REFUSED, "%s: not what its manifest says%s", release->path,
			 list.ptr);
}

static int other_record(const struct release *release, const char *path, struct error *err)
{
	return error_set(err, ERROR_REFUSED, "%s: %s is not the one of %s %s", release->path, path,
			 release->name, release->vsn);
}

static int check_start(struct arena *arena, const struct release *release, struct error *err)
{
	static const char path[] = "releases/start_erl.data";
	owned_str struct str text = STR_EMPTY;

	if (!tree_has(release->tree, path))
		return 0;
	if (tree_read(release->tree, path, RECORD_MAX, &text, err))
		return -1;
	if (!span_is(span_trim(str_span(&text)),
		     arena_printf(arena, "%s %s", release->erts, release->vsn)))
		return other_record(release, path, err);
	return 0;
}

static int check_releases(struct arena *arena, const struct release *release, struct error *err)
{
	static const char path[] = "releases/RELEASES";
	owned_str struct str text = STR_EMPTY;
	const struct term *term;

	if (!tree_has(release->tree, path))
		return 0;
	if (tree_read(release->tree, path, RECORD_MAX, &text, err) ||
	    term_parse_one(&term, arena, str_span(&text), path, err))
		return -1;
	if (!term_equal(term, rel_releases_term(arena, release->rel)))
		return other_record(release, path, err);
	return 0;
}

/* No manifest lists what a node writes anew.  In a tarball it must be as it was built; a cookie may
 * be anybody's, and lets him in.
 */
static int check_records(struct arena *arena, const struct release *release, struct error *err)
{
	if (tree_is_dir(release->tree))
		return 0;
	if (tree_has(release->tree, "releases/COOKIE")) {
		error_set_(err, ERROR_REFUSED,
			   "%s: there is a cookie in it, which no signature covers", release->path);
		return error_hint(err, "Build it without \"cookie\" in relevo.yaml; each "
				       "installation has its own then.");
	}
	return check_start(arena, release, err) || check_releases(arena, release, err) ? -1 : 0;
}

/* ---- signing ---- */

struct repacking {
	struct arena *arena;
	struct archive_source *items;
	size_t len, cap;
	const char *signature_path;
};

static int keep(void *context, const struct archive_item *item, struct error *err)
{
	struct repacking *r = context;

	(void)err;
	if (item->is_dir || strcmp(item->path, r->signature_path) == 0)
		return 0;
	r->items = arena_grow(r->arena, r->items, r->len, &r->cap);
	r->items[r->len++] = (struct archive_source){
		.path = arena_dup(r->arena, span_of(item->path)),
		.data = item->data,
		.mode = item->mode,
	};
	return 0;
}

/* Where its path puts it, as in a tree that is packed with it. */
static void insert(struct repacking *r, struct archive_source item)
{
	size_t at = 0;

	r->items = arena_grow(r->arena, r->items, r->len, &r->cap);
	while (at < r->len && strcmp(r->items[at].path, item.path) < 0)
		at++;
	memmove(&r->items[at + 1], &r->items[at], (r->len - at) * sizeof(*r->items));
	r->items[at] = item;
	r->len++;
}

static int sign_tarball(const char *path, struct arena *arena, const char *signature_path,
			struct span signature, struct error *err)
{
	owned_str struct str tar = STR_EMPTY;
	struct repacking r = { .arena = arena, .signature_path = signature_path };

	if (archive_load(&tar, path, TREE_MAX, err) ||
	    archive_items(str_span(&tar), TREE_MAX, keep, &r, err))
		return -1;
	insert(&r,
	       (struct archive_source){ .path = signature_path, .data = signature, .mode = 0644 });
	return archive_write(path, r.items, r.len, NULL, NULL, err);
}

int release_sign(const char *path, const struct key *key, const char *certificate,
		 struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_release struct release *release = NULL;
	owned_str struct str manifest = STR_EMPTY, signature = STR_EMPTY;
	const char *file;
	size_t files;

	if (release_open(&release, path, err))
		return -1;
	if (!release->manifest)
		return no_manifest(release, ERROR_NOT_FOUND, err);
	if (check_records(&arena, release, err) || check_files(&files, &arena, release, err))
		return error_hint(err, "It was not signed.");
	if (tree_read(release->tree, release->manifest, MANIFEST_MAX, &manifest, err) ||
	    (certificate ? cms_sign(&signature, key, certificate, str_span(&manifest), err)
			 : key_sign(&signature, key, str_span(&manifest), err)))
		return -1;
	file = certificate ? manifest_cms(&arena, release->manifest)
			   : manifest_signature(&arena, release->manifest);
	if (path_is_dir(path))
		return file_write(path_join(&arena, path, file), str_span(&signature), 0644, err);
	return sign_tarball(path, &arena, file, str_span(&signature), err);
}

/* ---- trusting ---- */

/* The first of the keys that made the signature. */
static int find_signer(struct trusted *out, const struct trust *trust, struct span manifest,
		       struct span signature, struct error *err)
{
	for (size_t i = 0; i < trust->keys.len && !out->key; i++) {
		owned_key struct key *key = NULL;

		if (key_read_public(&key, trust->keys.items[i], err))
			return -1;
		if (!key_verifies(key, manifest, signature))
			continue;
		out->key = trust->keys.items[i];
		key_id(key, out->id);
	}
	return 0;
}

static bool asks(const struct trust *trust)
{
	return trust->keys.len > 0 || trust->authorities.len > 0 || trust->required;
}

static bool is_known(const struct trusted *found)
{
	return found->key || found->subject;
}

static int look_for_certificate(struct trusted *out, struct arena *arena,
				const struct release *release, const struct trust *trust,
				struct span manifest, struct error *err)
{
	const char *file = manifest_cms(arena, release->manifest);
	owned_str struct str signature = STR_EMPTY;

	if (!tree_has(release->tree, file))
		return 0;
	out->is_signed = true;
	if (is_known(out) || trust->authorities.len == 0)
		return 0;
	if (tree_read(release->tree, file, CMS_MAX, &signature, err))
		return -1;
	if (cms_verify(&out->subject, arena, trust->authorities, manifest, str_span(&signature),
		       err))
		return error_wrap(err, "%s", release->path);
	return 0;
}

static int look_for_signer(struct trusted *out, struct arena *arena, const struct release *release,
			   const struct trust *trust, struct error *err)
{
	const char *file = manifest_signature(arena, release->manifest);
	owned_str struct str manifest = STR_EMPTY, signature = STR_EMPTY;

	if (tree_read(release->tree, release->manifest, MANIFEST_MAX, &manifest, err))
		return -1;
	hash_hex(HASH_SHA256, str_span(&manifest), out->manifest_sha256);
	out->is_signed = tree_has(release->tree, file);
	if (out->is_signed &&
	    (tree_read(release->tree, file, SIGNATURE_MAX, &signature, err) ||
	     find_signer(out, trust, str_span(&manifest), str_span(&signature), err)))
		return -1;
	return look_for_certificate(out, arena, release, trust, str_span(&manifest), err);
}

static int check_signer(const struct trusted *found, const struct release *release,
			const struct trust *trust, struct error *err)
{
	const struct names *who = trust->keys.len > 0 ? &trust->keys : &trust->authorities;

	if (is_known(found) || !asks(trust))
		return 0;
	if (!found->is_signed) {
		error_set_(err, ERROR_REFUSED, "%s is not signed", release->path);
		return error_hint(err, "Who built it signs it: relevo sign %s --key FILE",
				  release->path);
	}
	if (who->len == 0) {
		error_set_(err, ERROR_REFUSED,
			   "%s must be signed, and no key is trusted that could tell by whom it is",
			   release->path);
		return error_hint(err, "Name one: --trust FILE, or trust.keys in relevo.yaml.");
	}
	error_set_(err, ERROR_REFUSED,
		   "%s: its signature was made by no trusted key, or its manifest was changed "
		   "since",
		   release->path);
	return error_hint(err, "Trusted: %s%s.", who->items[0], who->len > 1 ? ", …" : "");
}

static int check_version(const struct release *release, const struct trust *trust,
			 struct error *err)
{
	if (!trust->minimum || version_compare(release->vsn, trust->minimum) >= 0)
		return 0;
	return error_set(err, ERROR_REFUSED,
			 "%s is %s %s, older than %s, the oldest that may be used here",
			 release->path, release->name, release->vsn, trust->minimum);
}

int release_trust(struct trusted *out, struct arena *arena, const struct release *release,
		  const struct trust *trust, struct error *err)
{
	struct trusted found = { 0 };

	if (!release->manifest) {
		if (asks(trust))
			return no_manifest(release, ERROR_REFUSED, err);
	} else if (look_for_signer(&found, arena, release, trust, err) ||
		   check_signer(&found, release, trust, err) ||
		   (is_known(&found) && check_records(arena, release, err)) ||
		   check_files(&found.files, arena, release, err)) {
		return -1;
	}
	if (check_version(release, trust, err))
		return -1;
	*out = found;
	return 0;
}
