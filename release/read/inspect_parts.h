// SPDX-License-Identifier: Apache-2.0
/* inspect_parts.h - the rooms inside inspect(); nothing for other modules. */
#pragma once
#include "release/read/inspect.h"

/* What release_handler would miss; fills gaps in. */
void inspect_gaps(struct inspection *in, struct arena *arena);
/* Appends to the gaps. */
void inspect_add_gap(struct inspection *in, struct arena *arena, struct gap gap);
/* The one term of a file; false, with a gap, when it does not parse.  The path may be NULL:
 * false without a gap.
 */
bool inspect_read_term(const struct term **out, struct inspection *in, struct arena *arena,
		       const char *path, struct gap gap);
/* Providers from sys.config, versions from the relup. */
void inspect_config(struct inspection *in, struct arena *arena);
void inspect_relup(struct inspection *in, struct arena *arena);
