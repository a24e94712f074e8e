// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/guard.h"
#include "base/json.h"
#include "cmd/output.h"
#include "release/build/assemble.h"
#include "release/build/keep_assets.h"
#include "release/build/workshop.h"
#include "release/project/git.h"
#include "release/read/store.h"
#include "upgrade/plan/prepare.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct build_opts {
	const char *project;
	const char *out;
	struct option_list from;
	bool overwrite, dev, suspend_always, clean;
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
	OPT_FLAG(struct build_opts, suspend_always, 0, "suspend-always",
		 "in generated appups, suspend the processes of every module that changed"),
	OPT_FLAG(struct build_opts, clean, 0, "clean",
		 "only from a commit: no file that git knows may differ from it"),
	OPT_FLAG(struct build_opts, dev, 0, "dev",
		 "for development: STORE/dev/NAME with links to what was compiled, no tarball"),
	OPT_END,
};

struct job {
	const struct call *call;
	const struct build_opts *opts;
	struct arena *arena;
	struct project *project;
	struct workshop workshop;
	struct assembled release;
	const char *place;         /* of it, below the store */
	struct names olds;         /* releases to come from */
	struct prepared *prepared; /* how, one for each */
};

static void job_done(struct job *job)
{
	workshop_done(&job->workshop);
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
		return otp_find(out, job->arena, err);
	/* Mix names the folder of the ERTS in it. */
	if (span_starts(span_of(path_base(erts)), "erts-"))
		erts = path_dir(job->arena, erts);
	return otp_open(out, job->arena, erts, err)
		       ? error_wrap(err, "%s: erts", job->project->file)
		       : 0;
}

static int make_tree(struct job *job, struct error *err)
{
	const struct assemble_options options = { .links = job->opts->dev,
						  .step = show_step,
						  .warn = show_warning,
						  .context = (void *)(uintptr_t)job->call };
	struct otp otp;

	if (find_otp(job, &otp, err))
		return -1;
	return assemble(&job->release, job->arena, job->project, &otp, job->workshop.tree, &options,
			err);
}

/* A version in the store, or a path; "previous" may be none at all. */
static int find_old(struct job *job, const char *from, const char **out, struct error *err)
{
	const char *vsn = from;

	*out = NULL;
	if (strcmp(from, "previous") == 0 &&
	    store_previous(&vsn, job->arena, job->workshop.store, job->release.name,
			   job->release.vsn, err))
		return -1;
	if (!vsn) {
		say(job->call, "previous: no %s older than %s in %s, so there is no way from it",
		    job->release.name, job->release.vsn, job->workshop.store);
		return 0;
	}
	*out = store_find(job->arena, job->workshop.store, job->release.name, vsn);
	if (!*out && path_exists(from))
		*out = from;
	if (*out)
		return 0;
	error_set_(err, ERROR_NOT_FOUND, "no %s-%s in %s, and no file %s", job->release.name, vsn,
		   job->workshop.store, from);
	return error_hint(err, "Build it first, or leave it out of --from and \"upgrade.from\".");
}

static int find_olds(struct job *job, struct error *err)
{
	const struct option_list *given = &job->opts->from;
	struct names froms = given->len ? (struct names){ given->items, given->len }
					: job->project->upgrade_from;
	const char **olds = arena_array(job->arena, froms.len, const char *);
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
	struct plan_options options = { .appups = { .dir = job->project->appups,
						    .suspend_always = job->opts->suspend_always },
					.allow = job->project->upgrade_allow };
	size_t kept = 0;

	if (find_olds(job, err))
		return -1;
	if (job->olds.len == 0)
		return 0;
	if (job->project->keep_assets &&
	    keep_assets(&kept, job->arena, job->release.root, job->release.rel, job->olds, err))
		return -1;
	if (kept > 0)
		say_verbose(job->call, "  %zu static files of older releases", kept);
	say_verbose(job->call, "  relup");
	return prepare_upgrade(&job->prepared, job->arena, job->release.root, job->olds, &options,
			       err);
}

/* The hook may compile what the project is read from, so it is read again. */
static int read_project(struct job *job, struct error *err)
{
	const char *path = job->opts->project ? job->opts->project : ".";
	const char *name = job->call->argc ? job->call->argv[0] : NULL;
	const char *env[] = { NULL, NULL };

	if (project_read_release(&job->project, job->arena, path, name, err))
		return -1;
	if (!job->project->hook_before)
		return 0;
	env[0] = arena_printf(job->arena, "RELEASE_NAME=%s", job->project->release);
	say_verbose(job->call, "  %s", job->project->hook_before);
	if (assemble_hook(job->project, job->project->hook_before, env, err))
		return -1;
	return project_read_release(&job->project, job->arena, path, name, err);
}

static int run_after(struct job *job, struct error *err)
{
	const char *command = job->project->hook_after, *env[4] = { NULL }, *root;

	if (!command)
		return 0;
	if (path_real(&root, job->arena, job->release.root, err))
		return -1;
	env[0] = arena_printf(job->arena, "RELEASE_NAME=%s", job->release.name);
	env[1] = arena_printf(job->arena, "RELEASE_VSN=%s", job->release.vsn);
	env[2] = arena_printf(job->arena, "RELEASE_ROOT=%s", root);
	say_verbose(job->call, "  %s", command);
	return assemble_hook(job->project, command, env, err);
}

static int finish_dev(struct job *job, struct error *err)
{
	job->place = path_join(job->arena, "dev", job->release.name);
	if (run_after(job, err) || workshop_keep_cookie(&job->workshop, job->place, err))
		return -1;
	return workshop_place(&job->workshop, job->place, true, err);
}

static int finish(struct job *job, struct error *err)
{
	const struct workshop *w = &job->workshop;
	bool replace = job->opts->overwrite;

	job->place = arena_printf(job->arena, "%s-%s", job->release.name, job->release.vsn);
	if (workshop_check(w, job->place, replace, err) || make_upgrade(job, err) ||
	    run_after(job, err) || assemble_seal(&job->release, w->tarball, err))
		return -1;
	return workshop_place(w, job->place, replace, err);
}

/* So that the commit that is written into the release is all that it was built from. */
static int check_clean(struct job *job, struct error *err)
{
	struct git *git;

	if (!job->opts->clean)
		return 0;
	if (git_read(&git, job->arena, job->project->dir, err))
		return -1;
	if (!git)
		return error_set(err, ERROR_REFUSED, "%s: no commit of git that could be built",
				 job->project->dir);
	if (!git->dirty)
		return 0;
	error_set_(err, ERROR_REFUSED, "%s: files differ from the commit %.12s; nothing was built",
		   job->project->dir, git->commit);
	return error_hint(err, "git status names them.");
}

static int build(struct job *job, char store[static PATH_MAX], struct error *err)
{
	const char *out = job->opts->out;

	if (read_project(job, err) || check_clean(job, err))
		return -1;
	if (!out)
		out = job->project->store;
	if (strlen(out) >= PATH_MAX)
		return error_set(err, ERROR_USAGE, "the path of the store is too long");
	memcpy(store, out, strlen(out) + 1);
	if (workshop_open(&job->workshop, job->arena, store, err) || make_tree(job, err))
		return -1;
	return job->opts->dev ? finish_dev(job, err) : finish(job, err);
}

/* ---- what came of it ---- */

static const char *tree_of(struct job *job)
{
	return path_join(job->arena, job->workshop.store, job->place);
}

/* NULL: none was made. */
static const char *tarball_of(struct job *job)
{
	return job->opts->dev ? NULL : arena_printf(job->arena, "%s.tar.gz", tree_of(job));
}

static json_t *upgrades_json(struct job *job)
{
	json_t *list = json_array();

	for (size_t i = 0; i < job->olds.len; i++) {
		const struct prepared *way = &job->prepared[i];

		json_array_append_new(
			list, json_pack("{s:o, s:s, s:b, s:o}", "version", json_text(way->from),
					"verdict", verdict_name(way->verdict), "relup",
					way->has_relup, "reasons", reasons_json(&way->reasons)));
	}
	return list;
}

static uint64_t size_of(const char *tarball)
{
	struct stat info;

	return tarball && stat(tarball, &info) == 0 ? (uint64_t)info.st_size : 0;
}

static void report_json(struct job *job)
{
	const char *tarball = tarball_of(job);

	print_json(json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:o}", "name",
			     json_text(job->release.name), "version", json_text(job->release.vsn),
			     "tarball", json_text(tarball), "tree", json_text(tree_of(job)),
			     "bytes", (json_int_t)size_of(tarball), "applications",
			     (json_int_t)job->release.rel->len, "from", upgrades_json(job)));
}

/* False: it weighs nothing. */
static bool report_reason(const struct reason *reason)
{
	if (reason->severity <= SEVERITY_INFO)
		return false;
	print("    %s %s: %s\n", reason->allowed ? "allowed" : severity_name(reason->severity),
	      reason_name(reason->code), reason->message);
	return true;
}

/* How a node that runs an older release gets to this one. */
static void report_way(struct job *job, size_t nr)
{
	const struct prepared *way = &job->prepared[nr];
	bool told = false;

	print("  from %s: %s\n", way->from,
	      way->has_relup ? verdict_name(way->verdict) : "no way while it runs");
	for (size_t i = 0; i < way->reasons.len; i++)
		told |= report_reason(&way->reasons.items[i]);
	if (told)
		print("    all of it: relevo plan %s %s\n", job->olds.items[nr], tarball_of(job));
}

static void report_upgrade(struct job *job)
{
	const char *tarball = tarball_of(job);

	for (size_t i = 0; i < job->olds.len; i++) {
		const struct prepared *way = &job->prepared[i];
		bool lives = way->has_relup && way->verdict <= VERDICT_HOT_WITH_WARNINGS;

		print("To upgrade a node that runs %s%s:\n    relevo node install NODE %s%s\n",
		      way->from, lives ? "" : ", by a restart", tarball, lives ? "" : " --restart");
	}
	if (job->olds.len == 0)
		print("For the next version to go over it while it runs:\n"
		      "    relevo build --from %s\n",
		      job->release.vsn);
}

/* What to do with it, for those who did not say -q. */
static void report_next(struct job *job)
{
	print("\nTo start it%s:\n    %s/bin/%s start\n",
	      job->opts->dev ? "" : ", here or wherever the tarball is unpacked", tree_of(job),
	      job->release.name);
	if (!job->opts->dev)
		report_upgrade(job);
}

static void report(struct job *job)
{
	const struct assembled *r = &job->release;
	const char *tarball = tarball_of(job);
	char human[32];

	if (tarball)
		print("%s %s  %s (%s, %zu applications)\n", r->name, r->vsn, tarball,
		      human_bytes(size_of(tarball), human), r->rel->len);
	else
		print("%s %s  %s (links, %zu applications)\n", r->name, r->vsn, tree_of(job),
		      r->rel->len);
	for (size_t i = 0; i < job->olds.len; i++)
		report_way(job, i);
	if (!job->call->quiet)
		report_next(job);
}

/* ---- the work, in a process of its own ---- */

struct build_work {
	const struct call *call;
	char *store; /* told to the guard; "" as long as nothing is in there */
};

static int work_run(void *context, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct build_work *work = context;
	owned(job_done) struct job job = {
		.call = work->call, .opts = work->call->opts, .arena = &arena, .workshop.lock = -1
	};

	if (build(&job, work->store, err))
		return -1;
	if (work->call->json)
		report_json(&job);
	else
		report(&job);
	return 0;
}

/* Nothing runs any more, be it that the build is done, or that it was ended. */
static void work_clean(void *context)
{
	const struct build_work *work = context;
	struct error err;

	if (work->store[0] && workshop_sweep(work->store, &err))
		warn("%s", err.text);
}

static int build_run(const struct call *call, struct error *err)
{
	struct build_work work = { .call = call, .store = guard_memory(PATH_MAX) };
	int number = 0, ret = guard_run(NULL, work_run, &work, work_clean, &number, err);

	if (number)
		guard_raise(number);
	return ret;
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
