// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rehearse/stand.h"

#include "base/file.h"
#include "release/files/unpack.h"
#include "release/read/release.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	POLL_MS = 50,
	STOP_MS = 30000,
	NODE_MS = 10000,
	SAID_LINES = 12,
	SAID_WIDTH = 500, /* of a line with what was folded behind it */
	SAID_INDENT = 8,  /* from here on it is the line before that goes on */
	SAID_BYTES = 16000,
	COOKIE_BYTES = 24,
};

/* ---- the folder ---- */

static int unpack(const struct stand *stand, const char *release, struct error *err)
{
	if (!path_exists(release))
		return error_set(err, ERROR_NOT_FOUND, "%s: there is no such file", release);
	if (path_is_dir(release))
		return tree_copy(release, stand->root, NULL, err);
	return archive_unpack(release, stand->root, err);
}

/* The release must be readable as one, and says what it is called. */
static int identify(struct stand *stand, const char *path, struct error *err)
{
	owned_release struct release *release = NULL;

	if (release_open(&release, stand->root, err))
		return error_wrap(err, "%s", path);
	stand->name = arena_dup(&stand->arena, span_of(release->name));
	stand->vsn = arena_dup(&stand->arena, span_of(release->vsn));
	if (!path_is_file(arena_printf(&stand->arena, "%s/bin/%s", stand->root, stand->name)))
		return error_set(err, ERROR_INVALID, "%s: there is no bin/%s that starts it", path,
				 stand->name);
	return 0;
}

/* ---- apart from everything else ---- */

static int free_port(int *out, struct error *err)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	owned_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    getsockname(fd, (struct sockaddr *)&address, &len))
		return error_sys(err, "cannot find a free port");
	*out = ntohs(address.sin_port);
	return 0;
}

static int random_text(const char **out, struct arena *arena, size_t bytes, struct error *err)
{
	unsigned char random[COOKIE_BYTES];
	owned_str struct str text = STR_EMPTY;

	if (getrandom(random, bytes, 0) != (ssize_t)bytes)
		return error_sys(err, "no random numbers");
	for (size_t i = 0; i < bytes; i++)
		str_addf(&text, "%02x", random[i]);
	*out = arena_dup(arena, str_span(&text));
	return 0;
}

extern char **environ;

/* What an outer release, or the shell, says about its own release is not for this one. */
static void forget_outer_release(struct arena *arena)
{
	const char **names = NULL;
	size_t len = 0, cap = 0;

	for (size_t i = 0; environ[i]; i++) {
		struct span rest = span_of(environ[i]), name;

		if (!span_next(&rest, '=', &name) ||
		    (!span_starts(name, "RELEASE_") && !span_is(name, "RELDIR") &&
		     !span_is(name, "ROOTDIR") && !span_is(name, "BINDIR")))
			continue;
		names = arena_grow(arena, names, len, &cap);
		names[len++] = arena_dup(arena, name);
	}
	for (size_t i = 0; i < len; i++)
		unsetenv(names[i]);
}

static void set_environment(struct stand *stand, int epmd_port)
{
	const char *flags = getenv("ERL_ZFLAGS");
	struct arena *arena = &stand->arena;

	forget_outer_release(arena);
	setenv("ERL_EPMD_PORT", arena_printf(arena, "%d", epmd_port), 1);
	setenv("ERL_EPMD_ADDRESS", "127.0.0.1", 1);
	setenv("ERL_CRASH_DUMP", path_join(arena, stand->dir, "erl_crash.dump"), 1);
	setenv("ERL_ZFLAGS",
	       arena_printf(arena, "%s -kernel inet_dist_use_interface {127,0,0,1}",
			    flags ? flags : ""),
	       1);
}

static const char *find_epmd(struct arena *arena, const char *root)
{
	owned_mem char *installed = NULL;
	struct dir_entry *entries;
	struct error ignored;
	size_t len;

	if (dir_list(&entries, &len, arena, root, &ignored) == 0) {
		for (size_t i = 0; i < len; i++) {
			const char *path =
				arena_printf(arena, "%s/%s/bin/epmd", root, entries[i].name);

			if (span_starts(span_of(entries[i].name), "erts-") &&
			    access(path, X_OK) == 0)
				return path;
		}
	}
	installed = process_find("epmd");
	return installed ? arena_dup(arena, span_of(installed)) : NULL;
}

static int start_epmd(struct stand *stand, int port, struct error *err)
{
	const char *program = find_epmd(&stand->arena, stand->root);
	const char *const argv[] = {
		program,    "-port",     arena_printf(&stand->arena, "%d", port),
		"-address", "127.0.0.1", NULL
	};

	if (!program)
		return error_set(err, ERROR_FAILED,
				 "the release packs no Erlang/OTP, and there is no epmd in PATH");
	return process_start(&stand->epmd, argv, &(struct process_start){ .log = NULL }, err);
}

int stand_make(struct stand *out, const struct stand_options *options, struct error *err)
{
	struct stand stand = { .dir = options->dir };
	const char *tag;
	int epmd_port;

	stand.root = path_join(&stand.arena, stand.dir, "release");
	stand.log = path_join(&stand.arena, stand.dir, "log");
	if (dir_make(stand.root, err) || unpack(&stand, options->release, err) ||
	    identify(&stand, options->release, err) || free_port(&epmd_port, err) ||
	    (options->port_env && free_port(&stand.port, err)) ||
	    random_text(&stand.cookie, &stand.arena, COOKIE_BYTES, err) ||
	    random_text(&tag, &stand.arena, 4, err)) {
		stand_done(&stand);
		return -1;
	}
	stand.node = arena_printf(&stand.arena, "%s_rehearsal_%s@127.0.0.1", stand.name, tag);
	set_environment(&stand, epmd_port);
	if (options->port_env)
		setenv(options->port_env, arena_printf(&stand.arena, "%d", stand.port), 1);
	if (start_epmd(&stand, epmd_port, err)) {
		stand_done(&stand);
		return -1;
	}
	*out = stand;
	return 0;
}

void stand_done(struct stand *stand)
{
	process_free(stand->vm);
	process_free(stand->epmd);
	stand->vm = stand->epmd = NULL;
	arena_done(&stand->arena);
}

/* ---- the VM ---- */

int64_t stand_log_size(const struct stand *stand)
{
	struct stat status;

	return stat(stand->log, &status) ? 0 : (int64_t)status.st_size;
}

/* Terms over many lines, far to the right, become one line, which is cut. */
static void unfold(struct str *out, struct span text)
{
	struct span line;
	size_t begin = 0;

	while (span_next(&text, '\n', &line)) {
		struct span bare = span_trim(line);

		if (out->len > 0 && bare.len > 0 && bare.ptr >= line.ptr + SAID_INDENT) {
			if (out->len + bare.len < begin + SAID_WIDTH)
				str_add(out, bare);
			continue;
		}
		if (out->len > 0)
			str_addc(out, '\n');
		begin = out->len;
		str_add(out, line);
	}
}

const char *stand_said(const struct stand *stand, struct arena *arena, int64_t from)
{
	int64_t size = stand_log_size(stand), start;
	owned_str struct str text = STR_EMPTY, lines = STR_EMPTY;
	struct error ignored;
	struct span said;
	size_t count = 0, i;

	start = size - from > SAID_BYTES ? size - SAID_BYTES : from;
	if (start >= size ||
	    file_read_part(stand->log, (uint64_t)start, (size_t)(size - start), &text, &ignored))
		return "";
	unfold(&lines, span_trim(str_span(&text)));
	said = str_span(&lines);
	for (i = said.len; i > 0 && count < SAID_LINES; i--)
		count += said.ptr[i - 1] == '\n';
	if (count == SAID_LINES)
		i++;
	return arena_dup(arena, (struct span){ said.ptr + i, said.len - i });
}

static const char *env_of(struct arena *arena, const char *name, const char *value)
{
	return arena_printf(arena, "%s=%s", name, value);
}

const char *const *stand_env(const struct stand *stand, struct arena *arena, const char *phase,
			     const char *vsn)
{
	const char **env = arena_array(arena, 12, const char *);
	size_t len = 0;

	env[len++] = env_of(arena, "RELEASE_DISTRIBUTION", "name");
	env[len++] = env_of(arena, "RELEASE_NODE", stand->node);
	env[len++] = env_of(arena, "RELEASE_COOKIE", stand->cookie);
	if (!phase)
		return env;
	env[len++] = env_of(arena, "REHEARSE_PHASE", phase);
	env[len++] = env_of(arena, "REHEARSE_VERSION", vsn);
	env[len++] = env_of(arena, "REHEARSE_NODE", stand->node);
	env[len++] = env_of(arena, "REHEARSE_ROOT", stand->root);
	if (stand->port)
		env[len++] = arena_printf(arena, "REHEARSE_PORT=%d", stand->port);
	return env;
}

bool stand_is_down(struct stand *stand)
{
	return !stand->vm || process_ended(stand->vm, NULL);
}

static int not_up(struct stand *stand, int64_t from, const char *what, struct error *err)
{
	const char *said = stand_said(stand, &stand->arena, from);

	error_set_(err, ERROR_FAILED, "%s %s", stand->name, what);
	return said[0] ? error_hint(err, "It said:\n%s", said) : -1;
}

static bool is_up(struct node *node)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *answer;
	struct error ignored;

	return rpc_call(&answer, NULL, node_dist(node), &arena, "init", "get_status", &term_nil,
			node_deadline(node), &ignored) == 0 &&
	       term_is_tagged(answer, "started", 2);
}

/* Runtime configuration may have the VM restart within: the connection is then made anew. */
static int await_up(struct node **out, struct stand *stand, struct deadline deadline,
		    struct error *err)
{
	const struct node_options options = { .name = stand->node,
					      .cookie = stand->cookie,
					      .timeout_ms = NODE_MS };
	int64_t from = stand_log_size(stand);
	struct node *node = NULL;
	struct error why;

	error_set_(&why, ERROR_FAILED, "its applications are still being started");
	for (;; clock_sleep_ms(POLL_MS)) {
		char how[PROCESS_ENDING_MAX];
		int status;

		if (process_ended(stand->vm, &status)) {
			node_close(node);
			return not_up(stand, from,
				      arena_printf(&stand->arena, "%s while it started",
						   process_ending(status, how)),
				      err);
		}
		if (deadline_over(deadline)) {
			node_close(node);
			return not_up(
				stand, from,
				arena_printf(&stand->arena, "is not up in time: %s", why.text),
				err);
		}
		if (!node && node_open(&node, &options, &why))
			continue;
		if (is_up(node)) {
			*out = node;
			return 0;
		}
		node_close(node);
		node = NULL;
	}
}

int stand_boot(struct node **out, struct stand *stand, struct deadline deadline, struct error *err)
{
	const char *program = arena_printf(&stand->arena, "%s/bin/%s", stand->root, stand->name);
	const char *const argv[] = { program, "start", NULL };
	const struct process_start start = {
		.dir = stand->root,
		.env = stand_env(stand, &stand->arena, NULL, NULL),
		.log = stand->log,
	};

	stand_halt(stand);
	if (process_start(&stand->vm, argv, &start, err))
		return -1;
	return await_up(out, stand, deadline, err);
}

void stand_halt(struct stand *stand)
{
	if (stand->vm)
		process_end(stand->vm, STOP_MS);
	process_free(stand->vm);
	stand->vm = NULL;
}
