// SPDX-License-Identifier: Apache-2.0
#include "k8s/helper.h"

#include "base/process.h"
#include "k8s/operator.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READ = 64 << 10 };

int helper_start(struct helper *helper, int (*work)(void *context, FILE *out), void *context,
		 struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return error_sys(err, "cannot make a pipe");
	if (operator_fork(&helper->pid, err)) {
		helper->pid = 0;
		close(fds[0]);
		close(fds[1]);
		return -1;
	}
	if (helper->pid == 0) {
		FILE *out = fdopen(fds[1], "w");
		int status = out ? work(context, out) : 1;

		if (out)
			fflush(out);
		_exit(status);
	}
	close(fds[1]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	helper->fd = fds[0];
	str_clear(&helper->said);
	return 0;
}

bool helper_runs(const struct helper *helper)
{
	return helper->pid > 0;
}

static void reap(struct helper *helper)
{
	int status = 0;

	while (waitpid(helper->pid, &status, 0) < 0 && errno == EINTR)
		;
	helper->status = process_status(status);
	helper->pid = 0;
	close(helper->fd);
}

bool helper_ended(struct helper *helper)
{
	ssize_t got;

	if (!helper_runs(helper))
		return false;
	while ((got = read(helper->fd, str_room(&helper->said, READ), READ)) > 0 &&
	       helper->said.len <= HELPER_SAID_MAX) {
		helper->said.len += (size_t)got;
		helper->said.ptr[helper->said.len] = '\0';
	}
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got > 0)
		kill(helper->pid, SIGKILL);
	reap(helper);
	return true;
}

void helper_done(struct helper *helper)
{
	if (helper_runs(helper)) {
		kill(helper->pid, SIGKILL);
		reap(helper);
	}
	str_done(&helper->said);
}
