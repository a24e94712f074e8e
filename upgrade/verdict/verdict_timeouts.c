// SPDX-License-Identifier: Apache-2.0
/* Time-outs that the old code set, and that run on into the new one. */
#include "base/name_table.h"
#include "upgrade/verdict/verdict_parts.h"

static bool returns_timeout(const struct code *code)
{
	for (size_t i = 0; i < code->len; i++) {
		owned_arena struct arena scratch = ARENA_EMPTY;
		struct eval eval = { .arena = &scratch, .limit = 16000 };
		const struct code_function *function = &code->functions[i];
		const struct value *args[] = { &value_unknown, &value_unknown, &value_unknown };
		struct values values;

		if (function->arity > ARRAY_LEN(args) ||
		    (strcmp(function->name, "init") != 0 &&
		     strncmp(function->name, "handle_", 7) != 0))
			continue;
		values = eval_function(&eval, code, function, args);
		for (size_t j = 0; j < values.len; j++) {
			const struct value *value = values.items[j];
			int size = value_tuple_size(value);

			if ((size == 3 && (value_is_tagged(value, "noreply", 3) ||
					   value_is_tagged(value, "ok", 3))) ||
			    (size == 4 && value_is_tagged(value, "reply", 4)))
				if (value_term_kind(value_element(value, (size_t)size - 1,
								  &scratch)) == TERM_INTEGER)
					return true;
		}
	}
	return false;
}

static void judge_timeout(struct judge *judge, const struct app_diff *app,
			  const struct module_diff *module)
{
	const struct value *timeout = value_of_atom(judge->arena, "timeout");

	if (!(module->old_facts->roles & module->new_facts->roles & BEAM_GEN_SERVER) ||
	    is_told(judge, REASON_message_unknown, module->name) ||
	    !info_is_lost(judge, module->old_code, module->new_code, SIDE_NEW, timeout) ||
	    !returns_timeout(module->old_code))
		return;
	JUDGE(judge, REASON_message_unknown, app->name, module->name,
	      "the old code of %s returns time-outs, and handle_info of the new one does not "
	      "understand `timeout`: one that runs fails, or is lost",
	      module_shown(module->name))
		->hint = "go on understanding it for one release";
}

/* The time-outs of a state machine are events with names of their own. */
static void judge_event_types(struct judge *judge, const struct app_diff *app,
			      const struct module_diff *module)
{
	owned_name_table struct name_table *olds = atoms_of(module->old_code);
	owned_name_table struct name_table *news = atoms_of(module->new_code);

	if (module->old_facts->roles & module->new_facts->roles & BEAM_GEN_STATEM &&
	    name_table_find(olds, span_of("state_timeout")) != NAME_ABSENT &&
	    name_table_find(news, span_of("state_timeout")) == NAME_ABSENT &&
	    !is_told(judge, REASON_message_unknown, module->name))
		JUDGE(judge, REASON_message_unknown, app->name, module->name,
		      "the old code of %s sets state_timeout, of which the new code knows nothing: "
		      "one that runs fails, or is lost",
		      module_shown(module->name))
			->hint = "go on understanding it for one release";
}

void judge_timeouts(struct judge *judge, const struct app_diff *app,
		    const struct module_diff *module)
{
	judge_timeout(judge, app, module);
	judge_event_types(judge, app, module);
}
