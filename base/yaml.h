// SPDX-License-Identifier: Apache-2.0
/* yaml.h - YAML as a JSON tree (libyaml to jansson).
 *
 * Plain scalars become null, true/false, integers and reals as in YAML's core
 * schema; quoted ones are always text.  Anchors and aliases, tags, several
 * documents and duplicate keys are refused: a configuration file needs none.
 */
#pragma once
#include "base/arena.h"
#include "base/error.h"

#include <jansson.h>

enum { YAML_TEXT_MAX = 1 << 20, YAML_DEPTH_MAX = 64 };

struct yaml_place {
	const json_t *object;  /* the mapping or list … */
	const char *key;       /* … and the key in it (NULL in a list) … */
	size_t index;          /* … or the place in the list */
	unsigned line, column; /* from 1 */
	const char *text;      /* of a scalar: as it is written */
};

struct yaml {
	json_t *root;     /* an empty document is an empty object */
	const char *name; /* of the file, for messages */
	struct yaml_place *places;
	size_t len, cap;
	struct arena arena;
};

/* Errors read "NAME:LINE:COLUMN: …". */
must_check int yaml_parse(struct yaml *out, struct span text, const char *name, struct error *err);
must_check int yaml_read(struct yaml *out, const char *path, struct error *err);
void yaml_done(struct yaml *yaml);
/* "NAME:LINE:COLUMN" of a key of a mapping; of the file when it is not known.  In the
 * document's arena.
 */
const char *yaml_where(struct yaml *yaml, const json_t *object, const char *key);
/* The scalar under a key of a mapping as it is written, without quotes: "1.10", which as a number
 * is 1.1.  NULL: there is a list or a mapping, or nothing.  In the document's arena.
 */
const char *yaml_scalar(const struct yaml *yaml, const json_t *object, const char *key);

#define owned_yaml owned(yaml_done)
