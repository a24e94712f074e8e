// SPDX-License-Identifier: Apache-2.0
/* fill.h - ${NAME} and ${NAME:-DEFAULT} in files that end in .src, as relx has them: what the
 * environment says takes their place each time the system starts (template/fill.sh).
 */
#pragma once
#include "base/str.h"

struct fill_part {
	struct span text; /* as it is */
	struct span name; /* of what follows it; empty: nothing does */
	bool has_fallback;
	struct span fallback;
};

/* "sys.config.src", "vm.args.src"; NULL is none. */
bool fill_is_source(const char *file);
/* Cuts the next part off *rest; false when that is used up. */
bool fill_next(struct span *rest, struct fill_part *part);
/* Appends the text with defaults filled in, and 0 where there is none: what it may look like. */
void fill_sample(struct str *out, struct span text);
/* Appends it as a shell's word in double quotes, which asks the environment when it is evaluated.
 */
void fill_shell(struct str *out, struct span text);
