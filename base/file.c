// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void stream_close(FILE **stream)
{
	if (*stream)
		fclose(*stream);
	*stream = NULL;
}

static void dir_done(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}
#define owned_dir owned(dir_done)

static const char *kind_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a folder";
	if (S_ISFIFO(mode))
		return "a named pipe";
	return S_ISSOCK(mode) ? "a socket" : "a device";
}

static int not_regular(const char *path, mode_t mode, struct error *err)
{
	return error_set(err, ERROR_INVALID, "%s: %s, not a regular file", path, kind_of(mode));
}

/* Never waits for a pipe, nor reads of it.  The path is one in the folder, unless it begins at the
 * root. */
static int open_unseen_in(int *out, int folder, const char *path, int flags, struct stat *info,
			  struct error *err)
{
	owned_fd int fd = openat(folder, path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);

	if (fd < 0 && errno == ENXIO && fstatat(folder, path, info, 0) == 0)
		return not_regular(path, info->st_mode, err);
	if (fd < 0)
		return error_sys(err, "cannot %s %s", flags & O_WRONLY ? "write" : "open", path);
	if (fstat(fd, info) < 0)
		return error_sys(err, "cannot look at %s", path);
	if (!S_ISREG(info->st_mode))
		return not_regular(path, info->st_mode, err);
	*out = fd;
	fd = -1;
	return 0;
}

static int open_unseen(int *out, const char *path, int flags, struct stat *info, struct error *err)
{
	return open_unseen_in(out, AT_FDCWD, path, flags, info, err);
}

/* A device must not be touched: it is looked at first, and again when it is open. */
static int open_regular(int *out, const char *path, int flags, struct stat *info, struct error *err)
{
	if (stat(path, info) == 0 && !S_ISREG(info->st_mode))
		return not_regular(path, info->st_mode, err);
	return open_unseen(out, path, flags, info, err);
}

int file_open(int *out, const char *path, uint64_t *size, struct error *err)
{
	struct stat info;

	if (open_regular(out, path, O_RDONLY, &info, err))
		return -1;
	if (size)
		*size = (uint64_t)info.st_size;
	return 0;
}

/* What has no size, as the files of /proc, is read to its end. */
static int read_all(int fd, const char *path, size_t size, size_t max, struct str *out,
		    struct error *err)
{
	size_t start = out->len;

	for (;;) {
		size_t done = out->len - start,
		       most = max - done < 64 * 1024 ? max - done + 1 : 64 * 1024;
		size_t want = done < size ? size - done : most;
		char *room = str_room(out, want);
		ssize_t got = read(fd, room, want);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(err, "cannot read %s", path);
		out->len += (size_t)got;
		out->ptr[out->len] = '\0';
		if (out->len - start > max)
			return error_set(err, ERROR_INVALID, "%s: larger than %zu bytes", path,
					 max);
		if (got == 0 || out->len - start == size)
			return 0;
	}
}

static int read_or_nothing(int fd, const char *path, size_t size, size_t max, struct str *out,
			   struct error *err)
{
	size_t start = out->len;

	if (read_all(fd, path, size, max, out, err) == 0)
		return 0;
	out->len = start;
	if (out->ptr)
		out->ptr[start] = '\0';
	return -1;
}

static int read_whole(int fd, const char *path, off_t size, size_t max, struct str *out,
		      struct error *err)
{
	if ((uint64_t)size > max)
		return error_set(err, ERROR_INVALID, "%s: larger than %zu bytes", path, max);
	str_room(out, (size_t)size + 1);
	return read_or_nothing(fd, path, (size_t)size, max, out, err);
}

int file_read(const char *path, size_t max, struct str *out, struct error *err)
{
	owned_fd int fd = -1;
	struct stat info;

	if (open_regular(&fd, path, O_RDONLY, &info, err))
		return -1;
	return read_whole(fd, path, info.st_size, max, out, err);
}

int file_read_in(int folder, const char *name, size_t max, struct str *out, struct error *err)
{
	owned_fd int fd = -1;
	struct stat info;

	if (open_unseen_in(&fd, folder, name, O_RDONLY, &info, err))
		return -1;
	return read_whole(fd, name, info.st_size, max, out, err);
}

int file_read_ours(const char *path, size_t max, struct str *out, struct error *err)
{
	return file_read_in(AT_FDCWD, path, max, out, err);
}

/* Fills the room as far as the file goes. */
static int read_part(size_t *got_out, int fd, const char *path, char *room, size_t len,
		     struct error *err)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got = read(fd, room + done, len - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(err, "cannot read %s", path);
		if (got == 0)
			break;
		done += (size_t)got;
	}
	*got_out = done;
	return 0;
}

int file_same_ours(bool *out, const char *a, const char *b, struct error *err)
{
	enum { PART = 64 * 1024 };
	owned_fd int a_fd = -1, b_fd = -1;
	owned_mem char *room = mem_zero(2, PART);
	struct stat a_info, b_info;
	size_t a_got, b_got;

	if (open_unseen(&a_fd, a, O_RDONLY, &a_info, err) ||
	    open_unseen(&b_fd, b, O_RDONLY, &b_info, err))
		return -1;
	*out = a_info.st_size == b_info.st_size;
	do {
		if (read_part(&a_got, a_fd, a, room, PART, err) ||
		    read_part(&b_got, b_fd, b, room + PART, PART, err))
			return -1;
		*out = *out && a_got == b_got && memcmp(room, room + PART, a_got) == 0;
	} while (*out && a_got > 0);
	return 0;
}

/* What we were started with: the shell's "<(…)" is such a name. */
static bool is_descriptor(const char *path)
{
	struct span span = span_of(path);

	return strcmp(path, "/dev/stdin") == 0 || span_starts(span, "/dev/fd/") ||
	       span_starts(span, "/proc/self/fd/");
}

int file_read_given(const char *path, size_t max, struct str *out, struct error *err)
{
	owned_fd int fd = -1;

	if (!is_descriptor(path))
		return file_read(path, max, out, err);
	fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "cannot open %s", path);
	return read_or_nothing(fd, path, 0, max, out, err);
}

int file_check_given(const char *path, struct error *err)
{
	owned_fd int fd = -1;

	return is_descriptor(path) ? 0 : file_open(&fd, path, NULL, err);
}

int file_read_part(const char *path, uint64_t offset, size_t len, struct str *out,
		   struct error *err)
{
	owned_fd int fd = -1;
	char *room = str_room(out, len);
	size_t done = 0;

	if (file_open(&fd, path, NULL, err))
		return -1;
	while (done < len) {
		ssize_t got = pread(fd, room + done, len - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(err, "cannot read %s", path);
		if (got == 0)
			return error_set(err, ERROR_FAILED, "%s became shorter while it was read",
					 path);
		done += (size_t)got;
	}
	out->len += len;
	out->ptr[out->len] = '\0';
	return 0;
}

static int write_all(int fd, struct span data)
{
	while (data.len > 0) {
		ssize_t put = write(fd, data.ptr, data.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		data.ptr += put;
		data.len -= (size_t)put;
	}
	return 0;
}

int dir_sync(const char *path, struct error *err)
{
	owned_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd))
		return error_sys(err, "cannot sync the folder %s", path);
	return 0;
}

int path_rename(const char *from, const char *to, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	if (rename(from, to))
		return error_sys(err, "cannot rename %s to %s", from, to);
	return dir_sync(path_dir(&arena, to), err);
}

/* It has its mode before it has a content. */
static int write_temp(const char *temp, int fd, const char *path, struct span data, mode_t mode,
		      bool sync, struct error *err)
{
	if (fchmod(fd, mode) || write_all(fd, data) || (sync && fsync(fd)))
		return error_sys(err, "cannot write %s", temp);
	if (sync)
		return path_rename(temp, path, err);
	return rename(temp, path) ? error_sys(err, "cannot rename %s to %s", temp, path) : 0;
}

static int write_at_once(const char *path, struct span data, mode_t mode, bool sync,
			 struct error *err)
{
	owned_str struct str temp = STR_EMPTY;
	owned_fd int fd = -1;

	str_addf(&temp, "%s.XXXXXX", path);
	fd = mkostemp(temp.ptr, O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "cannot write %s", path);
	if (write_temp(temp.ptr, fd, path, data, mode, sync, err)) {
		unlink(temp.ptr);
		return -1;
	}
	return 0;
}

static int write_whole(const char *path, struct span data, mode_t mode, bool sync,
		       struct error *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t set, before;
	int ret;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaddset(&set, signals[i]);
	pthread_sigmask(SIG_BLOCK, &set, &before);
	ret = write_at_once(path, data, mode, sync, err);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ret;
}

int file_write(const char *path, struct span data, mode_t mode, struct error *err)
{
	return write_whole(path, data, mode, true, err);
}

int file_replace(const char *path, struct span data, mode_t mode, struct error *err)
{
	return write_whole(path, data, mode, false, err);
}

/* For writing in place: what was in it goes, and it has its mode before it has a content. */
static int open_anew(int *out, const char *path, mode_t mode, struct error *err)
{
	struct stat info;

	if (open_regular(out, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, &info, err))
		return -1;
	return fchmod(*out, mode) ? error_sys(err, "cannot write %s", path) : 0;
}

int file_put(const char *path, struct span data, mode_t mode, struct error *err)
{
	owned_fd int fd = -1;

	if (open_anew(&fd, path, mode, err))
		return -1;
	return write_all(fd, data) ? error_sys(err, "cannot write %s", path) : 0;
}

static int copy_bytes(int from, int to)
{
	char buffer[64 * 1024];

	for (;;) {
		ssize_t got = read(from, buffer, sizeof(buffer));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return (int)got;
		if (write_all(to, (struct span){ buffer, (size_t)got }))
			return -1;
	}
}

int file_copy(const char *from, const char *to, mode_t mode, struct error *err)
{
	owned_fd int in = -1, out = -1;

	if (file_open(&in, from, NULL, err) || open_anew(&out, to, mode, err))
		return -1;
	return copy_bytes(in, out) ? error_sys(err, "cannot copy %s to %s", from, to) : 0;
}

bool path_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool path_is_dir(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool path_is_file(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool path_is_link(const char *path)
{
	struct stat info;

	return lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct dir_entry *)a)->name, ((const struct dir_entry *)b)->name);
}

/* False for what is to be left out: ".", "..", links that lead nowhere. */
static bool entry_of(struct dir_entry *entry, struct arena *arena, int dir,
		     const struct dirent *next, bool names_only)
{
	const char *name = next->d_name;
	struct stat info;
	bool is_link;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	if (names_only && (next->d_type == DT_REG || next->d_type == DT_DIR)) {
		*entry = (struct dir_entry){ .name = arena_dup(arena, span_of(name)),
					     .is_dir = next->d_type == DT_DIR };
		return true;
	}
	if (fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW))
		return false;
	is_link = S_ISLNK(info.st_mode);
	if (is_link && fstatat(dir, name, &info, 0))
		return false;
	*entry = (struct dir_entry){
		.name = arena_dup(arena, span_of(name)),
		.is_dir = S_ISDIR(info.st_mode),
		.is_link = is_link,
		.mode = names_only ? 0 : info.st_mode & 07777,
		.size = names_only ? 0 : info.st_size,
	};
	return true;
}

static int list(struct dir_entry **out, size_t *len, struct arena *arena, const char *path,
		bool names_only, struct error *err)
{
	owned_dir DIR *dir = opendir(path);
	struct dir_entry *entries = NULL;
	size_t count = 0, cap = 0;

	if (!dir)
		return error_sys(err, "cannot open the folder %s", path);
	for (;;) {
		struct dirent *next;
		struct dir_entry entry;

		errno = 0;
		next = readdir(dir);
		if (!next && errno)
			return error_sys(err, "cannot read the folder %s", path);
		if (!next)
			break;
		if (!entry_of(&entry, arena, dirfd(dir), next, names_only))
			continue;
		entries = arena_grow(arena, entries, count, &cap);
		entries[count++] = entry;
	}
	if (count > 0)
		qsort(entries, count, sizeof(*entries), by_name);
	*out = entries;
	*len = count;
	return 0;
}

int dir_list(struct dir_entry **out, size_t *len, struct arena *arena, const char *path,
	     struct error *err)
{
	return list(out, len, arena, path, false, err);
}

int dir_names(struct dir_entry **out, size_t *len, struct arena *arena, const char *path,
	      struct error *err)
{
	return list(out, len, arena, path, true, err);
}

int dir_make(const char *path, struct error *err)
{
	owned_mem char *part = mem_dup(path);

	for (char *at = part + 1; path[0]; at++) {
		bool last = *at == '\0';

		if (*at != '/' && !last)
			continue;
		*at = '\0';
		if (mkdir(part, 0755) && errno != EEXIST)
			return error_sys(err, "cannot make the folder %s", part);
		if (last)
			break;
		*at = '/';
	}
	if (!path_is_dir(path))
		return error_set(err, ERROR_FAILED, "%s: in the way, and not a folder", path);
	return 0;
}

int dir_make_temp(const char **out, struct arena *arena, const char *prefix, struct error *err)
{
	char *name = arena_printf(arena, "%s.XXXXXX", prefix);

	if (!mkdtemp(name))
		return error_sys(err, "cannot make a folder %s", name);
	*out = name;
	return 0;
}

static int remove_entries(const char *path, struct error *err)
{
	owned_dir DIR *dir = opendir(path);
	struct dirent *next;

	if (!dir)
		return error_sys(err, "cannot open the folder %s", path);
	while ((next = readdir(dir))) {
		owned_str struct str child = STR_EMPTY;

		if (strcmp(next->d_name, ".") == 0 || strcmp(next->d_name, "..") == 0)
			continue;
		str_addf(&child, "%s/%s", path, next->d_name);
		if (tree_remove(child.ptr, err))
			return -1;
	}
	return 0;
}

int tree_remove(const char *path, struct error *err)
{
	struct stat info;

	if (lstat(path, &info))
		return errno == ENOENT ? 0 : error_sys(err, "cannot remove %s", path);
	if (!S_ISDIR(info.st_mode))
		return unlink(path) ? error_sys(err, "cannot remove %s", path) : 0;
	if (remove_entries(path, err))
		return -1;
	return rmdir(path) ? error_sys(err, "cannot remove %s", path) : 0;
}

struct copier {
	const struct tree_links *links;
	struct error *err;
};

static int copy_entry(const struct copier *c, const struct dir_entry *entry, const char *from,
		      const char *to, int depth);

static int copy_dir(const struct copier *c, const char *from, const char *to, int depth)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct dir_entry *entries;
	size_t len;

	if (depth > 64)
		return error_set(c->err, ERROR_INVALID,
				 "%s: folders nested too deep (a link to itself?)", from);
	if (dir_list(&entries, &len, &arena, from, c->err) || dir_make(to, c->err))
		return -1;
	for (size_t i = 0; i < len; i++)
		if (copy_entry(c, &entries[i], path_join(&arena, from, entries[i].name),
			       path_join(&arena, to, entries[i].name), depth))
			return -1;
	return 0;
}

static int copy_entry(const struct copier *c, const struct dir_entry *entry, const char *from,
		      const char *to, int depth)
{
	if (entry->is_link && c->links && c->links->may(c->links->context, from, c->err))
		return -1;
	if (entry->is_dir)
		return copy_dir(c, from, to, depth + 1);
	return file_copy(from, to, entry->mode & 0111 ? 0755 : 0644, c->err);
}

int tree_copy(const char *from, const char *to, const struct tree_links *links, struct error *err)
{
	return copy_dir(&(struct copier){ links, err }, from, to, 0);
}

bool path_is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	while (len > 0 && folder[len - 1] == '/')
		len--;
	return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

bool path_is_inside(const char *path)
{
	struct span rest = span_of(path), part;

	if (!*path || *path == '/' || path[rest.len - 1] == '/')
		return false;
	while (span_next(&rest, '/', &part))
		if (part.len == 0 || span_is(part, ".") || span_is(part, ".."))
			return false;
	return true;
}

const char *path_join(struct arena *arena, const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b), slash;
	char *path;

	if (b[0] == '/' || a_len == 0)
		return arena_dup(arena, (struct span){ b, b_len });
	slash = a[a_len - 1] != '/';
	path = arena_alloc(arena, a_len + slash + b_len + 1);
	memcpy(path, a, a_len);
	path[a_len] = '/';
	memcpy(path + a_len + slash, b, b_len);
	return path;
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *path_dir(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	if (slash == path)
		return "/";
	return arena_dup(arena, (struct span){ path, (size_t)(slash - path) });
}

int path_real(const char **out, struct arena *arena, const char *path, struct error *err)
{
	owned_mem char *real = realpath(path, NULL);

	if (!real)
		return error_sys(err, "cannot find %s", path);
	*out = arena_dup(arena, span_of(real));
	return 0;
}
