// SPDX-License-Identifier: Apache-2.0
#include "base/deflate.h"
#include "erlang/beam/beam_atoms.h"

enum { ENTRY = 12 }; /* ImpT and ExpT: three words each */

/* Reads ImpT {module, name, arity} or ExpT {name, arity, label}. */
static int read_functions(struct beam_functions *out, struct arena *arena, struct span data,
			  struct names atoms, bool imports, struct error *err)
{
	const char *what = imports ? "imports" : "exports";
	size_t len = data.len < 4 ? 0 : beam_word(data.ptr);
	struct beam_function *items;

	if (data.len < 4 || len > (data.len - 4) / ENTRY)
		return error_set(err, ERROR_INVALID, "%s: %zu of them in %zu bytes", what, len,
				 data.len);
	items = arena_array(arena, len, struct beam_function);
	for (size_t i = 0; i < len; i++) {
		const char *at = data.ptr + 4 + i * ENTRY;
		uint32_t module = imports ? beam_word(at) : 1;
		uint32_t name = beam_word(at + (imports ? 4 : 0));

		if (module - 1 >= atoms.len || name - 1 >= atoms.len)
			return error_set(err, ERROR_INVALID, "%s: number %zu has no name", what, i);
		items[i].module = imports ? atoms.items[module - 1] : NULL;
		items[i].name = atoms.items[name - 1];
		items[i].arity = beam_word(at + (imports ? 8 : 4));
	}
	*out = (struct beam_functions){ items, len };
	return 0;
}

static int read_list(const struct term **out, struct arena *arena, struct span data,
		     const char *what, struct error *err)
{
	const struct term *term = &term_nil;

	if (data.ptr && term_decode(&term, arena, data, TERM_LIMITS_FILE, NULL, err))
		return error_wrap(err, "%s", what);
	if (!term_is_list(term))
		return error_set(err, ERROR_INVALID, "%s: not a list", what);
	*out = term;
	return 0;
}

bool beam_exports(const struct beam_facts *facts, const char *name, uint32_t arity)
{
	for (size_t i = 0; i < facts->exports.len; i++)
		if (facts->exports.items[i].arity == arity &&
		    strcmp(facts->exports.items[i].name, name) == 0)
			return true;
	return false;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool beam_function_same(const struct beam_function *a, const struct beam_function *b)
{
	if (!a->name || !b->name)
		return !a->name && !b->name;
	return a->arity == b->arity && same_text(a->name, b->name) &&
	       same_text(a->module, b->module);
}

bool beam_imports(const struct beam_facts *facts, const char *module, const char *name,
		  uint32_t arity)
{
	for (size_t i = 0; i < facts->imports.len; i++) {
		const struct beam_function *import = &facts->imports.items[i];

		if (import->arity == arity && strcmp(import->module, module) == 0 &&
		    strcmp(import->name, name) == 0)
			return true;
	}
	return false;
}

/* ---- attributes ---- */

/* As release_handler takes it: -vsn("1") is a string, anything else the one value of a list. */
static const struct term *version_of(const struct term *values)
{
	int64_t code;

	for (size_t i = 0; i < values->seq.len; i++)
		if (!term_get_integer(term_at(values, i), &code) || code < ' ' || code > 255)
			return term_at(values, 0);
	return values;
}

static void read_attributes(struct beam_facts *facts, struct arena *arena)
{
	const char **names = NULL;
	size_t len = 0, cap = 0;

	for (size_t i = 0; i < facts->attributes->seq.len; i++) {
		const struct term *pair = term_at(facts->attributes, i), *values;

		if (!term_is_tuple(pair, 2) || !term_is_list(values = term_at(pair, 1)))
			continue;
		if (term_is_atom(term_at(pair, 0), "vsn") && values->seq.len > 0 && !facts->vsn)
			facts->vsn = version_of(values);
		if (!term_is_atom(term_at(pair, 0), "behaviour") &&
		    !term_is_atom(term_at(pair, 0), "behavior"))
			continue;
		for (size_t j = 0; j < values->seq.len; j++) {
			const char *name = term_atom_name(term_at(values, j));

			if (!name)
				continue;
			names = arena_grow(arena, names, len, &cap);
			names[len++] = name;
		}
	}
	facts->behaviours = (struct names){ names, len };
}

/* ---- roles ---- */

/* clang-format off */
static const struct {
	enum beam_role role;
	const char *name;
	const char *behaviours[4];
	/* Callbacks that give it away where no behaviour is told. */
	struct { const char *name; uint32_t arity; } callbacks[3];
	struct { const char *name; uint32_t arity; } code_change;
} roles[] = {
	{ BEAM_GEN_SERVER, "gen_server",
	  { "gen_server", "Elixir.GenServer", "Elixir.GenStage" },
	  { { "init", 1 }, { "handle_call", 3 }, { "handle_cast", 2 } }, { "code_change", 3 } },
	{ BEAM_GEN_STATEM, "gen_statem",
	  { "gen_statem", "Elixir.GenStateMachine" },
	  { { "init", 1 }, { "callback_mode", 0 } }, { "code_change", 4 } },
	{ BEAM_GEN_EVENT, "gen_event",
	  { "gen_event", "Elixir.GenEvent" },
	  { { "init", 1 }, { "handle_event", 2 }, { "handle_call", 2 } }, { "code_change", 3 } },
	{ BEAM_SPECIAL, "special_process", { NULL },
	  { { "system_continue", 3 }, { "system_terminate", 4 } }, { "system_code_change", 4 } },
	{ BEAM_SUPERVISOR, "supervisor",
	  { "supervisor", "Elixir.Supervisor", "Elixir.DynamicSupervisor" }, { { NULL, 0 } }, { NULL, 0 } },
	{ BEAM_APPLICATION, "application",
	  { "application", "Elixir.Application" }, { { NULL, 0 } }, { NULL, 0 } },
	{ BEAM_PROTOCOL, "protocol", { NULL }, { { "__protocol__", 1 } }, { NULL, 0 } },
	{ BEAM_PROTOCOL_IMPL, "protocol_implementation", { NULL }, { { "__impl__", 1 } }, { NULL, 0 } },
	{ BEAM_ENDPOINT, "endpoint",
	  { "Elixir.Phoenix.Endpoint" }, { { "__sockets__", 0 }, { "config_change", 2 } }, { NULL, 0 } },
	{ BEAM_ROUTER, "router", { NULL }, { { "__routes__", 0 }, { "call", 2 } }, { NULL, 0 } },
	{ BEAM_CONTROLLER, "controller",
	  { NULL }, { { "action", 2 }, { "init", 1 }, { "call", 2 } }, { NULL, 0 } },
	{ BEAM_SOCKET, "socket", { "Elixir.Phoenix.Socket" }, { { "__channel__", 1 } }, { NULL, 0 } },
	{ BEAM_CHANNEL, "channel",
	  { "Elixir.Phoenix.Channel" },
	  { { "join", 3 }, { "__socket__", 1 }, { "__intercepts__", 0 } }, { "code_change", 3 } },
	{ BEAM_LIVE_VIEW, "live_view",
	  { "Elixir.Phoenix.LiveView" }, { { "__live__", 0 }, { "mount", 3 } }, { "code_change", 3 } },
	{ BEAM_LIVE_COMPONENT, "live_component",
	  { "Elixir.Phoenix.LiveComponent" }, { { "__live__", 0 }, { "update", 2 } }, { NULL, 0 } },
	{ BEAM_COMPONENTS, "components", { NULL }, { { "__components__", 0 } }, { NULL, 0 } },
	{ BEAM_PRESENCE, "presence", { "Elixir.Phoenix.Presence" }, { { NULL, 0 } }, { NULL, 0 } },
	{ BEAM_REPO, "repo", { "Elixir.Ecto.Repo" }, { { "__adapter__", 0 } }, { NULL, 0 } },
	{ BEAM_SCHEMA, "schema", { NULL }, { { "__schema__", 1 }, { "__schema__", 2 } }, { NULL, 0 } },
	{ BEAM_JOB, "oban_worker",
	  { "Elixir.Oban.Worker" }, { { "__opts__", 0 }, { "perform", 1 } }, { NULL, 0 } },
};
/* clang-format on */

static bool behaves(const struct beam_facts *facts, size_t role)
{
	for (size_t i = 0; i < ARRAY_LEN(roles[role].behaviours); i++)
		if (roles[role].behaviours[i] &&
		    names_have(facts->behaviours, roles[role].behaviours[i]))
			return true;
	return false;
}

static bool calls_back(const struct beam_facts *facts, size_t role)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(roles[role].callbacks) && roles[role].callbacks[i].name; i++)
		if (!beam_exports(facts, roles[role].callbacks[i].name,
				  roles[role].callbacks[i].arity))
			return false;
	return i > 0;
}

/* Without attributes a supervisor is known by what it calls to start itself. */
static bool starts_supervisor(const struct beam_facts *facts)
{
	return beam_exports(facts, "init", 1) &&
	       (beam_imports(facts, "supervisor", "start_link", 2) ||
		beam_imports(facts, "supervisor", "start_link", 3) ||
		beam_imports(facts, "Elixir.Supervisor", "init", 2));
}

static void find_roles(struct beam_facts *facts)
{
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (behaves(facts, i))
			facts->roles |= roles[i].role;
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (calls_back(facts, i) &&
		    (!(facts->roles & BEAM_PROCESS) || !(roles[i].role & BEAM_PROCESS)))
			facts->roles |= roles[i].role;
	if (facts->attributes->seq.len == 0 && starts_supervisor(facts))
		facts->roles |= BEAM_SUPERVISOR;
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (facts->roles & roles[i].role && roles[i].code_change.name &&
		    beam_exports(facts, roles[i].code_change.name, roles[i].code_change.arity))
			facts->code_change = true;
}

const char *beam_role_name(enum beam_role role)
{
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (roles[i].role == role)
			return roles[i].name;
	return NULL;
}

int beam_read_facts(struct beam_facts **out, struct arena *arena, const struct beam *beam,
		    struct error *err)
{
	struct beam_facts *facts = arena_new(arena, struct beam_facts);

	facts->module = beam->module;
	if (beam_read_atoms(&facts->atoms, arena, beam, err) ||
	    read_functions(&facts->exports, arena, beam->chunks[BEAM_EXPT], facts->atoms, false,
			   err) ||
	    read_functions(&facts->imports, arena, beam->chunks[BEAM_IMPT], facts->atoms, true,
			   err) ||
	    read_list(&facts->attributes, arena, beam->chunks[BEAM_ATTR], "attributes", err) ||
	    read_list(&facts->compile, arena, beam->chunks[BEAM_CINF], "compile info", err))
		return -1;
	read_attributes(facts, arena);
	find_roles(facts);
	facts->nif = beam_imports(facts, "erlang", "load_nif", 2);
	*out = facts;
	return 0;
}

/* ---- literals ---- */

static int unpack_literals(struct str *out, struct span data, struct error *err)
{
	size_t size;

	if (data.len < 4)
		return error_set(err, ERROR_INVALID, "literals: cut off");
	size = beam_word(data.ptr);
	data = (struct span){ data.ptr + 4, data.len - 4 };
	if (size > BEAM_LITERALS_MAX)
		return error_set(err, ERROR_INVALID, "literals: %zu bytes are too many", size);
	if (size > 0)
		return zlib_inflate(out, data, size, err);
	str_add(out, data); /* OTP 28: not compressed */
	return 0;
}

int beam_read_literals(const struct term **out, struct arena *arena, const struct beam *beam,
		       struct error *err)
{
	owned_str struct str plain = STR_EMPTY;
	struct terms terms = { NULL, 0, 0 };
	const struct term *term;
	struct span rest;
	size_t left, size;

	if (!beam->chunks[BEAM_LITT].ptr) {
		*out = &term_nil;
		return 0;
	}
	if (unpack_literals(&plain, beam->chunks[BEAM_LITT], err))
		return -1;
	rest = str_span(&plain);
	left = rest.len < 4 ? 0 : beam_word(rest.ptr);
	for (size_t at = 4; left > 0; left--, at += 4 + size) {
		if (at + 4 > rest.len || (size = beam_word(rest.ptr + at)) > rest.len - at - 4)
			return error_set(err, ERROR_INVALID, "literals: cut off");
		if (term_decode(&term, arena, (struct span){ rest.ptr + at + 4, size },
				TERM_LIMITS_FILE, NULL, err))
			return error_wrap(err, "literals");
		terms_add(arena, &terms, term);
	}
	*out = term_list_of(arena, &terms);
	return 0;
}
