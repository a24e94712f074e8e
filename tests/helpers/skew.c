// SPDX-License-Identifier: Apache-2.0
/* skew.so, for LD_PRELOAD: the time of the day is SKEW_S seconds later than it is (earlier, where
 * that is negative); clocks that only go forward are as they are.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *out)
{
	int (*real)(clockid_t, struct timespec *);
	const char *skew = getenv("SKEW_S");
	int ret;

	*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	ret = real(clock, out);
	if (ret == 0 && clock == CLOCK_REALTIME && skew)
		out->tv_sec += strtol(skew, NULL, 10);
	return ret;
}
