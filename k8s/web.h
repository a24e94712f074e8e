// SPDX-License-Identifier: Apache-2.0
/* web.h - /metrics, /healthz and /readyz of an operator, for anybody.
 *
 * Served by a process of its own, from memory that all processes of the operator share, so that it
 * answers whatever the others do.
 */
#pragma once
#include "base/error.h"
#include "base/str.h"
#include "k8s/lease.h"

#include <sys/types.h>

struct web; /* opaque: see web.c; forked processes share it */

must_check int web_new(struct web **out, struct error *err);
/* Serves at ADDRESS:PORT, in a process that ends with this one.  ERROR_FAILED: it cannot. */
must_check int web_start(struct web *web, const char *address, const struct lease *lease,
			 struct error *err);

/* ---- what is told, by any process ---- */

/* A BeamDeployment is looked at since then (by clock_mono_us(); 0: none is), and so many wait. */
void web_works(struct web *web, size_t waiting, int64_t since_us);
/* Whoever leads has looked at all there is; `text`: metrics of that, as Prometheus reads them. */
void web_looked(struct web *web, const char *text, size_t len);
