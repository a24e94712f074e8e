// SPDX-License-Identifier: Apache-2.0
#include "erlang/term/text.h"
#include "upgrade/relup/translate/stages.h"

/* ---- short forms ---- */

static bool is_tuple(const struct term *term)
{
	return term->kind == TERM_TUPLE;
}

/* Erlang's is_list/1, which an improper list passes too. */
static bool is_list(const struct term *term)
{
	return term->kind == TERM_LIST;
}

static const struct term *brutal(struct arena *arena)
{
	return term_atom(arena, "brutal_purge");
}

static const struct term *load(struct arena *arena, const struct term *term,
			       const struct term *modules)
{
	return term_tuple(arena, term_at(term, 0), term_at(term, 1), brutal(arena), brutal(arena),
			  modules);
}

static const struct term *update(struct arena *arena, const struct term *term,
				 const struct term *change, const struct term *modules)
{
	return term_tuple(arena, term_at(term, 0), term_at(term, 1),
			  change ? change : term_atom(arena, "soft"), brutal(arena), brutal(arena),
			  modules);
}

static const struct term *update_supervisor(struct arena *arena, const struct term *term)
{
	return term_tuple(arena, term_at(term, 0), term_at(term, 1), term_atom(arena, "static"),
			  term_atom(arena, "default"), op_pair(arena, "advanced", &term_nil),
			  brutal(arena), brutal(arena), &term_nil);
}

static bool is_change(const struct term *term)
{
	return is_tuple(term) || term_is_atom(term, "soft");
}

static const struct term *expand_update(struct arena *arena, const struct term *term)
{
	size_t arity = term->seq.len;
	const struct term *third = arity > 2 ? term_at(term, 2) : NULL;

	if (arity == 2)
		return update(arena, term, NULL, &term_nil);
	if (arity == 3 && term_is_atom(third, "supervisor"))
		return update_supervisor(arena, term);
	if (arity == 3 && is_change(third))
		return update(arena, term, third, &term_nil);
	if (arity == 3 && is_list(third))
		return update(arena, term, NULL, third);
	if (arity == 4 && is_change(third) && is_list(term_at(term, 3)))
		return update(arena, term, third, term_at(term, 3));
	return term;
}

const struct term *instruction_expand(struct arena *arena, const struct term *term)
{
	if (!is_tuple(term) || term->seq.len < 2)
		return term;
	if (term_is_atom(term_at(term, 0), "update"))
		return expand_update(arena, term);
	if (term_is_tagged(term, "load_module", 2))
		return load(arena, term, &term_nil);
	if (term_is_tagged(term, "load_module", 3) && is_list(term_at(term, 2)))
		return load(arena, term, term_at(term, 2));
	if (term_is_tagged(term, "add_application", 2))
		return term_tuple(arena, term_at(term, 0), term_at(term, 1),
				  term_atom(arena, "permanent"));
	return term;
}

/* The term with two elements put in behind the module. */
static const struct term *with_type(struct arena *arena, const struct term *term,
				    const struct term *timeout, size_t rest)
{
	return term_tuple(arena, term_at(term, 0), term_at(term, 1), term_atom(arena, "dynamic"),
			  timeout, term_at(term, rest), term_at(term, rest + 1),
			  term_at(term, rest + 2), term_at(term, rest + 3));
}

const struct term *instruction_normalize(struct arena *arena, const struct term *term)
{
	if (term_is_tagged(term, "update", 6))
		return with_type(arena, term, term_atom(arena, "default"), 2);
	if (term_is_tagged(term, "update", 7))
		return with_type(arena, term, term_at(term, 2), 3);
	if (term_is_tagged(term, "add_module", 2) || term_is_tagged(term, "delete_module", 2))
		return term_tuple(arena, term_at(term, 0), term_at(term, 1), &term_nil);
	return term;
}

/* ---- syntax ---- */

/* Names with a NUL inside are not for this world: no .app file that is read has one. */
static bool is_atom(const struct term *term)
{
	const char *name;

	return name_get(&name, term);
}

static bool good_change(const struct term *term)
{
	return term_is_atom(term, "soft") || term_is_tagged(term, "advanced", 2);
}

static bool good_purge(const struct term *term)
{
	return term_is_atom(term, "soft_purge") || term_is_atom(term, "brutal_purge");
}

static bool good_timeout(const struct term *term)
{
	return term_is_atom(term, "default") || term_is_atom(term, "infinity") ||
	       (term->kind == TERM_INTEGER && term->integer > 0) ||
	       (term->kind == TERM_BIG && !term->big.negative);
}

static bool good_type(const struct term *term)
{
	return term_is_atom(term, "static") || term_is_atom(term, "dynamic");
}

static bool good_start(const struct term *term)
{
	return term_is_atom(term, "permanent") || term_is_atom(term, "transient") ||
	       term_is_atom(term, "temporary") || term_is_atom(term, "load") ||
	       term_is_atom(term, "none");
}

static bool good_mode(const struct term *term)
{
	return term_is_atom(term, "up") || term_is_atom(term, "down");
}

static bool is_pair(const struct term *term)
{
	return term_is_tuple(term, 2);
}

/* What a letter of a form below stands for. */
/* clang-format off */
static const struct rule {
	char letter;
	char element;                   /* a list, each element of which obeys this letter */
	bool (*good)(const struct term *term);
	const char *otp, *message;
} rules[] = {
	{ 'm', 0,   is_atom,      "bad_module",       "not a module (an atom)" },
	{ 'c', 0,   good_change,  "bad_change",       "not a change (soft or {advanced,Extra})" },
	{ 'p', 0,   good_purge,   "bad_purge_method", "not a way to purge (soft_purge or brutal_purge)" },
	{ 't', 0,   good_timeout, "bad_timeout",      "not a timeout (default, infinity or milliseconds above 0)" },
	{ 'y', 0,   good_type,    "bad_mod_type",     "not a type of module (static or dynamic)" },
	{ 'a', 0,   is_atom,      "bad_application",  "not an application (an atom)" },
	{ 's', 0,   good_start,   "bad_start_type",   "not a start type (permanent, transient, temporary, load or none)" },
	{ 'l', 0,   is_atom,      "bad_lib",          "not an application (an atom)" },
	{ 'v', 0,   is_list,      "bad_lib_vsn",      "not a version (a string)" },
	{ 'o', 0,   good_mode,    "bad_mode",         "not a direction (up or down)" },
	{ 'e', 0,   is_pair,      "bad_code_change",  "not {Module,Extra}" },
	{ 'f', 0,   is_atom,      "bad_func",         "not a function (an atom)" },
	{ 'x', 0,   is_list,      "bad_args_list",    "not a list of arguments" },
	{ 'n', 0,   is_atom,      "bad_node",         "not a node (an atom)" },
	{ 'i', 0,   is_list,      "bad_list",         "not a list" },
	{ 'M', 'm', is_list,      "bad_list",         "not a list of modules" },
	{ 'S', 'z', is_list,      "bad_list",         "not a list of modules" },
	{ 'E', 'e', is_list,      "bad_list",         "not a list of {Module,Extra}" },
	{ 'N', 'n', is_list,      "bad_list",         "not a list of nodes" },
};

/* The instructions that are tuples: what their elements behind the tag must be.
 * `inside`: the one element behind the tag is a tuple, and these are its elements.
 */
#define FORM(tag, elements) { tag, elements, sizeof(elements) - 1, false }
#define FORM_INSIDE(tag, elements) { tag, elements, sizeof(elements) - 1, true }
static const struct form {
	const char *tag, *elements;
	size_t len;
	bool inside;
} forms[] = {
	FORM("update", "mcppM"),
	FORM("update", "mtcppM"),
	FORM("update", "mytcppM"),
	FORM("load_module", "mppM"),
	FORM("add_module", "m"),
	FORM("add_module", "mM"),
	FORM("delete_module", "m"),
	FORM("delete_module", "mM"),
	FORM("add_application", "as"),
	FORM("remove_application", "a"),
	FORM("restart_application", "a"),
	FORM_INSIDE("load_object_code", "lvM"),
	FORM_INSIDE("load", "mpp"),
	FORM_INSIDE("remove", "mpp"),
	FORM_INSIDE("apply", "mfx"),
	FORM("purge", "M"),
	FORM("suspend", "S"),
	FORM("resume", "M"),
	FORM("code_change", "E"),
	FORM("stop", "M"),
	FORM("start", "M"),
};

static const char *const words[] = {
	"point_of_no_return", "restart_new_emulator", "restart_emulator", "restart", "reboot",
};
/* clang-format on */

static int check(const struct op *op, char letter, const struct term *term, struct error *err);

/* Modules, with a timeout or without. */
static int check_suspended(const struct op *op, const struct term *term, struct error *err)
{
	if (!is_pair(term))
		return check(op, 'm', term, err);
	return check(op, 'm', term_at(term, 0), err) || check(op, 't', term_at(term, 1), err) ? -1
											      : 0;
}

static int check_list(const struct op *op, char element, const struct term *list, struct error *err)
{
	for (size_t i = 0; i < list->seq.len; i++)
		if (check(op, element, term_at(list, i), err))
			return -1;
	if (list->seq.tail)
		return op_refuse(op, err, "bad_list", "not a proper list", list);
	return 0;
}

static int check(const struct op *op, char letter, const struct term *term, struct error *err)
{
	const struct rule *rule = rules;

	if (letter == 'z')
		return check_suspended(op, term, err);
	while (rule->letter != letter)
		rule++;
	if (!rule->good(term))
		return op_refuse(op, err, rule->otp, rule->message, term);
	if (letter == 'e')
		return check(op, 'm', term_at(term, 0), err);
	return rule->element ? check_list(op, rule->element, term, err) : 0;
}

static int check_elements(const struct op *op, const char *letters, const struct term *tuple,
			  size_t first, struct error *err)
{
	for (size_t i = 0; letters[i]; i++)
		if (check(op, letters[i], term_at(tuple, first + i), err))
			return -1;
	return 0;
}

/* {code_change, Mode, Changes}: the list is looked at before the mode, its elements after. */
static int check_code_change(const struct op *op, struct error *err)
{
	const struct term *mode = term_at(op->term, 1), *changes = term_at(op->term, 2);

	if (check(op, 'i', changes, err) || check(op, 'o', mode, err))
		return -1;
	return check(op, 'E', changes, err);
}

/* {sync_nodes, Id, {M,F,A} | [Node]} */
static int check_sync(const struct op *op, struct error *err)
{
	const struct term *nodes = term_at(op->term, 2);

	if (term_is_tuple(nodes, 3))
		return check_elements(op, "mfx", nodes, 0, err);
	return check(op, 'N', nodes, err);
}

static bool has_form(const struct term *term, const struct form *form)
{
	if (form->inside)
		return term_is_tagged(term, form->tag, 2) &&
		       term_is_tuple(term_at(term, 1), form->len);
	return term_is_tagged(term, form->tag, 1 + form->len);
}

static bool is_word(const struct term *term)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (term_is_atom(term, words[i]))
			return true;
	return false;
}

int instruction_check(const struct op *op, struct error *err)
{
	const struct term *term = op->term;

	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if (has_form(term, &forms[i]))
			return check_elements(op, forms[i].elements,
					      forms[i].inside ? term_at(term, 1) : term,
					      forms[i].inside ? 0 : 1, err);
	if (term_is_tagged(term, "code_change", 3))
		return check_code_change(op, err);
	if (term_is_tagged(term, "sync_nodes", 3))
		return check_sync(op, err);
	if (is_word(term))
		return 0;
	if (term_is_atom(term, "mnesia_backup"))
		return op_refuse(op, err, "not_yet_implemented", "OTP never got to this", term);
	return op_refuse(op, err, "bad_instruction", "not an instruction", term);
}
