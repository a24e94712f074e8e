// SPDX-License-Identifier: Apache-2.0
#include "release/project/config_cache.h"

#include "base/clock.h"
#include "base/file.h"
#include "release/model/otp.h"
#include "release/project/template.h"

#include <stdlib.h>
#include <sys/stat.h>

enum { FILES_MAX = 1000, FILE_MAX = 16 << 20 };

/* All of the environment that leads to other answers, where no file asks for more. */
static const char *const variables[] = {
	"MIX_ENV",    "MIX_TARGET", "ELIXIR_ERL_OPTIONS",   "ERL_FLAGS", "ERL_AFLAGS",
	"ERL_ZFLAGS", "ERL_LIBS",   "ERL_COMPILER_OPTIONS", "LC_ALL",    "LC_CTYPE",
	"LANG",
};

static void add_part(struct str *out, const char *text)
{
	if (text)
		str_adds(out, text);
	str_addc(out, '\0');
}

/* A version under development keeps its number: so the time of the file counts as well. */
static void add_elixir(struct str *out, struct arena *arena)
{
	const char *lib = elixir_lib_find(arena);
	const char *app = lib ? path_join(arena, lib, "elixir/ebin/elixir.app") : "";
	struct stat info = { 0 };
	struct error ignored;

	if (lib && (file_read(app, FILE_MAX, out, &ignored) || stat(app, &info)))
		add_part(out, "?");
	add_part(out, lib);
	str_addf(out, "%lld.%09ld", (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

static void add_otp(struct str *out, struct arena *arena)
{
	struct error ignored;
	struct otp otp;

	if (otp_find(&otp, arena, &ignored))
		return;
	add_part(out, otp.root);
	add_part(out, otp.version);
}

void config_cache_open(struct config_cache *out, const struct project *project,
		       struct span question)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str key = STR_EMPTY;
	const char *dir = project->dir;
	struct error ignored;

	if (path_real(&dir, &arena, project->dir, &ignored))
		dir = project->dir;
	str_add(&key, template_text(TEMPLATE_READS));
	str_add(&key, template_text(TEMPLATE_CONFIG));
	str_add(&key, question);
	add_part(&key, dir);
	add_elixir(&key, &arena);
	add_otp(&key, &arena);
	for (size_t i = 0; i < ARRAY_LEN(variables); i++)
		add_part(&key, getenv(variables[i]));
	*out = (struct config_cache){
		.cache = cache_open(),
		.key = cache_key("config", 1, str_span(&key)),
		.asked = clock_wall_ms(),
	};
}

void config_cache_done(struct config_cache *cache)
{
	cache_close(cache->cache);
}

/* What is kept: "DIGEST PATH" for each file, an empty line, the answer. */
static bool same_files(struct span *rest)
{
	struct span line;

	while (span_next(rest, '\n', &line) && line.len > 0) {
		owned_arena struct arena arena = ARENA_EMPTY;
		struct span digest;
		char now[HASH_HEX_MAX];
		struct error ignored;

		if (!span_next(&line, ' ', &digest) ||
		    hash_file_hex(HASH_SHA256, arena_dup(&arena, line), now, &ignored) ||
		    !span_is(digest, now))
			return false;
	}
	return true;
}

bool config_cache_get(struct config_cache *cache, struct str *answer)
{
	owned_str struct str kept = STR_EMPTY;
	struct span rest;

	if (!cache_get(cache->cache, &cache->key, &kept))
		return false;
	rest = str_span(&kept);
	if (!same_files(&rest))
		return false;
	str_add(answer, rest);
	return true;
}

/* A file that was written at about the time it was read may have been read before that. */
static bool is_older(const char *path, int64_t asked)
{
	struct stat info;

	return stat(path, &info) == 0 && info.st_ctim.tv_sec < asked / 1000 - 1;
}

static bool add_file(struct str *out, struct config_cache *cache, struct span path)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *name = arena_dup(&arena, path);
	char digest[HASH_HEX_MAX];
	struct error ignored;

	if (!is_older(name, cache->asked) || hash_file_hex(HASH_SHA256, name, digest, &ignored))
		return false;
	str_addf(out, "%s %s\n", digest, name);
	return true;
}

void config_cache_put(struct config_cache *cache, struct span answer)
{
	owned_str struct str value = STR_EMPTY;
	struct span rest = answer, line;
	int files = 0;

	if (!span_next(&rest, '\n', &line) || !span_is(line, "%% pure"))
		return;
	while (span_starts(rest, "%% read ") && span_next(&rest, '\n', &line)) {
		line.ptr += strlen("%% read ");
		line.len -= strlen("%% read ");
		if (++files > FILES_MAX || !add_file(&value, cache, line))
			return;
	}
	str_addc(&value, '\n');
	str_add(&value, rest);
	cache_put(cache->cache, &cache->key, str_span(&value));
}
