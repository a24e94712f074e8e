// SPDX-License-Identifier: Apache-2.0
#include "k8s/manifests.h"

#include "base/embed.h"

EMBED(manifest_resources, "k8s/manifests/resources.yaml")
EMBED(manifest_roles, "k8s/manifests/roles.yaml")
EMBED(manifest_operator, "k8s/manifests/operator.yaml")
EMBED(manifest_conditions, "k8s/manifests/conditions.yaml")
EMBED(manifest_workload, "k8s/manifests/workload.yaml")
EMBED(manifest_agent, "k8s/manifests/agent.yaml")

enum { SPACE_MAX = 63, IMAGE_MAX = 512 };

/* Lower-case letters, digits and "-", which stands at no end. */
static bool is_space(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= SPACE_MAX && name[0] != '-' && name[len - 1] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

struct blank {
	const char *name;
	struct span text;
};

/* The text with what belongs into its ${NAME}s; every one of them is known. */
static void fill_in(struct str *out, struct span text, const struct blank *blanks, size_t len)
{
	while (text.len > 0) {
		const char *at = memchr(text.ptr, '$', text.len);
		size_t before = at ? (size_t)(at - text.ptr) : text.len, skip = 0;

		str_add(out, (struct span){ text.ptr, before });
		text = (struct span){ text.ptr + before, text.len - before };
		for (size_t i = 0; i < len && skip == 0; i++)
			if (span_starts(text, blanks[i].name)) {
				str_add(out, blanks[i].text);
				skip = strlen(blanks[i].name);
			}
		if (skip == 0 && text.len > 0) {
			str_addc(out, text.ptr[0]);
			skip = 1;
		}
		text = (struct span){ text.ptr + skip, text.len - skip };
	}
}

static int check_space(const char *space, struct error *err)
{
	if (is_space(space))
		return 0;
	return error_set(err, ERROR_USAGE,
			 "%s: no name of a namespace (lower-case letters, digits and \"-\", "
			 "at most %d)",
			 space, SPACE_MAX);
}

/* As it stands in YAML without quotes. */
static bool is_image(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= IMAGE_MAX && name[0] != '-' && name[len - 1] != ':' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "-_./:@") == len;
}

int manifests_add(struct str *out, const char *space, const char *image, struct error *err)
{
	const struct blank blanks[] = {
		{ "${NAMESPACE}", span_of(space) },
		{ "${IMAGE}", span_of(image ? image : "") },
		{ "${CONDITIONS}", span_trim(manifest_conditions()) },
	};

	if (check_space(space, err))
		return -1;
	if (image && !is_image(image))
		return error_set(err, ERROR_USAGE, "%s: no name of an image", image);
	fill_in(out, manifest_resources(), blanks, ARRAY_LEN(blanks));
	str_adds(out, "---\n");
	fill_in(out, manifest_roles(), blanks, ARRAY_LEN(blanks));
	if (image) {
		str_adds(out, "---\n");
		fill_in(out, manifest_operator(), blanks, ARRAY_LEN(blanks));
	}
	return 0;
}

/* ---- a workload ---- */

/* Stands between quotes: nothing may end them, or begin a line. */
static int check_text(const char *what, const char *text, const char *others, struct error *err)
{
	const char *letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t len = 0;

	while (text[len] && (strchr(letters, text[len]) || strchr(others, text[len])))
		len++;
	return len > 0 && !text[len]
		       ? 0
		       : error_set(err, ERROR_USAGE, "%s: no %s", text[0] ? text : "\"\"", what);
}

static int check_workload(const struct workload *w, const char *space, struct error *err)
{
	if (check_space(space, err) || check_text("name of a workload", w->name, "", err) ||
	    check_text("name of a container", w->container, "", err) ||
	    check_text("path of a release", w->root, "/", err) ||
	    check_text("name of a node", w->node, "@$()", err) ||
	    check_text("image", w->image, "/:@", err) ||
	    check_text("path of relevo", w->relevo, "/", err))
		return -1;
	if (w->root[0] != '/' || !strchr(w->node, '@'))
		return error_set(err, ERROR_USAGE, "%s is no absolute path, or %s no NAME@HOST",
				 w->root, w->node);
	if (strcmp(w->kind, "StatefulSet") != 0 && strcmp(w->kind, "Deployment") != 0)
		return error_set(err, ERROR_USAGE, "%s: StatefulSet or Deployment", w->kind);
	return 0;
}

int manifests_patch(struct str *out, const struct workload *w, const char *space, struct error *err)
{
	owned_str struct str agent = STR_EMPTY;
	bool set = strcmp(w->kind, "StatefulSet") == 0;
	const struct blank blanks[] = {
		{ "${NAMESPACE}", span_of(space) },
		{ "${NAME}", span_of(w->name) },
		{ "${KIND}", span_of(w->kind) },
		{ "${CONTAINER}", span_of(w->container) },
		{ "${ROOT}", span_of(w->root) },
		{ "${NODE}", span_of(w->node) },
		{ "${IMAGE}", span_of(w->image) },
		{ "${RELEVO}", span_of(w->relevo) },
		{ "${RESTARTS}", w->sidecar ? SPAN("        restartPolicy: Always\n") : SPAN("") },
		{ "${STRATEGY}",
		  set ? SPAN("  updateStrategy: {type: OnDelete, rollingUpdate: null}\n")
		      : SPAN("") },
	};
	struct blank all[ARRAY_LEN(blanks) + 2];

	if (check_workload(w, space, err))
		return -1;
	fill_in(&agent, manifest_agent(), blanks, ARRAY_LEN(blanks));
	memcpy(all, blanks, sizeof(blanks));
	all[ARRAY_LEN(blanks)] =
		(struct blank){ "${AGENT_BEFORE}", w->sidecar ? str_span(&agent) : SPAN("") };
	all[ARRAY_LEN(blanks) + 1] =
		(struct blank){ "${AGENT_BESIDE}\n", w->sidecar ? SPAN("") : str_span(&agent) };
	fill_in(out, manifest_workload(), all, ARRAY_LEN(all));
	return 0;
}
