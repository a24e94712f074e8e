// SPDX-License-Identifier: Apache-2.0
/* steps.h - the modules that the steps of a relup touch, as scripts take them: a list of names,
 * packed, since a name becomes no atom of the node by being told.
 */
#pragma once
#include "erlang/term/term.h"

/* Those that are loaded over, or removed.  ERROR_FAILED. */
must_check int steps_pack_loaded(const struct term **out, struct arena *arena,
				 const struct term *steps, struct error *err);
/* Those whose processes are suspended.  ERROR_FAILED. */
must_check int steps_pack_suspended(const struct term **out, struct arena *arena,
				    const struct term *steps, struct error *err);
