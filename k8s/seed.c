// SPDX-License-Identifier: Apache-2.0
#include "k8s/seed.h"

#include "base/file.h"
#include "base/json.h"
#include "k8s/agent_journal.h"
#include "release/files/unpack.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DOCUMENT_MAX = 1 << 20, START_MAX = 4096, TOKEN_MAX = 32 };

/* ---- what is wanted ---- */

static int read_json(json_t **out, struct arena *arena, const char *folder, const char *name,
		     struct error *err)
{
	const char *path = path_join(arena, folder, name);
	owned_str struct str text = STR_EMPTY;
	json_error_t where;
	json_t *json;

	if (file_read_given(path, DOCUMENT_MAX, &text, err))
		return -1;
	json = json_loadb(str_text(&text), text.len, JSON_REJECT_DUPLICATES, &where);
	if (!json_is_object(json)) {
		json_decref(json);
		return error_set(err, ERROR_INVALID, "%s is no JSON object: %s", path, where.text);
	}
	*out = json;
	return 0;
}

/* That of the pod, where it is to come up on another one than the others; "*" is of all. */
static int find_desired(struct desired *out, struct arena *arena,
			const struct seed_options *options, struct error *err)
{
	owned_json json_t *pods = NULL;
	owned_json json_t *stable = NULL;
	const json_t *own;

	if (options->pod && path_exists(path_join(arena, options->desired, "pods"))) {
		if (read_json(&pods, arena, options->desired, "pods", err))
			return -1;
		own = json_object_get(pods, options->pod);
		if (!own)
			own = json_object_get(pods, "*");
		if (own)
			return desired_read(out, arena, own, err)
				       ? error_wrap(err, "%s/pods: %s", options->desired,
						    options->pod)
				       : 0;
	}
	if (read_json(&stable, arena, options->desired, "stable", err))
		return -1;
	return desired_read(out, arena, stable, err)
		       ? error_wrap(err, "%s/stable", options->desired)
		       : 0;
}

/* Whoever speaks to the agent of this pod must have come as late as whoever wrote that. */
static int take_token(struct arena *arena, const struct seed_options *options, struct error *err)
{
	const char *path = path_join(arena, options->desired, "token");
	owned_str struct str text = STR_EMPTY;
	owned(agent_journal_done) struct agent_journal journal = { 0 };
	char *end;
	uint64_t token;

	if (!path_exists(path))
		return 0;
	if (file_read_given(path, TOKEN_MAX, &text, err))
		return -1;
	token = strtoull(str_text(&text), &end, 10);
	if (end == text.ptr || span_trim(span_of(end)).len > 0)
		return error_set(err, ERROR_INVALID, "%s is no number", path);
	if (agent_journal_open(&journal, options->root, err))
		return -1;
	return token > journal.token ? agent_journal_token(&journal, token, err) : 0;
}

/* ---- what is there ---- */

/* "ERTS VSN" */
static bool boots(struct arena *arena, const char *root, const char *vsn)
{
	owned_str struct str text = STR_EMPTY;
	struct span rest, erts, found;
	struct error ignored;

	if (file_read(path_join(arena, root, "releases/start_erl.data"), START_MAX, &text,
		      &ignored))
		return false;
	rest = span_trim(str_span(&text));
	return span_next(&rest, ' ', &erts) && span_next(&rest, ' ', &found) &&
	       span_is(span_trim(found), vsn);
}

static bool is_there(struct arena *arena, const char *root, const struct desired *desired)
{
	const char *digest = volume_digest(arena, root, desired->name, desired->vsn);

	return digest && strcmp(digest, desired->digest) == 0 && boots(arena, root, desired->vsn) &&
	       !path_exists(path_join(arena, root, "releases/new_start_erl.data"));
}

/* ---- bringing it there ---- */

static int sync_all(const char *path, struct error *err)
{
	owned_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || syncfs(fd) ? error_sys(err, "cannot sync %s", path) : 0;
}

static int move_in(struct arena *arena, const char *from, const char *root, const char *name,
		   struct error *err)
{
	const char *to = path_join(arena, root, name);

	return tree_remove(to, err) || path_rename(path_join(arena, from, name), to, err) ? -1 : 0;
}

/* What was made the release is whole when releases/ is there, which goes first and comes last. */
static int take_place(struct arena *arena, const char *tree, const char *root, struct error *err)
{
	struct dir_entry *entries;
	size_t len;

	if (!path_is_file(path_join(arena, tree, "releases/start_erl.data")))
		return error_set(err, ERROR_REFUSED, "the release has no releases/start_erl.data");
	if (dir_names(&entries, &len, arena, tree, err) || sync_all(root, err) ||
	    tree_remove(path_join(arena, root, "releases"), err) || dir_sync(root, err))
		return -1;
	for (size_t i = 0; i < len; i++)
		if (strcmp(entries[i].name, "releases") != 0 &&
		    move_in(arena, tree, root, entries[i].name, err))
			return -1;
	return move_in(arena, tree, root, "releases", err);
}

static int install(struct arena *arena, const char *root, const char *tree, const char *tarball,
		   struct error *err)
{
	if (dir_make(tree, err) || archive_unpack(tarball, tree, err) ||
	    take_place(arena, tree, root, err))
		return -1;
	return tree_remove(tree, err);
}

int seed_run(struct seeded *out, struct arena *arena, const struct seed_options *options,
	     struct error *err)
{
	struct seeded seeded = { .was_there = true };
	const struct desired *d = &seeded.desired;
	const char *tree = arena_printf(arena, "%s/" VOLUME_OURS "/tree", options->root);
	const char *tarball;

	/* A call that was killed may have left that. */
	if (find_desired(&seeded.desired, arena, options, err) || take_token(arena, options, err) ||
	    tree_remove(tree, err))
		return -1;
	if (!is_there(arena, options->root, d)) {
		seeded.was_there = false;
		if (desired_fetch(&tarball, arena, options->root, d, options->trust, err) ||
		    install(arena, options->root, tree, tarball, err))
			return -1;
		volume_prune(options->root, d->name, (struct names){ &d->vsn, 1 });
	}
	*out = seeded;
	return 0;
}
