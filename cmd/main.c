// SPDX-License-Identifier: Apache-2.0
/* From the words of the command line to a command, and from its error to an exit status. */
#include "base/guard.h"
#include "base/json.h"
#include "base/nearest.h"
#include "base/process.h"
#include "cmd/command.h"
#include "cmd/help.h"
#include "cmd/output.h"
#include "cmd/version.h"

#include <locale.h>
#include <malloc.h>
#include <stdlib.h>

static void print_error_json(const struct error *err)
{
	json_t *body = json_pack("{s:s, s:s, s:o, s:i}", "code", error_code_of(err), "reason",
				 error_reason(err->kind), "message", json_text(err->text), "exit",
				 error_exit_status(err->kind));

	if (err->otp[0])
		json_object_set_new(body, "otp", json_text(err->otp));
	print_json(json_pack("{s:o}", "error", body));
}

static void print_error(const struct error *err)
{
	progress_clear();
	print_to(stderr, "%srelevo:%s ", style_on(stderr, STYLE_BAD), style_off(stderr));
	print_lines(stderr, span_of(err->text));
	print_to(stderr, "\n");
}

/* Stdout takes one document, if it takes anything. */
static void tell(const struct error *err, bool json)
{
	if (json && !print_json_done()) {
		print_error_json(err);
		if (fflush(stdout) == 0 && !ferror(stdout))
			return;
	}
	print_error(err);
}

static void options_free(const struct command *command, void *opts)
{
	for (const struct option *o = command->options; o && o->type != OPTION_END; o++)
		if (o->type == OPTION_LIST)
			free(((struct option_list *)((char *)opts + o->offset))->items);
	free(opts);
}

static int run_command(const struct command *command, int argc, char **argv, struct error *err)
{
	void *opts = mem_zero(1, command->opts_size);
	struct call call = { 0 };
	int ret = options_parse(&call, opts, command, argc, argv, err);

	if (ret == 0 && call.help)
		help_print_command(stdout, command);
	else if (ret == 0)
		ret = command->run(&call, err);
	options_free(command, opts);
	return ret;
}

static int unknown_command(const struct command *const *list, const char *above, const char *name,
			   struct error *err)
{
	struct nearest nearest = nearest_to(name);

	for (; list && *list; list++)
		nearest_try(&nearest, (*list)->name);
	error_set_(err, ERROR_USAGE, "there is no command \"%s%s%s\"", above, above[0] ? " " : "",
		   name);
	if (nearest_best(&nearest))
		error_hint_(err, "Did you mean \"%s%s%s\"?", above, above[0] ? " " : "",
			    nearest_best(&nearest));
	return error_hint(err, "See: relevo help%s%s", above[0] ? " " : "", above);
}

/* Takes the word that names a command of the list out of argv, options may stand before it.  *out
 * stays NULL where there is no such word.
 */
static int take_command(const struct command **out, const struct command *const *list,
			const char *above, int *argc, char **argv, struct error *err)
{
	int at = 0;

	while (at < *argc && argv[at][0] == '-')
		at += option_words(list, *argc - at, argv + at);
	if (at >= *argc)
		return 0;
	*out = command_find(list, argv[at]);
	if (!*out)
		return unknown_command(list, above, argv[at], err);
	--*argc;
	memmove(argv + at, argv + at + 1, (size_t)(*argc - at) * sizeof(*argv));
	return 0;
}

static int choose_command(const struct command **out, int *argc, char **argv, struct error *err)
{
	const struct command *below = NULL;

	*out = NULL;
	if (take_command(out, commands, "", argc, argv, err))
		return -1;
	if (!*out || !(*out)->subcommands)
		return 0;
	if (take_command(&below, (*out)->subcommands, (*out)->name, argc, argv, err))
		return -1;
	if (below)
		*out = below;
	return 0;
}

static bool wants_json(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

static bool has_word(const char *word, const char *letter, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], word) == 0 || (letter && strcmp(argv[i], letter) == 0))
			return true;
	return false;
}

/* Options alone. */
static int run_no_command(int argc, char **argv, struct error *err)
{
	if (has_word("--version", NULL, argc, argv))
		print("relevo " RELEVO_VERSION "\n");
	else if (argc == 0 || has_word("--help", "-h", argc, argv))
		help_print_all(stdout);
	else
		return error_set(err, ERROR_USAGE, "%s of which command?\nSee: relevo help",
				 argv[0]);
	return 0;
}

static int run(int argc, char **argv, struct error *err)
{
	const struct command *command;

	if (choose_command(&command, &argc, argv, err))
		return -1;
	if (!command)
		return run_no_command(argc, argv, err);
	if (command->run)
		return run_command(command, argc, argv, err);
	if (argc > 0 && !has_word("--help", "-h", argc, argv))
		return error_set(err, ERROR_USAGE, "%s of which command?\nSee: relevo help %s",
				 argv[0], command->name);
	help_print_command(stdout, command);
	return 0;
}

/* Under the name that kubectl looks for, it is `relevo k8s`; but for help and --version. */
static bool is_plugin(const char *called, int argc, char **argv)
{
	const char *slash = strrchr(called, '/');

	return strcmp(slash ? slash + 1 : called, "kubectl-relevo") == 0 &&
	       (argc == 0 || (strcmp(argv[0], "help") != 0 && strcmp(argv[0], "--version") != 0));
}

static int run_plugin(int argc, char **argv, struct error *err)
{
	owned_mem char **words = mem_zero((size_t)argc + 2, sizeof(*words));
	char k8s[] = "k8s";

	words[0] = k8s;
	memcpy(words + 1, argv, (size_t)argc * sizeof(*words));
	return run(argc + 1, words, err);
}

int main(int argc, char **argv)
{
	bool json = wants_json(argc, argv); /* options_parse() moves the words about */
	struct error err;
	int ret;

	process_begin();
	/* Memory that was given back is wanted again at once: a quarter of the time of a plan went
	 * into taking it from the system in small pieces.
	 */
	mallopt(M_TOP_PAD, 1 << 20);
	mallopt(M_TRIM_THRESHOLD, 128 << 20);
	mallopt(M_MMAP_THRESHOLD, 4 << 20);
	setlocale(LC_CTYPE, "C.UTF-8");
	ret = is_plugin(argv[0], argc - 1, argv + 1) ? run_plugin(argc - 1, argv + 1, &err)
						     : run(argc - 1, argv + 1, &err);
	progress_clear();
	if (ret == 0)
		ret = result_flush(&err);
	if (fflush(stdout) || ferror(stdout)) {
		if (ret == 0)
			ret = error_sys(&err, "cannot write the result to stdout");
	}
	if (ret == 0 && print_json_lost())
		ret = error_set(&err, ERROR_FAILED, "the result cannot be written as JSON");
	if (ret == 0)
		return 0;
	tell(&err, json);
	return error_exit_status(err.kind);
}
