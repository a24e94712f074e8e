// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/digests.h"

#include "upgrade/node/session.h"

#include <stdlib.h>
#include <string.h>

enum hash_kind digests_kind(const struct bundle *bundle, const struct node_releases *releases)
{
	for (size_t i = 0; i < bundle->files_len; i++)
		if (!bundle->files[i].sha256[0])
			return HASH_MD5;
	return releases->crypto ? HASH_SHA256 : HASH_MD5;
}

const struct term *digests_algorithm(struct arena *arena, enum hash_kind kind)
{
	return term_atom(arena, kind == HASH_SHA256 ? "sha256" : "md5");
}

static unsigned digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') & 15 : (unsigned)(c - 'a' + 10) & 15;
}

/* Returns how many bytes; whatever is no hexadecimal text gives some that fit nothing. */
static size_t to_bytes(uint8_t out[static HASH_SIZE_MAX], const char *hex)
{
	size_t len = strlen(hex) / 2;

	if (len > HASH_SIZE_MAX)
		len = HASH_SIZE_MAX;
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
	return len;
}

static struct span digest_of(uint8_t buffer[static HASH_SIZE_MAX],
			     const struct manifest_entry *file, enum hash_kind kind)
{
	size_t len = to_bytes(buffer, kind == HASH_SHA256 ? file->sha256 : file->md5);

	return (struct span){ (const char *)buffer, len };
}

const struct term *digests_file(struct arena *arena, const struct manifest_entry *file,
				enum hash_kind kind, const char *module_md5)
{
	uint8_t digest[HASH_SIZE_MAX], md5[HASH_SIZE_MAX];
	struct span code = { (const char *)md5, module_md5 ? to_bytes(md5, module_md5) : 0 };

	return term_tuple(
		arena, term_binary(arena, span_of(file->path)), term_integer(arena, file->size),
		term_binary(arena, digest_of(digest, file, kind)), term_binary(arena, code));
}

const struct term *digests_module(struct arena *arena, const struct manifest_module *module)
{
	uint8_t md5[HASH_SIZE_MAX];
	size_t len = to_bytes(md5, module->md5);

	return term_tuple(arena, term_binary(arena, span_of(module->module)),
			  term_binary(arena, span_of(module->application)),
			  term_binary(arena, (struct span){ (const char *)md5, len }));
}

/* ---- folders ---- */

struct span digests_folder(const char *path)
{
	struct span rest = span_of(path), top, second;
	const struct span none = { path, 0 };

	if (!span_next(&rest, '/', &top) || rest.len == 0)
		return none;
	if (span_starts(top, "erts-"))
		return top;
	if (!span_is(top, "lib") || !span_next(&rest, '/', &second) || rest.len == 0)
		return none;
	return (struct span){ path, (size_t)(second.ptr + second.len - path) };
}

bool digests_among(const struct names *folders, struct span folder)
{
	for (size_t i = 0; i < folders->len; i++)
		if (span_is(folder, folders->items[i]))
			return true;
	return false;
}

/* Of a run of files in one folder, as digests.erl computes it: each path below the folder, a zero
 * byte, its digest.  Paths are in the order of their bytes, else the node just finds another sum.
 */
static const struct term *folder_term(struct arena *arena, const struct manifest_entry *files,
				      size_t len, struct span folder, enum hash_kind kind)
{
	owned_hash struct hash *hash = hash_new(kind);
	uint8_t sum[HASH_SIZE_MAX];
	size_t size = kind == HASH_SHA256 ? 32 : 16;

	for (size_t i = 0; i < len; i++) {
		const char *below = files[i].path + folder.len + 1;

		hash_add(hash, (struct span){ below, strlen(below) + 1 });
		hash_add(hash, digest_of(sum, &files[i], kind));
	}
	hash_end(hash, sum);
	return term_tuple(arena, term_binary(arena, folder),
			  term_binary(arena, (struct span){ (const char *)sum, size }));
}

static size_t run_len(const struct bundle *bundle, size_t from, struct span folder)
{
	size_t to = from;

	while (to < bundle->files_len && span_equal(digests_folder(bundle->files[to].path), folder))
		to++;
	return to - from;
}

static const struct term *folder_terms(struct arena *arena, const struct bundle *bundle,
				       enum hash_kind kind,
				       bool (*wanted)(const void *context, struct span folder),
				       const void *context)
{
	struct terms list = { 0 };

	for (size_t i = 0, len; i < bundle->files_len; i += len) {
		struct span folder = digests_folder(bundle->files[i].path);

		len = folder.len ? run_len(bundle, i, folder) : 1;
		if (folder.len && wanted(context, folder))
			terms_add(arena, &list,
				  folder_term(arena, &bundle->files[i], len, folder, kind));
	}
	return term_list_of(arena, &list);
}

int digests_same(struct names *out, struct node *node, struct arena *arena,
		 const struct bundle *bundle, const struct node_releases *releases,
		 bool (*wanted)(const void *context, struct span folder), const void *context,
		 struct error *err)
{
	enum hash_kind kind = digests_kind(bundle, releases);
	const struct term *folders = folder_terms(arena, bundle, kind, wanted, context);
	const char **items = arena_array(arena, folders->seq.len, const char *);
	const struct term *packed, *answer;
	size_t len = 0;

	*out = (struct names){ items, 0 };
	if (folders->seq.len == 0)
		return 0;
	if (node_session_pack(&packed, arena, folders, err))
		return -1;
	const struct binding bindings[] = { { "Folders", packed },
					    { "Algorithm", digests_algorithm(arena, kind) } };

	if (node_run(&answer, NULL, node, arena, SCRIPT_digests, bindings, ARRAY_LEN(bindings),
		     node_work_deadline(node), err))
		return -1;
	if (!term_is_list(answer) || answer->seq.len != folders->seq.len)
		return error_set(err, ERROR_INVALID, "%s: an answer of another shape",
				 node_name(node));
	for (size_t i = 0; i < folders->seq.len; i++) {
		const struct term *folder = term_at(term_at(folders, i), 0);

		if (term_is_atom(term_at(answer, i), "true"))
			items[len++] = arena_dup(arena, folder->text);
	}
	*out = (struct names){ items, len };
	return 0;
}
