// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a tarball: no crash, no leak, nothing that leads out, never more than was allowed.
 */
#include "release/files/archive.h"

#include <stdlib.h>

enum { MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int check_item(void *context, const struct archive_item *item, struct error *err)
{
	size_t *total = context;
	struct span rest = span_of(item->path), part;
	int depth = 0;

	while (span_next(&rest, '/', &part))
		if (part.len == 0 || span_is(part, ".") || span_is(part, "..") ||
		    ++depth > ARCHIVE_DEPTH_MAX)
			abort();
	*total += item->data.len + strlen(item->path);
	if (depth == 0 || *total > MAX || (item->is_dir && item->data.len > 0))
		abort();
	if (strcmp(item->path, "stop") == 0)
		return error_set(err, ERROR_FAILED, "stopped");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t total = 0;
	struct error err;

	if (archive_read_bytes((struct span){ (const char *)data, size }, MAX, check_item, &total,
			       &err) &&
	    err.text[0] == '\0')
		abort();
	return 0;
}
