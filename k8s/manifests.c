// SPDX-License-Identifier: Apache-2.0
#include "k8s/manifests.h"

#include "base/embed.h"

EMBED(manifest_resources, "k8s/manifests/resources.yaml")
EMBED(manifest_roles, "k8s/manifests/roles.yaml")
EMBED(manifest_conditions, "k8s/manifests/conditions.yaml")

enum { SPACE_MAX = 63 };

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

int manifests_add(struct str *out, const char *space, struct error *err)
{
	const struct blank blanks[] = {
		{ "${NAMESPACE}", span_of(space) },
		{ "${CONDITIONS}", span_trim(manifest_conditions()) },
	};

	if (!is_space(space))
		return error_set(
			err, ERROR_USAGE,
			"%s: no name of a namespace (lower-case letters, digits and \"-\", "
			"at most %d)",
			space, SPACE_MAX);
	fill_in(out, manifest_resources(), blanks, ARRAY_LEN(blanks));
	str_adds(out, "---\n");
	fill_in(out, manifest_roles(), blanks, ARRAY_LEN(blanks));
	return 0;
}
