// SPDX-License-Identifier: Apache-2.0
/* Whatever a node answers.  The input is Erlang text: first the question, then a term for each
 * answer.  What is no answer of its own:
 *	cut                 the connection breaks
 *	skip                a reference is passed over
 *	{message,N,Term}    {Reference number N, Term}
 *	{exit,Reason}       the process that pid stands for ends
 *	pid                 as an answer: a process
 */
#include "base/hash.h"
#include "tests/fuzz/fake_peer.h"
#include "upgrade/node/foresee.h"
#include "upgrade/node/install.h"

#include <stdio.h>
#include <stdlib.h>

#define NODE "n@127.0.0.1"
#define SELF "relevo-0@127.0.0.1"
#define COOKIE "cookie"

enum { CONNECTIONS_MAX = 4, INPUT_MAX = 20000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- what the node sends ---- */

static struct {
	const struct term *list;
	size_t next;
	struct arena *arena;
	uint32_t references;
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

static const struct term *reference(uint32_t nr)
{
	struct term *term = arena_new(answers.arena, struct term);

	term->kind = TERM_REFERENCE;
	term->id.node = SPAN(SELF);
	term->id.creation = 16;
	term->id.words[0] = nr & 0x3ffff;
	term->id.len = 3;
	return term;
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

/* Scanned, parsed, and its value. */
static void answer(struct str *out, const struct term *value)
{
	struct arena *a = answers.arena;
	const struct term *ok = term_tuple(a, term_atom(a, "ok"), &term_nil);

	if (term_is_atom(value, "pid"))
		value = process();
	if (!term_is_tagged(value, "badrpc", 2))
		value = term_tuple(a, term_atom(a, "value"), value, &term_nil);
	send_to_us(out, reference(++answers.references), ok);
	send_to_us(out, reference(++answers.references), ok);
	send_to_us(out, reference(++answers.references), value);
}

static void put_item(struct str *out, const struct term *item)
{
	struct arena *a = answers.arena;
	int64_t nr;

	if (term_is_atom(item, "skip"))
		answers.references++;
	else if (term_is_tagged(item, "exit", 2))
		put_message(
			out,
			term_tuple(a, term_integer(a, 3), process(), &term_nil, term_at(item, 1)),
			NULL);
	else if (term_is_tagged(item, "message", 3) && term_get_integer(term_at(item, 1), &nr))
		send_to_us(out, reference((uint32_t)nr), term_at(item, 2));
	else
		answer(out, item);
}

static bool peer_next(struct str *out, unsigned nr)
{
	if (nr >= CONNECTIONS_MAX || answers.next >= answers.list->seq.len)
		return false;
	put_handshake(out, nr);
	answers.references = 0;
	while (answers.next < answers.list->seq.len) {
		const struct term *item = term_at(answers.list, answers.next++);

		if (term_is_atom(item, "cut"))
			break;
		put_item(out, item);
	}
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

	if (size > INPUT_MAX ||
	    term_parse_all(&terms, &arena, (struct span){ (const char *)data, size }, "input",
			   &err))
		return 0;
	answers.list = terms;
	answers.next = 1;
	answers.arena = &arena;
	peer_reset(65536);
	if (terms->seq.len > 1 && node_open(&node, &options, &err) == 0)
		ask(node, &arena, term_at(terms, 0), &err);
	return 0;
}
