// SPDX-License-Identifier: Apache-2.0
/* elf.h - what a program or a shared library wants of the system it runs on (ELF, 64 bits, little
 * endian).
 */
#pragma once
#include "base/arena.h"
#include "base/names.h"

struct elf_want {
	const char *file, *version; /* "libc.so.6", "GLIBC_2.34" */
};

struct elf {
	unsigned machine;    /* EM_X86_64 … */
	const char *loader;  /* "/lib64/ld-linux-x86-64.so.2"; NULL: none */
	struct names needed; /* "libc.so.6" … */
	const struct elf_want *wants;
	size_t wants_len;
	struct names defines; /* versions that it has for others: "GLIBC_2.36" … */
};

/* False: not of that kind, or damaged.  All of it is in the arena. */
bool elf_read(struct elf *out, struct arena *arena, struct span file);
/* The field's name of it, as images have it: "amd64"; NULL: not known. */
const char *elf_architecture(unsigned machine);
