// SPDX-License-Identifier: Apache-2.0
/* obey.h - the one rule by which everything that changes a system follows a plan. */
#pragma once
#include "upgrade/verdict/verdict.h"

enum obey_mode {
	OBEY_HOT,     /* while it runs */
	OBEY_RESTART, /* by starting anew */
};

enum obey_answer { OBEY_GO, OBEY_GO_WARNED, OBEY_REFUSED };

struct obeyed {
	enum obey_answer answer;
	/* Why not, or what to mind: a line each, "nif_changed: …"; in the arena. */
	struct names texts;
	const char *hint; /* refused: what to do */
};

/* What stands against it, an impossible one against a restart too, refuses it; warnings are told
 * and gone on with; what is allowed, by the plan or by `allow` (codes), is neither.
 * ERROR_USAGE: no such code.
 */
must_check int obey(struct obeyed *out, struct arena *arena, const struct reasons *reasons,
		    struct names allow, enum obey_mode mode, struct error *err);
