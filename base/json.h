// SPDX-License-Identifier: Apache-2.0
/* json.h - what goes into the JSON documents of --json.
 *
 * JSON is UTF-8, paths and what strangers write are bytes: what is no UTF-8 becomes U+FFFD, so that
 * a document is always one.  New references are returned.
 */
#pragma once
#include "base/base.h"
#include "base/names.h"

#include <jansson.h>

/* NULL: null. */
json_t *json_text(const char *text);
json_t *json_texts(struct names texts);
/* Microseconds as milliseconds, with what is behind the point. */
json_t *json_ms(int64_t us);

static inline void json_done(json_t **json)
{
	json_decref(*json);
}
#define owned_json owned(json_done)
