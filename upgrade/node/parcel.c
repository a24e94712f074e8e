// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/parcel.h"

#include "base/hash.h"
#include "release/files/archive.h"
#include "release/files/tree.h"
#include "upgrade/node/digests.h"
#include "upgrade/node/session.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Nobody else writes there, or has the rights of the owner. */
enum { MODE_MASK = 0755 };

struct packing {
	struct arena *arena;
	const struct bundle *bundle;
	const struct names *same;             /* folders that the node has */
	const struct manifest_entry **listed; /* sorted by path */
	const char **left_out;                /* paths, sorted */
	size_t left_out_len;
	struct archive_source *items;
	size_t len, cap;
	size_t seen;
	int64_t bytes;
};

void parcel_done(struct parcel *parcel)
{
	if (parcel->file)
		fclose(parcel->file);
	parcel->file = NULL;
}

static bool is_in_same(const struct packing *packing, const char *path)
{
	struct span folder = digests_folder(path);

	return folder.len > 0 && digests_among(packing->same, folder);
}

/* ---- asking ---- */

/* Those in folders that are the same there need no question. */
static const struct term *files_term(struct packing *packing, enum hash_kind kind)
{
	const struct bundle *bundle = packing->bundle;
	struct terms list = { 0 };

	for (size_t i = 0; i < bundle->files_len; i++)
		if (!is_in_same(packing, bundle->files[i].path))
			terms_add(packing->arena, &list,
				  digests_file(packing->arena, &bundle->files[i], kind, NULL));
	return term_list_of(packing->arena, &list);
}

/* Here is a list of paths, copies one of pairs of paths. */
static int ask(const struct term **here, const struct term **copies, struct node *node,
	       struct arena *arena, struct packing *packing, const struct node_releases *releases,
	       struct error *err)
{
	enum hash_kind kind = digests_kind(packing->bundle, releases);
	const struct term *files, *answer;

	if (node_session_pack(&files, arena, files_term(packing, kind), err))
		return -1;
	const struct binding bindings[] = {
		{ "Vsn", term_string(arena, packing->bundle->vsn) },
		{ "Files", files },
		{ "Algorithm", digests_algorithm(arena, kind) },
	};

	if (node_run(&answer, NULL, node, arena, SCRIPT_lacks, bindings, ARRAY_LEN(bindings),
		     node_work_deadline(node), err))
		return -1;
	if (!term_is_tuple(answer, 2) || !term_is_list(term_at(answer, 0)) ||
	    !term_is_list(term_at(answer, 1)))
		return error_set(err, ERROR_INVALID, "%s: an answer of another shape",
				 node_name(node));
	*here = term_at(answer, 0);
	*copies = term_at(answer, 1);
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void leave_out(struct packing *packing, const struct term *here, const struct term *copies)
{
	size_t max = here->seq.len + copies->seq.len;
	const char *path;

	packing->left_out = arena_array(packing->arena, max, const char *);
	for (size_t i = 0; i < here->seq.len; i++)
		if (term_get_text(term_at(here, i), packing->arena, &path))
			packing->left_out[packing->left_out_len++] = path;
	for (size_t i = 0; i < copies->seq.len; i++)
		if (term_is_tuple(term_at(copies, i), 2) &&
		    term_get_text(term_at(term_at(copies, i), 0), packing->arena, &path))
			packing->left_out[packing->left_out_len++] = path;
	qsort(packing->left_out, packing->left_out_len, sizeof(*packing->left_out), compare);
}

/* Also what is copied on the node. */
static int64_t copied_bytes(const struct bundle *bundle, struct arena *arena,
			    const struct term *copies)
{
	int64_t bytes = 0;
	const char *path;
	size_t next = 0;

	/* In the order of the files that were asked for. */
	for (size_t i = 0; i < bundle->files_len && next < copies->seq.len; i++) {
		const struct term *pair = term_at(copies, next);

		if (!term_is_tuple(pair, 2) || !term_get_text(term_at(pair, 0), arena, &path))
			break;
		if (strcmp(path, bundle->files[i].path) != 0)
			continue;
		bytes += bundle->files[i].size;
		next++;
	}
	return bytes;
}

/* ---- packing ---- */

static int by_path(const void *a, const void *b)
{
	return strcmp((*(const struct manifest_entry *const *)a)->path,
		      (*(const struct manifest_entry *const *)b)->path);
}

static void list_files(struct packing *packing)
{
	const struct bundle *bundle = packing->bundle;

	packing->listed =
		arena_array(packing->arena, bundle->files_len, const struct manifest_entry *);
	for (size_t i = 0; i < bundle->files_len; i++)
		packing->listed[i] = &bundle->files[i];
	qsort(packing->listed, bundle->files_len, sizeof(*packing->listed), by_path);
}

static const struct manifest_entry *find_listed(const struct packing *packing, const char *path)
{
	const struct manifest_entry key = { .path = path }, *wanted = &key;
	const struct manifest_entry **found =
		bsearch(&wanted, packing->listed, packing->bundle->files_len,
			sizeof(*packing->listed), by_path);

	return found ? *found : NULL;
}

static bool is_as_listed(const struct manifest_entry *file, struct span data)
{
	char hex[HASH_HEX_MAX];

	hash_hex(*file->sha256 ? HASH_SHA256 : HASH_MD5, data, hex);
	return strcmp(hex, *file->sha256 ? file->sha256 : file->md5) == 0;
}

static bool is_left_out(const struct packing *packing, const char *path)
{
	return is_in_same(packing, path) ||
	       (packing->left_out_len > 0 &&
		bsearch(&path, packing->left_out, packing->left_out_len, sizeof(*packing->left_out),
			compare));
}

static int take(void *context, const struct archive_item *item, struct error *err)
{
	struct packing *packing = context;

	const struct manifest_entry *file = find_listed(packing, item->path);

	/* The manifest is in no manifest; what else is in none is the node's own. */
	if (item->is_dir || (!file && strcmp(item->path, packing->bundle->manifest) != 0))
		return 0;
	packing->seen++;
	if (is_left_out(packing, item->path))
		return 0;
	if (file && !is_as_listed(file, item->data))
		return error_set(err, ERROR_INVALID, "%s is not what its manifest says",
				 item->path);
	packing->items = arena_grow(packing->arena, packing->items, packing->len, &packing->cap);
	packing->items[packing->len++] = (struct archive_source){
		.path = arena_dup(packing->arena, span_of(item->path)),
		.data = { arena_dup(packing->arena, item->data), item->data.len },
		.mode = item->mode & MODE_MASK,
	};
	packing->bytes += (int64_t)item->data.len;
	return 0;
}

static int describe(struct parcel *out, struct error *err)
{
	char hex[HASH_HEX_MAX];
	struct stat info;
	void *bytes;

	if (fstat(fileno(out->file), &info) < 0)
		return error_sys(err, "its tarball");
	out->size = info.st_size;
	bytes = mmap(NULL, (size_t)out->size, PROT_READ, MAP_PRIVATE, fileno(out->file), 0);
	if (bytes == MAP_FAILED)
		return error_sys(err, "its tarball");
	hash_hex(HASH_SHA256, (struct span){ bytes, (size_t)out->size }, hex);
	memcpy(out->sha256, hex, sizeof(out->sha256));
	hash_hex(HASH_MD5, (struct span){ bytes, (size_t)out->size }, hex);
	memcpy(out->md5, hex, sizeof(out->md5));
	munmap(bytes, (size_t)out->size);
	return 0;
}

/* In memory, where its content is already: whatever ends us, nothing is left. */
static int write_down(struct parcel *out, const struct packing *packing, struct error *err)
{
	int fd = memfd_create("parcel.tar.gz", MFD_CLOEXEC);

	out->file = fd < 0 ? NULL : fdopen(fd, "w+b");
	if (!out->file)
		return error_sys(err, "memory for its tarball");
	if (archive_write_to(out->file, packing->items, packing->len, NULL, NULL, err))
		return -1;
	return describe(out, err);
}

int parcel_pack(struct parcel *out, struct node *node, struct arena *arena,
		const struct bundle *bundle, const struct node_releases *releases,
		const struct names *same, struct error *err)
{
	owned_arena struct arena mine = ARENA_EMPTY;
	owned_parcel struct parcel parcel = { .files_all = 0 };
	struct packing packing = { .arena = &mine, .bundle = bundle, .same = same };
	const struct term *here;

	if (ask(&here, &parcel.copies, node, arena, &packing, releases, err))
		return -1;
	list_files(&packing);
	leave_out(&packing, here, parcel.copies);
	if (archive_read(bundle->file, TREE_MAX, take, &packing, err) ||
	    write_down(&parcel, &packing, err))
		return error_wrap(err, "what %s lacks", node_name(node));
	parcel.files = packing.len;
	parcel.files_all = packing.seen;
	parcel.room = packing.bytes + copied_bytes(bundle, &mine, parcel.copies);
	*out = parcel;
	parcel.file = NULL;
	return 0;
}
