// SPDX-License-Identifier: Apache-2.0
/* The options of a release in mix.exs: those that are written down plainly are keys of relevo.yaml
 * afterwards, and the others are named.
 */
#include "release/project/discover_parts.h"
#include "release/project/mix_tokens.h"

struct option_value {
	const char *path;             /* of the key */
	const struct mix_token *from; /* the words of the value … */
	size_t len;                   /* … and how many */
};

/* ---- kinds of values; false: it is none of these ---- */

static bool is_word(const struct option_value *v, const char *word)
{
	return v->len == 1 && mix_token_is(v->from, MIX_WORD, word);
}

/* A text in which nothing is computed. */
static bool is_plain(const struct mix_token *token)
{
	return token->kind == MIX_STRING && !memchr(token->text.ptr, '\\', token->text.len) &&
	       !memmem(token->text.ptr, token->text.len, "#{", 2);
}

static const char *plain_text(struct discoverer *d, const struct option_value *v)
{
	return v->len == 1 && is_plain(v->from) ? arena_dup(d->arena, v->from->text) : NULL;
}

static bool is_list(const struct option_value *v)
{
	return v->len >= 2 && mix_token_is(v->from, MIX_SIGN, "[");
}

static bool take_bool(struct discoverer *d, const struct option_value *v)
{
	if (!is_word(v, "true") && !is_word(v, "false"))
		return false;
	discover_word(d, v->path, is_word(v, "true") ? "true" : "false");
	return true;
}

static bool take_text(struct discoverer *d, const struct option_value *v)
{
	const char *text = plain_text(d, v);

	if (text)
		discover_text(d, v->path, text);
	return text != NULL;
}

/* [one, two] of texts, or of atoms. */
static bool take_list(struct discoverer *d, const struct option_value *v, enum mix_kind kind)
{
	const char **items = arena_array(d->arena, v->len, const char *);
	size_t len = 0;

	if (!is_list(v))
		return false;
	for (size_t i = 1; i + 1 < v->len; i++) {
		const struct mix_token *token = &v->from[i];

		if (mix_token_is(token, MIX_SIGN, ","))
			continue;
		if (token->kind != kind || (kind == MIX_STRING && !is_plain(token)))
			return false;
		items[len++] = arena_dup(d->arena, token->text);
	}
	discover_texts(d, v->path, (struct names){ items, len });
	return true;
}

static bool take_texts(struct discoverer *d, const struct option_value *v)
{
	const char **items = arena_array(d->arena, 1, const char *);

	items[0] = plain_text(d, v);
	if (!items[0])
		return take_list(d, v, MIX_STRING);
	discover_texts(d, v->path, (struct names){ items, 1 });
	return true;
}

static bool take_atoms(struct discoverer *d, const struct option_value *v)
{
	return take_list(d, v, MIX_ATOM);
}

/* ---- single options ---- */

static bool take_erts(struct discoverer *d, const struct option_value *v)
{
	if (is_word(v, "true"))
		return true;
	if (!is_word(v, "false"))
		return take_text(d, v);
	discover_word(d, v->path, "none");
	return true;
}

static bool take_runtime(struct discoverer *d, const struct option_value *v)
{
	if (is_word(v, "false")) {
		discover_word(d, v->path, "false");
		return true;
	}
	d->found->runtime_config = plain_text(d, v);
	return d->found->runtime_config != NULL;
}

/* "1.0.0", {:from_app, :shop} */
static bool take_version(struct discoverer *d, const struct option_value *v)
{
	const char *text = plain_text(d, v);

	if (text && version_is_word(text))
		d->found->version = text;
	if (v->len == 5 && mix_token_is(&v->from[1], MIX_ATOM, "from_app") &&
	    v->from[3].kind == MIX_ATOM)
		d->version_app = arena_dup(d->arena, v->from[3].text);
	return d->found->version || d->version_app;
}

/* [{Module, argument}, …]: each as the Elixir it is. */
static bool take_providers(struct discoverer *d, const struct option_value *v)
{
	const char **items = arena_array(d->arena, v->len, const char *);
	const struct mix_token *at = v->from + 1, *end;
	size_t len = 0;

	if (!is_list(v))
		return false;
	for (; mix_token_deeper(at) >= 0; at = end + mix_token_is(end, MIX_SIGN, ",")) {
		end = mix_value_end(at);
		if (!mix_token_is(at, MIX_SIGN, "{") || !mix_token_is(end - 1, MIX_SIGN, "}"))
			return false;
		items[len++] = arena_dup(
			d->arena, (struct span){ at->text.ptr,
						 (size_t)(end[-1].text.ptr + 1 - at->text.ptr) });
	}
	discover_texts(d, v->path, (struct names){ items, len });
	return true;
}

/* relevo does these by itself; functions are commands there. */
static bool take_steps(struct discoverer *d, const struct option_value *v)
{
	(void)d;
	if (!is_list(v))
		return false;
	for (size_t i = 1; i + 1 < v->len; i++)
		if (!mix_token_is(&v->from[i], MIX_SIGN, ",") &&
		    !mix_token_is(&v->from[i], MIX_ATOM, "assemble") &&
		    !mix_token_is(&v->from[i], MIX_ATOM, "tar"))
			return false;
	return true;
}

/* [shop: :permanent, …] */
static bool take_applications(struct discoverer *d, const struct option_value *v)
{
	if (!is_list(v))
		return false;
	for (size_t i = 1; i + 1 < v->len; i++)
		if (v->from[i].kind == MIX_KEY && v->from[i + 1].kind == MIX_ATOM)
			discover_add(&d->listed, d, v->from[i].text, NULL,
				     discover_start_type(v->from[i + 1].text));
	d->has_list = d->listed.len > 0;
	return true;
}

static const struct option {
	const char *name, *path;
	bool (*take)(struct discoverer *d, const struct option_value *value);
} options[] = {
	{ "applications", NULL, take_applications },
	{ "version", NULL, take_version },
	{ "steps", NULL, take_steps },
	{ "include_erts", "erts", take_erts },
	{ "cookie", "cookie", take_text },
	{ "strip_beams", "strip", take_bool },
	{ "overlays", "overlays", take_texts },
	{ "rel_templates_path", "templates", take_text },
	{ "skip_mode_validation_for", "skip_mode_validation_for", take_atoms },
	{ "runtime_config_path", "config.runtime", take_runtime },
	{ "config_providers", "config.providers", take_providers },
	{ "reboot_system_after_config", "config.reboot_system_after_config", take_bool },
	{ "prune_runtime_sys_config_after_boot", "config.prune_runtime_sys_config_after_boot",
	  take_bool },
	{ "start_distribution_during_config", "config.start_distribution_during_config",
	  take_bool },
	{ "validate_compile_env", "config.validate_compile_env", take_bool },
};

static bool take(struct discoverer *d, struct span name, struct option_value value)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (!span_is(name, options[i].name))
			continue;
		value.path = options[i].path;
		return options[i].take(d, &value);
	}
	return false;
}

void discover_mix_options(struct discoverer *d, const struct mix_token *at)
{
	while (at->kind != MIX_END && mix_token_deeper(at) >= 0) {
		const struct mix_token *end = mix_value_end(at + 1);
		struct option_value value = { .from = at + 1, .len = (size_t)(end - at - 1) };

		if (at->kind != MIX_KEY)
			break;
		if (!take(d, at->text, value))
			discover_leave_out(d, at->text);
		at = end + mix_token_is(end, MIX_SIGN, ",");
	}
}
