// SPDX-License-Identifier: Apache-2.0
#include "release/trust/sbom.h"

#include "base/json.h"
#include "release/read/manifest_read.h"

static json_t *component(const char *type, const char *ref, const char *name, const char *vsn)
{
	return json_pack("{s:s, s:o, s:o, s:o}", "type", type, "bom-ref", json_text(ref), "name",
			 json_text(name), "version", json_text(vsn));
}

static void add_hash(json_t *component, const char *sha256)
{
	json_object_set_new(
		component, "hashes",
		json_pack("[{s:s, s:o}]", "alg", "SHA-256", "content", json_text(sha256)));
}

/* What SPDX calls the licences that nearly all packages of Hex have: by these names a machine knows
 * them; the others are said as the package says them.
 */
static bool is_spdx(const char *licence)
{
	static const char *const known[] = {
		"0BSD",         "AGPL-3.0-only", "Apache-2.0",    "BSD-2-Clause",  "BSD-3-Clause",
		"BSL-1.0",      "CC0-1.0",       "EPL-1.0",       "EPL-2.0",       "GPL-2.0-only",
		"GPL-3.0-only", "ISC",           "LGPL-2.1-only", "LGPL-3.0-only", "MIT",
		"MPL-1.1",      "MPL-2.0",       "Unlicense",     "WTFPL",         "Zlib",
	};

	return names_have((struct names){ known, ARRAY_LEN(known) }, licence);
}

static void add_licences(json_t *component, struct names licences)
{
	json_t *list = json_array();

	for (size_t i = 0; i < licences.len; i++)
		json_array_append_new(list, json_pack("{s:{s:o}}", "license",
						      is_spdx(licences.items[i]) ? "id" : "name",
						      json_text(licences.items[i])));
	if (licences.len > 0)
		json_object_set_new(component, "licenses", list);
	else
		json_decref(list);
}

/* rebar3 leaves in the .app file what the project tells: {licenses, ["Apache-2.0"]}. */
static struct names licences_of(struct arena *arena, const struct app *app)
{
	const struct term *keys =
		app->term && term_is_tuple(app->term, 3) ? app->term->seq.items[2] : NULL;

	for (size_t i = 0; keys && term_is_list(keys) && i < keys->seq.len; i++) {
		const struct term *pair = keys->seq.items[i];

		if (term_is_tuple(pair, 2) && term_is_atom(pair->seq.items[0], "licenses"))
			return texts_of_list(arena, pair->seq.items[1]);
	}
	return (struct names){ NULL, 0 };
}

/* Where it comes from, as the lock file has it. */
static void add_origin(json_t *component, struct arena *arena, const struct locked *locked)
{
	const char *uri = locked->url ? git_uri(arena, locked->url) : NULL;

	if (locked->package)
		json_object_set_new(component, "purl", json_text(locked_purl(arena, locked)));
	if (locked->sha256)
		add_hash(component, locked->sha256);
	if (uri)
		json_object_set_new(component, "externalReferences",
				    json_pack("[{s:s, s:o, s:o}]", "type", "vcs", "url",
					      json_text(uri), "comment",
					      json_text(locked->commit)));
}

static const char *ref_of(struct arena *arena, const char *app)
{
	return arena_printf(arena, "application:%s", app);
}

static json_t *app_json(struct arena *arena, const struct resolved_app *app,
			const struct lock *lock)
{
	const struct locked *locked = lock_find(lock, app->app->name);
	json_t *object =
		component("library", ref_of(arena, app->app->name), app->app->name, app->app->vsn);
	const char *description;

	if (app->app->description && term_get_text(app->app->description, arena, &description) &&
	    description[0])
		json_object_set_new(object, "description", json_text(description));
	if (locked)
		add_origin(object, arena, locked);
	add_licences(object, locked && locked->licences.len > 0 ? locked->licences
								: licences_of(arena, app->app));
	return object;
}

static json_t *app_needs(struct arena *arena, const struct resolved_app *app)
{
	json_t *list = json_array();
	const struct names all[] = { app->uses, app->includes };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (size_t j = 0; j < all[i].len; j++)
			json_array_append_new(list, json_text(ref_of(arena, all[i].items[j])));
	return json_pack("{s:o, s:o}", "ref", json_text(ref_of(arena, app->app->name)), "dependsOn",
			 list);
}

/* Shared libraries in an application, and the program that all of it runs in. */
static const char *native_kind(const char *path)
{
	if (span_starts(span_of(path), "lib/") && strstr(path, "/priv/") &&
	    span_ends(span_of(path), ".so"))
		return "file";
	return NULL;
}

static int add_native(json_t *components, struct arena *arena, const struct release *release,
		      struct error *err)
{
	struct manifest manifest;

	if (!release->manifest)
		return 0;
	if (manifest_read(&manifest, arena, release->tree, release->manifest, err))
		return -1;
	for (size_t i = 0; i < manifest.files_len; i++) {
		const struct manifest_entry *file = &manifest.files[i];
		const char *kind = native_kind(file->path);
		json_t *object;

		if (!kind)
			continue;
		object = json_pack("{s:s, s:o, s:o}", "type", kind, "bom-ref",
				   json_text(arena_printf(arena, "file:%s", file->path)), "name",
				   json_text(file->path));
		add_hash(object, file->sha256);
		json_array_append_new(components, object);
	}
	return 0;
}

/* The release itself needs all of its applications. */
static json_t *needs_json(struct arena *arena, const struct release *release)
{
	json_t *all = json_array(), *own = json_array();
	json_t *list = json_pack("[{s:s, s:o}]", "ref", "release", "dependsOn", own);

	for (size_t i = 0; i < release->resolved->len; i++) {
		const struct resolved_app *app = &release->resolved->apps[i];

		json_array_append_new(own, json_text(ref_of(arena, app->app->name)));
		json_array_append_new(all, app_needs(arena, app));
	}
	if (release->has_erts)
		json_array_append_new(own, json_string("erts"));
	json_array_extend(list, all);
	json_decref(all);
	return list;
}

int sbom_make(json_t **out, struct arena *arena, const struct release *release,
	      const struct lock *lock, struct error *err)
{
	owned_json json_t *components = json_array();

	if (release->has_erts)
		json_array_append_new(components,
				      component("platform", "erts", "erts", release->erts));
	for (size_t i = 0; i < release->resolved->len; i++)
		json_array_append_new(components,
				      app_json(arena, &release->resolved->apps[i], lock));
	if (add_native(components, arena, release, err))
		return -1;
	*out = json_pack("{s:s, s:s, s:i, s:{s:o}, s:O, s:o}", "bomFormat", "CycloneDX",
			 "specVersion", "1.5", "version", 1, "metadata", "component",
			 component("application", "release", release->name, release->vsn),
			 "components", components, "dependencies", needs_json(arena, release));
	return 0;
}
