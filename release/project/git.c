// SPDX-License-Identifier: Apache-2.0
#include "release/project/git.h"

#include "base/library.h"

#include <git2.h>

/* Loaded when it is first wanted: with the dozen libraries that it brings along, every other
 * command would start half as fast.
 */
/* clang-format off */
#define FUNCTIONS(X) \
	X(buf_dispose) X(commit_free) X(commit_lookup) X(commit_summary) X(config_free) X(config_get_string) X(describe_commit) X(describe_format) X(describe_options_init) \
	X(describe_result_free) X(error_last) X(ignore_path_is_ignored) X(libgit2_init) \
	X(libgit2_opts) X(libgit2_shutdown) X(object_free) X(object_id) X(oid_fromstr) X(oid_tostr) \
	X(reference_free) X(reference_is_branch) X(reference_peel) X(reference_shorthand) \
	X(repository_config_snapshot) X(repository_free) X(repository_head) X(repository_open_ext) X(repository_workdir) \
	X(revwalk_free) X(revwalk_hide) X(revwalk_new) X(revwalk_next) X(revwalk_push) X(revwalk_sorting) \
	X(status_list_entrycount) X(status_list_free) X(status_list_new) X(status_options_init)
/* clang-format on */

#define X(name) __typeof__(&git_##name) name;
static struct {
	FUNCTIONS(X)
} git2;
#undef X

#define X(name) LIBRARY_FUNCTION(git_##name, git2.name),
static const struct library_function functions[] = { FUNCTIONS(X) };
#undef X

static struct library library = LIBRARY(
	"libgit2.so." LIBGIT2_SOVERSION, functions,
	"What git says of the project is read with libgit2: install libgit2-" LIBGIT2_SOVERSION
	".");

struct opened {
	bool begun;
	git_repository *repository;
	git_reference *head;
	git_object *commit;
};

static void opened_done(struct opened *o)
{
	if (!o->begun)
		return;
	git2.object_free(o->commit);
	git2.reference_free(o->head);
	git2.repository_free(o->repository);
	git2.libgit2_shutdown();
}

#define owned_opened owned(opened_done)

static int failed(struct error *err, const char *what, const char *dir)
{
	const git_error *last = git2.error_last();

	return error_set(err, ERROR_FAILED, "git: cannot %s in %s: %s", what, dir,
			 last ? last->message : "no reason given");
}

/* A folder that the repository is told to ignore is no part of it: a copy that some tool made. */
static bool is_ignored(const struct opened *o, const char *dir)
{
	const char *root = git2.repository_workdir(o->repository);
	size_t len = root ? strlen(root) : 0;
	int ignored = 0;

	if (!root || strncmp(dir, root, len) != 0)
		return false;
	return git2.ignore_path_is_ignored(&ignored, o->repository, dir + len) == 0 && ignored;
}

/* Nothing of the repository is run or written, so it need not belong to us: builds in
 * containers see one of another owner.
 */
static int open_head(struct opened *o, bool *found, const char *dir, struct error *err)
{
	int ret;

	*found = false;
	if (library_load(&library, err))
		return -1;
	git2.libgit2_init();
	o->begun = true;
	git2.libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	ret = git2.repository_open_ext(&o->repository, dir, 0, NULL);
	if (ret == GIT_ENOTFOUND)
		return 0;
	if (ret)
		return failed(err, "open the repository", dir);
	if (is_ignored(o, dir))
		return 0;
	ret = git2.repository_head(&o->head, o->repository);
	if (ret == GIT_EUNBORNBRANCH || ret == GIT_ENOTFOUND)
		return 0;
	if (ret || git2.reference_peel(&o->commit, o->head, GIT_OBJECT_COMMIT))
		return failed(err, "read HEAD", dir);
	*found = true;
	return 0;
}

/* As git describe: files that git does not know do not count. */
static int find_dirty(struct git *git, const struct opened *o, const char *dir, struct error *err)
{
	git_status_options options;
	git_status_list *list;

	git2.status_options_init(&options, GIT_STATUS_OPTIONS_VERSION);
	options.flags = GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
	if (git2.status_list_new(&list, o->repository, &options))
		return failed(err, "compare the files with the commit", dir);
	git->dirty = git2.status_list_entrycount(list) > 0;
	git2.status_list_free(list);
	return 0;
}

static int find_tag(struct git *git, struct arena *arena, const struct opened *o, const char *dir,
		    struct error *err)
{
	git_describe_options options;
	git_describe_result *result;
	git_buf text = { 0 };
	int ret;

	git2.describe_options_init(&options, GIT_DESCRIBE_OPTIONS_VERSION);
	options.describe_strategy = GIT_DESCRIBE_TAGS;
	ret = git2.describe_commit(&result, o->commit, &options);
	if (ret && git2.error_last() && git2.error_last()->klass == GIT_ERROR_DESCRIBE)
		return 0;
	if (ret)
		return failed(err, "look for tags", dir);
	ret = git2.describe_format(&text, result, NULL);
	git2.describe_result_free(result);
	if (ret)
		return failed(err, "name the commit", dir);
	git->describe = arena_printf(arena, "%s%s", text.ptr, git->dirty ? "-dirty" : "");
	git2.buf_dispose(&text);
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
	git2.oid_tostr(hex, sizeof(hex), git2.object_id(o.commit));
	git->commit = arena_dup(arena, span_of(hex));
	if (git2.reference_is_branch(o.head))
		git->branch = arena_dup(arena, span_of(git2.reference_shorthand(o.head)));
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
	*out = tag;
	return 0;
}

/* ---- where it came from ---- */

static bool has_commit(const struct opened *o, const char *hex)
{
	git_commit *commit = NULL;
	git_oid id;
	bool has = git2.oid_fromstr(&id, hex) == 0 &&
		   git2.commit_lookup(&commit, o->repository, &id) == 0;

	git2.commit_free(commit);
	return has;
}

int git_origin(const char **out, struct arena *arena, const char *dir, const char *commit,
	       struct error *err)
{
	owned_opened struct opened o = { 0 };
	git_config *config = NULL;
	const char *url;
	bool found;

	if (open_head(&o, &found, dir, err))
		return -1;
	if (!found || !has_commit(&o, commit))
		return error_set(err, ERROR_NOT_FOUND,
				 "%s is in no git repository that has the commit %.12s", dir,
				 commit);
	/* The remote itself would tell what url.*.insteadOf of the user makes of it. */
	if (git2.repository_config_snapshot(&config, o.repository))
		return failed(err, "read the configuration", dir);
	*out = git2.config_get_string(&url, config, "remote.origin.url") == 0
		       ? arena_dup(arena, span_of(url))
		       : NULL;
	git2.config_free(config);
	return 0;
}

/* ---- from one commit to another ---- */

static bool walk_begin(git_revwalk *walk, const char *from, const char *to)
{
	git_oid begin, end;

	return git2.oid_fromstr(&begin, from) == 0 && git2.oid_fromstr(&end, to) == 0 &&
	       git2.revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME) == 0 &&
	       git2.revwalk_push(walk, &end) == 0 && git2.revwalk_hide(walk, &begin) == 0;
}

static struct commit commit_of(struct arena *arena, const struct opened *o, const git_oid *id)
{
	char hex[GIT_OID_HEXSZ + 1];
	git_commit *commit = NULL;
	const char *subject = NULL;
	struct commit out;

	if (git2.commit_lookup(&commit, o->repository, id) == 0)
		subject = git2.commit_summary(commit);
	out.id = arena_dup(arena, span_of(git2.oid_tostr(hex, sizeof(hex), id)));
	out.subject = arena_dup(arena, span_of(subject ? subject : ""));
	git2.commit_free(commit);
	return out;
}

static void take_commits(struct commits *out, struct arena *arena, const struct opened *o,
			 git_revwalk *walk)
{
	struct commit *items = arena_array(arena, COMMITS_MAX, struct commit);
	git_oid id;

	*out = (struct commits){ items, 0, false };
	while (!out->more && git2.revwalk_next(&id, walk) == 0) {
		out->more = out->len == COMMITS_MAX;
		if (!out->more)
			items[out->len++] = commit_of(arena, o, &id);
	}
}

int git_commits_between(struct commits *out, struct arena *arena, const char *dir, const char *from,
			const char *to, struct error *err)
{
	owned_opened struct opened o = { 0 };
	git_revwalk *walk = NULL;
	bool found;

	if (open_head(&o, &found, dir, err))
		return -1;
	if (!found)
		return error_set(err, ERROR_NOT_FOUND, "%s is in no git repository with a commit",
				 dir);
	if (git2.revwalk_new(&walk, o.repository))
		return failed(err, "walk", dir);
	found = walk_begin(walk, from, to);
	if (found)
		take_commits(out, arena, &o, walk);
	git2.revwalk_free(walk);
	return found ? 0
		     : error_set(err, ERROR_NOT_FOUND, "%s: no way from commit %.12s to %.12s", dir,
				 from, to);
}
