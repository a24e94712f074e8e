// SPDX-License-Identifier: Apache-2.0
/* discover_parts.h - the rooms inside discover(); nothing for other modules. */
#pragma once
#include "base/file.h"
#include "release/project/discover.h"

struct discovered_apps {
	struct discovered_app *items;
	size_t len, cap;
};

struct discoverer {
	struct arena *arena;
	const char *dir;
	struct discovered *found;
	struct discovered_apps own;    /* that are in the project */
	struct discovered_apps listed; /* that a description of a release names */
	bool has_list;                 /* there is such a description */
	const char *version_app;       /* whose version is the release's; NULL: the first */
	struct discovered_key *keys;
	size_t keys_len, keys_cap;
	const char **left_out;
	size_t left_out_len, left_out_cap;
};

/* ---- discover_parts.c ---- */

bool discover_has(const struct discoverer *d, const char *path);
/* The path when it is there, else NULL. */
const char *discover_if_there(const struct discoverer *d, const char *path);
/* The whole file, appended; nothing when it is not there. */
must_check int discover_read(struct str *out, const struct discoverer *d, const char *path,
			     struct error *err);
/* The folders in a folder; an absent one has none. */
must_check int discover_folders(struct names *out, struct discoverer *d, const char *path,
				struct error *err);
/* Only names that an application may have are taken, each once, DISCOVER_APPS_MAX at most. */
void discover_add(struct discovered_apps *apps, struct discoverer *d, struct span name,
		  const char *dir, enum start_type type);
bool discover_is_app_name(struct span name);
/* NULL: it is not among them. */
const struct discovered_app *discover_find(const struct discovered_apps *apps, struct span name);
/* permanent, when it is no type. */
enum start_type discover_start_type(struct span name);

/* ---- discover_mix.c, discover_ebin.c ---- */

/* A key of relevo.yaml. */
void discover_word(struct discoverer *d, const char *path, const char *word);
void discover_text(struct discoverer *d, const char *path, const char *text);
void discover_texts(struct discoverer *d, const char *path, struct names texts);
/* NULL: it was not met. */
const struct discovered_key *discover_key(const struct discoverer *d, const char *path);
/* What is not taken over. */
void discover_leave_out(struct discoverer *d, struct span name);

must_check int discover_mix(struct discoverer *d, struct error *err);
/* The words of a mix.exs; borrowed as long as the discoverer is used. */
must_check int discover_mix_text(struct discoverer *d, struct span text, struct error *err);
must_check int discover_rebar(struct discoverer *d, struct error *err);
must_check int discover_ebin(struct discoverer *d, struct error *err);

struct mix_token;
/* discover_options.c: the options of one release of mix.exs: behind the bracket. */
void discover_mix_options(struct discoverer *d, const struct mix_token *at);
/* discover_relx.c: what rebar.config says below the key relx. */
void discover_relx(struct discoverer *d, const struct term *config);
