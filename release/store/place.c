// SPDX-License-Identifier: Apache-2.0
#include "release/store/place.h"

static const struct {
	const char *prefix;
	int (*open)(struct place **out, const char *url, struct error *err);
} schemes[] = {
	{ "file://", folder_open },  { "http://", web_open },          { "https://", web_open },
	{ "oci://", registry_open }, { "oci+http://", registry_open },
};

bool place_is_url(const char *text)
{
	return strstr(text, "://") != NULL;
}

int place_open(struct place **out, const char *url, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (span_starts(span_of(url), schemes[i].prefix))
			return schemes[i].open(out, url, err);
	if (!place_is_url(url))
		return folder_open(out, url, err);
	error_set_(err, ERROR_USAGE, "%.*s: no store that is known here", (int)strcspn(url, ":"),
		   url);
	return error_hint(err, "Known are folders, https://HOST/PATH and oci://REGISTRY/PATH.");
}

void place_close(struct place *place)
{
	if (place)
		place->ops->close(place);
}

int place_take_manifest(struct image_manifest *out, struct arena *arena, const struct place *place,
			const char *repo, const char *ref, struct span bytes, const char **digest,
			struct error *err)
{
	*digest = digest_make(arena, bytes);
	if (digest_is_good(ref) && strcmp(ref, *digest) != 0)
		return error_set(err, ERROR_REFUSED,
				 "%s: %s: what came for %s is %s; nothing of it was used",
				 place->url, repo, ref, *digest);
	if (image_manifest_read(out, arena, bytes, err))
		return error_wrap(err, "%s: %s:%s", place->url, repo, ref);
	return 0;
}

int place_read_manifest(struct image_manifest *out, struct arena *arena, struct place *place,
			const char *repo, const char *ref, const char **digest, struct error *err)
{
	owned_str struct str bytes = STR_EMPTY;

	return place->ops->get_manifest(place, repo, ref, &bytes, err) ||
			       place_take_manifest(out, arena, place, repo, ref, str_span(&bytes),
						   digest, err)
		       ? -1
		       : 0;
}
