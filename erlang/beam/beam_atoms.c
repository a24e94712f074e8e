// SPDX-License-Identifier: Apache-2.0
#include "erlang/beam/beam_atoms.h"

#include "base/utf8.h"
#include "erlang/beam/compact.h"

struct atoms {
	struct span rest;
	size_t left;
	bool latin1;  /* Atom, before OTP 20 */
	bool compact; /* OTP 28: a negative count, lengths as compact terms */
};

static int start(struct atoms *atoms, const struct beam *beam, struct error *err)
{
	bool latin1 = !beam->chunks[BEAM_ATU8].ptr;
	struct span data = beam->chunks[latin1 ? BEAM_ATOM : BEAM_ATU8];
	int64_t count;

	if (data.len < 4)
		return error_set(err, ERROR_INVALID, "atom table: cut off");
	count = (int32_t)beam_word(data.ptr);
	*atoms = (struct atoms){ { data.ptr + 4, data.len - 4 },
				 (size_t)(count < 0 ? -count : count),
				 latin1,
				 count < 0 };
	/* Each atom takes one byte at least. */
	if (atoms->left == 0 || atoms->left > atoms->rest.len)
		return error_set(err, ERROR_INVALID, "atom table: %zu atoms in %zu bytes",
				 atoms->left, data.len);
	return 0;
}

static bool take_length(struct atoms *atoms, uint64_t *out)
{
	if (atoms->compact)
		return !compact_take_number(out, &atoms->rest);
	if (atoms->rest.len == 0)
		return false;
	*out = (uint8_t)atoms->rest.ptr[0];
	atoms->rest = (struct span){ atoms->rest.ptr + 1, atoms->rest.len - 1 };
	return true;
}

static const char *from_latin1(struct arena *arena, struct span text)
{
	owned_str struct str out = STR_EMPTY;

	for (size_t i = 0; i < text.len; i++)
		utf8_add(&out, (uint8_t)text.ptr[i]);
	return arena_text(arena, str_span(&out));
}

static int next(const char **out, struct atoms *atoms, struct arena *arena, struct error *err)
{
	struct span name;
	uint64_t len;

	if (!take_length(atoms, &len) || len > atoms->rest.len)
		return error_set(err, ERROR_INVALID, "atom table: damaged");
	name = (struct span){ atoms->rest.ptr, (size_t)len };
	atoms->rest = (struct span){ atoms->rest.ptr + len, atoms->rest.len - (size_t)len };
	*out = atoms->latin1 ? from_latin1(arena, name) : arena_text(arena, name);
	return 0;
}

int beam_first_atom(const char **out, struct arena *arena, const struct beam *beam,
		    struct error *err)
{
	struct atoms atoms;
	const char *name;

	if (start(&atoms, beam, err) || next(&name, &atoms, arena, err))
		return -1;
	if (name[0] == '\0' || strchr(name, '/'))
		return error_set(err, ERROR_INVALID, "\"%s\" is no name of a module", name);
	*out = name;
	return 0;
}

int beam_read_atoms(struct names *out, struct arena *arena, const struct beam *beam,
		    struct error *err)
{
	const char **names;
	struct atoms atoms;
	size_t len;

	if (start(&atoms, beam, err))
		return -1;
	len = atoms.left;
	names = arena_array(arena, len, const char *);
	for (size_t i = 0; i < len; i++)
		if (next(&names[i], &atoms, arena, err))
			return -1;
	*out = (struct names){ names, len };
	return 0;
}
