// SPDX-License-Identifier: Apache-2.0
#include "cmd/node.h"

#include "upgrade/node/wire/cookie.h"

int node_connect(struct node **out, const struct call *call, const struct node_opts *opts,
		 struct error *err)
{
	owned_cookie struct str cookie = STR_EMPTY;

	if (opts->port > 65535)
		return error_set(err, ERROR_USAGE, "--port %ld: there are ports up to 65535 only",
				 opts->port);
	if (!opts->tls_ca && (opts->tls_cert || opts->tls_key))
		return error_set(
			err, ERROR_USAGE,
			"--tls-cert and --tls-key want --tls-ca: who vouches for the node");
	if (cookie_find(&cookie, opts->cookie_file, opts->cookie_env, err))
		return -1;
	return node_open(
		out,
		&(struct node_options){
			.name = call->argv[0],
			.cookie = str_text(&cookie),
			.port = (int)opts->port,
			.timeout_ms = opts->timeout_ms ? opts->timeout_ms : NODE_TIMEOUT_MS,
			.tls = { opts->tls_ca, opts->tls_cert, opts->tls_key },
		},
		err);
}
