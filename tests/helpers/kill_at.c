// SPDX-License-Identifier: Apache-2.0
/* kill_at.so, for LD_PRELOAD: kills the program with SIGKILL at its KILL_AT-th write of a journal,
 * or right after it where KILL_AFTER is set.  A write is an fdatasync (SQLite), or a transaction
 * that is sent to etcd, over plain HTTP; it is over when its answer comes.  With KILL_STOP the
 * program is stopped instead (SIGSTOP), after.  KILL_COUNT names a file that the number of writes
 * goes to.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int awaited = -1; /* where the answer to the write comes from */

/* Children have nothing to write. */
static bool is_parent(void)
{
	static pid_t parent;

	if (!parent)
		parent = getpid();
	return parent == getpid();
}

/* One more; true when it is the one. */
static bool is_due(void)
{
	static long calls;
	const char *at = getenv("KILL_AT"), *count = getenv("KILL_COUNT");
	FILE *file = count ? fopen(count, "w") : NULL;

	calls++;
	if (file) {
		fprintf(file, "%ld\n", calls);
		fclose(file);
	}
	return at && calls == strtol(at, NULL, 10);
}

static bool is_after(void)
{
	return getenv("KILL_AFTER") || getenv("KILL_STOP");
}

static void strike(void)
{
	raise(getenv("KILL_STOP") ? SIGSTOP : SIGKILL);
}

int fdatasync(int fd)
{
	int (*real)(int);
	bool due = is_parent() && is_due();
	int ret;

	*(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
	if (due && !is_after())
		strike();
	ret = real(fd);
	if (due)
		strike();
	return ret;
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	static const char write[] = "POST /v3/kv/txn";
	ssize_t (*real)(int, const void *, size_t, int);
	bool due = is_parent() && len >= strlen(write) &&
		   memcmp(bytes, write, strlen(write)) == 0 && is_due();

	*(void **)&real = dlsym(RTLD_NEXT, "send");
	if (due && !is_after())
		strike();
	if (due)
		awaited = fd;
	return real(fd, bytes, len, flags);
}

ssize_t recv(int fd, void *bytes, size_t len, int flags)
{
	ssize_t (*real)(int, void *, size_t, int);
	ssize_t ret;

	*(void **)&real = dlsym(RTLD_NEXT, "recv");
	ret = real(fd, bytes, len, flags);
	if (ret > 0 && fd == awaited && is_parent()) {
		awaited = -1;
		strike();
	}
	return ret;
}
