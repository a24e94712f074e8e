// SPDX-License-Identifier: Apache-2.0
/* Whatever a node answers.  The input is Erlang text: first the question, then {Script, Answer} for
 * answers to scripts by their names ("releases" for releases.erl), of one script in their order;
 *the last is given again and again.  For scripts that are not named there is a usual answer, so
 *that an input need say only what is odd.  What is no answer of its own: cut                 the
 *connection breaks pid                 a process {packed,Term}       a binary that holds the term
 *	{receiver,Term}     as an item: what the process that takes files in says next; the usual is
 *	                    that all goes well
 *	{receiver,{exit,R}} that it ends
 *	{phase,N}           as the first item: what the release is there at first (enum phase)
 */
#include "base/hash.h"
#include "tests/fuzz/fake_peer.h"
#include "upgrade/node/foresee.h"
#include "upgrade/node/install.h"

#include "upgrade/node/session.h"

#include <stdio.h>
#include <stdlib.h>

#define NODE "n@127.0.0.1"
#define SELF "relevo-0@127.0.0.1"
#define COOKIE "cookie"

enum { CONNECTIONS_MAX = 4, INPUT_MAX = 20000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- what the node sends ---- */

#define REST                                                                                   \
	"{releases_file,\"\"},{releases_dir,\"/r/releases\"},{root,\"/r\"},{erts,\"13.1.5\"}," \
	"{otp,\"25\"},{mode,embedded},{busy,false},{status,started},{env_version,\"1.0.0\"},"  \
	"{crypto,true},{keeper,\"heart\"},{trials,true},{booted_name,\"shop\"},"               \
	"{start_is_there,true},{unseen,\"1.1.0\"}"
#define OLD(state) "{\"shop\",\"1.0.0\",[\"kernel-8.5.3\",\"shop-1.0.0\"]," state "}"
#define NEW(state) "{\"shop\",\"1.1.0\",[\"kernel-8.5.3\",\"shop-1.1.0\"]," state "}"
#define KNOWS(list, booted, starts)                                                       \
	"[{releases,[" list "]},{booted_version,\"" booted "\"},{start_version,\"" starts \
	"\"}," REST "]."

/* What the release is on the usual node. */
enum phase { ABSENT, UNPACKED, CURRENT, PERMANENT };

static const char *const known[] = {
	[ABSENT] = KNOWS(OLD("permanent"), "1.0.0", "1.0.0"),
	[UNPACKED] = KNOWS(NEW("unpacked") "," OLD("permanent"), "1.0.0", "1.0.0"),
	[CURRENT] = KNOWS(NEW("current") "," OLD("permanent"), "1.0.0", "1.0.0"),
	[PERMANENT] = KNOWS(NEW("permanent") "," OLD("old"), "1.1.0", "1.1.0"),
};

/* clang-format off */
static const struct {
	enum script script;
	const char *answer;
} usual[] = {
	{ SCRIPT_info, "[{name,\"shop\"},{version,\"1.0.0\"},{applications,[{shop,\"1.0.0\"}]}]." },
	{ SCRIPT_vitals,
	  "[{processes,50},{process_limit,9999},{ports,3},{port_limit,999},{atoms,9},"
	  "{atom_limit,1048576},{suspended,[]},{suspended_count,0}]." },
	{ SCRIPT_busy, "17." },
	{ SCRIPT_census, "{[{rex,1}],[kernel,shop]}." },
	{ SCRIPT_foresee,
	  "[{lingering,[{shop,{\"<0.1.0>\",\"\",\"m:f/1\",\"m:g/1\",\"m.erl:1\"}}]},"
	  "{silent,[]},{suspends,2},{groups,[{shop,2,30,4,500}]},{us,50},{free,1000000}]." },
	{ SCRIPT_silent, "[]." },
	{ SCRIPT_funs, "[{found,[{shop,state,\"<0.1.0>\"}]},{looked,5},{left,1}]." },
	{ SCRIPT_digests, "[false]." },
	{ SCRIPT_files, "{0,[]}." },
	{ SCRIPT_lacks, "{[\"bin/shop\"],[]}." },
	{ SCRIPT_stage, "pid." },
	{ SCRIPT_unpack, "{ok,\"1.1.0\"}." },
	{ SCRIPT_manifest, "{packed,[{\"shop\",\"shop\",\"92eb5ffee6ae2fec3ad71c777531578f\"}]}." },
	{ SCRIPT_drain, "{0,[]}." },
	{ SCRIPT_crashes, "{0,\"\"}." },
	{ SCRIPT_modules, "{1,[]}." },
	{ SCRIPT_lock, "mine." },
	{ SCRIPT_folder, "{ok,\"/r/tmp/x\"}." },
	{ SCRIPT_changes, "{ok,[{shop,limit,changed,<<\"1\">>,<<\"2\">>,true}]}." },
	{ SCRIPT_check,
	  "{ok,[{kills,shop,2},{config,[{shop,limit,added,<<>>,<<\"2\">>,false}]}]}." },
	{ SCRIPT_install, "{installed,{\"1.0.0\",[{shop,2,50}]}}." },
	{ SCRIPT_started, "[]." },
	{ SCRIPT_restart, "ok." },
	{ SCRIPT_commit, "ok." },
	{ SCRIPT_remove, "ok." },
};
/* clang-format on */

static struct {
	const struct term *list;
	bool used[64]; /* the items that were given, but for the last of a script */
	struct arena *arena;
	enum phase phase;
	struct str sent; /* what came from us and is no whole message yet */
	unsigned shaken; /* frames of the handshake that came */
	bool cut;
	const struct term *tag; /* of the files that are taken in */
} answers;

static void put_number(struct str *out, uint64_t value, unsigned bytes)
{
	while (bytes-- > 0)
		str_addc(out, (char)(value >> (8 * bytes)));
}

static void put_frame(struct str *out, unsigned header, const struct str *frame)
{
	put_number(out, frame->len, header);
	str_add(out, str_span(frame));
}

static void put_handshake(struct str *out, unsigned nr)
{
	owned_str struct str frame = STR_EMPTY;
	owned_hash struct hash *hash = hash_new(HASH_MD5);
	uint8_t digest[HASH_SIZE_MAX];

	str_adds(&frame, "sok");
	put_frame(out, 2, &frame);
	str_clear(&frame);
	str_addc(&frame, 'N');
	put_number(&frame, 0, 8);
	put_number(&frame, 0, 4);
	put_number(&frame, nr + 1, 4);
	put_number(&frame, strlen(NODE), 2);
	str_adds(&frame, NODE);
	put_frame(out, 2, &frame);
	str_clear(&frame);
	hash_add(hash, SPAN(COOKIE "0"));
	hash_end(hash, digest);
	str_addc(&frame, 'a');
	str_add(&frame, (struct span){ (const char *)digest, 16 });
	put_frame(out, 2, &frame);
}

static const struct term *process(void)
{
	struct term *term = arena_new(answers.arena, struct term);

	term->kind = TERM_PID;
	term->id.node = SPAN(NODE);
	term->id.creation = 1;
	term->id.len = 2;
	return term;
}

static void put_message(struct str *out, const struct term *control, const struct term *body)
{
	owned_str struct str frame = STR_EMPTY;

	str_addc(&frame, 112);
	term_encode(&frame, control, TERM_ATOMS_UTF8);
	if (body)
		term_encode(&frame, body, TERM_ATOMS_UTF8);
	put_frame(out, 4, &frame);
}

static void send_to_us(struct str *out, const struct term *nr, const struct term *body)
{
	struct arena *a = answers.arena;

	put_message(out, term_tuple(a, term_integer(a, 2), &term_nil, &term_nil),
		    term_tuple(a, nr, body));
}

/* The next item of that name, or the last one again; NULL: there is none. */
static const struct term *item_of(const char *name)
{
	const struct term *last = NULL;

	for (size_t i = 1; i < answers.list->seq.len && i < ARRAY_LEN(answers.used); i++) {
		const struct term *item = term_at(answers.list, i);

		if (!term_is_tagged(item, name, 2))
			continue;
		last = term_at(item, 1);
		if (answers.used[i])
			continue;
		answers.used[i] = true;
		return last;
	}
	return last;
}

static const struct term *parsed(const char *text)
{
	const struct term *term = &term_nil;
	struct error err;

	if (term_parse(&term, answers.arena, span_of(text), "usual", &err))
		abort();
	return term;
}

static const struct term *usual_answer(enum script script)
{
	if (script == SCRIPT_releases)
		return parsed(known[answers.phase]);
	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		if (usual[i].script == script)
			return parsed(usual[i].answer);
	return &term_nil;
}

/* What the usual node is after it was asked that. */
static void go_on(enum script script)
{
	if (script == SCRIPT_unpack)
		answers.phase = UNPACKED;
	else if (script == SCRIPT_install)
		answers.phase = answers.phase == UNPACKED ? CURRENT : UNPACKED;
	else if (script == SCRIPT_commit)
		answers.phase = PERMANENT;
	else if (script == SCRIPT_remove)
		answers.phase = ABSENT;
}

static const struct term *value_of(const struct term *answer)
{
	owned_str struct str bytes = STR_EMPTY;

	if (term_is_atom(answer, "pid"))
		return process();
	if (!term_is_tagged(answer, "packed", 2))
		return answer;
	term_encode(&bytes, term_at(answer, 1), TERM_ATOMS_UTF8);
	return term_binary(answers.arena,
			   (struct span){ arena_dup(answers.arena, str_span(&bytes)), bytes.len });
}

static void receiver_says(struct str *out, const struct term *what)
{
	const struct term *item = item_of("receiver");
	struct arena *a = answers.arena;

	if (item && term_is_tagged(item, "exit", 2))
		put_message(
			out,
			term_tuple(a, term_integer(a, 3), process(), &term_nil, term_at(item, 1)),
			NULL);
	else if (answers.tag)
		send_to_us(out, answers.tag, item ? item : what);
}

static void answer_script(struct str *out, enum script script, const struct term *message)
{
	const char *name =
		arena_dup(answers.arena,
			  (struct span){ script_name(script), strcspn(script_name(script), ".") });
	const struct term *answer = item_of(name);

	if (getenv("FUZZ_SAY"))
		fprintf(stderr, "  %s\n", name);
	if (!answer)
		answer = usual_answer(script);
	if (term_is_atom(answer, "cut")) {
		answers.cut = true;
		return;
	}
	go_on(script);
	send_to_us(out, term_at(message, 2), value_of(answer));
	if (script != SCRIPT_stage || !term_is_atom(answer, "pid") ||
	    !term_is_list(term_at(message, 4)))
		return;
	answers.tag = term_proplist_get(term_at(message, 4), "Tag");
	receiver_says(out, term_tuple(answers.arena, term_atom(answers.arena, "ready"),
				      term_integer(answers.arena, 0)));
}

/* {'$gen_call', {Pid, Ref}, {call, …}}; the session is begun by one. */
static void answer_call(struct str *out, const struct term *message)
{
	struct arena *a = answers.arena;
	const struct term *session = item_of("session");
	int64_t atoms = 1000000;

	if (!session || term_get_integer(session, &atoms))
		session = term_tuple(a, process(), term_integer(a, atoms));
	send_to_us(out, term_at(term_at(message, 1), 1), session);
}

static void answer_message(struct str *out, const struct term *message)
{
	const struct term *parts;
	int64_t part;

	if (term_is_tagged(message, "$gen_call", 3))
		answer_call(out, message);
	else if (term_is_tuple(message, 5) && term_is_atom(term_at(message, 1), "run")) {
		parts = term_at(message, 3);
		if (term_get_integer(term_at(parts, parts->seq.len - 1), &part))
			answer_script(out, (enum script)(part - PART_SCRIPTS - 1), message);
	} else if (term_is_tuple(message, 3) && term_get_integer(term_at(message, 1), &part))
		receiver_says(out, term_at(message, 1));
	else if (term_is_tuple(message, 2) && term_is_atom(term_at(message, 1), "finish"))
		receiver_says(out, term_atom(answers.arena, "done"));
}

/* A frame behind the handshake: a control message, and perhaps a message. */
static void take_frame(struct str *out, struct span frame)
{
	const struct term *control, *message;
	struct error err;
	size_t used;

	if (frame.len == 0)
		return;
	frame = (struct span){ frame.ptr + 1, frame.len - 1 };
	if (term_decode(&control, answers.arena, frame, TERM_LIMITS_NODE, &used, &err) ||
	    term_decode(&message, answers.arena,
			(struct span){ frame.ptr + used, frame.len - used }, TERM_LIMITS_NODE, NULL,
			&err))
		abort();
	answer_message(out, message);
}

static void peer_sent(struct str *out, struct span bytes)
{
	str_add(&answers.sent, bytes);
	for (;;) {
		unsigned header = answers.shaken < 2 ? 2 : 4;
		size_t len = 0;

		for (unsigned i = 0; i < header && answers.sent.len >= header; i++)
			len = len << 8 | (uint8_t)answers.sent.ptr[i];
		if (answers.sent.len < header || answers.sent.len - header < len)
			return;
		if (answers.shaken < 2)
			answers.shaken++;
		else if (!answers.cut)
			take_frame(out, (struct span){ answers.sent.ptr + header, len });
		str_drop(&answers.sent, header + len);
	}
}

static bool peer_next(struct str *out, unsigned nr)
{
	if (nr >= CONNECTIONS_MAX)
		return false;
	str_clear(&answers.sent);
	answers.shaken = 0;
	answers.cut = false;
	put_handshake(out, nr);
	return true;
}

/* ---- what is asked ---- */

static const struct manifest_entry files[] = {
	{ "bin/shop", "", "0cc175b9c0f1b6a831c399e269772661", 1, 0644 },
	{ "lib/shop-1.1.0/ebin/shop.beam", "", "0cc175b9c0f1b6a831c399e269772661", 1, 0644 },
	{ "releases/1.1.0/relup", "", "0cc175b9c0f1b6a831c399e269772661", 1, 0644 },
};
static const struct manifest_module modules[] = {
	{ "shop", "shop", "92eb5ffee6ae2fec3ad71c777531578f" },
};
static const char relup[] = "{\"1.1.0\",[{\"1.0.0\",[],[point_of_no_return]}],"
			    "[{\"1.0.0\",[],[point_of_no_return]}]}.";

static void ask(struct node *node, struct arena *arena, const struct term *question,
		struct error *err)
{
	struct install_options options = INSTALL_OPTIONS;
	struct bundle bundle = { .file = "tests/fuzz/corpus/fuzz_archive/gnu.tar.gz",
				 .base = "shop-1.1.0",
				 .size = 1,
				 .name = "shop",
				 .vsn = "1.1.0",
				 .erts = "13.1.5",
				 .manifest = "bin/a", /* of that tarball, so that it is sent */
				 .files = files,
				 .files_len = ARRAY_LEN(files),
				 .modules = modules,
				 .modules_len = ARRAY_LEN(modules),
				 .apps = &term_nil };
	const char *what = term_atom_name(question);
	struct install_result result;
	struct node_releases releases;
	struct foreseen foreseen;
	struct node_vitals vitals;
	struct node_info info;
	const char *fault;
	int64_t number;
	struct adoption adoption;
	int ret = 0;

	if (!what || term_parse(&bundle.relup, arena, SPAN(relup), "relup", err))
		return;
	options.bake_ms = 3000;
	options.limits.mailbox = options.limits.run_queue = 5;
	options.move.timeout_ms = 1000;
	if (strcmp(what, "info") == 0)
		ret = node_info(&info, node, arena, err);
	else if (strcmp(what, "vitals") == 0)
		ret = node_vitals(&vitals, node, arena, err);
	else if (strcmp(what, "busy") == 0)
		ret = node_busy(&number, node, 1, err);
	else if (strcmp(what, "releases") == 0)
		ret = node_releases(&releases, node, arena, err);
	else if (strcmp(what, "watch") == 0)
		ret = node_watch(&fault, node, arena, "1.1.0", 5000, &options.limits, NULL, NULL,
				 err);
	else if (strcmp(what, "install") == 0)
		ret = node_install(&result, node, arena, &bundle, &options, err);
	else if (strcmp(what, "commit") == 0)
		ret = node_commit(&result, node, arena, NULL, &options, err);
	else if (strcmp(what, "revert") == 0)
		ret = node_revert(&result, node, arena, NULL, &options, err);
	else if (strcmp(what, "remove") == 0)
		ret = node_remove(node, arena, "1.1.0", &options, err);
	else if (strcmp(what, "check") == 0)
		ret = node_foresee(&foreseen, node, arena, &bundle, &options, err);
	else if (strcmp(what, "adopt") == 0)
		ret = node_adopt(&adoption, node, arena, err);
	if (getenv("FUZZ_SAY"))
		fprintf(stderr, "%s: %s\n", what, ret ? err->text : "done");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct node_options options = {
		.name = NODE, .cookie = COOKIE, .port = 1, .timeout_ms = 1000
	};
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_node struct node *node = NULL;
	const struct term *terms;
	struct error err;
	int64_t phase;

	if (size > INPUT_MAX ||
	    term_parse_all(&terms, &arena, (struct span){ (const char *)data, size }, "input",
			   &err))
		return 0;
	str_done(&answers.sent);
	memset(&answers, 0, sizeof(answers));
	answers.list = terms;
	answers.arena = &arena;
	if (terms->seq.len > 1 && term_is_tagged(term_at(terms, 1), "phase", 2) &&
	    term_get_integer(term_at(term_at(terms, 1), 1), &phase) && phase >= ABSENT &&
	    phase <= PERMANENT)
		answers.phase = (enum phase)phase;
	peer_reset(65536);
	if (terms->seq.len > 0 && node_open(&node, &options, &err) == 0)
		ask(node, &arena, term_at(terms, 0), &err);
	return 0;
}
