// SPDX-License-Identifier: Apache-2.0
#include "release/model/boot.h"

#include "base/file.h"

struct rewriter {
	struct arena *arena;
	const struct boot_options *options;
	const struct term *consolidated; /* the folder, as a string */
};

/* {path, ["$RELEASE_LIB/…", …]}: does any folder of it lie below RELEASE_LIB? */
static bool holds_release_lib(struct rewriter *r, const struct term *dirs)
{
	for (size_t i = 0; i < dirs->seq.len; i++) {
		const char *dir;

		if (term_get_string(dirs->seq.items[i], r->arena, &dir) &&
		    span_starts(span_of(dir), "$RELEASE_LIB/"))
			return true;
	}
	return false;
}

static const struct term *with_consolidated(struct rewriter *r, const struct term *path)
{
	const struct term *dirs = term_at(path, 1);
	struct terms all = { NULL, 0, 0 };

	terms_add(r->arena, &all, r->consolidated);
	for (size_t i = 0; i < dirs->seq.len; i++)
		terms_add(r->arena, &all, dirs->seq.items[i]);
	return term_tuple(r->arena, term_at(path, 0), term_list_of(r->arena, &all));
}

/* {apply, {application, start_boot, [stdlib, permanent]}} */
static bool starts_stdlib(const struct term *instruction)
{
	const struct term *call, *args;

	if (!term_is_tagged(instruction, "apply", 2))
		return false;
	call = term_at(instruction, 1);
	if (!term_is_tagged(call, "application", 3) ||
	    !term_is_atom(term_at(call, 1), "start_boot"))
		return false;
	args = term_at(call, 2);
	return args->seq.len > 0 && term_is_atom(term_at(args, 0), "stdlib");
}

/* {apply, {'Elixir.Config.Provider', boot, []}} */
static const struct term *boot_providers(struct arena *arena)
{
	const struct term *call = term_tuple(arena, term_atom(arena, "Elixir.Config.Provider"),
					     term_atom(arena, "boot"), &term_nil);

	return term_tuple(arena, term_atom(arena, "apply"), call);
}

/* What Mix changes in the script that systools makes. */
static const struct term *rewrite(struct rewriter *r, const struct term *script)
{
	const struct term *instructions = term_at(script, 2);
	struct terms out = { NULL, 0, 0 };

	for (size_t i = 0; i < instructions->seq.len; i++) {
		const struct term *next = instructions->seq.items[i];

		if (r->options->consolidated && term_is_tagged(next, "path", 2) &&
		    holds_release_lib(r, term_at(next, 1)))
			next = with_consolidated(r, next);
		terms_add(r->arena, &out, next);
		if (r->options->providers && starts_stdlib(next))
			terms_add(r->arena, &out, boot_providers(r->arena));
	}
	return term_tuple(r->arena, term_at(script, 0), term_at(script, 1),
			  term_list_of(r->arena, &out));
}

static int write_script(const char *dir, const char *name, struct rewriter *r,
			const struct resolved *release, const struct boot_base *base,
			struct error *err)
{
	struct script_options options = { r->options->vars, r->options->vars_len, true, false };
	owned_str struct str text = STR_EMPTY, boot = STR_EMPTY;
	const struct term *script;

	if (script_make(&script, r->arena, release, base, &options, err))
		return -1;
	script = rewrite(r, script);
	term_print_file(&text, script);
	term_encode(&boot, script, r->options->atoms);
	if (file_put(arena_printf(r->arena, "%s/%s.script", dir, name), str_span(&text), 0644,
		     err) ||
	    file_put(arena_printf(r->arena, "%s/%s.boot", dir, name), str_span(&boot), 0644, err))
		return -1;
	return 0;
}

int boot_write(const char *dir, struct arena *arena, const struct resolved *release,
	       const struct resolved *clean, const struct boot_base *base,
	       const struct boot_options *options, struct error *err)
{
	const char *consolidated =
		arena_printf(arena, "$RELEASE_LIB/../releases/%s/consolidated", release->rel->vsn);
	struct rewriter r = { arena, options, term_string(arena, consolidated) };

	if (write_script(dir, "start", &r, release, base, err) ||
	    write_script(dir, "start_clean", &r, clean, base, err))
		return -1;
	return 0;
}
