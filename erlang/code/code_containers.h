// SPDX-License-Identifier: Apache-2.0
/* code_containers.h - of each function over a dict, an array, a set and their like, which one over
 * a map or a list it is (code_known_containers.c).
 */
#pragma once
#include "erlang/beam/beam.h"

enum container_result {
	IS,      /* what the other function returns */
	HOLDS,   /* a container that holds it */
	ALL,     /* a container that holds what those of the list have */
	SAME,    /* the container that was given, of which some may be gone */
	FETCH,   /* the value of the first argument, which must be there … */
	VALUE,   /* {value, Value}, or none … */
	FIND,    /* {ok, Value}, or error … */
	DEFAULT, /* Value, or what is not known … */
	TAKE,    /* {Value, Container}, or error … */
	TAKEN,   /* {Value, Container} */
	FIRST,   /* an element of the list that the other function returns … */
	REST,    /* … with the container behind it; of {Key, Value}: {Key, Value, Container} */
	PEEK,    /* {value, Element}, or empty */
	OUT,     /* {{value, Element}, Container}, or {empty, Container} */
};

/* How the other function is called: a digit is an argument, of containers what they hold; + puts
 * the next one into a list, = makes a pair of the next two; n is 1, # any number, ? not known.
 */
struct container_row {
	const char *module, *name;
	uint32_t arity;
	unsigned containers; /* which arguments, as bits */
	enum container_result result;
	const char *to_module, *to, *with; /* no function: its one argument is the result */
};

/* NULL: it is not one of them. */
const struct container_row *container_row(const struct beam_function *function);
