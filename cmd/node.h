// SPDX-License-Identifier: Apache-2.0
/* node.h - what all commands that speak to a live node share: options, connecting. */
#pragma once
#include "cmd/command.h"
#include "upgrade/node/node.h"

struct node_opts {
	const char *cookie_file, *cookie_env;
	const char *tls_ca, *tls_cert, *tls_key;
	const char *via, *target;
	long port;
	long timeout_ms; /* 0: not given */
};

enum { NODE_TIMEOUT_MS = 10000 };

/* For the options table of a command whose options struct holds `struct node_opts node`. */
/* clang-format off */
#define NODE_OPTIONS(opts)                                                                    \
	OPT_TEXT(opts, node.cookie_file, 0, "cookie-file", "FILE",                            \
		 "read the cookie from FILE"),                                                \
	OPT_TEXT(opts, node.cookie_env, 0, "cookie-env", "VAR",                               \
		 "take the cookie from the environment variable VAR "                         \
		 "(default: $RELEASE_COOKIE, else ~/.erlang.cookie)"),                        \
	OPT_NUMBER(opts, node.port, 'p', "port", "PORT",                                      \
		   "the node's distribution port, when it runs without epmd"),                \
	OPT_TEXT(opts, node.tls_ca, 0, "tls-ca", "FILE",                                      \
		 "speak TLS; FILE (PEM) is the authority that vouches for the node; "         \
		 "what it has revoked, by a CRL in there, is refused"),                       \
	OPT_TEXT(opts, node.tls_cert, 0, "tls-cert", "FILE",                                  \
		 "the certificate (PEM) to show to a node that asks for one"),                \
	OPT_TEXT(opts, node.tls_key, 0, "tls-key", "FILE",                                    \
		 "the key (PEM, not encrypted) of --tls-cert"),                               \
	OPT_TEXT(opts, node.via, 0, "via", "WAY",                                             \
		 "reach the node through the OpenSSH client, ssh:USER@HOST, from a bastion "  \
		 "with ,jump=USER@HOST behind it (default: $RELEVO_VIA, else directly)"),      \
	OPT_TEXT(opts, node.target, 0, "target", "TARGET",                                    \
		 "reach the node as relevo.yaml says of that target: cookie, port, TLS, ssh, "  \
		 "time; what is said here has more weight"),                                   \
	OPT_DURATION(opts, node.timeout_ms, 't', "timeout", "TIME",                           \
		     "how long the node may take to connect and to answer (default: 10s)")
/* clang-format on */

/* Connects to call->argv[0]; node_close() it. */
must_check int node_connect(struct node **out, const struct call *call,
			    const struct node_opts *opts, struct error *err);

extern const struct command cmd_node_vitals, cmd_node_eval, cmd_node_rpc, cmd_node_check,
	cmd_node_adopt, cmd_node_install, cmd_node_commit, cmd_node_revert, cmd_node_remove;
