// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/scripts/scripts.h"

#include "base/embed.h"

EMBED(node_script_common, "upgrade/node/scripts/common.erl")
EMBED(node_script_change, "upgrade/node/scripts/change.erl")
EMBED(node_script_config, "upgrade/node/scripts/config.erl")
EMBED(node_script_vm, "upgrade/node/scripts/vm.erl")
EMBED(node_script_redact, "upgrade/node/scripts/redact.erl")
EMBED(node_script_evaluate, "upgrade/node/scripts/evaluate.erl")
#define X(name, changes, behind) EMBED(node_script_##name, "upgrade/node/scripts/" #name ".erl")
SCRIPTS(X)
#undef X

enum behind { ALONE, CONFIG, VM };

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

static void add(struct str *out, struct span text)
{
	str_adds(out, ",\n");
	str_add(out, span_trim(text));
}

/* The text that another VM evaluates, as a string of this one. */
static void add_evaluator(struct str *out)
{
	struct span text = span_trim(node_script_evaluate());

	str_adds(out, ",\nEvaluator = \"");
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"' || text.ptr[i] == '\\')
			str_addc(out, '\\');
		str_addc(out, text.ptr[i]);
	}
	str_addc(out, '"');
}

void script_text(struct str *out, enum script script)
{
	str_add(out, span_trim(node_script_common()));
	if (scripts[script].changes)
		add(out, node_script_change());
	if (scripts[script].behind >= CONFIG)
		add(out, node_script_config());
	if (scripts[script].behind >= VM) {
		add_evaluator(out);
		add(out, node_script_vm());
		add(out, node_script_redact());
	}
	add(out, scripts[script].text());
}
