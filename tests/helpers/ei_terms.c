// SPDX-License-Identifier: Apache-2.0
/* ei_terms IN OUT - hands terms from relevo to OTP's C library and back, for
 * tests/differential/terms.escript.
 *
 * IN is that of terms.c, of binaries alone.  Each is read and written by relevo, what it wrote is
 * read and written by libei, and that by relevo again.  OUT gets for each item one letter and
 * what it stands for, each with its length before it:
 *
 *	"o"  what libei wrote, what relevo made of that
 *	"e"  who does not read it
 */
#include "base/file.h"
#include "erlang/term/term.h"

#include <ei.h>
#include <stdio.h>
#include <stdlib.h>

static int copy(ei_x_buff *out, const char *in, int *at);

static int copy_all(ei_x_buff *out, const char *in, int *at, int count)
{
	while (count-- > 0)
		if (copy(out, in, at))
			return -1;
	return 0;
}

static int copy_atom(ei_x_buff *out, const char *in, int *at, int size)
{
	char name[MAXATOMLEN_UTF8];

	return ei_decode_atom_as(in, at, name, sizeof(name), ERLANG_UTF8, NULL, NULL) ||
	       ei_x_encode_atom_len_as(out, name, size, ERLANG_UTF8, ERLANG_UTF8);
}

static int copy_big(ei_x_buff *out, const char *in, int *at, int size)
{
	erlang_big *big = ei_alloc_big((unsigned)size);
	int ret = ei_decode_big(in, at, big) || ei_x_encode_big(out, big);

	ei_free_big(big);
	return ret;
}

static int copy_string(ei_x_buff *out, const char *in, int *at, int size)
{
	char *text = malloc((size_t)size + 1);
	int ret = ei_decode_string(in, at, text) || ei_x_encode_string_len(out, text, size);

	free(text);
	return ret;
}

static int copy_list(ei_x_buff *out, const char *in, int *at)
{
	int len;

	if (ei_decode_list_header(in, at, &len))
		return -1;
	if (len == 0)
		return ei_x_encode_empty_list(out);
	return ei_x_encode_list_header(out, len) || copy_all(out, in, at, len + 1);
}

static int copy_bits(ei_x_buff *out, const char *in, int *at)
{
	const char *bytes;
	unsigned offset;
	size_t bits;

	return ei_decode_bitstring(in, at, &bytes, &offset, &bits) ||
	       ei_x_encode_bitstring(out, bytes, offset, bits);
}

static int copy_fun(ei_x_buff *out, const char *in, int *at)
{
	erlang_fun fun;
	int ret;

	if (ei_decode_fun(in, at, &fun))
		return -1;
	ret = ei_x_encode_fun(out, &fun);
	free_fun(&fun);
	return ret;
}

static int copy(ei_x_buff *out, const char *in, int *at)
{
	erlang_pid pid;
	erlang_port port;
	erlang_ref ref;
	EI_LONGLONG integer;
	double real;
	int type, size;

	if (ei_get_type(in, at, &type, &size))
		return -1;
	switch (type) {
	case ERL_ATOM_EXT:
		return copy_atom(out, in, at, size);
	case ERL_SMALL_INTEGER_EXT:
	case ERL_INTEGER_EXT:
		return ei_decode_longlong(in, at, &integer) || ei_x_encode_longlong(out, integer);
	case ERL_SMALL_BIG_EXT:
	case ERL_LARGE_BIG_EXT:
		return copy_big(out, in, at, size);
	case ERL_FLOAT_EXT:
	case NEW_FLOAT_EXT:
		return ei_decode_double(in, at, &real) || ei_x_encode_double(out, real);
	case ERL_STRING_EXT:
		return copy_string(out, in, at, size);
	case ERL_LIST_EXT:
	case ERL_NIL_EXT:
		return copy_list(out, in, at);
	case ERL_SMALL_TUPLE_EXT:
	case ERL_LARGE_TUPLE_EXT:
		return ei_decode_tuple_header(in, at, &size) ||
		       ei_x_encode_tuple_header(out, size) || copy_all(out, in, at, size);
	case ERL_MAP_EXT:
		return ei_decode_map_header(in, at, &size) || ei_x_encode_map_header(out, size) ||
		       copy_all(out, in, at, 2 * size);
	case ERL_BINARY_EXT:
	case ERL_BIT_BINARY_EXT:
		return copy_bits(out, in, at);
	case ERL_PID_EXT:
	case ERL_NEW_PID_EXT:
		return ei_decode_pid(in, at, &pid) || ei_x_encode_pid(out, &pid);
	case ERL_PORT_EXT:
	case ERL_NEW_PORT_EXT:
	case ERL_V4_PORT_EXT:
		return ei_decode_port(in, at, &port) || ei_x_encode_port(out, &port);
	case ERL_NEW_REFERENCE_EXT:
	case ERL_NEWER_REFERENCE_EXT:
		return ei_decode_ref(in, at, &ref) || ei_x_encode_ref(out, &ref);
	case ERL_FUN_EXT:
	case ERL_NEW_FUN_EXT:
	case ERL_EXPORT_EXT:
		return copy_fun(out, in, at);
	default:
		return -1;
	}
}

static void add_part(struct str *out, struct span part)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		str_addc(out, (char)(part.len >> shift & 0xff));
	str_add(out, part);
}

/* NULL, or who does not read it. */
static const char *pass(struct str *ours, ei_x_buff *theirs, struct span item)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str first = STR_EMPTY;
	const struct term *term;
	struct error err;
	int at = 0, version;

	if (term_decode(&term, &arena, item, TERM_LIMITS_FILE, NULL, &err))
		return "relevo";
	term_encode(&first, term, TERM_ATOMS_UTF8);
	if (ei_decode_version(str_text(&first), &at, &version) ||
	    copy(theirs, str_text(&first), &at) || (size_t)at != first.len)
		return "libei";
	if (term_decode(&term, &arena, (struct span){ theirs->buff, (size_t)theirs->index },
			TERM_LIMITS_FILE, NULL, &err))
		return "relevo, of libei's";
	term_encode(ours, term, TERM_ATOMS_UTF8);
	return NULL;
}

static void answer(struct str *out, struct span item)
{
	owned_str struct str ours = STR_EMPTY;
	ei_x_buff theirs;
	const char *fault;

	ei_x_new_with_version(&theirs);
	fault = pass(&ours, &theirs, item);
	str_addc(out, fault ? 'e' : 'o');
	if (fault) {
		add_part(out, span_of(fault));
	} else {
		add_part(out, (struct span){ theirs.buff, (size_t)theirs.index });
		add_part(out, str_span(&ours));
	}
	ei_x_free(&theirs);
}

static bool next_item(struct span *rest, struct span *item)
{
	size_t len = 0;

	if (rest->len < 5)
		return false;
	for (int i = 1; i < 5; i++)
		len = len << 8 | (unsigned char)rest->ptr[i];
	if (len > rest->len - 5)
		return false;
	*item = (struct span){ rest->ptr + 5, len };
	*rest = (struct span){ rest->ptr + 5 + len, rest->len - 5 - len };
	return true;
}

int main(int argc, char **argv)
{
	owned_str struct str in = STR_EMPTY, out = STR_EMPTY;
	struct span rest, item;
	struct error err;

	if (argc != 3) {
		fprintf(stderr, "usage: ei_terms IN OUT\n");
		return 2;
	}
	ei_init();
	if (file_read(argv[1], (size_t)1 << 30, &in, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	rest = str_span(&in);
	while (next_item(&rest, &item))
		answer(&out, item);
	if (file_write(argv[2], str_span(&out), 0644, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	return 0;
}
