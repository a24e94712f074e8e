// SPDX-License-Identifier: Apache-2.0
/* Two who judge at the same time.  The one aside sees what was told before it began, and notes for
 * what it looked there in vain: when the other one has told such a thing meanwhile, which is rare,
 * it judges again.
 */
#include "base/parallel.h"
#include "upgrade/verdict/verdict_parts.h"

struct aside {
	struct judge judge, *other;
	void (*judging)(struct judge *judge);
	struct beside beside;
	struct arena arena;
	struct reasons reasons;
	size_t before; /* of the reasons: what the other one had told */
	struct not_told {
		enum reason_code code;
		const char *module;
	} * not_told;
	size_t len, cap;
};

static void note_not_told(struct aside *aside, enum reason_code code, const char *module)
{
	aside->not_told = arena_grow(&aside->arena, aside->not_told, aside->len, &aside->cap);
	aside->not_told[aside->len++] = (struct not_told){ code, module };
}

bool is_told(const struct judge *judge, enum reason_code code, const char *module)
{
	for (size_t i = 0; i < judge->reasons->len; i++) {
		const struct reason *reason = &judge->reasons->items[i];

		if (reason->code == code && reason->module && strcmp(reason->module, module) == 0)
			return true;
	}
	if (judge->aside)
		note_not_told(judge->aside, code, module);
	return false;
}

static int judge_aside(void *context, struct error *err)
{
	struct aside *aside = context;

	(void)err;
	aside->judging(&aside->judge);
	return 0;
}

struct aside *aside_begin(struct judge *judge, void (*judging)(struct judge *judge))
{
	struct aside *aside = arena_new(judge->arena, struct aside);

	aside->other = judge;
	aside->judging = judging;
	aside->before = judge->reasons->len;
	aside->beside = (struct beside){ .work = judge_aside, .context = aside };
	for (size_t i = 0; i < aside->before; i++)
		*reasons_add(&aside->arena, &aside->reasons) = judge->reasons->items[i];
	aside->judge = judge_of(judge->modules);
	aside->judge.arena = &aside->arena;
	aside->judge.appups = judge->appups;
	aside->judge.up = judge->up;
	aside->judge.down = judge->down;
	aside->judge.reasons = &aside->reasons;
	aside->judge.aside = aside;
	effects_share(&aside->judge, judge);
	beside_begin(&aside->beside);
	return aside;
}

static bool holds(const struct aside *aside)
{
	for (size_t i = 0; i < aside->len; i++)
		if (is_told(aside->other, aside->not_told[i].code, aside->not_told[i].module))
			return false;
	return true;
}

void aside_end(struct aside *aside)
{
	struct judge *judge = aside->other;
	struct error none;

	if (beside_end(&aside->beside, &none))
		return; /* it does not fail */
	if (holds(aside))
		for (size_t i = aside->before; i < aside->reasons.len; i++)
			*reasons_add(judge->arena, judge->reasons) = aside->reasons.items[i];
	else
		aside->judging(judge);
	arena_join(judge->arena, &aside->arena);
}
