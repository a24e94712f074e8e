// SPDX-License-Identifier: Apache-2.0
/* epmd.h - asks a host's epmd which port a node listens on (PORT_PLEASE2_REQ of the
 * distribution protocol).
 */
#pragma once
#include "base/clock.h"
#include "base/error.h"

struct ssh_via; /* upgrade/node/wire/ssh.h */

/* ERL_EPMD_PORT, else 4369. */
int epmd_port(void);

/* The port of the node called `name` (what stands before the @).
 *
 * via  NULL: directly
 *
 * ERROR_UNREACHABLE: no epmd there, or it does not answer in time.
 * ERROR_NOT_FOUND: host unknown, epmd does not know the name, what answers is no epmd.
 */
must_check int epmd_lookup(int *port, const char *host, const char *name, const struct ssh_via *via,
			   struct deadline deadline, struct error *err);
