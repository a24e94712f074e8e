// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "cmd/output.h"
#include "release/assemble.h"
#include "release/store.h"
#include "upgrade/prepare.h"

#include <stdlib.h>

struct build_opts {
	const char *project;
	const char *out;
	struct option_list from;
	bool overwrite;
};

static const struct option build_options[] = {
	OPT_TEXT(struct build_opts, project, 'C', "project", "DIR",
		 "the project: a folder with a relevo.yaml (default: this one)"),
	OPT_TEXT(struct build_opts, out, 'o', "out", "DIR",
		 "where the release is put (default: \"store\" of relevo.yaml)"),
	OPT_LIST(struct build_opts, from, 'f', "from", "VERSION",
		 "make the relup from it: a version in the store, or a path; may be repeated"),
	OPT_FLAG(struct build_opts, overwrite, 0, "overwrite",
		 "replace a release of this version that is there already"),
	OPT_END,
};

struct job {
	const struct call *call;
	const struct build_opts *opts;
	struct arena arena;
	struct project *project;
	const char *store;
	const char *temp;               /* everything is made in here first */
	struct assembled release;
	const char *tree, *tarball;     /* where they end up */
	struct names olds;              /* releases to come from */
	struct prepared *prepared;      /* how, one for each */
};

static void job_done(struct job *job)
{
	struct error ignored;

	if (job->temp && tree_remove(job->temp, &ignored))
		warn("%s", ignored.text);
	arena_done(&job->arena);
}

static void show_step(void *context, const char *what)
{
	say_verbose(context, "  %s", what);
}

static int make_tree(struct job *job, struct error *err)
{
	const char *root = path_join(&job->arena, job->temp, "tree");
	struct otp otp;

	if (otp_find(&otp, &job->arena, err) || dir_make(root, err))
		return -1;
	return assemble(&job->release, &job->arena, job->project, &otp, root, show_step,
			(void *)(uintptr_t)job->call, err);
}

/* Never replaces a release that may be running somewhere, unless told to. */
static int check_free(struct job *job, struct error *err)
{
	const char *base = arena_printf(&job->arena, "%s-%s", job->release.name, job->release.vsn);

	job->tree = path_join(&job->arena, job->store, base);
	job->tarball = arena_printf(&job->arena, "%s.tar.gz", job->tree);
	if (job->opts->overwrite || (!path_exists(job->tree) && !path_exists(job->tarball)))
		return 0;
	error_set_(err, ERROR_REFUSED, "%s is there already; nothing was changed", job->tarball);
	return error_hint(err, "Give the new release its own version, or say --overwrite.");
}

/* A version in the store, or a path; "previous" may be none at all. */
static int find_old(struct job *job, const char *from, const char **out, struct error *err)
{
	const char *vsn = from;

	*out = NULL;
	if (strcmp(from, "previous") == 0 &&
	    store_previous(&vsn, &job->arena, job->store, job->release.name, job->release.vsn, err))
		return -1;
	if (!vsn)
		return 0;
	*out = store_find(&job->arena, job->store, job->release.name, vsn);
	if (!*out && path_exists(from))
		*out = from;
	if (*out)
		return 0;
	error_set_(err, ERROR_NOT_FOUND, "no %s-%s in %s, and no file %s", job->release.name, vsn,
		   job->store, from);
	return error_hint(err, "Build it first, or leave it out of --from and \"upgrade.from\".");
}

static int find_olds(struct job *job, struct error *err)
{
	const struct option_list *given = &job->opts->from;
	struct names froms = given->len ? (struct names){ given->items, given->len }
					: job->project->upgrade_from;
	const char **olds = arena_array(&job->arena, froms.len, const char *);
	size_t len = 0;

	for (size_t i = 0; i < froms.len; i++) {
		if (find_old(job, froms.items[i], &olds[len], err))
			return -1;
		len += olds[len] != NULL;
	}
	job->olds = (struct names){ olds, len };
	return 0;
}

static int make_upgrade(struct job *job, struct error *err)
{
	struct plan_options options = { .appups.dir = job->project->appups };

	if (find_olds(job, err))
		return -1;
	if (job->olds.len == 0)
		return 0;
	say_verbose(job->call, "  relup");
	return prepare_upgrade(&job->prepared, &job->arena, job->release.root, job->olds, &options,
			       err);
}

static int move_into_place(struct job *job, const char *tarball, struct error *err)
{
	const char *old = path_join(&job->arena, job->temp, "old");

	if (path_exists(job->tree) && rename(job->tree, old))
		return error_sys(err, "cannot move %s away", job->tree);
	if (rename(job->release.root, job->tree) || rename(tarball, job->tarball))
		return error_sys(err, "cannot move the release to %s", job->tree);
	return 0;
}

static int build(struct job *job, struct error *err)
{
	const char *tarball;

	if (project_read(&job->project, &job->arena, job->opts->project ? job->opts->project : ".",
			 err))
		return -1;
	job->store = job->opts->out ? job->opts->out : job->project->store;
	if (dir_make(job->store, err) ||
	    dir_make_temp(&job->temp, &job->arena, path_join(&job->arena, job->store, ".build"), err) ||
	    make_tree(job, err) || check_free(job, err) || make_upgrade(job, err))
		return -1;
	tarball = path_join(&job->arena, job->temp, "release.tar.gz");
	if (assemble_seal(&job->release, tarball, err))
		return -1;
	return move_into_place(job, tarball, err);
}

static json_t *upgrades_json(struct job *job)
{
	json_t *list = json_array();

	for (size_t i = 0; i < job->olds.len; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "version",
						      job->prepared[i].from, "verdict",
						      verdict_name(job->prepared[i].verdict),
						      "relup", job->prepared[i].has_relup));
	return list;
}

static int report(struct job *job, struct error *err)
{
	struct dir_entry *entries;
	uint64_t size = 0;
	char human[32];
	size_t len;

	if (dir_list(&entries, &len, &job->arena, job->store, err))
		return -1;
	for (size_t i = 0; i < len; i++)
		if (strcmp(entries[i].name, path_base(job->tarball)) == 0)
			size = (uint64_t)entries[i].size;
	if (job->call->json) {
		print_json(json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:o}", "name", job->release.name,
				     "version", job->release.vsn, "tarball", job->tarball, "tree",
				     job->tree, "bytes", (json_int_t)size, "applications",
				     (json_int_t)job->release.rel->len, "from",
				     upgrades_json(job)));
		return 0;
	}
	printf("%s %s  %s (%s, %zu applications)\n", job->release.name, job->release.vsn,
	       job->tarball, human_bytes(size, human), job->release.rel->len);
	for (size_t i = 0; i < job->olds.len; i++)
		printf("  from %s: %s\n", job->prepared[i].from,
		       job->prepared[i].has_relup ? verdict_name(job->prepared[i].verdict)
						  : "no way while it runs (see relevo plan)");
	return 0;
}

static int build_run(const struct call *call, struct error *err)
{
	owned(job_done) struct job job = { .call = call, .opts = call->opts };

	return build(&job, err) || report(&job, err) ? -1 : 0;
}

const struct command cmd_build = {
	.name = "build",
	.args = "",
	.summary = "Build the release of a compiled project, and its tarball",
	.description =
		"Reads relevo.yaml and the compiled applications, and writes NAME-VERSION/ (the tree,\n"
		"as mix release makes it) and NAME-VERSION.tar.gz into the store.  No Erlang VM takes\n"
		"part, but for configuration written in .exs files.\n"
		"\n"
		"Compile first: MIX_ENV=prod mix compile, or rebar3 as prod compile.",
	.examples = "relevo build                     # what ./relevo.yaml describes\n"
		    "relevo build -C apps/shop -o /srv/releases",
	.group = "Building releases",
	.options = build_options,
	.opts_size = sizeof(struct build_opts),
	.run = build_run,
};
