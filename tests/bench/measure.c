// SPDX-License-Identifier: Apache-2.0
/* measure PROGRAM ARGUMENT...: runs it, quietly; prints "MILLISECONDS KILOBYTES MILLISECONDS", the
 * time on the clock, the peak memory of the largest process, the time on all cores together.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double ms_of(const struct timeval *time)
{
	return (double)time->tv_sec * 1e3 + (double)time->tv_usec / 1e3;
}

int main(int argc, char **argv)
{
	double start = now_ms();
	struct rusage usage;
	int status;
	pid_t pid;

	if (argc < 2)
		return 2;
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		return 1;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "%s failed (%d)\n", argv[1], status);
		return 1;
	}
	printf("%.1f %ld %.1f\n", now_ms() - start, usage.ru_maxrss,
	       ms_of(&usage.ru_utime) + ms_of(&usage.ru_stime));
	return 0;
}
