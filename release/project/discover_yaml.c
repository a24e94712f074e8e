// SPDX-License-Identifier: Apache-2.0
/* The relevo.yaml of a project that was found. */
#include "release/project/discover.h"

#include <ctype.h>

static void add_quoted(struct str *out, const char *text)
{
	str_addc(out, '"');
	for (const char *at = text; *at; at++) {
		if ((unsigned char)*at < ' ')
			str_addf(out, "\\x%02x", *at);
		else
			str_addf(out, strchr("\"\\", *at) ? "\\%c" : "%c", *at);
	}
	str_addc(out, '"');
}

/* A plain scalar where that is one, else in quotes. */
static void add_text(struct str *out, const char *text)
{
	static const char *const words[] = { "true", "false", "null" };
	bool plain = isalpha((unsigned char)text[0]) || text[0] == '_';

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		plain &= strcmp(text, words[i]) != 0;
	for (const char *at = text; *at; at++)
		plain &= isalnum((unsigned char)*at) || strchr("_-./@", *at) != NULL;
	if (plain)
		str_adds(out, text);
	else
		add_quoted(out, text);
}

static void add_release(struct str *out, const struct discovered *found)
{
	str_adds(out,
		 "# What `relevo build` makes of this project.  All keys: relevo help config\n\n"
		 "# The name of the release: bin/NAME, NAME-VERSION.tar.gz\n");
	if (found->releases.len > 1) {
		str_adds(out, "# The project describes several:");
		for (size_t i = 0; i < found->releases.len; i++)
			str_addf(out, "%s %s", i ? "," : "", found->releases.items[i]);
		str_adds(out, "; see the key \"releases\".\n");
	}
	str_adds(out, "release: ");
	add_text(out, found->release);
	str_adds(out, "\n\n# That of the first application below ({from: app}), a text, or {from: "
		      "git}.\nversion: ");
	if (found->version)
		add_quoted(out, found->version);
	else
		str_adds(out, found->version_by_git ? "{from: git}" : "{from: app}");
	str_adds(out, "\n\n");
}

static void add_value(struct str *out, const struct discovered_key *key)
{
	if (key->word) {
		str_adds(out, key->word);
		return;
	}
	str_adds(out, key->is_list ? "[" : "");
	for (size_t i = 0; i < key->texts.len; i++) {
		str_adds(out, i ? ", " : "");
		add_text(out, key->texts.items[i]);
	}
	str_adds(out, key->is_list ? "]" : "");
}

/* Those that begin with it; "" is those of no group. */
static bool add_keys(struct str *out, const struct discovered *found, const char *group)
{
	size_t len = strlen(group);
	bool any = false;

	for (size_t i = 0; i < found->keys_len; i++) {
		const char *path = found->keys[i].path;

		if (len ? strncmp(path, group, len) != 0 : strchr(path, '.') != NULL)
			continue;
		any = true;
		str_addf(out, "%s%s: ", len ? "  " : "", path + len);
		add_value(out, &found->keys[i]);
		str_addc(out, '\n');
	}
	return any;
}

static void add_settled(struct str *out, const struct discovered *found)
{
	owned_str struct str keys = STR_EMPTY;

	if (add_keys(&keys, found, ""))
		str_addf(out, "\n# As the project describes its release.\n%s", str_text(&keys));
	if (!found->left_out.len)
		return;
	str_adds(out, "\n# Not taken over from there:");
	for (size_t i = 0; i < found->left_out.len; i++)
		str_addf(out, "%s %s", i ? "," : "", found->left_out.items[i]);
	str_addc(out, '\n');
}

static void add_apps(struct str *out, const struct discovered *found)
{
	str_adds(out,
		 "# What is started, and how: permanent, transient, temporary, load or none.  What "
		 "they need\n# comes with them; kernel, stdlib and sasl (for upgrades) are always "
		 "there.\napplications:\n");
	for (size_t i = 0; i < found->len; i++)
		str_addf(out, "  %s: %s\n", found->apps[i].name,
			 start_type_name(found->apps[i].type));
}

static void add_libs(struct str *out, const struct discovered *found)
{
	str_adds(out, "\n# Where the compiled applications are.\nlibs: [");
	for (size_t i = 0; i < found->libs.len; i++) {
		str_adds(out, i ? ", " : "");
		add_text(out, found->libs.items[i]);
	}
	str_adds(out, "]\n");
}

static void add_file(struct str *out, const char *key, const char *path, const char *example)
{
	str_addf(out, "  %s%s: ", path ? "" : "# ", key);
	add_text(out, path ? path : example);
	str_addc(out, '\n');
}

static void add_config(struct str *out, const struct discovered *found)
{
	owned_str struct str keys = STR_EMPTY;
	bool more = add_keys(&keys, found, "config.");
	bool any =
		more || found->sys_config || found->runtime_config || found->vm_args || found->env;

	str_addf(out,
		 "\n# Configuration: now, at every start, of the VM, of its "
		 "environment.\n%sconfig:\n",
		 any ? "" : "# ");
	add_file(out, "sys", found->sys_config, "config/sys.config");
	if (!strstr(str_text(&keys), "  runtime: "))
		add_file(out, "runtime", found->runtime_config, "config/runtime.exs");
	add_file(out, "vm_args", found->vm_args, "rel/vm.args");
	add_file(out, "env", found->env, "rel/env.sh");
	str_adds(out, str_text(&keys));
}

static void add_upgrade(struct str *out, const struct discovered *found)
{
	str_adds(out,
		 "\n# Where finished releases are kept.\nstore: releases\n\n"
		 "upgrade:\n"
		 "  # Each release knows how to replace the one before it while that runs.\n"
		 "  from: [previous]\n"
		 "  # Appups written by hand, as FROM-TO/APP.appup; the others are generated.\n");
	add_file(out, "appups", found->appups, "rel/appups");
}

void discovered_yaml(struct str *out, const struct discovered *found)
{
	add_release(out, found);
	add_apps(out, found);
	add_libs(out, found);
	add_settled(out, found);
	add_config(out, found);
	add_upgrade(out, found);
}
