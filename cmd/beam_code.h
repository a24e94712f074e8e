// SPDX-License-Identifier: Apache-2.0
/* beam_code.h - relevo beam --code: what the functions of modules do. */
#pragma once
#include "cmd/command.h"
#include "erlang/code/code_report.h"

/* Modules that others ask for, from the folders of the files that were given. */
struct beam_library {
	struct arena arena;
	const char **folders;
	size_t folders_len, folders_cap;
	const char **names;        /* that were asked for … */
	const struct code **codes; /* … and what was found; NULL: nothing */
	size_t len, cap, codes_cap;
};

void beam_library_add(struct beam_library *library, const char *file);
void beam_library_done(struct beam_library *library);
#define owned_beam_library owned(beam_library_done)

/* list  takes the module as JSON; NULL: it is printed as text */
void show_code(struct beam_library *library, const struct code *code,
	       const struct beam_facts *facts, const char *file, json_t *list);
