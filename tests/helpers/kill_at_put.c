// SPDX-License-Identifier: Apache-2.0
/* kill_at_put.so, for LD_PRELOAD: at the KILL_AT-th write that relevo operator, or any process that
 * it has forked, sends to an API server, the first of them is killed (SIGKILL), and the rest with
 * it; with KILL_AFTER the write is sent before, with KILL_STOP it is stopped (SIGSTOP) instead.  A
 * write is a request with one of the methods PUT, PATCH and POST, leases and events apart.
 * KILL_COUNT names a file that their number goes to.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int SSL_write(void *ssl, const void *buf, int num);

static pid_t first;
static atomic_int *count;

__attribute__((constructor)) static void begin(void)
{
	first = getpid();
	count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
}

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && value[0];
}

/* By its body: the rest of a request of HTTP/2 is no text. */
static bool is_write(const char *text, size_t len)
{
	static const char *const begins[] = { "{\"status\":", "\"/status/fencingToken\"",
					      "\"kind\":\"BeamUpgrade\"", "\"kind\":\"ConfigMap\"",
					      "\"kind\":\"Eviction\"" };
	size_t head = len < 2000 ? len : 2000;

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (memmem(text, head, begins[i], strlen(begins[i])))
			return true;
	return false;
}

static void note(int nr)
{
	const char *path = getenv("KILL_COUNT");
	FILE *file = path ? fopen(path, "w") : NULL;

	if (!file)
		return;
	fprintf(file, "%d\n", nr);
	fclose(file);
}

static bool is_due(const void *buf, size_t num)
{
	const char *at = getenv("KILL_AT");
	int nr;

	if (!is_write(buf, num))
		return false;
	nr = atomic_fetch_add(count, 1) + 1;
	note(nr);
	return at && nr == strtol(at, NULL, 10);
}

/* Our own end comes with that of the first, or here, before anything else is done. */
static void strike(void)
{
	if (is_set("KILL_STOP")) {
		kill(first, SIGSTOP);
		return;
	}
	kill(first, SIGKILL);
	raise(SIGKILL);
}

int SSL_write(void *ssl, const void *buf, int num)
{
	int (*real)(void *, const void *, int);
	bool due = num > 0 && is_due(buf, (size_t)num);
	int ret;

	*(void **)&real = dlsym(RTLD_NEXT, "SSL_write");
	if (due && !is_set("KILL_AFTER"))
		strike();
	ret = real(ssl, buf, num);
	if (due && is_set("KILL_AFTER"))
		strike();
	return ret;
}
