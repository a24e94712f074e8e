// SPDX-License-Identifier: Apache-2.0
#include "upgrade/appup/appup_parts.h"

struct vertex *vertex_find(const struct appup_work *work, const char *module)
{
	size_t id = name_table_find(work->names, span_of(module));

	return id == NAME_ABSENT ? NULL : &work->vertices[id];
}

/* A consolidated protocol comes from its own folder, not from the application's: to
 * load the latter over it would undo the consolidation.
 */
bool generates_up(const struct diff *diff, const struct module_diff *module)
{
	return module->change == CHANGE_REMOVED || !names_have(diff->new_protocols, module->name);
}

bool generates_down(const struct diff *diff, const struct module_diff *module)
{
	return module->change == CHANGE_ADDED || !names_have(diff->old_protocols, module->name);
}

/* What the rest of the system stands on is not changed under it: OTP's own appups say
 * the same.  The whole of Elixir needs the new boot file as well.
 */
const char *appup_restart(const char *app)
{
	static const char *const otp[] = { "kernel", "stdlib", "sasl" };

	for (size_t i = 0; i < ARRAY_LEN(otp); i++)
		if (strcmp(app, otp[i]) == 0)
			return "restart_new_emulator";
	return strcmp(app, "elixir") == 0 ? "restart_emulator" : NULL;
}

bool calls_more(const struct beam_facts *caller, const char *module, const struct beam_facts *has)
{
	for (size_t i = 0; i < caller->imports.len; i++) {
		const struct beam_function *call = &caller->imports.items[i];

		if (strcmp(call->module, module) == 0 &&
		    !beam_exports(has, call->name, call->arity))
			return true;
	}
	return false;
}

bool appup_is_ours(const struct appup_work *work, size_t app)
{
	const struct appup_made *made = &work->appups->items[app];

	return made->source == APPUP_GENERATED && !appup_restart(made->app->name);
}

void vertex_carry(struct appup_work *work, struct vertex *vertex, size_t app, bool down)
{
	size_t *carrier = down ? &vertex->carrier_down : &vertex->carrier_up;

	if (app <= *carrier || !appup_is_ours(work, vertex->app))
		return;
	if (vertex->carrier_up == vertex->app && vertex->carrier_down == vertex->app) {
		work->guests =
			arena_grow(work->arena, work->guests, work->guests_len, &work->guests_cap);
		work->guests[work->guests_len++] = vertex;
	}
	*carrier = app;
}
