// SPDX-License-Identifier: Apache-2.0
#include "upgrade/appup/appup_parts.h"

static const char *tag_of(const struct term *instruction)
{
	if (instruction->kind != TERM_TUPLE || instruction->seq.len < 2)
		return NULL;
	return term_atom_name(term_at(instruction, 0));
}

/* The module behind the tag: {load_module, M, …} or {load, {M, …}}. */
static const char *module_of(const struct term *instruction)
{
	static const char *const plain[] = { "load_module", "update", "add_module",
					     "delete_module" };
	const char *tag = tag_of(instruction);
	const struct term *second;

	if (!tag)
		return NULL;
	second = term_at(instruction, 1);
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (strcmp(tag, plain[i]) == 0)
			return term_atom_name(second);
	if ((strcmp(tag, "load") == 0 || strcmp(tag, "remove") == 0) &&
	    second->kind == TERM_TUPLE && second->seq.len > 0)
		return term_atom_name(term_at(second, 0));
	return NULL;
}

void script_modules(const struct term *script,
		    void (*see)(void *context, const char *module, const struct term *instruction),
		    void *context)
{
	for (size_t i = 0; i < script->seq.len; i++) {
		const struct term *instruction = term_at(script, i);
		const char *module = module_of(instruction);

		if (module)
			see(context, module, instruction);
	}
}

bool script_restarts(const struct term *script)
{
	for (size_t i = 0; i < script->seq.len; i++) {
		const struct term *instruction = term_at(script, i);

		if (term_is_atom(instruction, "restart_new_emulator") ||
		    term_is_atom(instruction, "restart_emulator") ||
		    term_is_tagged(instruction, "restart_application", 2))
			return true;
	}
	return false;
}

bool instruction_is_advanced(const struct term *instruction)
{
	if (instruction->kind != TERM_TUPLE || !term_is_atom(term_at(instruction, 0), "update"))
		return false;
	for (size_t i = 2; i < instruction->seq.len; i++)
		if (term_is_tagged(term_at(instruction, i), "advanced", 2))
			return true;
	return false;
}

/* DepMods, the last element; NULL: none. */
static const struct term *deps_of(const struct term *instruction)
{
	const struct term *last = term_at(instruction, instruction->seq.len - 1);

	return instruction->seq.len > 2 && term_is_list(last) ? last : NULL;
}

bool script_converts(const struct term *script, const char *module)
{
	for (size_t i = 0; i < script->seq.len; i++) {
		const struct term *instruction = term_at(script, i), *deps;

		if (!instruction_is_advanced(instruction))
			continue;
		deps = deps_of(instruction);
		if (term_is_atom(term_at(instruction, 1), module))
			return true;
		for (size_t j = 0; deps && j < deps->seq.len; j++)
			if (term_is_atom(term_at(deps, j), module))
				return true;
	}
	return false;
}

static bool changes(const struct term *instruction, const char *module)
{
	const struct term *name;

	if (instruction->kind != TERM_TUPLE || instruction->seq.len < 2)
		return false;
	name = term_at(instruction, 1);
	if (name->kind == TERM_TUPLE && name->seq.len > 0)
		name = term_at(name, 0);
	return !term_is_tagged(instruction, "apply", 2) && term_is_atom(name, module);
}

const struct term *script_find(const struct term *script, const char *module)
{
	for (size_t i = 0; i < script->seq.len; i++)
		if (changes(term_at(script, i), module))
			return term_at(script, i);
	return NULL;
}

const struct term *appup_instruction(const struct appup_made *made, bool down, const char *module)
{
	const struct term *script = down ? made->down : made->up;
	const struct terms *later = down ? &made->down_later : &made->up_later;
	const struct term *found = script ? script_find(script, module) : NULL;

	for (size_t i = 0; !found && i < later->len; i++)
		if (changes(later->items[i], module))
			found = later->items[i];
	return found;
}
