// SPDX-License-Identifier: Apache-2.0
/* base64.h - bytes as text (RFC 4648, section 4: with padding, no line breaks). */
#pragma once
#include "base/str.h"

void base64_add(struct str *out, struct span bytes);
/* Appends the bytes; false, with *out as it was, when the text is none. */
must_check bool base64_read(struct str *out, struct span text);
