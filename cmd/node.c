// SPDX-License-Identifier: Apache-2.0
#include "cmd/node.h"

#include "base/arena.h"
#include "upgrade/node/wire/cookie.h"

#include <stdlib.h>

/* ssh:TO[,jump=…][,host=…]; a jump by way of several hosts has commas itself. */
static int read_via(struct ssh_via *out, struct arena *arena, const char *text, struct error *err)
{
	struct span rest = span_of(text), part;
	const char **last = &out->to;

	if (!span_starts(rest, "ssh:") || text[4] == '\0') {
		error_set_(err, ERROR_USAGE, "--via %s: there is no such way", text);
		return error_hint(err, "It is ssh:USER@HOST[,jump=USER@HOST][,host=HOST]");
	}
	rest = (struct span){ text + 4, rest.len - 4 };
	while (span_next(&rest, ',', &part)) {
		bool jump = span_starts(part, "jump="), host = span_starts(part, "host=");

		if (jump || host) {
			last = jump ? &out->jump : &out->host;
			part = (struct span){ part.ptr + 5, part.len - 5 };
		}
		*last = *last && !jump && !host
				? arena_printf(arena, "%s," SPAN_FMT, *last, SPAN_ARG(part))
				: arena_dup(arena, part);
	}
	return 0;
}

int node_connect(struct node **out, const struct call *call, const struct node_opts *opts,
		 struct error *err)
{
	owned_cookie struct str cookie = STR_EMPTY;
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *way = opts->via ? opts->via : getenv("RELEVO_VIA");
	struct ssh_via via = { 0 };

	if (opts->port > 65535)
		return error_set(err, ERROR_USAGE, "--port %ld: there are ports up to 65535 only",
				 opts->port);
	if (!opts->tls_ca && (opts->tls_cert || opts->tls_key))
		return error_set(
			err, ERROR_USAGE,
			"--tls-cert and --tls-key want --tls-ca: who vouches for the node");
	if ((way && *way && read_via(&via, &arena, way, err)) ||
	    cookie_find(&cookie, opts->cookie_file, opts->cookie_env, err))
		return -1;
	return node_open(
		out,
		&(struct node_options){
			.name = call->argv[0],
			.cookie = str_text(&cookie),
			.port = (int)opts->port,
			.timeout_ms = opts->timeout_ms ? opts->timeout_ms : NODE_TIMEOUT_MS,
			.tls = { opts->tls_ca, opts->tls_cert, opts->tls_key },
			.via = via,
		},
		err);
}
