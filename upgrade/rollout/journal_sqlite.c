// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rollout/journal_kind.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/library.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SCHEMA = 2,
	BUSY_MS = 10000,     /* another process writes */
	STATE_MAX = 1 << 20, /* bytes of one text; a head with its policy is some 2 kB */
};

/* Loaded when a journal is opened. */
/* clang-format off */
#define FUNCTIONS(X) \
	X(bind_int64) X(bind_text) X(busy_timeout) X(close) X(column_int64) X(column_text) X(errmsg) \
	X(exec) X(finalize) X(last_insert_rowid) X(limit) X(open_v2) X(prepare_v2) X(step)
/* clang-format on */

#define X(name) __typeof__(&sqlite3_##name) name;
static struct {
	FUNCTIONS(X)
} sqlite;
#undef X

#define X(name) LIBRARY_FUNCTION(sqlite3_##name, sqlite.name),
static const struct library_function functions[] = { FUNCTIONS(X) };
#undef X

static struct library library =
	LIBRARY("libsqlite3.so.0", functions,
		"The journal of rollouts is kept with SQLite: install libsqlite3-0.");

struct sqlite_journal {
	struct journal journal;
	sqlite3 *db;
	char *file, *release;
	char *target; /* that is driven, and its key; NULL: none */
	char *key;
	int lock; /* a descriptor; -1: we do not have it */
	uint64_t token;
	int64_t rollout; /* that is written on; 0: none */
};

static const struct journal_kind sqlite_kind;

static struct sqlite_journal *own(struct journal *journal)
{
	return (struct sqlite_journal *)journal;
}

/* What is called target in here is RELEASE/TARGET: projects of one user share the file. */
static const char schema[] =
	"create table fleet(target text primary key, token integer not null, driver text not null);"
	"create table rollout(id integer primary key, target text not null, release text not null,"
	" vsn text not null, began integer not null, ended integer not null, result text not null,"
	" about text not null, head text not null);"
	"create index rollout_target on rollout(target, id);"
	"create table node(rollout integer not null, nr integer not null, state text not null,"
	" primary key(rollout, nr)) without rowid;"
	"create table note(id integer primary key, rollout integer not null, at integer not null,"
	" node text, text text not null);"
	"create index note_rollout on note(rollout, id);"
	"create table command(id integer primary key, target text not null, command integer not "
	"null,"
	" vsn text not null);"
	"create table bad(target text not null, vsn text not null, primary key(target, vsn))"
	" without rowid;";

/* From 1, which knew targets by their names alone.  A relevo of then that drives one does not find
 * its token any more, and stops.
 */
static const char from_1[] =
	"create table fleet(target text primary key, token integer not null, driver text not null);"
	"insert into fleet select distinct rollout.release||'/'||name, token, driver"
	" from target join rollout on rollout.target=name;"
	"drop table target;"
	"create table bad_2(target text not null, vsn text not null, primary key(target, vsn))"
	" without rowid;"
	"insert into bad_2 select distinct release||'/'||bad.target, bad.vsn"
	" from bad join rollout using(target, vsn);"
	"drop table bad;"
	"alter table bad_2 rename to bad;"
	"delete from command;"
	"update rollout set target=release||'/'||target;";

static void add_key(struct str *out, const struct sqlite_journal *j, const char *target)
{
	str_addf(out, "%s/%s", j->release, target);
}

/* ---- statements ---- */

static int failed(struct sqlite_journal *j, struct error *err)
{
	return error_set(err, ERROR_FAILED, "the journal %s: %s", j->file, sqlite.errmsg(j->db));
}

static int run(struct sqlite_journal *j, const char *sql, struct error *err)
{
	return sqlite.exec(j->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(j, err);
}

static void statement_done(sqlite3_stmt **statement)
{
	if (*statement)
		sqlite.finalize(*statement);
}
#define owned_statement owned(statement_done)

/* types: one letter for each value, s (const char *, NULL is null) or i (int64_t). */
static int prepare(sqlite3_stmt **out, struct sqlite_journal *j, const char *sql, struct error *err,
		   const char *types, ...)
{
	va_list args;

	if (sqlite.prepare_v2(j->db, sql, -1, out, NULL) != SQLITE_OK)
		return failed(j, err);
	va_start(args, types);
	for (int i = 1; *types; i++, types++) {
		if (*types == 's')
			sqlite.bind_text(*out, i, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
		else
			sqlite.bind_int64(*out, i, va_arg(args, int64_t));
	}
	va_end(args);
	return 0;
}

/* The next row; *some false when there is none. */
static int next(bool *some, sqlite3_stmt *statement, struct sqlite_journal *j, struct error *err)
{
	int code = sqlite.step(statement);

	*some = code == SQLITE_ROW;
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : failed(j, err);
}

static int finish(sqlite3_stmt *statement, struct sqlite_journal *j, struct error *err)
{
	bool some;

	return next(&some, statement, j, err);
}

static const char *text_of(sqlite3_stmt *statement, int column)
{
	const unsigned char *text = sqlite.column_text(statement, column);

	return text ? (const char *)text : "";
}

/* All of it or nothing. */
static int end(struct sqlite_journal *j, int ret, struct error *err)
{
	if (ret == 0 && run(j, "commit", err) == 0)
		return 0;
	sqlite.exec(j->db, "rollback", NULL, NULL, NULL);
	return -1;
}

/* ---- the file ---- */

static int schema_version(int64_t *out, struct sqlite_journal *j, struct error *err)
{
	owned_statement sqlite3_stmt *statement = NULL;
	bool some;

	if (prepare(&statement, j, "pragma user_version", err, "") ||
	    next(&some, statement, j, err))
		return -1;
	*out = sqlite.column_int64(statement, 0);
	if (*out <= SCHEMA)
		return 0;
	return error_set(err, ERROR_INVALID,
			 "the journal %s is of another relevo (%" PRId64 ", this one has %d)",
			 j->file, *out, SCHEMA);
}

/* Two processes may make it at once. */
static int make_schema(struct sqlite_journal *j, struct error *err)
{
	owned_str struct str sql = STR_EMPTY;
	int64_t version;

	if (schema_version(&version, j, err))
		return -1;
	if (version == SCHEMA)
		return 0;
	str_addf(&sql, "%s pragma user_version=%d;", version == 1 ? from_1 : schema, SCHEMA);
	return run(j, sql.ptr, err);
}

/* Nothing is written to one that is there: whoever drives may be writing, for as long as it is
 * stopped.
 */
static int set_up(struct sqlite_journal *j, struct error *err)
{
	int64_t version;

	sqlite.busy_timeout(j->db, BUSY_MS);
	sqlite.limit(j->db, SQLITE_LIMIT_LENGTH, STATE_MAX);
	if (schema_version(&version, j, err))
		return -1;
	if (version == SCHEMA)
		return run(j, "pragma synchronous=full", err);
	if (run(j, "pragma journal_mode=wal; pragma synchronous=full;", err) ||
	    run(j, "begin immediate", err))
		return -1;
	return end(j, make_schema(j, err), err);
}

static int make_file(const char *file, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *dir = path_dir(&arena, file);
	mode_t mask = umask(077);
	int fd, ret = 0;

	if (!path_is_dir(dir))
		ret = dir_make(dir, err);
	if (ret == 0 && !path_exists(file)) {
		fd = open(file, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
		if (fd < 0)
			ret = error_sys(err, "cannot make the journal %s", file);
		else
			close(fd);
	}
	umask(mask);
	return ret;
}

int journal_sqlite_open(struct journal **out, const struct journal_options *options,
			struct error *err)
{
	const char *file = options->file;
	struct sqlite_journal *j = mem_zero(1, sizeof(*j));
	owned_journal struct journal *journal = &j->journal;

	journal->kind = &sqlite_kind;
	j->lock = -1;
	j->file = mem_dup(file);
	j->release = mem_dup(options->release);
	if (library_load(&library, err) || make_file(file, err))
		return -1;
	if (sqlite.open_v2(file, &j->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return failed(j, err);
	if (set_up(j, err))
		return -1;
	*out = steal(&journal);
	return 0;
}

static void sqlite_close(struct journal *journal)
{
	struct sqlite_journal *j = own(journal);

	if (j->db)
		sqlite.close(j->db);
	if (j->lock >= 0)
		close(j->lock);
	free(j->file);
	free(j->release);
	free(j->target);
	free(j->key);
	free(j);
}

/* ---- the lock ---- */

/* Of the process, not of the descriptor: children that outlive it do not keep it. */
static int try_lock(const struct sqlite_journal *j, const char *target, pid_t *held_by, int *fd_out,
		    struct error *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	owned_str struct str file = STR_EMPTY;
	int fd;

	str_addf(&file, "%s-%s@%s.lock", j->file, target, j->release);
	fd = open(file.ptr, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_sys(err, "cannot open %s", file.ptr);
	*held_by = 0;
	*fd_out = fd;
	if (fcntl(fd, F_SETLK, &lock) == 0)
		return 0;
	if (errno != EAGAIN && errno != EACCES) {
		error_sys_(err, "cannot lock %s", file.ptr);
		close(fd);
		return -1;
	}
	*held_by = -1;
	if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
		*held_by = lock.l_pid;
	return 0;
}

static int read_driver(struct str *out, struct sqlite_journal *j, const char *target,
		       struct error *err)
{
	owned_statement sqlite3_stmt *statement = NULL;
	owned_str struct str key = STR_EMPTY;
	bool some;

	add_key(&key, j, target);
	if (prepare(&statement, j, "select driver from fleet where target=?", err, "s", key.ptr) ||
	    next(&some, statement, j, err))
		return -1;
	str_adds(out, some ? text_of(statement, 0) : "another relevo");
	return 0;
}

static int take_token(struct sqlite_journal *j, struct error *err)
{
	owned_statement sqlite3_stmt *statement = NULL;
	owned_str struct str driver = STR_EMPTY;
	int64_t token = clock_wall_ms();
	bool some;

	journal_driver_name(&driver);
	if (prepare(&statement, j,
		    "insert into fleet values(?1, ?2, ?3) on conflict(target) do update set "
		    "token=max(token + 1, ?2), driver=?3 returning token",
		    err, "sis", j->key, token, driver.ptr) ||
	    next(&some, statement, j, err))
		return -1;
	j->token = (uint64_t)sqlite.column_int64(statement, 0);
	return finish(statement, j, err);
}

static int sqlite_lock(struct journal *journal, const char *target, uint64_t *token_out,
		       struct error *err)
{
	struct sqlite_journal *j = own(journal);
	owned_str struct str driver = STR_EMPTY, key = STR_EMPTY;
	pid_t held_by;
	int fd;

	if (try_lock(j, target, &held_by, &fd, err))
		return -1;
	if (held_by != 0) {
		close(fd);
		return read_driver(&driver, j, target, err)
			       ? -1
			       : journal_refuse(target, str_text(&driver), err);
	}
	j->lock = fd;
	add_key(&key, j, target);
	j->target = mem_dup(target);
	j->key = mem_dup(key.ptr);
	if (take_token(j, err))
		return -1;
	*token_out = j->token;
	return 0;
}

static int sqlite_driver(const char **out, struct journal *journal, struct arena *arena,
			 const char *target, struct error *err)
{
	struct sqlite_journal *j = own(journal);
	owned_str struct str driver = STR_EMPTY;
	pid_t held_by;
	int fd;

	*out = "";
	if (j->lock >= 0) /* it is we; a second descriptor would give the lock back */
		return 0;
	if (try_lock(j, target, &held_by, &fd, err))
		return -1;
	close(fd);
	if (held_by == 0)
		return 0;
	if (read_driver(&driver, j, target, err))
		return -1;
	*out = arena_dup(arena, str_span(&driver));
	return 0;
}

static int check_token(struct sqlite_journal *j, struct error *err)
{
	owned_statement sqlite3_stmt *statement = NULL;
	bool some;

	if (prepare(&statement, j, "select token from fleet where target=?", err, "s", j->key) ||
	    next(&some, statement, j, err))
		return -1;
	if (some && (uint64_t)sqlite.column_int64(statement, 0) == j->token)
		return 0;
	return journal_overtaken(j->target, err);
}

/* ---- writing ---- */

static int write_head(struct sqlite_journal *j, const struct rollout *r, struct error *err)
{
	owned_statement sqlite3_stmt *statement = NULL;
	json_t *json = rollout_head_json(r);
	owned_mem char *text = journal_dump(json);
	bool over = r->phase == PHASE_end;

	json_decref(json);
	if (prepare(&statement, j,
		    "update rollout set head=?2, result=?3, "
		    "ended=case when ended=0 then ?4 else ended end where id=?1",
		    err, "issi", j->rollout, text, over ? result_name(r->result) : "",
		    over ? clock_wall_ms() : (int64_t)0))
		return -1;
	return finish(statement, j, err);
}

static int write_node(struct sqlite_journal *j, const struct rollout *r, size_t nr,
		      struct error *err)
{
	owned_statement sqlite3_stmt *statement = NULL;
	json_t *json = rollout_node_json(&r->nodes[nr]);
	owned_mem char *text = journal_dump(json);

	json_decref(json);
	if (prepare(&statement, j, "insert or replace into node values(?, ?, ?)", err, "iis",
		    j->rollout, (int64_t)nr, text))
		return -1;
	return finish(statement, j, err);
}

static int write_note(struct sqlite_journal *j, const char *node, const char *text,
		      struct error *err)
{
	owned_statement sqlite3_stmt *statement = NULL;

	if (prepare(&statement, j, "insert into note(rollout, at, node, text) values(?, ?, ?, ?)",
		    err, "iiss", j->rollout, clock_wall_ms(), node, text))
		return -1;
	return finish(statement, j, err);
}

static int write_actions(struct sqlite_journal *j, const struct rollout *r,
			 const struct rollout_actions *actions, struct error *err)
{
	for (size_t i = 0; i < actions->len; i++) {
		const struct rollout_action *action = &actions->items[i];
		owned_str struct str text = STR_EMPTY;

		if (journal_action_text(&text, action) &&
		    write_note(j, action->node == SIZE_MAX ? NULL : r->nodes[action->node].name,
			       text.ptr, err))
			return -1;
	}
	return 0;
}

static int write_all(struct sqlite_journal *j, struct rollout *r,
		     const struct rollout_actions *actions, struct error *err)
{
	if (check_token(j, err) || write_head(j, r, err) ||
	    (actions && write_actions(j, r, actions, err)))
		return -1;
	for (size_t i = 0; i < r->len; i++)
		if (r->nodes[i].dirty && write_node(j, r, i, err))
			return -1;
	return 0;
}

static int sqlite_write(struct journal *journal, struct rollout *r,
			const struct rollout_actions *actions, struct error *err)
{
	struct sqlite_journal *j = own(journal);
	if (run(j, "begin immediate", err))
		return -1;
	return end(j, write_all(j, r, actions, err), err);
}

static int insert(struct sqlite_journal *j, const struct rollout *r, const json_t *about,
		  struct error *err)
{
	owned_statement sqlite3_stmt *statement = NULL, *forget = NULL;
	owned_mem char *text = journal_dump(about);

	if (check_token(j, err) ||
	    prepare(&statement, j,
		    "insert into rollout(target, release, vsn, began, ended, result, about, head) "
		    "values(?, ?, ?, ?, 0, '', ?, '')",
		    err, "sssis", j->key, r->release, r->to, clock_wall_ms(), text) ||
	    finish(statement, j, err) ||
	    /* What was said of an earlier one is not meant for this. */
	    prepare(&forget, j, "delete from command where target=?", err, "s", j->key) ||
	    finish(forget, j, err))
		return -1;
	j->rollout = sqlite.last_insert_rowid(j->db);
	return write_all(j, (struct rollout *)(uintptr_t)r, NULL, err);
}

static int sqlite_begin(struct journal *journal, struct rollout *r, const json_t *about,
			struct error *err)
{
	struct sqlite_journal *j = own(journal);
	if (run(j, "begin immediate", err))
		return -1;
	return end(j, insert(j, r, about, err), err);
}

static int sqlite_note(struct journal *journal, const char *node, const char *text,
		       struct error *err)
{
	struct sqlite_journal *j = own(journal);
	return write_note(j, node, text, err);
}

/* ---- reading ---- */

static json_t *parse(const char *text)
{
	return journal_parse(span_of(text));
}

static int read_nodes(struct rollout *r, struct sqlite_journal *j, int64_t id, struct error *err)
{
	owned_statement sqlite3_stmt *statement = NULL;
	bool some;

	if (prepare(&statement, j, "select state from node where rollout=? order by nr", err, "i",
		    id) ||
	    next(&some, statement, j, err))
		return -1;
	while (some) {
		json_t *json = parse(text_of(statement, 0));
		int ret = rollout_read_node(r, json, err);

		json_decref(json);
		if (ret)
			return error_wrap(err, "the journal %s", j->file);
		if (next(&some, statement, j, err))
			return -1;
	}
	return 0;
}

static int read_rollout(struct rollout **out, struct sqlite_journal *j, int64_t id,
			const char *head, struct error *err)
{
	owned_rollout struct rollout *r = NULL;
	json_t *json = parse(head);
	int ret = rollout_read_head(&r, json, err);

	json_decref(json);
	if (ret)
		return error_wrap(err, "the journal %s", j->file);
	if (read_nodes(r, j, id, err))
		return -1;
	*out = steal(&r);
	return 0;
}

static int sqlite_last(struct rollout **rollout_out, struct journal_entry *entry_out,
		       struct journal *journal, const char *target, struct error *err)
{
	struct sqlite_journal *j = own(journal);
	owned_statement sqlite3_stmt *statement = NULL;
	struct journal_entry entry = { .target = target };
	owned_str struct str key = STR_EMPTY;
	bool some;

	add_key(&key, j, target);
	if (prepare(&statement, j,
		    "select id, began, ended, about, head from rollout where target=? "
		    "order by id desc limit 1",
		    err, "s", key.ptr) ||
	    next(&some, statement, j, err))
		return -1;
	if (!some) {
		*rollout_out = NULL;
		*entry_out = entry;
		return 0;
	}
	entry.id = sqlite.column_int64(statement, 0);
	entry.began = sqlite.column_int64(statement, 1);
	entry.ended = sqlite.column_int64(statement, 2);
	if (read_rollout(rollout_out, j, entry.id, text_of(statement, 4), err))
		return -1;
	entry.about = parse(text_of(statement, 3));
	*entry_out = entry;
	if (j->lock >= 0)
		j->rollout = entry.id;
	return 0;
}

static int read_notes(json_t *into, struct sqlite_journal *j, int64_t id, struct error *err)
{
	owned_statement sqlite3_stmt *statement = NULL;
	bool some;

	if (prepare(&statement, j, "select at, node, text from note where rollout=? order by id",
		    err, "i", id) ||
	    next(&some, statement, j, err))
		return -1;
	while (some) {
		const char *node = text_of(statement, 1);

		json_array_append_new(into, json_pack("{s:I, s:s*, s:s}", "at",
						      (json_int_t)sqlite.column_int64(statement, 0),
						      "node", node[0] ? node : NULL, "text",
						      text_of(statement, 2)));
		if (next(&some, statement, j, err))
			return -1;
	}
	return 0;
}

static int sqlite_history(json_t *list, struct journal *journal, const char *target, int64_t max,
			  struct error *err)
{
	struct sqlite_journal *j = own(journal);
	owned_statement sqlite3_stmt *statement = NULL;
	owned_str struct str key = STR_EMPTY;
	bool some;

	add_key(&key, j, target);
	if (prepare(&statement, j,
		    "select id, began, ended, result, head from rollout where target=? "
		    "order by id desc limit ?",
		    err, "si", key.ptr, max) ||
	    next(&some, statement, j, err))
		return -1;
	while (some) {
		int64_t id = sqlite.column_int64(statement, 0);
		json_t *notes = json_array(), *head = parse(text_of(statement, 4));

		json_array_append_new(list, journal_told(id, sqlite.column_int64(statement, 1),
							 sqlite.column_int64(statement, 2),
							 text_of(statement, 3), head, notes));
		json_decref(head);
		if (read_notes(notes, j, id, err) || next(&some, statement, j, err))
			return -1;
	}
	return 0;
}

/* ---- people ---- */

static int sqlite_tell(struct journal *journal, const char *target, enum command_kind command,
		       const char *vsn, struct error *err)
{
	struct sqlite_journal *j = own(journal);
	owned_statement sqlite3_stmt *statement = NULL;
	owned_str struct str key = STR_EMPTY;

	add_key(&key, j, target);
	if (prepare(&statement, j, "insert into command(target, command, vsn) values(?, ?, ?)", err,
		    "sis", key.ptr, (int64_t)command, vsn))
		return -1;
	return finish(statement, j, err);
}

static int sqlite_heed(bool *some_out, enum command_kind *out, const char **vsn_out,
		       struct journal *journal, struct arena *arena, struct error *err)
{
	struct sqlite_journal *j = own(journal);
	owned_statement sqlite3_stmt *look = NULL, *take = NULL;

	/* Looking takes no lock of the file; it is done all the time. */
	if (prepare(&look, j,
		    "select id, command, vsn from command where target=? order by id limit 1", err,
		    "s", j->key) ||
	    next(some_out, look, j, err))
		return -1;
	if (!*some_out)
		return 0;
	*out = (enum command_kind)sqlite.column_int64(look, 1);
	*vsn_out = arena_dup(arena, span_of(text_of(look, 2)));
	if (prepare(&take, j, "delete from command where id=?", err, "i",
		    sqlite.column_int64(look, 0)))
		return -1;
	return finish(take, j, err);
}

static int sqlite_bad(struct journal *journal, const char *target, struct rollout *into,
		      struct error *err)
{
	struct sqlite_journal *j = own(journal);
	owned_statement sqlite3_stmt *statement = NULL;
	owned_str struct str key = STR_EMPTY;
	bool some;

	add_key(&key, j, target);
	if (prepare(&statement, j, "select vsn from bad where target=?", err, "s", key.ptr) ||
	    next(&some, statement, j, err))
		return -1;
	while (some) {
		rollout_add_bad(into, text_of(statement, 0));
		if (next(&some, statement, j, err))
			return -1;
	}
	return 0;
}

static int sqlite_set_bad(struct journal *journal, const char *target, const char *vsn, bool bad,
			  struct error *err)
{
	struct sqlite_journal *j = own(journal);
	owned_statement sqlite3_stmt *statement = NULL;
	owned_str struct str key = STR_EMPTY;

	add_key(&key, j, target);
	if (prepare(&statement, j,
		    bad ? "insert or ignore into bad values(?, ?)"
			: "delete from bad where target=? and vsn=?",
		    err, "ss", key.ptr, vsn))
		return -1;
	return finish(statement, j, err);
}

static const struct journal_kind sqlite_kind = {
	.close = sqlite_close,
	.lock = sqlite_lock,
	.driver = sqlite_driver,
	.begin = sqlite_begin,
	.write = sqlite_write,
	.note = sqlite_note,
	.last = sqlite_last,
	.history = sqlite_history,
	.tell = sqlite_tell,
	.heed = sqlite_heed,
	.bad = sqlite_bad,
	.set_bad = sqlite_set_bad,
};
