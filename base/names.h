// SPDX-License-Identifier: Apache-2.0
/* names.h - a list of names: of modules, applications, processes, as C text (UTF-8). */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct names {
	const char *const *items;
	size_t len;
};

bool names_have(struct names names, const char *name);
/* The same ones in the same order. */
bool names_equal(struct names a, struct names b);
/* Letters, digits and "_.-", a letter, digit or "_" in front: one word to every shell, and to
 * whatever else reads a script or a unit.
 */
bool name_is_word(const char *name);
/* The same with "+", "~" and letters that are not ASCII, as versions have them. */
bool version_is_word(const char *version);
