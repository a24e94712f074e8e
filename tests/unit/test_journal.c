// SPDX-License-Identifier: Apache-2.0
/* The journal, in a file and in a real etcd: what is written down is read again, one run at a time,
 * and one that was overtaken writes nothing.  Every test is run over both.
 */
#include "base/clock.h"
#include "base/file.h"
#include "upgrade/rollout/etcd.h"
#include "upgrade/rollout/journal.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

enum { SHORT_LEASE_MS = 2000, LEASE_MS = 60000, START_MS = 60000 };

/* ---- an etcd of this test's own ---- */

static struct arena all = ARENA_EMPTY;
static const char *folder;
static const char *endpoints[1];
static struct project_etcd settings = { .endpoints = { endpoints, 1 }, .lease_ms = LEASE_MS };
static pid_t etcd_pid;

static int free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
	return ntohs(address.sin_port);
}

static void be_etcd(const char *peers)
{
	const char *log = path_join(&all, folder, "log"), *data = path_join(&all, folder, "data");

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!freopen(log, "w", stdout) || dup2(1, 2) < 0)
		_exit(1);
	execlp("etcd", "etcd", "--data-dir", data, "--listen-client-urls", endpoints[0],
	       "--advertise-client-urls", endpoints[0], "--listen-peer-urls", peers,
	       "--initial-advertise-peer-urls", peers, "--initial-cluster",
	       arena_printf(&all, "default=%s", peers), (char *)NULL);
	_exit(127);
}

static bool answers(void)
{
	struct etcd_options options = { .endpoints = settings.endpoints };
	struct etcd_range range = { .key = "x", .limit = 1 };
	struct etcd_kvs kvs;
	struct etcd *etcd = NULL;
	struct error err;
	bool good = etcd_open(&etcd, &options, &err) == 0;

	if (good) {
		etcd_patience(etcd, 1000);
		good = etcd_get(&kvs, etcd, &all, &range, &err) == 0;
	}
	etcd_close(etcd);
	return good;
}

static int start_etcd(void **state)
{
	int64_t until = clock_mono_ms() + START_MS;
	const char *peers = arena_printf(&all, "http://127.0.0.1:%d", free_port());
	struct error err;

	(void)state;
	assert_int_equal(dir_make_temp(&folder, &all, "/tmp/relevo-journal", &err), 0);
	endpoints[0] = arena_printf(&all, "http://127.0.0.1:%d", free_port());
	etcd_pid = fork();
	if (etcd_pid == 0)
		be_etcd(peers);
	while (!answers()) {
		if (waitpid(etcd_pid, NULL, WNOHANG) != 0 || clock_mono_ms() > until) {
			fputs("etcd does not start (Debian: etcd-server)\n", stderr);
			return -1;
		}
		clock_sleep_ms(50);
	}
	return 0;
}

static int stop_etcd(void **state)
{
	struct error err;

	(void)state;
	kill(etcd_pid, SIGKILL);
	waitpid(etcd_pid, NULL, 0);
	assert_int_equal(tree_remove(folder, &err), 0);
	arena_done(&all);
	return 0;
}

/* ---- the two ---- */

struct place {
	bool in_etcd;
	struct journal_options options;
};

static struct place in_file, in_etcd = { .in_etcd = true };

/* Each test has a journal that nobody has written to. */
static int new_place(void **state)
{
	static int count;
	struct place *place = *state;

	count++;
	if (place->in_etcd)
		settings.prefix = arena_printf(&all, "test/%d", count);
	place->options = (struct journal_options){
		.file = place->in_etcd ? NULL
				       : arena_printf(&all, "%s/%d/relevo.db", folder, count),
		.release = "shop",
		.etcd = &settings,
	};
	return 0;
}

static struct journal *open_journal(const struct place *place)
{
	struct journal *journal = NULL;
	struct error err;

	if (journal_open(&journal, &place->options, &err))
		fail_msg("%s", err.text);
	return journal;
}

static struct journal *open_locked(const struct place *place, uint64_t *token)
{
	struct journal *journal = open_journal(place);
	struct error err;

	if (journal_lock(journal, "t", token, &err))
		fail_msg("%s", err.text);
	return journal;
}

/* ---- rollouts ---- */

static struct rollout *fleet_of(size_t len)
{
	struct rollout_policy policy = ROLLOUT_POLICY;
	struct rollout *r = rollout_new("shop", "1.1.0", "digest", &policy, 7);
	struct error err;

	for (size_t i = 0; i < len; i++) {
		char name[32];

		snprintf(name, sizeof(name), "shop%zu@h", i);
		assert_int_equal(rollout_add(r, name, "", &err), 0);
	}
	return r;
}

static char *on_paper(const struct rollout *r)
{
	json_t *nodes = json_array(), *whole;
	char *text;

	for (size_t i = 0; i < r->len; i++)
		json_array_append_new(nodes, rollout_node_json(&r->nodes[i]));
	whole = json_pack("{s:o, s:o}", "head", rollout_head_json(r), "nodes", nodes);
	text = json_dumps(whole, JSON_SORT_KEYS);
	json_decref(whole);
	return text;
}

static void begin(struct journal *journal, struct rollout *r)
{
	json_t *about = json_pack("{s:s}", "release", "/r.tar.gz");
	struct error err;

	if (journal_begin(journal, r, about, &err))
		fail_msg("%s", err.text);
	json_decref(about);
}

/* The next step, written down. */
static void step(struct journal *journal, struct rollout *r, int64_t now)
{
	struct rollout_actions actions = { 0 };
	struct error err;

	rollout_step(r, NULL, 0, now, &actions);
	if (journal_write(journal, r, &actions, &err))
		fail_msg("%s", err.text);
	rollout_actions_done(&actions);
}

static void is_last(struct journal *journal, const struct rollout *r)
{
	struct journal_entry entry = { 0 };
	struct rollout *again = NULL;
	char *text = on_paper(r), *text_again;
	struct error err;

	if (journal_last(&again, &entry, journal, "t", &err))
		fail_msg("%s", err.text);
	assert_non_null(again);
	assert_string_equal(json_string_value(json_object_get(entry.about, "release")),
			    "/r.tar.gz");
	text_again = on_paper(again);
	assert_string_equal(text, text_again);
	free(text);
	free(text_again);
	journal_entry_done(&entry);
	rollout_free(again);
}

/* ---- tests ---- */

static void what_is_written_is_read(void **state)
{
	struct rollout *r = fleet_of(3), *again = NULL;
	struct journal_entry entry = { 0 };
	struct journal *journal;
	uint64_t token = 0, later = 0;
	struct error err;

	journal = open_locked(*state, &token);
	assert_int_equal(journal_last(&again, &entry, journal, "t", &err), 0);
	assert_null(again);
	r->token = token;
	begin(journal, r);
	step(journal, r, 5);
	assert_int_equal(journal_note(journal, "shop1@h", "noted", &err), 0);
	journal_close(journal);

	/* Another process would find the same, with the lock or without, and write on. */
	journal = open_journal(*state);
	is_last(journal, r);
	journal_close(journal);
	journal = open_locked(*state, &later);
	assert_true(later > token);
	is_last(journal, r);
	rollout_resume(r, later);
	step(journal, r, 6);
	is_last(journal, r);
	journal_close(journal);
	rollout_free(r);
}

/* More than fits into one transaction, or one answer. */
static void large_fleets_are_read_again(void **state)
{
	struct rollout *r = fleet_of(1234);
	uint64_t token;
	struct journal *journal = open_locked(*state, &token);

	begin(journal, r);
	step(journal, r, 5);
	is_last(journal, r);
	r->nodes[1233].staged = r->nodes[1233].dirty = true;
	step(journal, r, 6);
	is_last(journal, r);
	journal_close(journal);
	rollout_free(r);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void history_is_told_the_newest_first(void **state)
{
	uint64_t token;
	struct journal *journal = open_locked(*state, &token);
	json_t *history = NULL, *list, *notes;
	struct error err;

	for (int i = 0; i < 3; i++) {
		struct rollout *r = fleet_of(1);

		begin(journal, r);
		assert_int_equal(journal_note(journal, "shop0@h", "first", &err), 0);
		assert_int_equal(journal_note(journal, NULL, "second \xc3\xa9", &err), 0);
		snprintf(r->why, sizeof(r->why), "because %d", i);
		r->phase = PHASE_end;
		r->result = i == 2 ? RESULT_rolled_back : RESULT_done;
		assert_int_equal(journal_write(journal, r, NULL, &err), 0);
		rollout_free(r);
	}
	assert_int_equal(journal_history(&history, journal, "other", 10, &err), 0);
	assert_int_equal(json_array_size(json_object_get(history, "rollouts")), 0);
	json_decref(history);
	assert_int_equal(journal_history(&history, journal, "t", 2, &err), 0);
	list = json_object_get(history, "rollouts");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(text_of(json_array_get(list, 0), "result"), "rolled_back");
	assert_string_equal(text_of(json_array_get(list, 0), "why"), "because 2");
	assert_string_equal(text_of(json_array_get(list, 0), "version"), "1.1.0");
	assert_string_equal(text_of(json_array_get(list, 0), "phase"), "end");
	assert_string_equal(text_of(json_array_get(list, 1), "why"), "because 1");
	assert_true(json_integer_value(json_object_get(json_array_get(list, 1), "ended")) > 0);
	notes = json_object_get(json_array_get(list, 0), "notes");
	assert_int_equal(json_array_size(notes), 2);
	assert_string_equal(text_of(json_array_get(notes, 0), "node"), "shop0@h");
	assert_string_equal(text_of(json_array_get(notes, 1), "text"), "second \xc3\xa9");
	json_decref(history);
	journal_close(journal);
}

static void people_are_heeded_once(void **state)
{
	struct arena arena = ARENA_EMPTY;
	struct journal *journal, *person = open_journal(*state);
	enum command_kind command;
	const char *vsn;
	uint64_t token;
	struct error err;
	bool some;

	journal = open_locked(*state, &token);
	assert_int_equal(journal_tell(person, "t", COMMAND_pause, "1.1.0", &err), 0);
	clock_sleep_ms(2);
	assert_int_equal(journal_tell(person, "t", COMMAND_abort, "1.1.0", &err), 0);
	assert_int_equal(journal_tell(person, "other", COMMAND_abort, "1.1.0", &err), 0);
	assert_int_equal(journal_heed(&some, &command, &vsn, journal, &arena, &err), 0);
	assert_true(some && command == COMMAND_pause && strcmp(vsn, "1.1.0") == 0);
	assert_int_equal(journal_heed(&some, &command, &vsn, journal, &arena, &err), 0);
	assert_true(some && command == COMMAND_abort);
	assert_int_equal(journal_heed(&some, &command, &vsn, journal, &arena, &err), 0);
	assert_false(some);
	journal_close(person);
	journal_close(journal);
	arena_done(&arena);
}

static void bad_versions_are_remembered(void **state)
{
	struct rollout *r = fleet_of(1);
	uint64_t token;
	struct journal *journal = open_locked(*state, &token);
	struct error err;

	assert_int_equal(journal_set_bad(journal, "t", "1.3.0", true, &err), 0);
	assert_int_equal(journal_set_bad(journal, "t", "1.3.0", true, &err), 0);
	assert_int_equal(journal_set_bad(journal, "t", "1.4.0", true, &err), 0);
	assert_int_equal(journal_set_bad(journal, "t", "1.4.0", false, &err), 0);
	assert_int_equal(journal_bad(journal, "t", r, &err), 0);
	assert_true(rollout_is_bad_version(r, "1.3.0"));
	assert_false(rollout_is_bad_version(r, "1.4.0"));
	journal_close(journal);
	rollout_free(r);
}

/* Of another project, which has a target of the same name. */
static struct journal *open_other(const struct place *place)
{
	struct journal_options options = place->options;
	struct journal *journal = NULL;
	struct error err;

	options.release = "kiosk";
	if (journal_open(&journal, &options, &err))
		fail_msg("%s", err.text);
	return journal;
}

static void projects_share_a_file(void **state)
{
	struct rollout *r = fleet_of(1), *none = r;
	struct journal_entry entry = { 0 };
	struct arena arena = ARENA_EMPTY;
	uint64_t token;
	struct journal *journal = open_locked(*state, &token), *other = open_other(*state);
	enum command_kind command;
	const char *vsn;
	struct error err;
	bool some;

	begin(journal, r);
	assert_int_equal(journal_set_bad(journal, "t", "1.3.0", true, &err), 0);
	assert_int_equal(journal_last(&none, &entry, other, "t", &err), 0);
	assert_null(none);
	assert_int_equal(journal_bad(other, "t", r, &err), 0);
	assert_false(rollout_is_bad_version(r, "1.3.0"));
	assert_int_equal(journal_tell(other, "t", COMMAND_abort, "1.1.0", &err), 0);
	assert_int_equal(journal_heed(&some, &command, &vsn, journal, &arena, &err), 0);
	assert_false(some);
	assert_int_equal(journal_lock(other, "t", &token, &err), 0);
	journal_close(other);
	step(journal, r, 5);
	is_last(journal, r);
	journal_close(journal);
	rollout_free(r);
	arena_done(&arena);
}

/* As it was when targets were known by their names alone. */
static void make_old(const struct place *place)
{
	static const char sql[] = "alter table fleet rename to target;"
				  "alter table target rename column target to name;"
				  "update target set name='t';"
				  "update rollout set target='t';"
				  "update bad set target='t';"
				  "update node set state=json_remove(state, '$.born');"
				  "pragma user_version=1;";
	sqlite3 *db;
	char *text = NULL;

	assert_int_equal(sqlite3_open(place->options.file, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
		fail_msg("%s", text);
	sqlite3_close(db);
}

static void what_an_older_relevo_left_is_found(void **state)
{
	struct rollout *r = fleet_of(2), *none = r;
	struct journal_entry entry = { 0 };
	uint64_t token, later;
	struct journal *journal = open_locked(*state, &token), *other;
	struct error err;

	begin(journal, r);
	step(journal, r, 5);
	assert_int_equal(journal_set_bad(journal, "t", "1.1.0", true, &err), 0);
	make_old(*state);
	other = open_other(*state);
	journal_close(journal);
	assert_int_equal(journal_last(&none, &entry, other, "t", &err), 0);
	assert_null(none);
	journal_close(other);
	journal = open_locked(*state, &later);
	assert_true(later > token);
	is_last(journal, r);
	assert_int_equal(journal_bad(journal, "t", r, &err), 0);
	assert_true(rollout_is_bad_version(r, "1.1.0"));
	journal_close(journal);
	rollout_free(r);
}

/* In a process of its own: the lock is the process's. */
static int in_child(int (*work)(const struct place *place), const struct place *place)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(work(place));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static int try_to_lock(const struct place *place)
{
	struct journal *journal = NULL;
	uint64_t token;
	struct error err;

	if (journal_open(&journal, &place->options, &err))
		return 98;
	if (journal_lock(journal, "t", &token, &err))
		return error_exit_status(err.kind);
	return 0; /* without closing: as one that is killed */
}

static void one_at_a_time(void **state)
{
	const struct place *place = *state;
	int64_t until = clock_mono_ms() + START_MS;
	struct arena arena = ARENA_EMPTY;
	struct journal *journal, *other;
	const char *driver;
	uint64_t token;
	struct error err;

	/* A lease outlives its owner, for a while; a file's lock does not. */
	settings.lease_ms = SHORT_LEASE_MS;
	assert_int_equal(in_child(try_to_lock, place), 0);
	settings.lease_ms = LEASE_MS;
	journal = open_journal(place);
	while (journal_lock(journal, "t", &token, &err)) {
		assert_true(place->in_etcd);
		assert_int_equal(err.kind, ERROR_LOCKED);
		assert_non_null(strstr(err.text, "is at work on it"));
		assert_true(clock_mono_ms() < until);
		clock_sleep_ms(50);
	}
	assert_int_equal(in_child(try_to_lock, place), 7);
	other = open_journal(place);
	if (place->in_etcd) { /* of a file's lock the process that has it sees nothing */
		assert_int_equal(journal_driver(&driver, other, &arena, "t", &err), 0);
		assert_non_null(strstr(driver, "process"));
	}
	assert_int_equal(journal_driver(&driver, other, &arena, "elsewhere", &err), 0);
	assert_string_equal(driver, "");
	journal_close(other);
	journal_close(journal);
	/* What was closed is free at once. */
	assert_int_equal(in_child(try_to_lock, place), 0);
	arena_done(&arena);
}

/* The lock is gone without its owner's knowing. */
static void take_lock_away(const struct place *place)
{
	struct etcd_options options = { .endpoints = settings.endpoints };
	struct etcd *etcd = NULL;
	struct error err;
	bool done = false;

	if (!place->in_etcd) {
		assert_int_equal(unlink(arena_printf(&all, "%s-t@shop.lock", place->options.file)),
				 0);
		return;
	}
	assert_int_equal(etcd_open(&etcd, &options, &err), 0);
	assert_int_equal(etcd_txn(&done, etcd, json_array(),
				  json_pack("[o]", etcd_delete(arena_printf(&all, "%s/t/lock",
									    settings.prefix))),
				  &err),
			 0);
	assert_true(done);
	etcd_close(etcd);
}

static void one_that_was_overtaken_writes_nothing(void **state)
{
	struct rollout *r = fleet_of(1), *again = NULL;
	struct journal_entry entry = { 0 };
	uint64_t token;
	struct journal *journal = open_locked(*state, &token);
	struct error err;

	begin(journal, r);
	take_lock_away(*state);
	assert_int_equal(in_child(try_to_lock, *state), 0);
	r->nodes[0].touched = r->nodes[0].dirty = true;
	assert_int_equal(journal_write(journal, r, NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_LOCKED);
	assert_int_equal(journal_last(&again, &entry, journal, "t", &err), 0);
	assert_false(again->nodes[0].touched);
	journal_entry_done(&entry);
	rollout_free(again);
	rollout_free(r);
	journal_close(journal);
}

/* As long as nobody else came, a lock that was lost is taken again. */
static void one_that_lost_its_lock_takes_it_again(void **state)
{
	struct rollout *r = fleet_of(1);
	uint64_t token;
	struct journal *journal = open_locked(*state, &token);

	begin(journal, r);
	take_lock_away(*state);
	step(journal, r, 5);
	is_last(journal, r);
	assert_int_equal(in_child(try_to_lock, *state), ((struct place *)*state)->in_etcd ? 7 : 0);
	rollout_free(r);
	journal_close(journal);
}

/* A journal of something else, and what is no journal. */
static void what_is_no_journal_is_refused(void **state)
{
	const struct place *place = *state;
	struct journal *journal = NULL;
	struct rollout *r = NULL;
	struct journal_entry entry = { 0 };
	struct etcd_options options = { .endpoints = settings.endpoints };
	struct etcd *etcd = NULL;
	struct error err;
	bool done;

	if (!place->in_etcd) {
		journal_close(open_journal(place));
		assert_int_equal(
			file_write(place->options.file, SPAN("this is no database"), 0600, &err),
			0);
		assert_int_equal(journal_open(&journal, &place->options, &err), -1);
		assert_null(journal);
		return;
	}
	assert_int_equal(etcd_open(&etcd, &options, &err), 0);
	assert_int_equal(etcd_txn(&done, etcd, json_array(),
				  json_pack("[o]", etcd_put(arena_printf(&all, "%s/t/rollout/1",
									 settings.prefix),
							    "this is no JSON", 0)),
				  &err),
			 0);
	etcd_close(etcd);
	journal = open_journal(place);
	assert_int_equal(journal_last(&r, &entry, journal, "t", &err), -1);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_non_null(strstr(err.text, "t/rollout/1"));
	journal_close(journal);
}

#define BOTH(test)                                               \
	{ #test " (file)", test, new_place, NULL, &in_file },    \
	{                                                        \
#test " (etcd)", test, new_place, NULL, &in_etcd \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(what_is_written_is_read),
		BOTH(large_fleets_are_read_again),
		BOTH(history_is_told_the_newest_first),
		BOTH(people_are_heeded_once),
		BOTH(bad_versions_are_remembered),
		{ "projects_share_a_file", projects_share_a_file, new_place, NULL, &in_file },
		{ "what_an_older_relevo_left_is_found", what_an_older_relevo_left_is_found,
		  new_place, NULL, &in_file },
		BOTH(one_at_a_time),
		BOTH(one_that_was_overtaken_writes_nothing),
		BOTH(one_that_lost_its_lock_takes_it_again),
		BOTH(what_is_no_journal_is_refused),
	};

	return cmocka_run_group_tests_name("journal", tests, start_etcd, stop_etcd);
}
