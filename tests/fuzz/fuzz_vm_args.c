// SPDX-License-Identifier: Apache-2.0
/* A vm.args of anybody's: what is taken out of it, and what a shell would make of the rest. */
#include "release/project/fill.h"
#include "release/project/vm_args.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str sample = STR_EMPTY, shell = STR_EMPTY;
	const char *text = arena_dup(&arena, (struct span){ (const char *)data, size });
	struct vm_args args, again;
	struct error err;

	if (vm_args_read(&args, &arena, text, "f", &err))
		return 0;
	if (strlen(args.text) > strlen(text) || !args.node != !args.distribution)
		abort();
	if (!args.node && !args.cookie && strcmp(args.text, text) != 0)
		abort();
	if (vm_args_read(&again, &arena, args.text, "f", &err))
		return 0;
	fill_sample(&sample, span_of(args.text));
	fill_shell(&shell, span_of(args.text));
	if (shell.len < 2 || shell.ptr[shell.len - 1] != '"')
		abort();
	return 0;
}
