// SPDX-License-Identifier: Apache-2.0
/* kill_at_put.so, for LD_PRELOAD: at the KILL_AT-th write that relevo operator, or any process that
 * it has forked, sends to an API server, the first of them is killed (SIGKILL), and the rest with
 * it; with KILL_AFTER that is when the write was answered, before who sent it asks for anything
 * else (a server gives up what it does for one that is gone); with KILL_STOP it is stopped
 * (SIGSTOP) instead.  A write is a request with one of the methods PUT, PATCH and POST, leases and
 * events apart; with KILL_MARK one whose body has that text near its begin, whatever it is.
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
	const char *mark = getenv("KILL_MARK");
	static const char *const begins[] = { "{\"status\":", "\"/status/fencingToken\"",
					      "\"kind\":\"BeamUpgrade\"", "\"kind\":\"ConfigMap\"",
					      "\"kind\":\"Eviction\"" };
	size_t head = len < 2000 ? len : 2000;

	if (mark)
		return memmem(text, head, mark, strlen(mark)) != NULL;
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

/* Of HTTP/1.1, a new connection of HTTP/2, or its frame HEADERS. */
static bool is_request(const char *text, int num)
{
	return num > 9 && (text[0] == 'G' || text[0] == 'P' || text[3] == 1);
}

int SSL_write(void *ssl, const void *buf, int num)
{
	static bool sent;
	int (*real)(void *, const void *, int);

	*(void **)&real = dlsym(RTLD_NEXT, "SSL_write");
	if (sent && is_request(buf, num))
		strike();
	if (num > 0 && is_due(buf, (size_t)num)) {
		if (is_set("KILL_AFTER"))
			sent = true;
		else
			strike();
	}
	return real(ssl, buf, num);
}
