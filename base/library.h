// SPDX-License-Identifier: Apache-2.0
/* library.h - shared libraries that are loaded when they are first wanted.
 *
 * What a program is linked with is found, mapped and bound before its first line runs, which takes
 * longer than most commands do.  An adapter lists the functions that it calls, keeps a table of
 * pointers to them, and calls library_load() before it uses one:
 *
 *	#define FUNCTIONS(X) X(open) X(close)
 *	#define X(name) __typeof__(&some_##name) name;
 *	static struct { FUNCTIONS(X) } some;
 *	#undef X
 *	#define X(name) LIBRARY_FUNCTION(some_##name, some.name),
 *	static const struct library_function functions[] = { FUNCTIONS(X) };
 *	#undef X
 *	static struct library library = LIBRARY("libsome.so.1", functions, "Install libsome1.");
 */
#pragma once
#include "base/error.h"

#include <stdatomic.h>

struct library_function {
	const char *name;
	void *into;           /* its pointer in the adapter's table */
	void (*linked)(void); /* the function itself, where it is linked in; or NULL */
};

struct library {
	const char *file, *hint;
	const struct library_function *functions;
	size_t len;
	atomic_bool loaded;
};

/* The program that wants no shared library but libc (make tarball) has its adapters compiled so. */
#ifdef LIBRARIES_LINKED
#define LIBRARY_LINKED(function) ((void (*)(void))(function))
#else
#define LIBRARY_LINKED(function) NULL
#endif
#define LIBRARY_FUNCTION(function, pointer)                     \
	{                                                       \
#function, &(pointer), LIBRARY_LINKED(function) \
	}
/* hint: what to do where it is missing, with the name of Debian's package. */
#define LIBRARY(file, functions, hint)                             \
	{                                                          \
		file, hint, functions, ARRAY_LEN(functions), false \
	}

/* Fills the table in, the first time; from any thread.  It is never unloaded.
 *
 * ERROR_FAILED: it is not installed, or lacks one of the functions; then none may be called.
 */
must_check int library_load(struct library *library, struct error *err);
