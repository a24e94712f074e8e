// SPDX-License-Identifier: Apache-2.0
/* libs.h - the shared libraries of a file system that is made of layers, and whether a program
 *finds what it wants there.
 *
 * What a layer has is a JSON list, so that it can be kept for the next time:
 *	[{"path": "usr/lib/libz.so.1.2.13", "machine": 62, "defines": ["ZLIB_1.2.0"]},
 *	 {"path": "usr/lib/libz.so.1", "link": "libz.so.1.2.13"}, {"path": "usr/lib/old.so", "gone":
 *true}]
 */
#pragma once
#include "base/error.h"
#include "base/json.h"
#include "docker/elf.h"
#include "release/files/archive.h"

/* Of tar bytes, unpacked; files and names that hide those of layers below. */
must_check int libs_of_layer(json_t **out, struct span tar, struct error *err);
/* Of the items of one that is made here. */
must_check int libs_of_items(json_t **out, const struct archive_source *items, size_t len,
			     struct error *err);

/* All layers together: an object of such entries by path.  `layer` lies on top of what was put
 * there. */
void libs_put(json_t *libs, const json_t *layer);

/* One program or library of a release. */
struct program {
	const char *path;
	struct elf elf;
};

/* Appends a line for each thing that is not there: a library, a version of one, the loader.  The
 * release's own libraries count, too.  Each is said once, of the first that wants it.
 */
void libs_check(struct str *missing, const json_t *libs, const struct program *programs,
		size_t len);
