// SPDX-License-Identifier: Apache-2.0
/* challenge.h - WWW-Authenticate: what a registry wants to see (RFC 7235, Docker's tokens). */
#pragma once
#include "base/arena.h"

struct challenge {
	bool basic, bearer;
	const char *realm, *service, *scope; /* NULL: not named */
};

/* Of several kinds in it, the first that is known. */
void challenge_read(struct challenge *out, struct arena *arena, const char *header);
/* Appends text as it may stand in a query. */
void query_add(struct str *out, const char *text);
