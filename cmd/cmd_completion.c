// SPDX-License-Identifier: Apache-2.0
#include "cmd/help.h"
#include "cmd/output.h"
#include "cmd/release_arg.h"

/* For the completions themselves: the versions in the store of the project here, newest first. */
static int print_versions(struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct names versions;

	if (release_arg_versions(&versions, &arena, err))
		return -1;
	for (size_t i = 0; i < versions.len; i++)
		print("%s\n", versions.items[i]);
	return 0;
}

static int completion_run(const struct call *call, struct error *err)
{
	static const struct {
		const char *shell;
		void (*print)(void);
	} shells[] = { { "bash", completion_bash },
		       { "zsh", completion_zsh },
		       { "fish", completion_fish } };

	for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
		if (strcmp(call->argv[0], shells[i].shell) == 0) {
			shells[i].print();
			return 0;
		}
	}
	if (strcmp(call->argv[0], "versions") == 0)
		return print_versions(err);
	return error_set(err, ERROR_USAGE, "completion: want bash, zsh or fish, got \"%s\"",
			 call->argv[0]);
}

const struct command cmd_completion = {
	.name = "completion",
	.args = "SHELL",
	.summary = "Print shell completions (bash, zsh or fish)",
	.description = "Commands, options and what they take, the versions in the store of the "
		       "project here. "
		       "make install puts them where the shells look.",
	.examples = "source <(relevo completion bash)\n"
		    "relevo completion zsh > \"${fpath[1]}/_relevo\"\n"
		    "relevo completion fish > ~/.config/fish/completions/relevo.fish",
	.group = "Getting help",
	.no_json = true,
	.args_min = 1,
	.args_max = 1,
	.run = completion_run,
};
