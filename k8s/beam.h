// SPDX-License-Identifier: Apache-2.0
/* beam.h - what a BeamDeployment and a BeamRelease say; pure.
 *
 * Texts are in the arena, or borrowed from the objects.
 */
#pragma once
#include "base/arena.h"
#include "base/error.h"
#include "upgrade/rollout/rollout.h"

#define BEAM_GROUP "relevo.dev/v1alpha1"

/* A release as pods are told of it. */
struct beam_release {
	const char *release, *version, *digest, *source;
};

/* Of a BeamRelease.  ERROR_INVALID: it lacks something. */
must_check int beam_release_read(struct beam_release *out, const json_t *object, struct error *err);
/* Of the document that pods are given, and that document; a new reference. */
must_check int beam_document_read(struct beam_release *out, const json_t *document,
				  struct error *err);
json_t *beam_document(const struct beam_release *release);

struct beam_wave {
	const char *name;
	struct rollout_amount pods;
	int64_t bake_ms, pause_ms;
	bool pause; /* until it is promoted */
};

enum { BEAM_WAVES_MAX = 33 };

struct beam_wish {
	const char *name, *space, *uid;
	int64_t generation;
	const char *kind, *workload;            /* "StatefulSet", and its name */
	const char *release;                    /* the name of a BeamRelease */
	const char *promoted, *aborted, *retry; /* "": none */
	const char *stable, *heeded_retry;      /* of its status; "": none */
	const json_t *rejected;                 /* of its status; may be NULL */
	const json_t *health;                   /* gates; NULL: the agent's own */
	bool paused, repair, deleted;
	int64_t history, port, check_ms;
	int64_t stage_ms, install_ms, restart_ms;
	int64_t mixed_ms;                       /* pods may run two releases for so long; 0: ever */
	bool give_up;                           /* they did for longer, and are to go back */
	struct rollout_policy policy;           /* of its first wave */
	struct beam_wave waves[BEAM_WAVES_MAX]; /* the last one is that of all pods */
	size_t waves_len;
};

/* ERROR_INVALID: what the server cannot hold to is not so. */
must_check int beam_wish_read(struct beam_wish *out, const json_t *object, struct error *err);
bool beam_is_rejected(const struct beam_wish *wish, const char *digest);
/* Whether the pods of a StatefulSet stay when its template is changed. */
bool beam_is_on_delete(const json_t *set);
/* Whether its pods run more than one release; pure. */
bool beam_is_mixed(const struct rollout *rollout);
#define BEAM_MIXED_TOO_LONG "TooLong" /* the reason of the condition MixedVersions */
/* Of an object with a status; NULL: there is no such condition. */
const json_t *beam_condition(const json_t *object, const char *type);
/* Which of the wish's waves the rollout is in. */
size_t beam_wave_nr(const struct beam_wish *wish, const struct rollout *rollout);

/* A text of an object, "" where there is none; a path of keys, NULL behind the last. */
const char *json_at(const json_t *object, ...) __attribute__((sentinel));
const json_t *json_in(const json_t *object, ...) __attribute__((sentinel));
