// SPDX-License-Identifier: Apache-2.0
/* project_parts.h - what project.c, target.c and state.c share to read relevo.yaml; for these
 * alone. */
#pragma once
#include "base/yaml.h"
#include "release/project/project.h"

struct project_reader {
	struct project *project;
	struct arena *arena;
	struct yaml yaml;
	const json_t *releases; /* the list of several; NULL: there is one */
	bool inside;            /* the one chosen of them is read */
	struct error *err;
	/* What is read now: by which rows, into what. */
	const struct project_key *keys;
	void *into;
};

/* A value and where it stands. */
struct project_field {
	const json_t *object;
	const char *key, *path;
	const json_t *value;
};

/* "FILE:LINE:COLUMN: KEY: want …"; returns -1. */
int project_wrong(struct project_reader *r, const struct project_field *f, const char *want);
/* The keys of an object by the rows of r->keys into r->into; `prefix` is that of their paths. */
int project_read_keys(struct project_reader *r, const json_t *object, const char *prefix);

/* Readers of one value, for the rows of a table. */
int project_get_bool(struct project_reader *r, const struct project_field *f, void *into);
int project_get_text(struct project_reader *r, const struct project_field *f, void *into);
int project_get_path(struct project_reader *r, const struct project_field *f, void *into);
int project_get_texts(struct project_reader *r, const struct project_field *f, void *into);
int project_get_targets(struct project_reader *r, const struct project_field *f, void *into);

/* state.c */
int project_get_endpoints(struct project_reader *r, const struct project_field *f, void *into);
int project_get_lease(struct project_reader *r, const struct project_field *f, void *into);
/* Whether the keys below "state" go together; fills in those that were not given. */
int project_check_state(struct project_reader *r);
