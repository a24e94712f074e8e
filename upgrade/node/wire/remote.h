// SPDX-License-Identifier: Apache-2.0
/* remote.h - a text of plain POSIX sh, run on another machine by ssh.
 *
 * The text goes over by standard input, as all that it works with: nothing of it is in the
 * arguments of a process, here or there.  Any login shell will do.
 */
#pragma once
#include "base/arena.h"
#include "base/str.h"
#include "upgrade/node/wire/ssh.h"

struct remote_script {
	struct span text;
	struct span input; /* what it reads; it must not be longer than what the text takes out */
	int timeout_ms;
};

/* What it printed; free with str_done().
 *
 * ERROR_UNREACHABLE: ssh did not come through, or it did not end in time.  ERROR_REFUSED: it ended
 * with status 4, having said why.  ERROR_FAILED: with any other.
 */
must_check int remote_run(struct str *out, const struct ssh_via *via, const char *node_host,
			  const struct remote_script *script, struct error *err);

/* NAME='VALUE', as a line of such a text. */
void remote_set(struct str *text, const char *name, const char *value);
