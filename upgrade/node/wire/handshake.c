// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/wire/handshake.h"

#include "base/hash.h"

#include <stdio.h>
#include <sys/random.h>

/* Bits of the flags both sides exchange; a node drops a peer that lacks one that its OTP
 * holds mandatory.  No atom cache, no fragments, not published: hidden.
 */
#define FLAG_EXTENDED_REFERENCES 0x4ULL
#define FLAG_DIST_MONITOR 0x8ULL
#define FLAG_FUN_TAGS 0x10ULL
#define FLAG_DIST_MONITOR_NAME 0x20ULL
#define FLAG_NEW_FUN_TAGS 0x80ULL
#define FLAG_EXTENDED_PIDS_PORTS 0x100ULL
#define FLAG_EXPORT_PTR_TAG 0x200ULL
#define FLAG_BIT_BINARIES 0x400ULL
#define FLAG_NEW_FLOATS 0x800ULL
#define FLAG_SMALL_ATOM_TAGS 0x4000ULL
#define FLAG_UTF8_ATOMS 0x10000ULL
#define FLAG_MAP_TAG 0x20000ULL
#define FLAG_BIG_CREATION 0x40000ULL
#define FLAG_HANDSHAKE_23 0x1000000ULL
#define FLAG_UNLINK_ID 0x2000000ULL
#define FLAG_MANDATORY_25_DIGEST 0x4000000ULL
#define FLAG_V4_NC (1ULL << 34)

#define OUR_FLAGS                                                                                 \
	(FLAG_EXTENDED_REFERENCES | FLAG_DIST_MONITOR | FLAG_FUN_TAGS | FLAG_DIST_MONITOR_NAME |  \
	 FLAG_NEW_FUN_TAGS | FLAG_EXTENDED_PIDS_PORTS | FLAG_EXPORT_PTR_TAG | FLAG_BIT_BINARIES | \
	 FLAG_NEW_FLOATS | FLAG_SMALL_ATOM_TAGS | FLAG_UTF8_ATOMS | FLAG_MAP_TAG |                \
	 FLAG_BIG_CREATION | FLAG_HANDSHAKE_23 | FLAG_UNLINK_ID | FLAG_MANDATORY_25_DIGEST |      \
	 FLAG_V4_NC)

enum {
	DIGEST_SIZE = 16,
	CHALLENGE_FIXED = 1 + 8 + 4 + 4 + 2, /* tag, flags, challenge, creation, length of name */
};

static void put_number(struct str *out, uint64_t value, unsigned bytes)
{
	while (bytes-- > 0)
		str_addc(out, (char)(value >> (8 * bytes)));
}

static uint64_t get_number(struct span bytes, size_t at, unsigned count)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < count; i++)
		value = value << 8 | (uint8_t)bytes.ptr[at + i];
	return value;
}

/* A peer that wants TLS answers a plain hello with an alert record: type 21, version 3.x. */
static bool is_tls_alert(const struct wire *wire)
{
	const char *next = str_text(&wire->in) + wire->taken;

	return !wire->tls && wire->in.len - wire->taken >= 3 && next[0] == 21 && next[1] == 3;
}

static int no_erlang(const struct wire *wire, struct error *err)
{
	if (is_tls_alert(wire)) {
		error_set_(err, ERROR_NOT_FOUND, "%s: what answers there speaks TLS", wire->who);
		return error_hint(err, "Give --tls-ca, and --tls-cert with --tls-key if the node "
				       "asks for a certificate.");
	}
	error_set_(err, ERROR_NOT_FOUND, "%s: what answers there is no Erlang node", wire->who);
	return error_hint(err, "Check the port; a node with TLS distribution looks like this too.");
}

/* Without a word of why, which TLS would have. */
static bool hung_up(const struct wire *wire, const struct error *err)
{
	return !wire->open && err->kind == ERROR_UNREACHABLE;
}

/* A node gives each of its own steps net_setuptime, 7 seconds, and hangs up when it does not get to
 * them.
 */
static int no_hello(const struct wire *wire, struct error *err)
{
	if (is_tls_alert(wire) || !hung_up(wire, err))
		return no_erlang(wire, err);
	error_set_(err, ERROR_UNREACHABLE,
		   "%s: what answers there hung up in the handshake: it is no Erlang node, or one "
		   "that is too busy",
		   wire->who);
	return error_hint(err, "Check the port, and whether that node wants TLS; of a busy node, "
			       "look at its load, and try again.");
}

/* One frame of the handshake; `doubt` says what it means when the peer hangs up instead. */
static int receive(struct wire *wire, struct span *frame,
		   int (*doubt)(const struct wire *wire, struct error *err),
		   struct deadline deadline, struct error *err)
{
	if (wire_get(wire, frame, deadline, err)) {
		if (hung_up(wire, err) || err->kind == ERROR_INVALID)
			return doubt(wire, err);
		return -1;
	}
	if (!frame->ptr) {
		error_set_(err, ERROR_UNREACHABLE, "%s: no answer to the handshake in time",
			   wire->who);
		return error_hint(err, "The port is open, but the node hangs or is suspended.");
	}
	if (frame->len > 0)
		return 0;
	error_set_(err, ERROR_INVALID, "%s: an empty message", wire->who);
	return doubt(wire, err);
}

static int wrong_cookie(const struct wire *wire, struct error *err)
{
	error_set_(err, ERROR_REFUSED, "%s: the node refuses our cookie", wire->who);
	return error_hint(err, "Give the node's own cookie: --cookie-file, --cookie-env, or "
			       "$RELEASE_COOKIE.");
}

static int send_name(const struct handshake *handshake, struct wire *wire, struct deadline deadline,
		     struct error *err)
{
	owned_str struct str out = STR_EMPTY;
	size_t len = strlen(handshake->self);

	str_addc(&out, 'N');
	put_number(&out, OUR_FLAGS, 8);
	put_number(&out, handshake->creation, 4);
	put_number(&out, len, 2);
	str_adds(&out, handshake->self);
	wire_put(wire, str_span(&out));
	if (wire_flush(wire, deadline, err))
		return hung_up(wire, err) ? no_hello(wire, err) : -1;
	return 0;
}

static int receive_status(struct handshake *handshake, struct wire *wire, struct deadline deadline,
			  struct error *err)
{
	struct span frame, status;

	if (receive(wire, &frame, no_hello, deadline, err))
		return -1;
	status = (struct span){ frame.ptr + 1, frame.len - 1 };
	if (frame.ptr[0] != 's')
		return no_erlang(wire, err);
	if (span_is(status, "ok") || span_is(status, "ok_simultaneous"))
		return 0;
	/* "alive" is a question, whether that connection is a dead one.  It may be another
	 * relevo's. */
	if (span_is(status, "nok") || span_is(status, "alive")) {
		handshake->name_taken = true;
		return error_set(err, ERROR_UNREACHABLE,
				 "%s: the node is busy with another connection of the name %s",
				 wire->who, handshake->self);
	}
	if (span_is(status, "not_allowed")) {
		error_set_(err, ERROR_REFUSED, "%s: the node does not allow connections from %s",
			   wire->who, handshake->self);
		return error_hint(err, "It was restricted by net_kernel:allow/1.");
	}
	return no_erlang(wire, err);
}

static int receive_challenge(struct handshake *handshake, struct wire *wire, uint32_t *challenge,
			     struct deadline deadline, struct error *err)
{
	struct span frame, name;

	if (receive(wire, &frame, no_hello, deadline, err))
		return -1;
	if (frame.ptr[0] == 'n')
		return error_set(
			err, ERROR_NOT_FOUND,
			"%s: the node is older than OTP 23, which relevo does not speak to",
			wire->who);
	if (frame.ptr[0] != 'N' || frame.len < CHALLENGE_FIXED ||
	    frame.len < CHALLENGE_FIXED + get_number(frame, 17, 2))
		return no_erlang(wire, err);
	name = (struct span){ frame.ptr + CHALLENGE_FIXED, get_number(frame, 17, 2) };
	if (!span_is(name, handshake->node)) {
		error_set_(err, ERROR_NOT_FOUND,
			   "%s: the node there is called " SPAN_FMT ", not %s", wire->who,
			   (int)(name.len < 255 ? name.len : 255), name.ptr, handshake->node);
		return error_hint(err, "Check the node's name and port.");
	}
	*challenge = (uint32_t)get_number(frame, 9, 4);
	handshake->peer_creation = (uint32_t)get_number(frame, 13, 4);
	return 0;
}

/* MD5 of the cookie and the challenge in decimal. */
static void digest_of(uint8_t out[static HASH_SIZE_MAX], const char *cookie, uint32_t challenge)
{
	owned_hash struct hash *hash = hash_new(HASH_MD5);
	char number[16];

	snprintf(number, sizeof(number), "%u", challenge);
	hash_add(hash, span_of(cookie));
	hash_add(hash, span_of(number));
	hash_end(hash, out);
}

static int prove(const struct handshake *handshake, struct wire *wire, uint32_t challenge,
		 struct deadline deadline, struct error *err)
{
	owned_str struct str out = STR_EMPTY;
	uint8_t digest[HASH_SIZE_MAX];
	struct span frame;
	uint32_t ours;

	if (getrandom(&ours, sizeof(ours), 0) != sizeof(ours))
		return error_sys(err, "getrandom");
	digest_of(digest, handshake->cookie, challenge);
	str_addc(&out, 'r');
	put_number(&out, ours, 4);
	str_add(&out, (struct span){ (const char *)digest, DIGEST_SIZE });
	wire_put(wire, str_span(&out));
	if (wire_flush(wire, deadline, err))
		return hung_up(wire, err) ? wrong_cookie(wire, err) : -1;
	/* A node that does not like our digest hangs up. */
	if (receive(wire, &frame, wrong_cookie, deadline, err))
		return -1;
	digest_of(digest, handshake->cookie, ours);
	if (frame.len != 1 + DIGEST_SIZE || frame.ptr[0] != 'a' ||
	    memcmp(frame.ptr + 1, digest, DIGEST_SIZE) != 0)
		return error_set(err, ERROR_REFUSED,
				 "%s: the node cannot prove that it knows the cookie", wire->who);
	return 0;
}

int handshake_run(struct handshake *handshake, struct wire *wire, struct deadline deadline,
		  struct error *err)
{
	uint32_t challenge = 0;

	if (send_name(handshake, wire, deadline, err) ||
	    receive_status(handshake, wire, deadline, err) ||
	    receive_challenge(handshake, wire, &challenge, deadline, err) ||
	    prove(handshake, wire, challenge, deadline, err)) {
		handshake->hung_up = hung_up(wire, err) && !handshake->name_taken;
		return -1;
	}
	wire->header = 4;
	return 0;
}
