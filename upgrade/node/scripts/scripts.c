// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/scripts/scripts.h"

#include "base/embed.h"

EMBED(node_script_session, "upgrade/node/scripts/session.erl")
EMBED(node_script_common, "upgrade/node/scripts/common.erl")
EMBED(node_script_change, "upgrade/node/scripts/change.erl")
EMBED(node_script_held, "upgrade/node/scripts/held.erl")
EMBED(node_script_config, "upgrade/node/scripts/config.erl")
EMBED(node_script_vm, "upgrade/node/scripts/vm.erl")
EMBED(node_script_redact, "upgrade/node/scripts/redact.erl")
EMBED(node_script_evaluate, "upgrade/node/scripts/evaluate.erl")
#define X(name, changes, behind) EMBED(node_script_##name, "upgrade/node/scripts/" #name ".erl")
SCRIPTS(X)
#undef X

enum behind { ALONE, HELD, CONFIG, VM };

static const struct {
	const char *name;
	struct span (*text)(void);
	bool changes;
	enum behind behind;
} scripts[] = {
#define X(name, changes, behind) \
	[SCRIPT_##name] = { #name ".erl", node_script_##name, changes, behind },
	SCRIPTS(X)
#undef X
};

const char *script_name(enum script script)
{
	return scripts[script].name;
}

struct span script_session(void)
{
	return node_script_session();
}

/* The text that another VM evaluates, as a string of this one. */
static void add_evaluator(struct str *out)
{
	struct span text = span_trim(node_script_evaluate());

	str_adds(out, "Evaluator = \"");
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"' || text.ptr[i] == '\\')
			str_addc(out, '\\');
		str_addc(out, text.ptr[i]);
	}
	str_addc(out, '"');
}

size_t script_parts(enum script_part out[static SCRIPT_PARTS], enum script script)
{
	size_t len = 0;

	out[len++] = PART_COMMON;
	if (scripts[script].changes)
		out[len++] = PART_CHANGE;
	if (scripts[script].behind == HELD)
		out[len++] = PART_HELD;
	if (scripts[script].behind >= CONFIG)
		out[len++] = PART_CONFIG;
	if (scripts[script].behind >= VM) {
		out[len++] = PART_REDACT;
		out[len++] = PART_EVALUATOR;
		out[len++] = PART_VM;
	}
	out[len++] = (enum script_part)(PART_SCRIPTS + 1 + script);
	return len;
}

void script_part_text(struct str *out, enum script_part part)
{
	static struct span (*const shared[])(
		void) = { [PART_COMMON] = node_script_common, [PART_CHANGE] = node_script_change,
			  [PART_HELD] = node_script_held,     [PART_CONFIG] = node_script_config,
			  [PART_REDACT] = node_script_redact, [PART_VM] = node_script_vm };

	if (part == PART_EVALUATOR)
		add_evaluator(out);
	else if (part < PART_SCRIPTS)
		str_add(out, span_trim(shared[part]()));
	else
		str_add(out, span_trim(scripts[part - PART_SCRIPTS - 1].text()));
}
