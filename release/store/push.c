// SPDX-License-Identifier: Apache-2.0
#include "release/files/archive.h"
#include "release/files/parts.h"
#include "release/read/manifest_read.h"
#include "release/store/remote.h"
#include "release/store/send.h"

#include <stdlib.h>

/* A release on its way: what was made of it. */
struct parcel {
	struct arena *arena;
	struct release *release;

	struct artifact artifact;
	struct descriptor *parts;
	const char **names;
	struct str *bytes;
	size_t len;
	struct str config, manifest;
	const char *digest; /* of the manifest */
};

static void parcel_done(struct parcel *p)
{
	release_free(p->release);
	for (size_t i = 0; i < p->len; i++)
		str_done(&p->bytes[i]);
	str_done(&p->config);
	str_done(&p->manifest);
}

/* ---- made ---- */

static int pack_parts(struct parcel *p, const struct packer *packer, struct parts parts,
		      struct error *err)
{
	owned_joining struct joining joining = { 0 };
	char sha256[HASH_HEX_MAX];

	p->parts = arena_array(p->arena, parts.len, struct descriptor);
	p->names = arena_array(p->arena, parts.len, const char *);
	p->bytes = arena_array(p->arena, parts.len, struct str);
	if (join_begin(&joining, NULL, err))
		return -1;
	for (size_t i = 0; i < parts.len; i++) {
		struct str *bytes = &p->bytes[p->len++];

		if (part_pack(bytes, packer, &parts.items[i], false, err) ||
		    join_add(&joining, str_span(bytes), err))
			return -1;
		p->names[i] = arena_dup(p->arena, parts.items[i].name);
		p->parts[i] = (struct descriptor){
			.type = OCI_LAYER_GZIP,
			.digest = digest_make(p->arena, str_span(bytes)),
			.size = (int64_t)bytes->len,
		};
	}
	if (join_end(&joining, sha256, err))
		return -1;
	p->artifact.tarball = arena_printf(p->arena, "sha256:%s", sha256);
	p->artifact.size = (int64_t)joining.size;
	return 0;
}

static int describe(struct parcel *p, struct error *err)
{
	const struct release *release = p->release;
	struct manifest manifest;

	if (!name_is_word(release->name) || !version_is_word(release->vsn))
		return error_set(err, ERROR_INVALID, "%s: its name or version is no single word",
				 release->path);
	p->artifact.name = arena_dup(p->arena, span_of(release->name));
	p->artifact.vsn = arena_dup(p->arena, span_of(release->vsn));
	p->artifact.erts = arena_dup(p->arena, span_of(release->erts));
	if (!release->manifest)
		return 0;
	if (manifest_read(&manifest, p->arena, release->tree, release->manifest, err))
		return -1;
	p->artifact.revision = manifest.commit;
	return 0;
}

static int make_parcel(struct parcel *p, struct error *err)
{
	owned_packer struct packer packer = { 0 };
	struct archive_source *items;
	size_t len;

	tree_sources(&items, &len, p->arena, p->release->tree);
	if (packer_open(&packer, p->arena, items, len, err) ||
	    pack_parts(p, &packer, parts_cut(p->arena, &packer), err))
		return -1;
	artifact_make(&p->config, &p->manifest, p->arena, &p->artifact, p->parts, p->names, p->len);
	p->digest = digest_make(p->arena, str_span(&p->manifest));
	return 0;
}

static int check_release(struct parcel *p, const char *tarball, const struct trust *trust,
			 struct error *err)
{
	struct trusted found;

	if (release_open(&p->release, tarball, err))
		return -1;
	if (tree_is_dir(p->release->tree)) {
		error_set_(err, ERROR_USAGE, "%s is a folder; a store takes tarballs", tarball);
		return error_hint(err, "relevo build makes one beside it.");
	}
	return release_trust(&found, p->arena, p->release, trust, err) || describe(p, err) ? -1 : 0;
}

/* ---- sent ---- */

static int send_parts(struct pushed *out, struct place *place, const struct parcel *p,
		      struct error *err)
{
	owned_sending struct sending sending = sending_begin(place, p->artifact.name);
	struct descriptor config = { ARTIFACT_CONFIG, digest_make(p->arena, str_span(&p->config)),
				     (int64_t)p->config.len, NULL };

	for (size_t i = 0; i < p->len; i++)
		if (send_bytes(&sending, &p->parts[i], str_span(&p->bytes[i]), err))
			return error_wrap(err, "%s", p->names[i]);
	out->parts = sending.blobs;
	out->sent = sending.sent;
	out->mounted = sending.mounted;
	out->size = sending.size;
	out->went = sending.went;
	return send_bytes(&sending, &config, str_span(&p->config), err);
}

/* What the version stands for until now. */
static int look(bool *same, struct place *place, const struct parcel *p, const char *tag,
		bool overwrite, struct error *err)
{
	owned_str struct str there = STR_EMPTY;
	struct error why;

	*same = false;
	if (place->ops->get_manifest(place, p->artifact.name, tag, &there, &why)) {
		if (why.kind == ERROR_NOT_FOUND)
			return 0;
		*err = why;
		return -1;
	}
	*same = digest_fits(p->digest, str_span(&there));
	if (*same || overwrite)
		return 0;
	error_set_(err, ERROR_REFUSED,
		   "%s: %s %s is there already, and something else; nothing "
		   "was sent",
		   place->url, p->artifact.name, p->artifact.vsn);
	return error_hint(err, "Give the new release its own version, or say --overwrite.");
}

static int put_tags(struct place *place, const struct parcel *p, const char *tag, bool there,
		    struct names more, struct error *err)
{
	const char *repo = p->artifact.name;

	if (!there &&
	    place->ops->put_manifest(place, repo, tag, OCI_MANIFEST, str_span(&p->manifest), err))
		return -1;
	for (size_t i = 0; i < more.len; i++)
		if (place->ops->put_manifest(place, repo, more.items[i], OCI_MANIFEST,
					     str_span(&p->manifest), err))
			return -1;
	return 0;
}

static int check_tags(struct names tags, struct error *err)
{
	for (size_t i = 0; i < tags.len; i++)
		if (!tag_is_good(tags.items[i]))
			return error_set(err, ERROR_USAGE,
					 "%s: no tag: letters, digits and . - _, 128 at most",
					 tags.items[i]);
	return 0;
}

int remote_push(struct pushed *out, struct arena *arena, struct place *place, const char *tarball,
		const struct push_options *options, struct error *err)
{
	owned(parcel_done) struct parcel p = { .arena = arena };
	struct pushed pushed = { 0 };
	const char *tag;

	if (check_tags(options->tags, err) || check_release(&p, tarball, options->trust, err) ||
	    tag_of_version(&tag, arena, p.artifact.vsn, err) || make_parcel(&p, err) ||
	    place->ops->lock(place, err) ||
	    look(&pushed.was_there, place, &p, tag, options->overwrite, err))
		return -1;
	if (!pushed.was_there && send_parts(&pushed, place, &p, err))
		return err->kind == ERROR_UNREACHABLE
			       ? error_hint(err,
					    "Nobody finds %s %s there yet; pushed again, only what "
					    "lacks is sent.",
					    p.artifact.name, p.artifact.vsn)
			       : -1;
	if (put_tags(place, &p, tag, pushed.was_there, options->tags, err))
		return -1;
	pushed.name = p.artifact.name;
	pushed.vsn = p.artifact.vsn;
	pushed.digest = p.digest;
	*out = pushed;
	return 0;
}
