// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/verify.h"

#include "upgrade/node/digests.h"
#include "upgrade/node/session.h"

#include <inttypes.h>
#include <string.h>

/* {Count, [{What, Why}]} as text; NULL when there is no fault. */
static const char *fault_text(struct arena *arena, const struct term *list, int64_t count)
{
	owned_str struct str out = STR_EMPTY;
	const char *what;

	if (count == 0)
		return NULL;
	for (size_t i = 0; i < list->seq.len && i < 3; i++) {
		const struct term *pair = term_at(list, i);

		if (!term_is_tuple(pair, 2))
			continue;
		if (!term_get_text(term_at(pair, 0), arena, &what))
			what = term_atom_name(term_at(pair, 0));
		str_addf(&out, "%s%s %s", i ? ", " : "", what ? what : "?",
			 term_is_atom(term_at(pair, 1), "missing") ? "is missing" : "differs");
	}
	if (count > 3)
		str_addf(&out, ", and %" PRId64 " more", count - 3);
	return arena_dup(arena, str_span(&out));
}

static int odd_answer(const struct node *node, struct error *err)
{
	return error_set(err, ERROR_INVALID, "%s: an answer of another shape", node_name(node));
}

/* ---- files ---- */

static bool lib_is_known(const struct node_releases *releases, struct span lib)
{
	for (size_t i = 0; i < releases->len; i++) {
		const struct node_release *release = &releases->items[i];

		for (size_t k = 0; k < release->libs_len; k++) {
			size_t name = strlen(release->libs[k].name);

			if (lib.len > name && lib.ptr[name] == '-' &&
			    memcmp(lib.ptr, release->libs[k].name, name) == 0 &&
			    span_is((struct span){ lib.ptr + name + 1, lib.len - name - 1 },
				    release->libs[k].vsn))
				return true;
		}
	}
	return false;
}

struct wish {
	const struct bundle *bundle;
	const struct node_releases *releases;
	enum verify_when when;
};

/* A folder of lib/, or an ERTS. */
static bool is_wanted_folder(const void *context, struct span folder)
{
	const struct wish *wish = context;
	struct span rest = folder, top;

	span_next(&rest, '/', &top);
	if (span_is(top, "lib"))
		return wish->when == VERIFY_AFTER || lib_is_known(wish->releases, rest);
	return wish->when == VERIFY_AFTER && strcmp(wish->bundle->erts, wish->releases->erts) != 0;
}

/* bin/ and the like are never overwritten by an upgrade and may well be others. */
static bool is_wanted(const char *path, const struct wish *wish)
{
	struct span folder = digests_folder(path), rest = span_of(path), top, second;

	if (folder.len > 0)
		return is_wanted_folder(wish, folder);
	return wish->when == VERIFY_AFTER && span_next(&rest, '/', &top) &&
	       span_is(top, "releases") && span_next(&rest, '/', &second) &&
	       span_is(second, wish->bundle->vsn) && rest.len > 0;
}

/* The module that the beam of this file has, by the list of modules, which is in the order of the
 * files: *next is the one that is looked for.
 */
static const char *module_md5(const struct bundle *bundle, const char *path, size_t *next)
{
	struct span rest = span_of(path);
	size_t name;

	if (*next == bundle->modules_len)
		return NULL;
	name = strlen(bundle->modules[*next].module);
	if (!span_ends(rest, ".beam") || rest.len < name + 6 ||
	    rest.ptr[rest.len - name - 6] != '/' ||
	    memcmp(rest.ptr + rest.len - name - 5, bundle->modules[*next].module, name) != 0)
		return NULL;
	return bundle->modules[(*next)++].md5;
}

/* Those that are not in folders that are the same as a whole. */
static const struct term *file_terms(struct arena *arena, const struct wish *wish,
				     const struct names *same)
{
	enum hash_kind kind = digests_kind(wish->bundle, wish->releases);
	struct terms list = { 0 };
	size_t next = 0;

	for (size_t i = 0; i < wish->bundle->files_len; i++) {
		const struct manifest_entry *file = &wish->bundle->files[i];
		const char *md5 = module_md5(wish->bundle, file->path, &next);
		struct span folder = digests_folder(file->path);

		if (is_wanted(file->path, wish) && !(folder.len && digests_among(same, folder)))
			terms_add(arena, &list, digests_file(arena, file, kind, md5));
	}
	return term_list_of(arena, &list);
}

int verify_files(const char **fault, struct names *same, struct node *node, struct arena *arena,
		 const struct bundle *bundle, const struct node_releases *releases,
		 enum verify_when when, struct error *err)
{
	const struct wish wish = { bundle, releases, when };
	const struct term *files, *answer;
	int64_t count;

	if (digests_same(same, node, arena, bundle, releases, is_wanted_folder, &wish, err))
		return -1;
	files = file_terms(arena, &wish, same);
	*fault = NULL;
	if (files->seq.len == 0)
		return 0;
	if (node_session_pack(&files, arena, files, err))
		return -1;
	const struct binding bindings[] = {
		{ "Files", files },
		{ "Algorithm", digests_algorithm(arena, digests_kind(bundle, releases)) },
		{ "Missing", term_atom(arena, when == VERIFY_BEFORE ? "ignore" : "report") },
	};

	if (node_run(&answer, NULL, node, arena, SCRIPT_files, bindings, ARRAY_LEN(bindings),
		     node_work_deadline(node), err))
		return -1;
	if (!term_is_tuple(answer, 2) || !term_get_integer(term_at(answer, 0), &count) ||
	    !term_is_list(term_at(answer, 1)))
		return odd_answer(node, err);
	*fault = fault_text(arena, term_at(answer, 1), count);
	return 0;
}

/* ---- modules ---- */

static const struct term *modules_term(struct arena *arena, const struct bundle *bundle)
{
	struct terms list = { 0 };

	for (size_t i = 0; i < bundle->modules_len; i++) {
		const struct manifest_module *module = &bundle->modules[i];

		terms_add(arena, &list, digests_module(arena, module));
	}
	return term_list_of(arena, &list);
}

/* Of a module that is there twice the later entry counts. */
static const char *md5_of(const struct bundle *bundle, const char *module)
{
	for (size_t i = bundle->modules_len; i-- > 0;)
		if (strcmp(bundle->modules[i].module, module) == 0)
			return bundle->modules[i].md5;
	return "";
}

static bool is_untouched(const struct bundle *bundle, const struct bundle *other,
			 const struct term *pair)
{
	const char *module = term_is_tuple(pair, 2) ? term_atom_name(term_at(pair, 0)) : NULL;

	return other && module && strcmp(md5_of(bundle, module), md5_of(other, module)) == 0;
}

int verify_modules(struct verify_modules *out, struct node *node, struct arena *arena,
		   const struct bundle *bundle, const struct bundle *other, struct error *err)
{
	struct terms faults = { 0 }, strange = { 0 };
	struct verify_modules result;
	const struct term *packed, *answer, *list;

	if (node_session_pack(&packed, arena, modules_term(arena, bundle), err) ||
	    node_run(&answer, NULL, node, arena, SCRIPT_modules,
		     (const struct binding[]){ { "Modules", packed } }, 1, node_work_deadline(node),
		     err))
		return -1;
	if (!term_is_tuple(answer, 2) || !term_get_integer(term_at(answer, 0), &result.compared) ||
	    !term_is_list(term_at(answer, 1)))
		return odd_answer(node, err);
	list = term_at(answer, 1);
	for (size_t i = 0; i < list->seq.len; i++)
		terms_add(arena, is_untouched(bundle, other, term_at(list, i)) ? &strange : &faults,
			  term_at(list, i));
	result.fault = fault_text(arena, term_list_of(arena, &faults), (int64_t)faults.len);
	result.strange = fault_text(arena, term_list_of(arena, &strange), (int64_t)strange.len);
	*out = result;
	return 0;
}
