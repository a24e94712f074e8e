// SPDX-License-Identifier: Apache-2.0
/* listed.h - the releases of a store, as they are shown. */
#pragma once
#include "release/store/remote.h"

enum { DIGEST_SHOWN = 19 }; /* of "sha256:…": JSON has all of it */

void print_listed(const struct listed *items, size_t len);
json_t *listed_json(const struct listed *items, size_t len);
