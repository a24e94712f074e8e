// SPDX-License-Identifier: Apache-2.0
/* beam_atoms.h - the atom table of a module, for beam.c and beam_facts.c only. */
#pragma once
#include "erlang/beam/beam.h"

/* Four bytes, big endian. */
static inline uint32_t beam_word(const char *at)
{
	const uint8_t *byte = (const uint8_t *)at;

	return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
}

/* All atoms, as UTF-8 (arena_text()); number 1 of the file is items[0], the module. */
must_check int beam_read_atoms(struct names *out, struct arena *arena, const struct beam *beam,
			       struct error *err);
/* Only the first. */
must_check int beam_first_atom(const char **out, struct arena *arena, const struct beam *beam,
			       struct error *err);
