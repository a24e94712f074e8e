// SPDX-License-Identifier: Apache-2.0
#include "k8s/web.h"

#include "base/clock.h"
#include "base/serve.h"
#include "k8s/metrics.h"
#include "k8s/operator.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

enum { TEXT_MAX = 16 << 20, STUCK_MS = 60000, TRIES = 100, BODY_MAX = 1024 };

/* Written by one, read by another: a text whose number has changed meanwhile is read again. */
struct web {
	atomic_int_least64_t looked_at; /* by clock_mono_ms(); 0: never */
	atomic_size_t waiting;          /* for a look */
	atomic_int_least64_t works_us;  /* since when one is looked at; 0: none is */
	atomic_uint number;             /* odd: it is being written */
	atomic_size_t len;
	char text[TEXT_MAX];
};

struct serving {
	struct web *web;
	const struct lease *lease;
	int64_t led_since; /* 0: it does not lead */
};

int web_new(struct web **out, struct error *err)
{
	void *web = mmap(NULL, sizeof(struct web), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (web == MAP_FAILED)
		return error_sys(err, "no memory to share");
	*out = web;
	return 0;
}

void web_looked(struct web *web, const char *text, size_t len)
{
	len = len < TEXT_MAX ? len : 0;
	atomic_fetch_add(&web->number, 1);
	memcpy(web->text, text, len);
	atomic_store(&web->len, len);
	atomic_fetch_add(&web->number, 1);
	atomic_store(&web->looked_at, clock_mono_ms());
}

void web_works(struct web *web, size_t waiting, int64_t since_us)
{
	atomic_store(&web->waiting, waiting);
	atomic_store(&web->works_us, since_us);
}

static void read_text(struct str *out, struct web *web)
{
	for (int i = 0; i < TRIES; i++) {
		unsigned before = atomic_load(&web->number);

		str_clear(out);
		str_add(out, (struct span){ web->text, atomic_load(&web->len) });
		if (before % 2 == 0 && before == atomic_load(&web->number))
			return;
	}
	str_clear(out);
}

/* ---- answers ---- */

/* One that leads and looks at nothing any more hangs. */
static bool is_stuck(const struct serving *s)
{
	int64_t looked = atomic_load(&s->web->looked_at);
	int64_t since = looked > s->led_since ? looked : s->led_since;

	return lease_leads(s->lease) && s->led_since && clock_mono_ms() - since > STUCK_MS;
}

static void add_metrics(struct str *out, const struct serving *s)
{
	str_addf(out,
		 "# HELP relevo_operator_leads Whether this one leads.\n"
		 "# TYPE relevo_operator_leads gauge\nrelevo_operator_leads %d\n"
		 "# HELP relevo_operator_token The number of the leadership that was seen last.\n"
		 "# TYPE relevo_operator_token gauge\nrelevo_operator_token %" PRId64 "\n",
		 lease_leads(s->lease), lease_token(s->lease));
	if (lease_leads(s->lease)) {
		owned_str struct str text = STR_EMPTY;
		int64_t since = atomic_load(&s->web->works_us);

		read_text(&text, s->web);
		str_add(out, str_span(&text));
		metrics_add_now(out, atomic_load(&s->web->waiting),
				since ? clock_mono_us() - since : 0);
	}
}

static void handle(void *context, struct exchange *exchange)
{
	struct serving *s = context;
	const char *path = exchange_path(exchange);
	owned_str struct str text = STR_EMPTY;
	unsigned status = 200;

	if (!lease_leads(s->lease))
		s->led_since = 0;
	else if (!s->led_since)
		s->led_since = clock_mono_ms();
	if (strcmp(path, "/metrics") == 0) {
		add_metrics(&text, s);
	} else if (strcmp(path, "/healthz") == 0) {
		status = is_stuck(s) ? 500 : 200;
		str_adds(&text, is_stuck(s) ? "it leads, and hangs\n" : "ok\n");
	} else if (strcmp(path, "/readyz") == 0) {
		bool ready = !lease_leads(s->lease) || atomic_load(&s->web->looked_at) > 0;

		status = ready ? 200 : 503;
		str_adds(&text, ready ? "ok\n" : "it has not seen all there is yet\n");
	} else {
		status = 404;
		str_adds(&text, "there are /metrics, /healthz and /readyz\n");
	}
	exchange_answer(exchange, status, "text/plain; version=0.0.4; charset=utf-8",
			str_span(&text));
}

static _Noreturn void serve(struct serve *server)
{
	for (;;) {
		struct pollfd fd = { serve_fd(server), POLLIN, 0 };

		poll(&fd, 1, serve_wait_ms(server));
		serve_turn(server);
	}
}

/* In the process itself: its sockets are to be nobody else's.  Says nothing when it serves. */
static _Noreturn void be_server(struct serving *serving, const char *address, int fd)
{
	const struct serve_options options = {
		.address = address, .body_max = BODY_MAX, .handle = handle, .context = serving
	};
	struct serve *server;
	struct error err;

	if (serve_open(&server, &options, &err))
		_exit(write(fd, err.text, strlen(err.text)) < 0 ? 2 : 1);
	close(fd);
	serve(server);
}

/* Until it serves, or has said why not. */
static int wait_for_it(int fd, struct error *err)
{
	char text[1024];
	size_t len = 0;
	ssize_t got;

	while ((got = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	return len ? error_set(err, ERROR_FAILED, "%s", text) : 0;
}

int web_start(struct web *web, const char *address, const struct lease *lease, struct error *err)
{
	struct serving serving = { .web = web, .lease = lease };
	int fds[2], ret;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return error_sys(err, "cannot make a pipe");
	ret = operator_fork(&pid, err);
	if (ret == 0 && pid == 0) {
		close(fds[0]);
		be_server(&serving, address, fds[1]);
	}
	close(fds[1]);
	if (ret == 0)
		ret = wait_for_it(fds[0], err);
	close(fds[0]);
	return ret;
}
