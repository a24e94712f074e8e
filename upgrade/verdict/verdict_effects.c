// SPDX-License-Identifier: Apache-2.0
/* Calls that do something to the world, of each module that is asked for, once. */
#include "upgrade/verdict/verdict_parts.h"

static bool is_one_of(const char *name, const char *const *names, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool is_wanted(const struct beam_function *to)
{
	static const char *const of_erlang[] = {
		"register",  "send",          "send_after",   "start_timer",
		"monitor",   "link",          "process_flag", "put",
		"get",       "open_port",     "spawn",        "spawn_link",
		"hibernate", "spawn_monitor", "spawn_opt",    "monitor_node",
	};
	static const char *const modules[] = {
		"ets",
		"dets",
		"persistent_term",
		"pg",
		"timer",
		"gen_server",
		"gen_statem",
		"gen_event",
		"supervisor",
		"inet",
		"gen_tcp",
		"ssl",
		"gen_udp",
		"counters",
		"atomics",
		"telemetry",
		"logger",
		"application",
		"proc_lib",
		"net_kernel",
		"global",
		"gproc",
		"mnesia",
		"rpc",
		"erpc",
		"Elixir.GenServer",
		"Elixir.Agent",
		"Elixir.Supervisor",
		"Elixir.DynamicSupervisor",
		"Elixir.Registry",
		"Elixir.Process",
		"Elixir.Node",
		"Elixir.Phoenix.PubSub",
		"Elixir.Task",
		"Elixir.Task.Supervisor",
		"Elixir.Application",
	};

	if (strcmp(to->module, "erlang") == 0)
		return is_one_of(to->name, of_erlang, ARRAY_LEN(of_erlang));
	return strncmp(to->name, "start", 5) == 0 ||
	       is_one_of(to->module, modules, ARRAY_LEN(modules));
}

static struct code_effects effects_seen(struct judge *judge, struct code_effects ***seen,
					enum side side, struct module_at *module, bool through)
{
	struct modules *modules = judge->modules;
	size_t nr = (size_t)(module - modules->items[side]);
	struct code_effects *effects;
	const struct code *code;

	if (!*seen)
		*seen = arena_array(judge->arena, name_table_len(modules->names[side]),
				    struct code_effects *);
	if ((*seen)[nr])
		return *(*seen)[nr];
	(*seen)[nr] = effects = arena_new(judge->arena, struct code_effects);
	code = module_code(modules, side, module);
	*effects = code && !code->unread ? code_effects(code, &modules->library[side], is_wanted,
							through, judge->arena)
					 : (struct code_effects){ NULL, 0 };
	return *effects;
}

struct code_effects effects_of(struct judge *judge, enum side side, struct module_at *module)
{
	return effects_seen(judge, &judge->effects[side], side, module, false);
}

struct code_effects effects_through(struct judge *judge, enum side side, struct module_at *module)
{
	return effects_seen(judge, &judge->through[side], side, module, true);
}

bool effect_is(const struct code_effect *effect, const char *module, const char *name,
	       uint32_t arity)
{
	return (arity == 0 || effect->to.arity == arity) && strcmp(effect->to.name, name) == 0 &&
	       strcmp(effect->to.module, module) == 0;
}

const char *effect_begins(const struct code_effect *effect, const char *module,
			  const struct value **args)
{
	if (strncmp(effect->to.name, "spawn", 5) != 0 && strncmp(effect->to.name, "start", 5) != 0)
		return NULL;
	for (size_t i = 0; i + 1 < EFFECT_ARGS; i++)
		if (value_is_atom(effect->args[i], module)) {
			if (args)
				*args = i + 2 < EFFECT_ARGS ? effect->args[i + 2] : &value_unknown;
			return value_atom_name(effect->args[i + 1]);
		}
	return NULL;
}
