// SPDX-License-Identifier: Apache-2.0
/* Mix projects: what mix.exs says plainly.  It is a program; only a few pairs of key and value
 * are looked for in its words.
 */
#include "release/project/discover_parts.h"
#include "release/project/mix_tokens.h"

/* ---- releases ---- */

/* [shop: […], …]: behind the bracket.  The default one is the release, or the first. */
static void read_releases(struct discoverer *d, const struct mix_token *at, struct span fallback)
{
	const struct mix_token *chosen = NULL;
	const char **names = NULL;
	size_t len = 0, cap = 0;

	while (at->kind == MIX_KEY && len < DISCOVER_APPS_MAX) {
		const struct mix_token *end = mix_value_end(at + 1);

		if (!chosen || span_equal(at->text, fallback))
			chosen = at;
		names = arena_grow(d->arena, names, len, &cap);
		names[len++] = arena_dup(d->arena, at->text);
		at = end + mix_token_is(end, MIX_SIGN, ",");
	}
	d->found->releases = (struct names){ names, len };
	if (!chosen)
		return;
	d->found->release = arena_dup(d->arena, chosen->text);
	if (mix_token_is(&chosen[1], MIX_SIGN, "["))
		discover_mix_options(d, chosen + 2);
	else
		discover_leave_out(d, chosen->text);
}

/* ---- projects ---- */

static int read_file(struct span *out, struct discoverer *d, const char *dir, struct error *err)
{
	owned_str struct str text = STR_EMPTY;

	if (discover_read(&text, d, path_join(d->arena, dir, "mix.exs"), err))
		return -1;
	*out = (struct span){ arena_dup(d->arena, str_span(&text)), text.len };
	return 0;
}

/* The folder's name stands in for a name that is not plain. */
static int read_children(struct discoverer *d, const char *path, struct error *err)
{
	struct names names;

	if (discover_folders(&names, d, path, err))
		return -1;
	for (size_t i = 0; i < names.len; i++) {
		const char *dir = path_join(d->arena, path, names.items[i]);
		struct mix_tokens tokens;
		struct span text, name;

		if (!discover_has(d, path_join(d->arena, dir, "mix.exs")))
			continue;
		if (read_file(&text, d, dir, err))
			return -1;
		tokens = mix_tokens_split(d->arena, text);
		name = mix_text_of(&tokens, "app", MIX_ATOM);
		discover_add(&d->own, d, name.len ? name : span_of(names.items[i]), dir,
			     START_PERMANENT);
	}
	return 0;
}

int discover_mix_text(struct discoverer *d, struct span text, struct error *err)
{
	static const char *const libs[] = { "_build/prod/lib" };
	struct mix_tokens tokens = mix_tokens_split(d->arena, text);
	struct span apps_path = mix_text_of(&tokens, "apps_path", MIX_STRING);
	struct span app = mix_text_of(&tokens, "app", MIX_ATOM);
	const struct mix_token *releases;

	d->found->kind = apps_path.len ? DISCOVERED_UMBRELLA : DISCOVERED_MIX;
	d->found->libs = (struct names){ libs, 1 };
	if (apps_path.len && apps_path.ptr[0] != '/' &&
	    read_children(d, arena_dup(d->arena, apps_path), err))
		return -1;
	if (!apps_path.len)
		discover_add(&d->own, d, app, ".", START_PERMANENT);
	releases = mix_list_of(&tokens, "releases");
	if (releases)
		read_releases(d, releases, mix_text_of(&tokens, "default_release", MIX_ATOM));
	return 0;
}

int discover_mix(struct discoverer *d, struct error *err)
{
	struct span text;

	return read_file(&text, d, "", err) || discover_mix_text(d, text, err) ? -1 : 0;
}
