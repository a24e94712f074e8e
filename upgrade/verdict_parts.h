// SPDX-License-Identifier: Apache-2.0
/* verdict_parts.h - the rooms inside verdict_reasons(); nothing for other modules. */
#pragma once
#include "upgrade/verdict.h"

struct judge {
	struct arena *arena;
	const struct diff *diff;
	const struct appups *appups;
	struct reasons *reasons;
	struct name_table *modules; /* of the whole new release; made when first needed */
};

/* JUDGE(judge, code, application, module, format, …) */
#define JUDGE(judge, ...) reason_add((judge)->arena, (judge)->reasons, __VA_ARGS__)

/* A changed module whose processes, or whose structs, live on. */
void judge_state(struct judge *judge, const struct app_diff *app, const struct module_diff *module);
/* A changed module that starts children. */
void judge_children(struct judge *judge, const struct app_diff *app,
		    const struct module_diff *module);
