// SPDX-License-Identifier: Apache-2.0
#include "k8s/tell.h"

#include "base/json.h"
#include "k8s/beam.h"

#define DIGEST "sha256:"

static const char *path_of(struct arena *arena, const struct kube *kube, const char *name)
{
	return kube_path(arena, BEAM_GROUP, "beamdeployments", kube_space(kube), name);
}

int tell_get(json_t **out, struct kube *kube, const char *name, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct kube_request request = { .path = path_of(&arena, kube, name) };

	return kube_ask(out, kube, &request, err);
}

static bool is_seen(const json_t *object)
{
	return json_integer_value(json_in(object, "metadata", "generation", NULL)) ==
	       json_integer_value(json_in(object, "status", "observedGeneration", NULL));
}

static const char *condition(const json_t *object, const char *type, const char *key)
{
	const json_t *one;
	size_t i;

	json_array_foreach (json_in(object, "status", "conditions", NULL), i, one)
		if (strcmp(json_at(one, "type", NULL), type) == 0)
			return json_at(one, key, NULL);
	return "";
}

/* With "sha256:" before it or without. */
static bool begins(const char *digest, const char *with)
{
	if (strncmp(with, DIGEST, strlen(DIGEST)) != 0 &&
	    strncmp(digest, DIGEST, strlen(DIGEST)) == 0)
		digest += strlen(DIGEST);
	return with[0] && strncmp(digest, with, strlen(with)) == 0;
}

/* What is on its way, by its digest. */
static int find_target(const char **out, const json_t *object, const char *revision,
		       struct error *err)
{
	const char *name = kube_meta(object, "name");
	const char *target = json_at(object, "status", "targetRevision", NULL);

	if (!is_seen(object))
		return error_set(err, ERROR_REFUSED,
				 "%s: the operator has not seen the last change of it yet; nothing "
				 "was changed",
				 name);
	if (!target[0])
		return error_set(err, ERROR_REFUSED,
				 "%s: there is no BeamRelease %s; nothing was changed", name,
				 json_at(object, "spec", "releaseRef", "name", NULL));
	if (revision && !begins(target, revision))
		return error_set(err, ERROR_REFUSED,
				 "%s: %s is wanted there, not %s; nothing was changed", name,
				 target, revision);
	if (strcmp(json_at(object, "status", "stableRevision", NULL), target) == 0)
		return error_set(
			err, ERROR_REFUSED,
			"%s: %s is stable there, nothing is under way; nothing was changed", name,
			target);
	*out = target;
	return 0;
}

int tell(json_t **out, struct kube *kube, const char *name, enum tell_kind kind,
	 const char *revision, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_json json_t *object = NULL, *body = NULL;
	struct kube_request request = { .method = "PATCH", .type = KUBE_MERGE };
	const char *target;

	if (kind == TELL_pause || kind == TELL_resume) {
		body = json_pack("{s:{s:b}}", "spec", "paused", kind == TELL_pause);
	} else {
		if (tell_get(&object, kube, name, err) ||
		    find_target(&target, object, revision, err))
			return -1;
		body = json_pack("{s:{s:s}}", "spec",
				 kind == TELL_promote ? "promotedRevision" : "abortedRevision",
				 target);
	}
	request.body = body;
	request.path = path_of(&arena, kube, name);
	return kube_ask(out, kube, &request, err);
}

int tell_standing(const json_t *object, struct error *err)
{
	static const struct {
		const char *reason;
		enum error_kind kind;
	} ends[] = {
		{ "RolledBack", ERROR_ROLLED_BACK },   { "Aborted", ERROR_ROLLED_BACK },
		{ "NeedsPerson", ERROR_STUCK },        { "InvalidSpec", ERROR_INVALID },
		{ "ReleaseMissing", ERROR_NOT_FOUND },
	};
	const char *reason = condition(object, "Ready", "reason");

	/* What was said of an earlier wish says nothing of this one. */
	if (!is_seen(object))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (strcmp(reason, ends[i].reason) == 0)
			return error_set(err, ends[i].kind, "%s",
					 condition(object, "Ready", "message"));
	if (strcmp(condition(object, "Paused", "status"), "True") == 0)
		return error_set(err, ERROR_PAUSED, "%s", condition(object, "Paused", "message"));
	return 0;
}
