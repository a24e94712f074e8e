// SPDX-License-Identifier: Apache-2.0
/* embed.h - a file of the source tree as bytes inside the program.
 *
 *	EMBED(start_script, "release/project/template/start.sh")
 *
 * defines `static struct span start_script(void)`.  The path is from the root of
 * the sources, where the compiler runs.
 */
#pragma once
#include "base/str.h"

#define EMBED(name, path)                                                                          \
	__asm__(".pushsection .rodata\n"                                                           \
		".global embed_" #name "\nembed_" #name ":\n"                                      \
		".incbin \"" path "\"\n"                                                           \
		".global embed_" #name "_end\nembed_" #name "_end:\n.byte 0\n"                     \
		".popsection\n");                                                                  \
	extern const char embed_##name[], embed_##name##_end[];                                    \
	static struct span name(void)                                                              \
	{                                                                                          \
		return (struct span){ embed_##name, (size_t)(embed_##name##_end - embed_##name) }; \
	}
