// SPDX-License-Identifier: Apache-2.0
/* ssh.h - the OpenSSH client as a child process, whose standard input and output are a connection
 * to a port of another machine (ssh -W), so that no port but sshd's need be open there.
 *
 * The user's own configuration, keys, agent and known hosts hold; nothing is asked (BatchMode). The
 * child ends with us, however we end.
 */
#pragma once
#include "base/clock.h"
#include "base/error.h"

/* {host} in any of them is what stands behind the @ of the node. */
struct ssh_via {
	const char *to;   /* as ssh takes it: "deploy@10.0.0.1", "ssh://10.0.0.1:2222"; NULL: not by
			     ssh */
	const char *jump; /* ssh -J, one or several with commas; NULL: none */
	const char *host; /* where the node listens, as that machine calls it; NULL: "localhost" */
};

struct ssh; /* opaque: see ssh.c */

/* Starts it; *fd is the connection, a socket that never blocks, and the caller's.  It is not known
 * yet whether ssh comes through: when what is sent gets no answer, ssh_explain() knows why.
 *
 * ERROR_NOT_FOUND: there is no ssh here.  ERROR_USAGE: no such destination can be.
 */
must_check int ssh_open(struct ssh **out, int *fd, const struct ssh_via *via, const char *node_host,
			int port, struct deadline deadline, struct error *err);
/* Ends it; NULL is fine. */
void ssh_close(struct ssh *ssh);
/* When the connection `fd` failed because ssh did, *err becomes what ssh said of it
 * (ERROR_UNREACHABLE, "who: …"), and what to do; else it stays.  NULL is fine: no ssh.
 */
void ssh_explain(struct ssh *ssh, int fd, const char *who, struct error *err);

/* What a command is to be run with there: the words of ssh up to the destination, NULL at the end;
 * in the arena.  ERROR_USAGE as above.
 */
struct arena;
must_check int ssh_words(const char *const **out, struct arena *arena, const struct ssh_via *via,
			 const char *node_host, int64_t connect_ms, struct error *err);
/* The words that tell what ssh said, and what to do; `status` as process_status(). */
void ssh_failed_(struct error *err, const char *to, int status, const char *said);
#define ssh_failed(...) (ssh_failed_(__VA_ARGS__), -1)

static inline void ssh_done(struct ssh **ssh)
{
	ssh_close(*ssh);
}
#define owned_ssh owned(ssh_done)
