// SPDX-License-Identifier: Apache-2.0
/* place.h - where releases and images are kept: an OCI layout in a folder, the same on a web
 * server, or a registry.
 *
 * A place has repositories ("shop"), each with manifests by tag and digest, and blobs by
 * digest.  Whatever is read is compared with the digest that it was asked for by.
 */
#pragma once
#include "base/arena.h"
#include "base/error.h"
#include "base/names.h"
#include "release/store/oci.h"

struct place;

struct place_ops {
	/* Nobody else writes meanwhile, where that can be had; end with close(). */
	int (*lock)(struct place *place, struct error *err);
	/* ref   a tag, or a digest.  ERROR_NOT_FOUND.  ERROR_REFUSED: not of that digest. */
	int (*get_manifest)(struct place *place, const char *repo, const char *ref, struct str *out,
			    struct error *err);
	/* Under a tag, or its digest; a tag leaves what it stood for before. */
	int (*put_manifest)(struct place *place, const char *repo, const char *ref,
			    const char *type, struct span manifest, struct error *err);
	int (*has_blob)(struct place *place, const char *repo, const struct descriptor *blob,
			bool *has, struct error *err);
	int (*get_blob)(struct place *place, const char *repo, const struct descriptor *blob,
			struct str *out, struct error *err);
	/* from   where it may be already, prefix and all; NULL: none is known
	 * sent   false: it was taken from there
	 */
	int (*put_blob)(struct place *place, const char *repo, const struct descriptor *blob,
			struct span data, const char *from, bool *sent, struct error *err);
	/* Of a repository; "": the names of the repositories, where the place can tell them. */
	int (*list)(struct place *place, struct arena *arena, const char *repo, struct names *out,
		    struct error *err);
	/* Removes tags with their manifests, and the blobs that nothing else wants where that is
	 * not the place's own affair.
	 */
	int (*remove)(struct place *place, const char *repo, struct names tags, struct error *err);
	void (*close)(struct place *place);
};

struct place {
	const struct place_ops *ops;
	const char *url;    /* as it was given */
	const char *id;     /* tells it from others */
	const char *prefix; /* of all its repositories: "acme/", or "" */
};

/* "/releases", "file:///releases": a folder; "https://host/path": a web server; "oci://host/path",
 * "oci+http://host/path": a registry, repositories below the path.  ERROR_USAGE: none of them.
 */
must_check int place_open(struct place **out, const char *url, struct error *err);
void place_close(struct place *place); /* NULL is fine */
/* A URL, not the path of a folder. */
bool place_is_url(const char *text);

must_check int folder_open(struct place **out, const char *url, struct error *err);
must_check int web_open(struct place **out, const char *url, struct error *err);
must_check int registry_open(struct place **out, const char *url, struct error *err);

/* A manifest, as what it says; compared with `ref` if that is a digest. */
must_check int place_read_manifest(struct image_manifest *out, struct arena *arena,
				   struct place *place, const char *repo, const char *ref,
				   const char **digest, struct error *err);
/* The same of bytes that came for `ref` already. */
must_check int place_take_manifest(struct image_manifest *out, struct arena *arena,
				   const struct place *place, const char *repo, const char *ref,
				   struct span bytes, const char **digest, struct error *err);

static inline void place_done(struct place **place)
{
	place_close(*place);
}
#define owned_place owned(place_done)
