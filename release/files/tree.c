// SPDX-License-Identifier: Apache-2.0
#include "release/files/tree.h"

#include "release/files/archive.h"

#include <fcntl.h>
#include <stdlib.h>
#include <uthash.h>

/* One file or folder of a tarball. */
struct tree_node {
	const char *path; /* the key */
	struct dir_entry entry;
	struct span data;
	struct tree_node *next_sibling; /* of the same folder, the newest first */
	struct tree_node *children;
	UT_hash_handle hh;
};

struct tree {
	const char *name;
	const char *root; /* folder: prefix of every path; NULL: a tarball */
	struct str tar;   /* tarball: all of it */
	struct arena arena;
	struct tree_node *nodes; /* tarball: all nodes by path; "" is the root */
};

static const struct tree system_tree = { .name = "the file system", .root = "" };

const struct tree *tree_system(void)
{
	return &system_tree;
}

static struct tree_node *node_find(const struct tree *tree, const char *path)
{
	struct tree_node *node;

	HASH_FIND_STR(tree->nodes, path, node);
	return node;
}

/* The node of a path; made, with the folders above it, when it is not there. */
static struct tree_node *node_make(struct tree *tree, const char *path, bool is_dir)
{
	struct tree_node *node = node_find(tree, path), *parent;

	if (node)
		return node;
	node = arena_new(&tree->arena, struct tree_node);
	node->path = arena_dup(&tree->arena, span_of(path));
	node->entry =
		(struct dir_entry){ .name = path_base(node->path), .is_dir = is_dir, .mode = 0755 };
	HASH_ADD_KEYPTR(hh, tree->nodes, node->path, strlen(node->path), node);
	if (path[0] == '\0')
		return node;
	parent = node_make(tree, strchr(path, '/') ? path_dir(&tree->arena, path) : "", true);
	node->next_sibling = parent->children;
	parent->children = node;
	return node;
}

/* A file that is already there on the way to this path; NULL: none. */
static const char *file_above(const struct tree *tree, const char *path)
{
	owned_mem char *above = mem_dup(path);
	char *slash;

	while ((slash = strrchr(above, '/'))) {
		const struct tree_node *node;

		*slash = '\0';
		node = node_find(tree, above);
		if (node)
			return node->entry.is_dir ? NULL : node->path;
	}
	return NULL;
}

static int take_entry(void *context, const struct archive_item *item, struct error *err)
{
	struct tree *tree = context;
	const char *twice = file_above(tree, item->path);
	struct tree_node *node = twice ? NULL : node_make(tree, item->path, item->is_dir);

	if (node && node->entry.is_dir != item->is_dir)
		twice = item->path;
	if (twice)
		return error_set(err, ERROR_INVALID, "%s is in it both as a file and as a folder",
				 twice);
	node->entry.mode = item->mode;
	node->entry.size = (off_t)item->data.len;
	node->data = item->data;
	return 0;
}

static int open_tarball(struct tree *tree, const char *path, struct error *err)
{
	node_make(tree, "", true);
	if (archive_load(&tree->tar, path, TREE_MAX, err))
		return -1;
	if (archive_items(str_span(&tree->tar), TREE_MAX, take_entry, tree, err))
		return error_wrap(err, "%s", path);
	return 0;
}

int tree_open(struct tree **out, const char *path, struct error *err)
{
	owned_tree struct tree *tree = mem_zero(1, sizeof(*tree));

	tree->name = arena_dup(&tree->arena, span_of(path));
	if (path_is_dir(path))
		tree->root = tree->name;
	else if (!path_exists(path))
		return error_set(err, ERROR_NOT_FOUND, "%s: no such release folder or tarball",
				 path);
	else if (open_tarball(tree, path, err))
		return -1;
	*out = steal(&tree);
	return 0;
}

void tree_free(struct tree *tree)
{
	if (!tree || tree == &system_tree)
		return;
	HASH_CLEAR(hh, tree->nodes);
	str_done(&tree->tar);
	arena_done(&tree->arena);
	free(tree);
}

const char *tree_name(const struct tree *tree)
{
	return tree->name;
}

bool tree_is_dir(const struct tree *tree)
{
	return tree->root != NULL;
}

bool tree_has(const struct tree *tree, const char *path)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	if (tree->root)
		return path_exists(path_join(&arena, tree->root, path));
	return node_find(tree, path);
}

int tree_read(const struct tree *tree, const char *path, size_t max, struct str *out,
	      struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct tree_node *node;

	if (tree->root)
		return (tree == &system_tree ? file_read : file_read_ours)(
			path_join(&arena, tree->root, path), max, out, err);
	node = node_find(tree, path);
	if (!node || node->entry.is_dir)
		return error_set(err, ERROR_NOT_FOUND, "%s: no file %s in it", tree->name, path);
	if (node->data.len > max)
		return error_set(err, ERROR_INVALID, "%s: %s is larger than %zu bytes", tree->name,
				 path, max);
	str_add(out, node->data);
	return 0;
}

struct tree_folder tree_folder_open(const struct tree *tree, const char *path)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct tree_folder folder = { tree, path, -1 };

	if (tree->root && tree != &system_tree)
		folder.fd =
			open(path_join(&arena, tree->root, path), O_PATH | O_DIRECTORY | O_CLOEXEC);
	return folder;
}

void tree_folder_close(struct tree_folder *folder)
{
	fd_close(&folder->fd);
}

int tree_folder_read(const struct tree_folder *folder, const char *path, size_t max,
		     struct str *out, struct error *err)
{
	struct error ignored;

	/* What cannot be read is told by its whole path. */
	if (folder->fd >= 0 && file_read_in(folder->fd, path_base(path), max, out, &ignored) == 0)
		return 0;
	return tree_read(folder->tree, path, max, out, err);
}

int tree_same(bool *out, const struct tree *a, const char *a_path, const struct tree *b,
	      const char *b_path, struct error *err)
{
	enum { SAME_MAX = 512 << 20 };
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str a_text = STR_EMPTY, b_text = STR_EMPTY;

	if (a->root && b->root)
		return file_same_ours(out, path_join(&arena, a->root, a_path),
				      path_join(&arena, b->root, b_path), err);
	if (tree_read(a, a_path, SAME_MAX, &a_text, err) ||
	    tree_read(b, b_path, SAME_MAX, &b_text, err))
		return -1;
	*out = span_equal(str_span(&a_text), str_span(&b_text));
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct dir_entry *)a)->name, ((const struct dir_entry *)b)->name);
}

static void list_nodes(struct dir_entry **out, size_t *len, struct arena *arena,
		       const struct tree_node *folder)
{
	size_t cap = 0;

	*out = NULL;
	*len = 0;
	for (const struct tree_node *node = folder ? folder->children : NULL; node;
	     node = node->next_sibling) {
		*out = arena_grow(arena, *out, *len, &cap);
		(*out)[(*len)++] = node->entry;
	}
	if (*len > 0)
		qsort(*out, *len, sizeof(**out), by_name);
}

static int list(struct dir_entry **out, size_t *len, struct arena *arena, const struct tree *tree,
		const char *path, bool names_only, struct error *err)
{
	const char *folder;

	if (!tree->root) {
		list_nodes(out, len, arena, node_find(tree, path));
		return 0;
	}
	folder = path_join(arena, tree->root[0] || path[0] ? tree->root : ".", path);
	if (!path_is_dir(folder)) {
		*out = NULL;
		*len = 0;
		return 0;
	}
	return names_only ? dir_names(out, len, arena, folder, err)
			  : dir_list(out, len, arena, folder, err);
}

int tree_list(struct dir_entry **out, size_t *len, struct arena *arena, const struct tree *tree,
	      const char *path, struct error *err)
{
	return list(out, len, arena, tree, path, false, err);
}

int tree_names(struct dir_entry **out, size_t *len, struct arena *arena, const struct tree *tree,
	       const char *path, struct error *err)
{
	return list(out, len, arena, tree, path, true, err);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct archive_source *)a)->path,
		      ((const struct archive_source *)b)->path);
}

void tree_sources(struct archive_source **out, size_t *len, struct arena *arena,
		  const struct tree *tree)
{
	struct archive_source *items =
		arena_array(arena, HASH_COUNT(tree->nodes), struct archive_source);
	size_t count = 0;

	for (const struct tree_node *node = tree->nodes; node; node = node->hh.next)
		if (!node->entry.is_dir)
			items[count++] = (struct archive_source){ .path = node->path,
								  .data = node->data,
								  .mode = node->entry.mode };
	qsort(items, count, sizeof(*items), by_path);
	*out = items;
	*len = count;
}
