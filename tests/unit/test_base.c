// SPDX-License-Identifier: Apache-2.0
/* The ground floor: text, arenas, errors, nearest names, files, YAML, processes, guards. */
#include "base/file.h"
#include "base/guard.h"
#include "base/hash.h"
#include "base/library.h"
#include "base/nearest.h"
#include "base/process.h"
#include "base/yaml.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- text ---- */

static void text_grows(void **state)
{
	owned_str struct str s = STR_EMPTY;

	(void)state;
	assert_string_equal(str_text(&s), "");
	for (int i = 0; i < 1000; i++)
		str_addf(&s, "%d,", i);
	assert_int_equal(s.len, 10 * 2 + 90 * 3 + 900 * 4);
	str_drop(&s, s.len - 4);
	assert_string_equal(s.ptr, "999,");
	str_clear(&s);
	assert_string_equal(s.ptr, "");
}

static void spans_are_cut(void **state)
{
	struct span rest = SPAN("a,,b,"), part;
	size_t n = 0;

	(void)state;
	static const char *const want[] = { "a", "", "b" };
	while (span_next(&rest, ',', &part))
		assert_true(span_is(part, want[n++]));
	assert_int_equal(n, 3);
	assert_true(span_is(span_trim(SPAN(" \t x y\n")), "x y"));
	assert_int_equal(span_compare(SPAN("ab"), SPAN("abc")), -1);
	assert_int_equal(span_compare(SPAN("b"), SPAN("abc")), 1);
}

static void arenas_hold_small_and_large(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	size_t cap = 0, len = 0;
	int *numbers = NULL;
	char *large;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		numbers = arena_grow(&arena, numbers, len, &cap);
		numbers[len++] = i;
	}
	large = arena_alloc(&arena, 1 << 20);
	large[(1 << 20) - 1] = 'x';
	assert_int_equal(numbers[4999], 4999);
	assert_string_equal(arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
}

/* ---- errors ---- */

static void errors_gain_context(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(error_set(&err, ERROR_REFUSED, "no %d", 1), -1);
	assert_int_equal(error_wrap(&err, "file %s", "x"), -1);
	error_hint_(&err, "Do %s.", "this");
	assert_string_equal(err.text, "file x: no 1\nDo this.");
	assert_int_equal(error_exit_status(err.kind), 4);
	errno = ENOENT;
	error_sys_(&err, "cannot open %s", "y");
	assert_string_equal(err.text, "cannot open y: No such file or directory");
	assert_int_equal(error_exit_status(err.kind), 3);
	error_otp_(&err, "undefined_applications", "text");
	assert_string_equal(err.otp, "undefined_applications");
}

static void errors_never_overflow(void **state)
{
	owned_str struct str text = STR_EMPTY;
	struct error err;

	(void)state;
	while (text.len < 2 * sizeof(err.text))
		str_adds(&text, "0123456789");
	error_set_(&err, ERROR_FAILED, "%s", text.ptr);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	error_wrap_(&err, "%s", text.ptr);
	error_hint_(&err, "%s", text.ptr);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

/* ---- nearest ---- */

static void nearest_is_near_enough(void **state)
{
	static const char *const names[] = { "build", "plan", "node" };
	static const struct {
		const char *word, *want;
	} rows[] = {
		{ "buld", "build" }, { "plna", "plan" }, { "xyz", NULL }, { "nodes", "node" }
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct nearest nearest = nearest_to(rows[i].word);

		for (size_t n = 0; n < ARRAY_LEN(names); n++)
			nearest_try(&nearest, names[n]);
		if (rows[i].want)
			assert_string_equal(nearest_best(&nearest), rows[i].want);
		else
			assert_null(nearest_best(&nearest));
	}
}

/* ---- files ---- */

static void files_are_replaced_whole(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str text = STR_EMPTY;
	const char *dir, *file, *sub;
	struct dir_entry *entries;
	struct stat info;
	struct error err;
	size_t len;

	(void)state;
	assert_int_equal(dir_make_temp(&dir, &arena, "/tmp/relevo-test", &err), 0);
	file = path_join(&arena, dir, "f");
	assert_int_equal(file_write(file, SPAN("one"), 0600, &err), 0);
	assert_int_equal(file_write(file, SPAN("two"), 0640, &err), 0);
	assert_int_equal(stat(file, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0640);
	assert_int_equal(file_read(file, 3, &text, &err), 0);
	assert_string_equal(text.ptr, "two");
	assert_int_equal(file_read(file, 2, &text, &err), -1);
	assert_string_equal(text.ptr, "two");
	sub = path_join(&arena, dir, "a/b/c");
	assert_int_equal(dir_make(sub, &err), 0);
	assert_int_equal(file_copy(file, path_join(&arena, sub, "g"), 0755, &err), 0);
	assert_int_equal(
		tree_copy(path_join(&arena, dir, "a"), path_join(&arena, dir, "z"), NULL, &err), 0);
	assert_true(path_is_file(path_join(&arena, dir, "z/b/c/g")));
	assert_int_equal(dir_list(&entries, &len, &arena, dir, &err), 0);
	assert_int_equal(len, 3);
	assert_string_equal(entries[0].name, "a");
	assert_string_equal(entries[2].name, "z");
	assert_int_equal(tree_remove(dir, &err), 0);
	assert_false(path_exists(dir));
	assert_int_equal(tree_remove(dir, &err), 0);
}

static void links_are_removed_not_followed(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *keep, *dir;
	struct error err;

	(void)state;
	assert_int_equal(dir_make_temp(&keep, &arena, "/tmp/relevo-test", &err), 0);
	assert_int_equal(dir_make_temp(&dir, &arena, "/tmp/relevo-test", &err), 0);
	assert_int_equal(file_put(path_join(&arena, keep, "f"), SPAN("x"), 0644, &err), 0);
	assert_int_equal(symlink(keep, path_join(&arena, dir, "link")), 0);
	assert_int_equal(symlink("loop", path_join(&arena, dir, "loop")), 0);
	assert_int_equal(tree_remove(dir, &err), 0);
	assert_true(path_exists(path_join(&arena, keep, "f")));
	assert_int_equal(tree_remove(keep, &err), 0);
}

/* A named pipe that nobody writes into must not be waited for, nor a link be written through. */
static void only_files_are_opened(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str text = STR_EMPTY;
	char hex[HASH_HEX_MAX], given[32];
	const char *dir, *pipe_name, *file, *link_name;
	struct error err;
	int ends[2];

	(void)state;
	assert_int_equal(dir_make_temp(&dir, &arena, "/tmp/relevo-test", &err), 0);
	pipe_name = path_join(&arena, dir, "pipe");
	file = path_join(&arena, dir, "file");
	link_name = path_join(&arena, dir, "link");
	assert_int_equal(mkfifo(pipe_name, 0600), 0);
	assert_int_equal(symlink("file", link_name), 0);
	assert_int_equal(file_put(file, SPAN("old"), 0644, &err), 0);
	assert_int_equal(file_read(pipe_name, 10, &text, &err), -1);
	assert_non_null(strstr(err.text, "/pipe: a named pipe, not a regular file"));
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_int_equal(file_read_given(pipe_name, 10, &text, &err), -1);
	assert_int_equal(file_read_part(pipe_name, 0, 1, &text, &err), -1);
	assert_int_equal(hash_file_hex(HASH_SHA256, pipe_name, hex, &err), -1);
	assert_int_equal(file_copy(pipe_name, file, 0600, &err), -1);
	assert_int_equal(file_copy(file, pipe_name, 0600, &err), -1);
	assert_int_equal(file_put(pipe_name, SPAN("x"), 0600, &err), -1);
	assert_int_equal(tree_copy(dir, path_join(&arena, dir, "../copy"), NULL, &err), -1);
	assert_int_equal(file_read("/dev/null", 10, &text, &err), -1);
	assert_string_equal(err.text, "/dev/null: a device, not a regular file");
	assert_int_equal(file_read(dir, 10, &text, &err), -1);
	assert_non_null(strstr(err.text, ": a folder, not a regular file"));
	assert_int_equal(file_put(link_name, SPAN("new"), 0644, &err), -1);
	assert_int_equal(file_copy("/etc/hostname", link_name, 0644, &err), -1);
	assert_int_equal(file_read(link_name, 10, &text, &err), 0);
	assert_string_equal(text.ptr, "old");

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "given", 5), 5);
	close(ends[1]);
	snprintf(given, sizeof(given), "/dev/fd/%d", ends[0]);
	str_clear(&text);
	assert_int_equal(file_read_given(given, 4, &text, &err), -1);
	close(ends[0]);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "given", 5), 5);
	close(ends[1]);
	snprintf(given, sizeof(given), "/dev/fd/%d", ends[0]);
	assert_int_equal(file_read_given(given, 5, &text, &err), 0);
	assert_string_equal(text.ptr, "given");
	close(ends[0]);
	assert_int_equal(tree_remove(path_join(&arena, dir, "../copy"), &err), 0);
	assert_int_equal(tree_remove(dir, &err), 0);
}

static void inside_is_inside(void **state)
{
	static const char *const inside[] = { "a", "a/b", "..a/b..", "a/...", ".a" };
	static const char *const outside[] = { "",     "/",    "/a",    "..", "../a", "a/../b",
					       "a/..", "a//b", "a/./b", ".",  "./a",  "a/" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(inside); i++)
		assert_true(path_is_inside(inside[i]));
	for (size_t i = 0; i < ARRAY_LEN(outside); i++)
		assert_false(path_is_inside(outside[i]));
	assert_true(path_is_below("/a/b", "/a"));
	assert_true(path_is_below("/a", "/a"));
	assert_true(path_is_below("/a", "/"));
	assert_false(path_is_below("/ab", "/a"));
	assert_false(path_is_below("/a", "/a/b"));
}

static void paths_are_joined(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	(void)state;
	assert_string_equal(path_join(&arena, "a", "b"), "a/b");
	assert_string_equal(path_join(&arena, "a/", "b"), "a/b");
	assert_string_equal(path_join(&arena, "a", "/b"), "/b");
	assert_string_equal(path_join(&arena, "", "b"), "b");
	assert_string_equal(path_base("a/b"), "b");
	assert_string_equal(path_base("b"), "b");
	assert_string_equal(path_dir(&arena, "a/b/c"), "a/b");
	assert_string_equal(path_dir(&arena, "/c"), "/");
	assert_string_equal(path_dir(&arena, "c"), ".");
}

/* ---- YAML ---- */

static const struct yaml_row {
	const char *name, *text, *want; /* compact JSON, or the error */
} yaml_rows[] = {
	{ "empty", "", "{}" },
	{ "comment only", "# nothing\n", "{}" },
	{ "scalars", "a: 1\nb: -2.5\nc: true\nd: ~\ne: \"1\"\nf: 1.4.0\ng: yes it is\n",
	  "{\"a\":1,\"b\":-2.5,\"c\":true,\"d\":null,\"e\":\"1\",\"f\":\"1.4.0\",\"g\":\"yes it "
	  "is\"}" },
	{ "nested", "a: {b: [1, {c: d}]}\n", "{\"a\":{\"b\":[1,{\"c\":\"d\"}]}}" },
	{ "the same key twice", "a: 1\nb: 2\na: 3\n", "y:3:1: this key is here already" },
	{ "not closed", "a: [1\n", "y:2:1: did not find expected ',' or ']'" },
	{ "alias", "a: &x 1\nb: *x\n", "y:2:4: aliases (*name) are not understood here" },
	{ "two documents", "a: 1\n---\nb: 2\n", "y:2:1: more than one document" },
	{ "a list as key", "? [a]\n: 1\n", "y:1:3: want a plain text as key" },
	{ "tab", "a:\n\tb: 1\n", "y:2:1: found character that cannot start any token" },
};

static void yaml_check(void **state)
{
	const struct yaml_row *row = *state;
	struct yaml doc;
	struct error err;
	owned_mem char *got = NULL;

	if (yaml_parse(&doc, span_of(row->text), "y", &err)) {
		assert_string_equal(err.text, row->want);
		return;
	}
	got = json_dumps(doc.root, JSON_COMPACT);
	yaml_done(&doc);
	assert_string_equal(got, row->want);
}

static void yaml_depth_is_bounded(void **state)
{
	owned_str struct str text = STR_EMPTY;
	struct yaml doc;
	struct error err;

	(void)state;
	for (int i = 0; i < 10000; i++)
		str_addc(&text, '[');
	assert_int_equal(yaml_parse(&doc, str_span(&text), "y", &err), -1);
	assert_non_null(strstr(err.text, "too deep"));
}

static void yaml_knows_places(void **state)
{
	struct yaml doc;
	struct error err;

	(void)state;
	assert_int_equal(yaml_parse(&doc, SPAN("a:\n  bcd: 1\n"), "y", &err), 0);
	assert_string_equal(yaml_where(&doc, json_object_get(doc.root, "a"), "bcd"), "y:2:3");
	assert_string_equal(yaml_where(&doc, doc.root, "none"), "y");
	yaml_done(&doc);
	assert_int_equal(yaml_parse(&doc, SPAN("{a: 1.10, b: '007', c: [1], d: True}"), "y", &err),
			 0);
	assert_string_equal(yaml_scalar(&doc, doc.root, "a"), "1.10");
	assert_string_equal(yaml_scalar(&doc, doc.root, "b"), "007");
	assert_null(yaml_scalar(&doc, doc.root, "c"));
	assert_string_equal(yaml_scalar(&doc, doc.root, "d"), "True");
	yaml_done(&doc);
}

/* ---- processes ---- */

static void processes_talk(void **state)
{
	owned_process_result struct process_result result = { 0, STR_EMPTY, STR_EMPTY };
	static const char *const argv[] = { "sh", "-c", "cat; echo \"$WORD\" >&2; exit 3", NULL };
	static const char *const env[] = { "WORD=said", NULL };
	struct process_options options = {
		.env = env, .input = SPAN("given"), .output_max = 100, .timeout_ms = 10000
	};
	struct error err;

	(void)state;
	assert_int_equal(process_run(&result, argv, &options, &err), 0);
	assert_int_equal(result.status, 3);
	assert_string_equal(str_text(&result.out), "given");
	assert_string_equal(str_text(&result.err), "said\n");
}

static void processes_are_bounded(void **state)
{
	static const char *const loud[] = { "sh", "-c", "while :; do echo xxxxxxxxxx; done", NULL };
	static const char *const slow[] = { "sh", "-c", "sleep 60 & wait", NULL };
	struct process_options options = { .output_max = 1000, .timeout_ms = 300 };
	struct process_result result;
	struct error err;

	(void)state;
	assert_int_equal(process_run(&result, loud, &options, &err), -1);
	assert_string_equal(err.text, "sh printed more than 1000 bytes");
	assert_int_equal(process_run(&result, slow, &options, &err), -1);
	assert_string_equal(err.text, "sh did not end within 0 s");
}

/* What closes its output and goes on is ended all the same. */
static void silent_processes_are_bounded(void **state)
{
	static const char *const silent[] = { "sh", "-c", "exec >&- 2>&-; sleep 60", NULL };
	struct process_options options = { .output_max = 1000, .timeout_ms = 300 };
	struct process_result result;
	struct error err;

	(void)state;
	assert_int_equal(process_run(&result, silent, &options, &err), -1);
	assert_string_equal(err.text, "sh did not end within 0 s");
}

static void processes_that_cannot_be(void **state)
{
	static const char *const none[] = { "no-such-program-of-relevo", NULL };
	static const char *const shell[] = { "sh", "-c", "exit 127", NULL };
	struct process_options options = { .output_max = 1000, .timeout_ms = 10000 };
	struct process_start start = { .dir = NULL };
	struct process_result result;
	struct process *process;
	struct error err;

	(void)state;
	assert_int_equal(process_run(&result, none, &options, &err), -1);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	assert_string_equal(err.text,
			    "cannot run no-such-program-of-relevo: No such file or directory");
	assert_int_equal(process_start(&process, none, &start, &err), -1);
	assert_int_equal(process_run(&result, shell, &options, &err), 0);
	assert_int_equal(result.status, 127);
	process_result_done(&result);
	options.dir = "/no such folder";
	assert_int_equal(process_run(&result, shell, &options, &err), -1);
}

/* An ignored SIGCHLD, inherited, makes children end unseen: no success. */
static void unseen_ends_are_failures(void **state)
{
	static const char *const fails[] = { "sh", "-c", "exit 3", NULL };
	struct process_options options = { .output_max = 1000, .timeout_ms = 10000 };
	struct process_result result;
	struct error err;

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(process_run(&result, fails, &options, &err), -1);
	assert_string_equal(err.text, "sh: nobody knows how it ended");
	process_begin();
	assert_int_equal(process_run(&result, fails, &options, &err), 0);
	assert_int_equal(result.status, 3);
	process_result_done(&result);
}

static void endings_have_words(void **state)
{
	char how[PROCESS_ENDING_MAX];

	(void)state;
	assert_string_equal(process_ending(3, how), "ended with status 3");
	assert_string_equal(process_ending(137, how), "ended with status 137 (Killed)");
	assert_string_equal(process_ending(255, how), "ended with status 255");
	assert_string_equal(process_ending(PROCESS_LOST, how), "ended, nobody knows how");
}

/* ---- what must leave nothing behind ---- */

enum work { WORK_FINE, WORK_FAILS, WORK_CRASHES, WORK_SAYS_TOO_MUCH };

static int do_work(void *context, struct error *err)
{
	switch (*(enum work *)context) {
	case WORK_FAILS:
		return error_set(err, ERROR_REFUSED, "no");
	case WORK_CRASHES:
		raise(SIGKILL);
		return 0;
	case WORK_SAYS_TOO_MUCH:
		(void)!freopen("/dev/full", "w", stdout);
		printf("something");
		return 0;
	default:
		return 7;
	}
}

static void nothing_to_clean(void *context)
{
	(void)context;
}

static void guards_tell_what_came_of_it(void **state)
{
	enum work work = WORK_FINE;
	struct error err;
	int number;

	(void)state;
	assert_int_equal(guard_run(NULL, do_work, &work, nothing_to_clean, &number, &err), 7);
	work = WORK_FAILS;
	assert_int_equal(guard_run(NULL, do_work, &work, nothing_to_clean, &number, &err), -1);
	assert_string_equal(err.text, "no");
	work = WORK_CRASHES;
	assert_int_equal(guard_run(NULL, do_work, &work, nothing_to_clean, &number, &err), -1);
	assert_string_equal(err.text,
			    "the process that did the work ended with status 137 (Killed)");
	work = WORK_SAYS_TOO_MUCH;
	assert_int_equal(guard_run(NULL, do_work, &work, nothing_to_clean, &number, &err), -1);
	assert_string_equal(err.text, "cannot write the result to stdout: No space left on device");
	assert_int_equal(number, 0);
}

/* ---- libraries ---- */

static struct {
	__typeof__(&cbrt) cbrt;
	void (*none)(void);
} math;

static void libraries_are_whole_or_refused(void **state)
{
	const struct library_function known[] = { { "cbrt", &math.cbrt, NULL } };
	const struct library_function unknown[] = { { "cbrt", &math.cbrt, NULL },
						    { "no_root", &math.none, NULL } };
	struct library good = LIBRARY("libm.so.6", known, "Install libc6.");
	struct library old = LIBRARY("libm.so.6", unknown, "Install libc6.");
	struct library missing = LIBRARY("libnone.so.6", known, "Install libnone6.");
	struct error err;

	(void)state;
	assert_int_equal(library_load(&missing, &err), -1);
	assert_int_equal(err.kind, ERROR_FAILED);
	assert_non_null(strstr(err.text, "libnone.so.6: cannot open"));
	assert_non_null(strstr(err.text, "Install libnone6."));
	assert_null(math.cbrt);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(library_load(&old, &err), -1);
		assert_non_null(strstr(err.text, "undefined symbol: no_root"));
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(library_load(&good, &err), 0);
	assert_int_equal((int)math.cbrt(27), 3);
}

int main(void)
{
	struct CMUnitTest tests[60] = {
		cmocka_unit_test(text_grows),
		cmocka_unit_test(spans_are_cut),
		cmocka_unit_test(arenas_hold_small_and_large),
		cmocka_unit_test(errors_gain_context),
		cmocka_unit_test(errors_never_overflow),
		cmocka_unit_test(nearest_is_near_enough),
		cmocka_unit_test(files_are_replaced_whole),
		cmocka_unit_test(links_are_removed_not_followed),
		cmocka_unit_test(only_files_are_opened),
		cmocka_unit_test(inside_is_inside),
		cmocka_unit_test(paths_are_joined),
		cmocka_unit_test(yaml_depth_is_bounded),
		cmocka_unit_test(yaml_knows_places),
		cmocka_unit_test(processes_talk),
		cmocka_unit_test(processes_are_bounded),
		cmocka_unit_test(silent_processes_are_bounded),
		cmocka_unit_test(processes_that_cannot_be),
		cmocka_unit_test(unseen_ends_are_failures),
		cmocka_unit_test(endings_have_words),
		cmocka_unit_test(guards_tell_what_came_of_it),
		cmocka_unit_test(libraries_are_whole_or_refused),
	};
	size_t len = 0;

	while (tests[len].name)
		len++;
	for (size_t i = 0; i < ARRAY_LEN(yaml_rows); i++)
		tests[len++] = (struct CMUnitTest){
			.name = yaml_rows[i].name,
			.test_func = yaml_check,
			.initial_state = (void *)(uintptr_t)&yaml_rows[i],
		};
	return _cmocka_run_group_tests("base", tests, len, NULL, NULL);
}
