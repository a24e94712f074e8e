// SPDX-License-Identifier: Apache-2.0
/* vm_args.h - what a vm.args says of the node's name and cookie.
 *
 * bin/NAME gives both to the VM and finds the system by them.  Of two names the VM takes the first,
 * of two cookies neither, but that of somebody's home.  So they are taken out of the file.
 */
#pragma once
#include "base/arena.h"
#include "base/error.h"

struct vm_args {
	const char *text;         /* without what follows */
	const char *distribution; /* "name" or "sname"; NULL: it does not name the node */
	const char *node;
	const char *cookie; /* NULL: none in it */
};

/* The words are those that erl's -args_file sees: quotes, backslashes, comments.  ERROR_INVALID,
 * with `file` in front: two names, two cookies.  All of it is in the arena.
 */
must_check int vm_args_read(struct vm_args *out, struct arena *arena, const char *text,
			    const char *file, struct error *err);
