// SPDX-License-Identifier: Apache-2.0
#include "release/build/workshop.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX ".build"

enum { MARK_MAX = 8192 };

/* ---- locks ---- */

static int open_dir(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The store belongs to one build while folders in it are made, swept and moved.  A file system that
 * has no locks has to do without: no release is lost by that, for no rename replaces a tree.
 */
static int lock_store(const char *store)
{
	int fd = open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	while (fd >= 0 && flock(fd, LOCK_EX) && errno == EINTR)
		;
	return fd;
}

/* ---- the moves ---- */

/* From the workshop into the store. */
struct moves {
	const char *store;
	const char *made, *packed;          /* what is moved; packed: there may be none */
	const char *tree, *tarball;         /* where to */
	const char *old_tree, *old_tarball; /* where what was there goes */
	const char *mark;                   /* there as long as they are not done */
};

static struct moves moves_of(struct arena *arena, const char *store, const char *dir,
			     const char *name)
{
	const char *tree = path_join(arena, store, name);

	return (struct moves){
		.store = path_dir(arena, tree),
		.made = path_join(arena, dir, "tree"),
		.packed = path_join(arena, dir, "release.tar.gz"),
		.tree = tree,
		.tarball = arena_printf(arena, "%s.tar.gz", tree),
		.old_tree = path_join(arena, dir, "old"),
		.old_tarball = path_join(arena, dir, "old.tar.gz"),
		.mark = path_join(arena, dir, "ready"),
	};
}

/* In one step, and what was there goes where the new one came from.  Where the file system cannot
 * exchange, it takes two, and the old one is put back when the second fails.
 */
static int exchange_trees(const struct moves *m)
{
	if (!path_exists(m->tree))
		return rename(m->made, m->tree);
	if (renameat2(AT_FDCWD, m->made, AT_FDCWD, m->tree, RENAME_EXCHANGE) == 0)
		return 0;
	if (rename(m->tree, m->old_tree))
		return -1;
	if (rename(m->made, m->tree) == 0)
		return rename(m->old_tree, m->made);
	(void)!rename(m->old_tree, m->tree);
	return -1;
}

/* The old tarball goes first and the new one comes last: no tree stands beside another's. */
static int move_tarball_away(const struct moves *m, struct error *err)
{
	if (!path_exists(m->packed) || !path_exists(m->tarball))
		return 0;
	if (rename(m->tarball, m->old_tarball))
		return error_sys(err, "cannot move %s away; what was there is unchanged",
				 m->tarball);
	return dir_sync(m->store, err);
}

static void move_tarball_back(const struct moves *m)
{
	if (path_exists(m->old_tarball))
		(void)!rename(m->old_tarball, m->tarball);
}

static int move_tree(const struct moves *m, struct error *err)
{
	if (exchange_trees(m)) {
		error_sys_(err, "cannot move the release to %s; what was there is unchanged",
			   m->tree);
		move_tarball_back(m);
		return -1;
	}
	return dir_sync(m->store, err);
}

static int move_tarball(const struct moves *m, bool replaces, struct error *err)
{
	if (!path_exists(m->packed))
		return 0;
	if (rename(m->packed, m->tarball) == 0)
		return dir_sync(m->store, err);
	error_sys_(err, "cannot move the tarball to %s; what was there is unchanged", m->tarball);
	if (replaces ? exchange_trees(m) : rename(m->tree, m->made))
		return error_hint(err, "%s holds the new tree already: remove it.", m->tree);
	move_tarball_back(m);
	return -1;
}

/* When they fail there is nothing to be finished. */
static int move_all(const struct moves *m, struct error *err)
{
	bool replaces = path_exists(m->tree);

	if (move_tarball_away(m, err) == 0 && move_tree(m, err) == 0 &&
	    move_tarball(m, replaces, err) == 0)
		return 0;
	unlink(m->mark);
	return -1;
}

/* ---- what was begun ---- */

/* "INODE NAME": the new tree is known by its inode, wherever it is. */
static int write_mark(const struct moves *m, const char *name, struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	struct stat info;

	if (stat(m->made, &info))
		return error_sys(err, "cannot look at %s", m->made);
	str_addf(&text, "%ju %s", (uintmax_t)info.st_ino, name);
	return file_write(m->mark, str_span(&text), 0600, err);
}

static bool read_mark(const char **name, uintmax_t *inode, struct arena *arena, const char *dir)
{
	owned_str struct str text = STR_EMPTY;
	struct error ignored;
	char *rest;

	if (file_read(path_join(arena, dir, "ready"), MARK_MAX, &text, &ignored))
		return false;
	*inode = strtoumax(text.ptr, &rest, 10);
	if (*rest != ' ' || !path_is_inside(rest + 1))
		return false;
	*name = arena_dup(arena, span_of(rest + 1));
	return true;
}

static bool is_inode(const char *path, uintmax_t inode)
{
	struct stat info;

	return stat(path, &info) == 0 && info.st_ino == inode;
}

/* Goes on where it was ended. */
static int finish(struct arena *arena, const char *store, const char *dir, struct error *err)
{
	const char *name;
	uintmax_t inode;
	struct moves m;

	if (!read_mark(&name, &inode, arena, dir))
		return 0;
	m = moves_of(arena, store, dir, name);
	if (is_inode(m.made, inode))
		return move_all(&m, err);
	return move_tarball(&m, path_exists(m.made), err);
}

/* One folder; somebody may be at work in it. */
static int settle(struct arena *arena, const char *store, const char *dir, struct error *err)
{
	owned_fd int fd = open_dir(dir);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB))
		return 0;
	if (finish(arena, store, dir, err))
		return -1;
	return tree_remove(dir, err);
}

static int sweep(const char *store, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct dir_entry *entries;
	struct error other;
	int ret = 0;
	size_t len;

	if (dir_names(&entries, &len, &arena, store, err))
		return -1;
	for (size_t i = 0; i < len; i++)
		if (span_starts(span_of(entries[i].name), PREFIX ".") &&
		    settle(&arena, store, path_join(&arena, store, entries[i].name), &other)) {
			*err = other;
			ret = -1;
		}
	return ret;
}

int workshop_sweep(const char *store, struct error *err)
{
	owned_fd int lock = lock_store(store);

	return lock < 0 ? error_sys(err, "cannot open the folder %s", store) : sweep(store, err);
}

/* ---- one build ---- */

int workshop_open(struct workshop *out, struct arena *arena, const char *store, struct error *err)
{
	owned_fd int lock = -1;
	struct error ignored;
	struct workshop w = { .arena = arena, .store = store };

	if (dir_make(store, err))
		return -1;
	lock = lock_store(store);
	/* What cannot be swept, another user's perhaps, is no reason not to build. */
	(void)!sweep(store, &ignored);
	if (dir_make_temp(&w.dir, arena, path_join(arena, store, PREFIX), err))
		return -1;
	w.lock = open_dir(w.dir);
	(void)!flock(w.lock, LOCK_EX | LOCK_NB);
	w.tree = path_join(arena, w.dir, "tree");
	w.tarball = path_join(arena, w.dir, "release.tar.gz");
	*out = w;
	return dir_make(w.tree, err);
}

void workshop_done(struct workshop *workshop)
{
	fd_close(&workshop->lock);
}

/* Never replaces a release that may be running somewhere, unless told to. */
int workshop_check(const struct workshop *w, const char *name, bool replace, struct error *err)
{
	struct moves m = moves_of(w->arena, w->store, w->dir, name);
	const char *there = path_exists(m.tarball) ? m.tarball : m.tree;

	if ((path_exists(m.tree) && !path_is_dir(m.tree)) ||
	    (path_exists(m.tarball) && !path_is_file(m.tarball)))
		return error_set(err, ERROR_FAILED,
				 "%s: in the way, and no release; what was there is unchanged",
				 there);
	if (replace || !path_exists(there))
		return 0;
	error_set_(err, ERROR_REFUSED, "%s is there already; nothing was changed", there);
	return error_hint(err, "Give the new release its own version, or say --overwrite.");
}

static int sync_all(const struct workshop *w, struct error *err)
{
	owned_fd int fd = open_dir(w->dir);

	return fd < 0 || syncfs(fd) ? error_sys(err, "cannot sync %s", w->dir) : 0;
}

int workshop_place(const struct workshop *w, const char *name, bool replace, struct error *err)
{
	struct moves m = moves_of(w->arena, w->store, w->dir, name);
	owned_fd int lock = -1;

	if (dir_make(m.store, err) || sync_all(w, err))
		return -1;
	lock = lock_store(w->store);
	/* Another build may have been faster. */
	return workshop_check(w, name, replace, err) || write_mark(&m, name, err) ||
			       move_all(&m, err)
		       ? -1
		       : 0;
}

int workshop_keep_cookie(const struct workshop *w, const char *name, struct error *err)
{
	const char *tree = path_join(w->arena, w->store, name);
	const char *old = path_join(w->arena, tree, "releases/COOKIE");
	const char *new = path_join(w->arena, w->tree, "releases/COOKIE");

	if (!path_is_file(old) || path_exists(new))
		return 0;
	return file_copy(old, new, 0600, err);
}
