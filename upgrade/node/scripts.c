// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/scripts.h"

#include "base/embed.h"

EMBED(node_script_common, "upgrade/node/common.erl")
EMBED(node_script_config, "upgrade/node/config.erl")
#define X(name, config) EMBED(node_script_##name, "upgrade/node/" #name ".erl")
SCRIPTS(X)
#undef X

static const struct {
	const char *name;
	struct span (*text)(void);
	bool config;
} scripts[] = {
#define X(name, config) [SCRIPT_##name] = { #name ".erl", node_script_##name, config },
	SCRIPTS(X)
#undef X
};

const char *script_name(enum script script)
{
	return scripts[script].name;
}

static void add(struct str *out, struct span text)
{
	if (out->len > 0)
		str_adds(out, ",\n");
	str_add(out, span_trim(text));
}

void script_text(struct str *out, enum script script)
{
	add(out, node_script_common());
	if (scripts[script].config)
		add(out, node_script_config());
	add(out, scripts[script].text());
}
