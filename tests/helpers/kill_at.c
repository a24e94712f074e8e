// SPDX-License-Identifier: Apache-2.0
/* kill_at.so, for LD_PRELOAD: kills the program with SIGKILL at its KILL_AT-th fdatasync, or right
 * after it where KILL_AFTER is set: that is when a journal of SQLite's is written.  With KILL_STOP
 * it is stopped instead (SIGSTOP), after.  KILL_COUNT names a file that the number of calls goes
 * to.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int fdatasync(int fd)
{
	static long calls;
	static pid_t parent;
	int (*real)(int);
	const char *at = getenv("KILL_AT"), *count = getenv("KILL_COUNT");
	int ret;

	*(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
	/* Children have nothing to write. */
	if (!parent)
		parent = getpid();
	if (parent != getpid())
		return real(fd);
	calls++;
	if (at && calls == strtol(at, NULL, 10) && !getenv("KILL_AFTER") && !getenv("KILL_STOP"))
		raise(SIGKILL);
	ret = real(fd);
	if (at && calls == strtol(at, NULL, 10))
		raise(getenv("KILL_STOP") ? SIGSTOP : SIGKILL);
	if (count) {
		FILE *file = fopen(count, "w");

		if (file) {
			fprintf(file, "%ld\n", calls);
			fclose(file);
		}
	}
	return ret;
}
