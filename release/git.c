// SPDX-License-Identifier: Apache-2.0
#include "release/git.h"

#include <git2.h>

struct opened {
	git_repository *repository;
	git_reference *head;
	git_object *commit;
};

static void opened_done(struct opened *o)
{
	git_object_free(o->commit);
	git_reference_free(o->head);
	git_repository_free(o->repository);
	git_libgit2_shutdown();
}

#define owned_opened owned(opened_done)

static int failed(struct error *err, const char *what, const char *dir)
{
	const git_error *last = git_error_last();

	return error_set(err, ERROR_FAILED, "git: cannot %s in %s: %s", what, dir,
			 last ? last->message : "no reason given");
}

/* A folder that the repository is told to ignore is no part of it: a copy that some tool made. */
static bool is_ignored(git_repository *repository, const char *dir)
{
	const char *root = git_repository_workdir(repository);
	size_t len = root ? strlen(root) : 0;
	int ignored = 0;

	if (!root || strncmp(dir, root, len) != 0)
		return false;
	return git_ignore_path_is_ignored(&ignored, repository, dir + len) == 0 && ignored;
}

/* Nothing of the repository is run or written, so it need not belong to us: builds in
 * containers see one of another owner.
 */
static int open_head(struct opened *o, bool *found, const char *dir, struct error *err)
{
	int ret;

	*found = false;
	git_libgit2_init();
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	ret = git_repository_open_ext(&o->repository, dir, 0, NULL);
	if (ret == GIT_ENOTFOUND)
		return 0;
	if (ret)
		return failed(err, "open the repository", dir);
	if (is_ignored(o->repository, dir))
		return 0;
	ret = git_repository_head(&o->head, o->repository);
	if (ret == GIT_EUNBORNBRANCH || ret == GIT_ENOTFOUND)
		return 0;
	if (ret || git_reference_peel(&o->commit, o->head, GIT_OBJECT_COMMIT))
		return failed(err, "read HEAD", dir);
	*found = true;
	return 0;
}

/* As git describe: files that git does not know do not count. */
static int find_dirty(struct git *git, const struct opened *o, const char *dir, struct error *err)
{
	git_status_options options;
	git_status_list *list;

	git_status_options_init(&options, GIT_STATUS_OPTIONS_VERSION);
	options.flags = GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
	if (git_status_list_new(&list, o->repository, &options))
		return failed(err, "compare the files with the commit", dir);
	git->dirty = git_status_list_entrycount(list) > 0;
	git_status_list_free(list);
	return 0;
}

static int find_tag(struct git *git, struct arena *arena, const struct opened *o, const char *dir,
		    struct error *err)
{
	git_describe_options options;
	git_describe_result *result;
	git_buf text = { 0 };
	int ret;

	git_describe_options_init(&options, GIT_DESCRIBE_OPTIONS_VERSION);
	options.describe_strategy = GIT_DESCRIBE_TAGS;
	ret = git_describe_commit(&result, o->commit, &options);
	if (ret && git_error_last() && git_error_last()->klass == GIT_ERROR_DESCRIBE)
		return 0;
	if (ret)
		return failed(err, "look for tags", dir);
	ret = git_describe_format(&text, result, NULL);
	git_describe_result_free(result);
	if (ret)
		return failed(err, "name the commit", dir);
	git->describe = arena_printf(arena, "%s%s", text.ptr, git->dirty ? "-dirty" : "");
	git_buf_dispose(&text);
	return 0;
}

int git_read(struct git **out, struct arena *arena, const char *dir, struct error *err)
{
	owned_opened struct opened o = { 0 };
	struct git *git = arena_new(arena, struct git);
	char hex[GIT_OID_HEXSZ + 1];
	bool found;

	if (open_head(&o, &found, dir, err))
		return -1;
	if (!found) {
		*out = NULL;
		return 0;
	}
	git_oid_tostr(hex, sizeof(hex), git_object_id(o.commit));
	git->commit = arena_dup(arena, span_of(hex));
	if (git_reference_is_branch(o.head))
		git->branch = arena_dup(arena, span_of(git_reference_shorthand(o.head)));
	if (find_dirty(git, &o, dir, err) || find_tag(git, arena, &o, dir, err))
		return -1;
	*out = git;
	return 0;
}

int git_version(const char **out, struct arena *arena, const char *dir, struct error *err)
{
	const char *tag;
	struct git *git;

	if (git_read(&git, arena, dir, err))
		return -1;
	if (!git)
		return error_set(err, ERROR_NOT_FOUND,
				 "version: {from: git}: %s is in no git repository with a commit",
				 dir);
	if (!git->describe) {
		error_set_(err, ERROR_NOT_FOUND,
			   "version: {from: git}: no tag leads to commit %.12s", git->commit);
		return error_hint(err, "Make one (git tag v0.1.0); a shallow clone lacks them (git "
				       "fetch --unshallow --tags).");
	}
	tag = git->describe;
	if (tag[0] == 'v' && tag[1] >= '0' && tag[1] <= '9')
		tag++;
	if (strchr(tag, '/'))
		return error_set(
			err, ERROR_INVALID,
			"version: {from: git}: the tag in \"%s\" cannot be a version: it holds a "
			"slash",
			tag);
	*out = tag;
	return 0;
}
