// SPDX-License-Identifier: Apache-2.0
#include "base/cache.h"
#include "base/file.h"
#include "release/files/parts.h"
#include "release/store/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOB_VERSION = 1 };

#define PREFIX ".pull."

bool reference_parse(struct reference *out, struct arena *arena, const char *text)
{
	const char *at = strchr(text, '@');
	struct reference found = { NULL, at ? at + 1 : text };

	if (at)
		found.name = arena_dup(arena, (struct span){ text, (size_t)(at - text) });
	if ((found.name && !name_is_word(found.name)) ||
	    !(digest_is_good(found.ref) || version_is_word(found.ref)))
		return false;
	*out = found;
	return true;
}

/* ---- a place for what comes ---- */

struct staging {
	char *path; /* in the arena of the pull; NULL: none yet */
	FILE *file;
};

static void staging_done(struct staging *s)
{
	if (s->path)
		unlink(s->path);
	stream_close(&s->file);
}

/* What a pull left behind that was killed; one that goes on holds its file. */
static void sweep(struct arena *arena, const char *folder)
{
	struct dir_entry *entries;
	struct error ignored;
	size_t len;

	if (dir_names(&entries, &len, arena, folder, &ignored))
		return;
	for (size_t i = 0; i < len; i++) {
		const char *path = path_join(arena, folder, entries[i].name);
		owned_fd int fd = -1;

		if (!span_starts(span_of(entries[i].name), PREFIX))
			continue;
		fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			unlink(path);
	}
}

static int staging_open(struct staging *out, struct arena *arena, const char *folder,
			struct error *err)
{
	int fd;

	if (dir_make(folder, err))
		return -1;
	sweep(arena, folder);
	out->path = arena_printf(arena, "%s/" PREFIX "XXXXXX", folder);
	fd = mkostemp(out->path, O_CLOEXEC);
	if (fd < 0) {
		error_sys_(err, "cannot write into %s", folder);
		out->path = NULL;
		return -1;
	}
	(void)!flock(fd, LOCK_EX | LOCK_NB);
	out->file = fdopen(fd, "wb");
	return 0;
}

/* ---- what comes ---- */

struct pull {
	struct arena *arena;
	struct place *place;
	const char *repo;
	const struct pull_options *options;
	struct image_manifest manifest;
	struct artifact artifact;
	struct pulled result;
	struct cache *cache;
};

static void pull_done(struct pull *p)
{
	image_manifest_done(&p->manifest);
	cache_close(p->cache);
}

/* What came once is not asked for again; the cache is believed no more than the store. */
static int fetch(struct str *out, struct pull *p, const struct descriptor *blob, struct error *err)
{
	struct cache_key key = cache_key("blob", BLOB_VERSION, span_of(blob->digest));

	if (cache_get(p->cache, &key, out)) {
		if ((int64_t)out->len == blob->size && digest_fits(blob->digest, str_span(out)))
			return 0;
		str_clear(out);
	}
	if (p->place->ops->get_blob(p->place, p->repo, blob, out, err))
		return -1;
	p->result.came++;
	p->result.went += out->len;
	cache_put(p->cache, &key, str_span(out));
	return 0;
}

static int fetch_parts(struct pull *p, FILE *file, struct error *err)
{
	owned_joining struct joining joining = { 0 };
	char sha256[HASH_HEX_MAX];

	if (join_begin(&joining, file, err))
		return -1;
	for (size_t i = 0; i < p->manifest.len; i++) {
		owned_str struct str part = STR_EMPTY;

		if (fetch(&part, p, &p->manifest.layers[i], err) ||
		    join_add(&joining, str_span(&part), err))
			return -1;
		p->result.size += part.len;
	}
	p->result.parts = p->manifest.len;
	if (join_end(&joining, sha256, err))
		return -1;
	if (strcmp(sha256, digest_hex(p->artifact.tarball)) != 0)
		return error_set(err, ERROR_REFUSED, "its parts are not those of its tarball");
	if (fflush(file) || fchmod(fileno(file), 0644) || fsync(fileno(file)))
		return error_sys(err, "cannot write into %s", p->options->folder);
	return 0;
}

/* ---- whether it is what was asked for ---- */

static int read_artifact(struct pull *p, const char *ref, struct error *err)
{
	owned_str struct str config = STR_EMPTY;

	if (place_read_manifest(&p->manifest, p->arena, p->place, p->repo, ref, &p->result.digest,
				err) ||
	    artifact_check(&p->manifest, err) || fetch(&config, p, &p->manifest.config, err) ||
	    artifact_read(&p->artifact, p->arena, &p->manifest, str_span(&config), err))
		return -1;
	p->result.came = 0;
	p->result.went = 0;
	return 0;
}

static int check_name(const struct pull *p, const char *name, const char *vsn, const char *says,
		      struct error *err)
{
	if (strcmp(name, p->repo) == 0 && strcmp(vsn, p->artifact.vsn) == 0)
		return 0;
	return error_set(err, ERROR_REFUSED, "%s is %s %s, not %s %s", says, name, vsn, p->repo,
			 p->artifact.vsn);
}

/* A version is a tag, too: if the tag looks like another version than the one that came, somebody
 * else was put in its place.
 */
static int check_version(const struct pull *p, const char *ref, struct error *err)
{
	const char *tag;

	if (check_name(p, p->artifact.name, p->artifact.vsn, "what lies there", err) ||
	    tag_of_version(&tag, p->arena, p->artifact.vsn, err))
		return -1;
	if (digest_is_good(ref) || strcmp(ref, tag) == 0 || ref[0] < '0' || ref[0] > '9')
		return 0;
	return error_set(err, ERROR_REFUSED, "what lies there as %s is version %s", ref,
			 p->artifact.vsn);
}

/* Of the file itself, whatever the store said of it. */
static int check_release(struct pull *p, const char *path, struct error *err)
{
	owned_release struct release *release = NULL;

	return release_open(&release, path, err) ||
			       check_name(p, release->name, release->vsn, "the release in it",
					  err) ||
			       release_trust(&p->result.trusted, p->arena, release,
					     p->options->trust, err)
		       ? -1
		       : 0;
}

/* The very same file may be there already. */
static int look(struct pull *p, struct error *err)
{
	char sha256[HASH_HEX_MAX];

	p->result.path = arena_printf(p->arena, "%s/%s-%s.tar.gz", p->options->folder,
				      p->artifact.name, p->artifact.vsn);
	if (!path_exists(p->result.path))
		return 0;
	if (hash_file_hex(HASH_SHA256, p->result.path, sha256, err))
		return -1;
	p->result.was_there = strcmp(sha256, digest_hex(p->artifact.tarball)) == 0;
	if (p->result.was_there || p->options->overwrite)
		return 0;
	error_set_(err, ERROR_REFUSED, "%s is there already, and another one; nothing was changed",
		   p->result.path);
	return error_hint(err, "Pull into another folder (--out), or say --overwrite.");
}

static int pull_all(struct pull *p, const char *ref, struct error *err)
{
	owned(staging_done) struct staging staging = { NULL, NULL };

	if (read_artifact(p, ref, err) || check_version(p, ref, err) || look(p, err))
		return -1;
	if (p->result.was_there)
		return check_release(p, p->result.path, err);
	if (staging_open(&staging, p->arena, p->options->folder, err) ||
	    fetch_parts(p, staging.file, err) || check_release(p, staging.path, err) ||
	    path_rename(staging.path, p->result.path, err))
		return -1;
	staging.path = NULL;
	return 0;
}

int remote_pull(struct pulled *out, struct arena *arena, struct place *place,
		const struct reference *reference, const struct pull_options *options,
		struct error *err)
{
	owned(pull_done) struct pull p = {
		.arena = arena,
		.place = place,
		.repo = reference->name,
		.options = options,
		.cache = cache_open(),
	};
	const char *ref = reference->ref;

	if (!reference->name)
		return error_set(err, ERROR_USAGE, "%s of which release? NAME@%s", ref, ref);
	if (!digest_is_good(ref) && tag_of_version(&ref, arena, ref, err))
		return -1;
	if (pull_all(&p, ref, err)) {
		/* What cannot be read is not what was pushed. */
		if (err->kind == ERROR_INVALID)
			err->kind = ERROR_REFUSED;
		error_wrap_(err, "%s@%s from %s", reference->name, reference->ref, place->url);
		return err->kind == ERROR_NOT_FOUND
			       ? error_hint(err, "relevo list %s tells what is there.",
					    reference->name)
			       : -1;
	}
	p.result.name = p.artifact.name;
	p.result.vsn = p.artifact.vsn;
	*out = p.result;
	return 0;
}
