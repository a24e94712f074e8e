// SPDX-License-Identifier: Apache-2.0
/* Timers that go round.  An interval goes on by itself, for ever; a timer that is set once goes on
 * where its message sets it again.  What runs already goes round as the old code began it, and
 * meets a new handle_info/2 that counts on the other way.
 */
#include "upgrade/verdict/verdict_messages.h"
#include "upgrade/verdict/verdict_starts.h"

enum { CALLS = 6 };

struct timers {
	const char *module, *name;
	uint32_t arity;
	unsigned message; /* the argument */
};

static const struct timers intervals[] = {
	{ "timer", "send_interval", 2, 1 },
	{ "timer", "send_interval", 3, 2 },
};

static const struct timers singles[CALLS] = {
	{ "erlang", "send_after", 3, 2 },         { "erlang", "send_after", 4, 2 },
	{ "timer", "send_after", 2, 1 },          { "timer", "send_after", 3, 2 },
	{ "Elixir.Process", "send_after", 3, 1 }, { "Elixir.Process", "send_after", 4, 1 },
};

/* NULL: another call. */
static const struct value *message_of(const struct code_effect *effect, const struct timers *rows,
				      size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (effect_is(effect, rows[i].module, rows[i].name, rows[i].arity))
			return effect->args[rows[i].message];
	return NULL;
}

static const struct value *interval_of(const struct code_effect *effect)
{
	return message_of(effect, intervals, ARRAY_LEN(intervals));
}

static const struct value *single_of(const struct code_effect *effect)
{
	return message_of(effect, singles, CALLS);
}

/* Whether a message may be that one. */
static bool may_be(const struct value *a, const struct value *b)
{
	return value_equal(a, b) != NO;
}

/* Whether an interval sends the message in that code, as far as is seen. */
static bool has_interval(struct code_effects effects, const struct value *message)
{
	for (size_t i = 0; i < effects.len; i++) {
		const struct value *sent = interval_of(&effects.items[i]);

		if (sent && may_be(sent, message))
			return true;
	}
	return false;
}

/* Whether something else than a start sets a timer with the message. */
static bool is_set_again(struct judge *judge, struct module_at *module, struct code_effects effects,
			 const struct value *message)
{
	for (size_t i = 0; i < effects.len; i++) {
		const struct value *sent = single_of(&effects.items[i]);

		if (!sent)
			sent = interval_of(&effects.items[i]);
		if (sent && may_be(sent, message) &&
		    !effect_at_start(judge, module, &effects.items[i]))
			return true;
	}
	return false;
}

/* A start sets up an interval now, and nothing else sets the timer that went round. */
static const struct value *ended(struct judge *judge, struct module_at *module,
				 struct code_effects olds, struct code_effects news)
{
	for (size_t i = 0; i < news.len; i++) {
		const struct value *message = interval_of(&news.items[i]);
		bool was_set = false;

		for (size_t j = 0; message && j < olds.len && !was_set; j++) {
			const struct value *sent = single_of(&olds.items[j]);

			was_set = sent && value_equal(sent, message) == YES;
		}
		if (was_set && !has_interval(olds, message) &&
		    effect_at_start(judge, module, &news.items[i]) &&
		    !is_set_again(judge, module, news, message))
			return message;
	}
	return NULL;
}

/* A start sends itself the first one: self() ! tick. */
static bool is_sent_at_start(struct judge *judge, struct module_at *module,
			     struct code_effects effects, const struct value *message)
{
	for (size_t i = 0; i < effects.len; i++)
		if ((effect_is(&effects.items[i], "erlang", "send", 2) ||
		     effect_is(&effects.items[i], "erlang", "send", 3)) &&
		    value_equal(effects.items[i].args[1], message) == YES &&
		    effect_at_start(judge, module, &effects.items[i]))
			return true;
	return false;
}

/* The old start set up an interval, and the message of it sets a timer as well now. */
static const struct value *doubled(struct judge *judge, struct module_at *module,
				   struct code_effects olds, struct code_effects news)
{
	for (size_t i = 0; i < news.len; i++) {
		const struct code_effect *effect = &news.items[i];
		const struct value *message = single_of(effect);
		bool goes_on = false;

		for (size_t j = 0; message && j < olds.len && !goes_on; j++) {
			const struct value *sent = interval_of(&olds.items[j]);

			goes_on = sent && value_equal(sent, message) == YES;
		}
		if (goes_on && !has_interval(news, message) &&
		    is_set_again(judge, module, news, message) &&
		    goes_on_from_start(judge, module, effect->in,
				       is_sent_at_start(judge, module, news, message)))
			return message;
	}
	return NULL;
}

static void judge_module_rounds(struct judge *judge, struct module_at *module)
{
	struct module_at *before = modules_find(judge->modules, SIDE_OLD, module->name);
	const struct code *code = module_code(judge->modules, SIDE_NEW, module);
	struct code_effects olds, news;
	const struct value *message;
	owned_str struct str text = STR_EMPTY;
	bool ends;

	if (!before || !code || code->unread || starts_anew(judge, module->name))
		return;
	olds = effects_of(judge, SIDE_OLD, before, effect_any);
	news = effects_of(judge, SIDE_NEW, module, effect_any);
	message = ended(judge, module, olds, news);
	ends = message != NULL;
	/* Its code_change may cancel the interval. */
	if (!ends && !beam_imports(module->diff->new_facts, "timer", "cancel", 1))
		message = doubled(judge, module, olds, news);
	if (!message)
		return;
	value_print(&text, message);
	if (ends)
		JUDGE(judge, REASON_wiring_changed, module->app->name, module->name,
		      "a start of %s sets up an interval that sends %s, and nothing sets that "
		      "timer again: it goes round once more in what runs already, and ends",
		      module_shown(module->name), str_text(&text))
			->hint = "begin the interval in code_change as well, or restart what is "
				 "started there";
	else
		JUDGE(judge, REASON_wiring_changed, module->app->name, module->name,
		      "the old code of %s began an interval that sends %s, which goes on, and the "
		      "new one sets a timer with it each time it comes: they become more and more",
		      module_shown(module->name), str_text(&text))
			->hint = "cancel the interval in code_change (timer:cancel/1), or restart "
				 "what is started there";
}

void judge_rounds(struct judge *judge)
{
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];

		if (module->diff && module->diff->change == CHANGE_CHANGED)
			judge_module_rounds(judge, module);
	}
}
