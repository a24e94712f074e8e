// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/json.h"
#include "cmd/output.h"
#include "release/build/assemble.h"
#include "release/read/store.h"
#include "upgrade/plan/prepare.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

struct build_opts {
	const char *project;
	const char *out;
	struct option_list from;
	bool overwrite, dev;
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
	OPT_FLAG(struct build_opts, dev, 0, "dev",
		 "for development: STORE/dev/NAME with links to what was compiled, no tarball"),
	OPT_END,
};

struct job {
	const struct call *call;
	const struct build_opts *opts;
	struct arena arena;
	struct project *project;
	const char *store;
	const char *temp; /* everything is made in here first */
	struct assembled release;
	const char *tree, *tarball; /* where they end up */
	struct names olds;          /* releases to come from */
	struct prepared *prepared;  /* how, one for each */
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

static void show_warning(void *context, const char *what)
{
	(void)context;
	warn("%s", what);
}

static int find_otp(struct job *job, struct otp *out, struct error *err)
{
	const char *erts = job->project->erts;

	if (strcmp(erts, "include") == 0 || strcmp(erts, "none") == 0)
		return otp_find(out, &job->arena, err);
	/* Mix names the folder of the ERTS in it. */
	if (span_starts(span_of(path_base(erts)), "erts-"))
		erts = path_dir(&job->arena, erts);
	return otp_open(out, &job->arena, erts, err)
		       ? error_wrap(err, "%s: erts", job->project->file)
		       : 0;
}

static int make_tree(struct job *job, struct error *err)
{
	const char *root = path_join(&job->arena, job->temp, "tree");
	const struct assemble_options options = { .links = job->opts->dev,
						  .step = show_step,
						  .warn = show_warning,
						  .context = (void *)(uintptr_t)job->call };
	struct otp otp;

	if (find_otp(job, &otp, err) || dir_make(root, err))
		return -1;
	return assemble(&job->release, &job->arena, job->project, &otp, root, &options, err);
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

/* The tree takes its place in one step; one that was there goes where the new one came from.  Where
 * the file system cannot exchange, it takes two, and the old one is put back when the second fails.
 */
static int exchange_trees(struct job *job)
{
	const char *made = job->release.root, *away = path_join(&job->arena, job->temp, "old");

	if (!path_exists(job->tree))
		return rename(made, job->tree);
	if (renameat2(AT_FDCWD, made, AT_FDCWD, job->tree, RENAME_EXCHANGE) == 0)
		return 0;
	if (rename(job->tree, away))
		return -1;
	if (rename(made, job->tree) == 0)
		return rename(away, made);
	(void)!rename(away, job->tree);
	return -1;
}

static int move_into_place(struct job *job, const char *tarball, struct error *err)
{
	bool replaces = path_exists(job->tree);

	if (exchange_trees(job))
		return error_sys(err, "cannot move the release to %s; what was there is unchanged",
				 job->tree);
	if (rename(tarball, job->tarball) == 0)
		return 0;
	error_sys_(err, "cannot move the tarball to %s; what was there is unchanged", job->tarball);
	if (replaces ? exchange_trees(job) : rename(job->tree, job->release.root))
		return error_hint(err, "%s holds the new tree already: remove it.", job->tree);
	return -1;
}

/* The hook may compile what the project is read from, so it is read again. */
static int read_project(struct job *job, struct error *err)
{
	const char *path = job->opts->project ? job->opts->project : ".";
	const char *name = job->call->argc ? job->call->argv[0] : NULL;
	const char *env[] = { NULL, NULL };

	if (project_read_release(&job->project, &job->arena, path, name, err))
		return -1;
	if (!job->project->hook_before)
		return 0;
	env[0] = arena_printf(&job->arena, "RELEASE_NAME=%s", job->project->release);
	say_verbose(job->call, "  %s", job->project->hook_before);
	if (assemble_hook(job->project, job->project->hook_before, env, err))
		return -1;
	return project_read_release(&job->project, &job->arena, path, name, err);
}

static int run_after(struct job *job, struct error *err)
{
	const char *command = job->project->hook_after, *env[4] = { NULL }, *root;

	if (!command)
		return 0;
	if (path_real(&root, &job->arena, job->release.root, err))
		return -1;
	env[0] = arena_printf(&job->arena, "RELEASE_NAME=%s", job->release.name);
	env[1] = arena_printf(&job->arena, "RELEASE_VSN=%s", job->release.vsn);
	env[2] = arena_printf(&job->arena, "RELEASE_ROOT=%s", root);
	say_verbose(job->call, "  %s", command);
	return assemble_hook(job->project, command, env, err);
}

/* The cookie stays, so that a node that runs can still be talked to. */
static int keep_cookie(struct job *job, struct error *err)
{
	const char *old = path_join(&job->arena, job->tree, "releases/COOKIE");
	const char *new = path_join(&job->arena, job->release.root, "releases/COOKIE");

	if (!path_is_file(old) || path_exists(new))
		return 0;
	return file_copy(old, new, 0600, err);
}

static int finish_dev(struct job *job, struct error *err)
{
	const char *dev = path_join(&job->arena, job->store, "dev");
	const char *old = path_join(&job->arena, job->temp, "old");

	job->tree = path_join(&job->arena, dev, job->release.name);
	if (dir_make(dev, err) || keep_cookie(job, err))
		return -1;
	if (path_exists(job->tree) && rename(job->tree, old))
		return error_sys(err, "cannot move %s away", job->tree);
	return rename(job->release.root, job->tree)
		       ? error_sys(err, "cannot move the release to %s", job->tree)
		       : 0;
}

static int finish(struct job *job, struct error *err)
{
	const char *tarball = path_join(&job->arena, job->temp, "release.tar.gz");

	if (check_free(job, err) || make_upgrade(job, err) || run_after(job, err) ||
	    assemble_seal(&job->release, tarball, err))
		return -1;
	return move_into_place(job, tarball, err);
}

static int build(struct job *job, struct error *err)
{
	if (read_project(job, err))
		return -1;
	job->store = job->opts->out ? job->opts->out : job->project->store;
	if (dir_make(job->store, err) ||
	    dir_make_temp(&job->temp, &job->arena, path_join(&job->arena, job->store, ".build"),
			  err) ||
	    make_tree(job, err))
		return -1;
	if (!job->opts->dev)
		return finish(job, err);
	return run_after(job, err) || finish_dev(job, err) ? -1 : 0;
}

static json_t *upgrades_json(struct job *job)
{
	json_t *list = json_array();

	for (size_t i = 0; i < job->olds.len; i++)
		json_array_append_new(list, json_pack("{s:o, s:s, s:b}", "version",
						      json_text(job->prepared[i].from), "verdict",
						      verdict_name(job->prepared[i].verdict),
						      "relup", job->prepared[i].has_relup));
	return list;
}

static uint64_t size_of(struct job *job)
{
	struct dir_entry *entries;
	struct error ignored;
	size_t len;

	if (!job->tarball || dir_list(&entries, &len, &job->arena, job->store, &ignored))
		return 0;
	for (size_t i = 0; i < len; i++)
		if (strcmp(entries[i].name, path_base(job->tarball)) == 0)
			return (uint64_t)entries[i].size;
	return 0;
}

static void report_json(struct job *job)
{
	print_json(json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:o}", "name",
			     json_text(job->release.name), "version", json_text(job->release.vsn),
			     "tarball", json_text(job->tarball), "tree", json_text(job->tree),
			     "bytes", (json_int_t)size_of(job), "applications",
			     (json_int_t)job->release.rel->len, "from", upgrades_json(job)));
}

static void report(struct job *job)
{
	const struct assembled *r = &job->release;
	char human[32];

	if (job->opts->dev) {
		printf("%s %s  %s (links, %zu applications)\n", r->name, r->vsn, job->tree,
		       r->rel->len);
		return;
	}
	printf("%s %s  %s (%s, %zu applications)\n", r->name, r->vsn, job->tarball,
	       human_bytes(size_of(job), human), r->rel->len);
	for (size_t i = 0; i < job->olds.len; i++)
		printf("  from %s: %s\n", job->prepared[i].from,
		       job->prepared[i].has_relup ? verdict_name(job->prepared[i].verdict)
						  : "no way while it runs (see relevo plan)");
}

static int build_run(const struct call *call, struct error *err)
{
	owned(job_done) struct job job = { .call = call, .opts = call->opts };

	if (build(&job, err))
		return -1;
	if (call->json)
		report_json(&job);
	else
		report(&job);
	return 0;
}

const struct command cmd_build = {
	.name = "build",
	.args = "[NAME]",
	.args_max = 1,
	.summary = "Build the release of a compiled project, and its tarball",
	.description =
		"Reads relevo.yaml and the compiled applications, and writes NAME-VERSION/ (the "
		"tree,\n"
		"as mix release makes it) and NAME-VERSION.tar.gz into the store.  No Erlang VM "
		"takes\n"
		"part, but for configuration written in .exs files.\n"
		"\n"
		"NAME is one of several releases that relevo.yaml describes under \"releases\".\n"
		"\n"
		"Compile first: MIX_ENV=prod mix compile, or rebar3 as prod compile.",
	.examples = "relevo build                     # what ./relevo.yaml describes\n"
		    "relevo build --dev && releases/dev/shop/bin/shop start_iex\n"
		    "relevo build -C apps/shop -o /srv/releases",
	.group = "Building releases",
	.options = build_options,
	.opts_size = sizeof(struct build_opts),
	.run = build_run,
};
