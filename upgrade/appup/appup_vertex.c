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
