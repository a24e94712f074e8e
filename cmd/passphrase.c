// SPDX-License-Identifier: Apache-2.0
#include "cmd/passphrase.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

enum { PASSPHRASE_MAX = 1000 };

void passphrase_done(struct str *passphrase)
{
	if (passphrase->ptr)
		explicit_bzero(passphrase->ptr, passphrase->cap);
	str_done(passphrase);
}

static int from_file(struct str *out, const char *file, struct error *err)
{
	owned_passphrase struct str text = STR_EMPTY;
	struct span rest, line = SPAN("");

	str_room(&text, 2 * PASSPHRASE_MAX); /* so that it never moves and leaves a copy behind */
	if (file_read_given(file, PASSPHRASE_MAX, &text, err))
		return -1;
	rest = str_span(&text);
	span_next(&rest, '\n', &line);
	str_add(out, line);
	return 0;
}

/* One line, without what ends it. */
static int read_line(int tty, struct str *out, struct error *err)
{
	char c;

	while (out->len < PASSPHRASE_MAX) {
		ssize_t len = read(tty, &c, 1);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return error_sys(err, "cannot read from the terminal");
		if (len == 0 || c == '\n')
			return 0;
		str_addc(out, c);
	}
	return error_set(err, ERROR_USAGE, "a passphrase has at most %d bytes", PASSPHRASE_MAX);
}

static int from_terminal(struct str *out, int tty, const char *prompt, struct error *err)
{
	struct termios before, silent;
	int ret;

	if (tcgetattr(tty, &before))
		return error_sys(err, "cannot ask at the terminal");
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	dprintf(tty, "%s: ", prompt);
	tcsetattr(tty, TCSAFLUSH, &silent);
	ret = read_line(tty, out, err);
	tcsetattr(tty, TCSAFLUSH, &before);
	dprintf(tty, "\n");
	return ret;
}

int passphrase_find(struct str *out, const char *file, const char *prompt, struct error *err)
{
	const char *variable = getenv("RELEVO_PASSPHRASE");
	owned_fd int tty = -1;

	str_room(out, 2 * PASSPHRASE_MAX);
	if (file)
		return from_file(out, file, err);
	if (variable) {
		str_adds(out, variable);
		return 0;
	}
	tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty >= 0)
		return from_terminal(out, tty, prompt, err);
	error_set_(err, ERROR_USAGE, "%s: there is no terminal to ask at", prompt);
	return error_hint(err, "Give it by --passphrase-file FILE or in $RELEVO_PASSPHRASE.");
}
