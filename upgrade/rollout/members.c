// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rollout/members.h"

#include "upgrade/rollout/reach.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
	MEMBERS_MAX = 10000,
	ADDRESS_MAX = 128,
	/* Of an answer of DNS. */
	ANSWER_MAX = 64 * 1024,
	ANSWER_HEADER = 12,
	QUESTION_FIXED = 4, /* behind the name: type, class */
	RECORD_FIXED = 10,  /* behind the name: type, class, time, length */
	SRV_FIXED = 6,      /* before the host: priority, weight, port */
};

/* The list is as long as the next power of two. */
static void add(struct names *out, struct arena *arena, const char *text)
{
	const char **items = (const char **)(uintptr_t)out->items;

	if ((out->len & (out->len - 1)) == 0) {
		items = arena_array(arena, out->len ? 2 * out->len : 1, const char *);
		for (size_t i = 0; i < out->len; i++)
			items[i] = out->items[i];
	}
	items[out->len] = arena_dup(arena, span_of(text));
	*out = (struct names){ items, out->len + 1 };
}

/* ---- by name ---- */

static int too_many(const char *what, struct error *err)
{
	return error_set(err, ERROR_INVALID, "%s: more than %d nodes", what, MEMBERS_MAX);
}

static int by_address(struct names *out, struct arena *arena, const char *host, struct error *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	int ret = getaddrinfo(host, NULL, &hints, &list);

	if (ret)
		return error_set(err, ret == EAI_AGAIN ? ERROR_UNREACHABLE : ERROR_NOT_FOUND,
				 "%s: %s", host, gai_strerror(ret));
	for (const struct addrinfo *each = list; each && out->len < MEMBERS_MAX;
	     each = each->ai_next) {
		char text[ADDRESS_MAX];

		if (getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof(text), NULL, 0,
				NI_NUMERICHOST) == 0)
			add(out, arena, text);
	}
	freeaddrinfo(list);
	return 0;
}

static unsigned number_at(const unsigned char *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static int no_answer(struct error *err)
{
	return error_set(err, ERROR_INVALID, "what the name service answers is no answer");
}

/* The record at *at, which is moved behind it. */
static int parse_record(struct names *out, struct arena *arena, struct span answer,
			const unsigned char **at, struct error *err)
{
	const unsigned char *start = (const unsigned char *)answer.ptr, *end = start + answer.len;
	int name = dn_skipname(*at, end);
	char host[NS_MAXDNAME];
	unsigned type, len;

	if (name < 0 || end - *at < name + RECORD_FIXED)
		return no_answer(err);
	*at += name;
	type = number_at(*at);
	len = number_at(*at + RECORD_FIXED - 2);
	*at += RECORD_FIXED;
	if (end - *at < (int)len)
		return no_answer(err);
	if (type == ns_t_srv) {
		if (len <= SRV_FIXED ||
		    dn_expand(start, end, *at + SRV_FIXED, host, sizeof(host)) < 0)
			return no_answer(err);
		/* "." says that there is no such service. */
		if (host[0])
			add(out, arena, host);
	}
	*at += len;
	return 0;
}

int members_parse_srv(struct names *out, struct arena *arena, struct span answer, struct error *err)
{
	const unsigned char *start = (const unsigned char *)answer.ptr, *end = start + answer.len;
	const unsigned char *at = start + ANSWER_HEADER;

	if (answer.len < ANSWER_HEADER)
		return no_answer(err);
	for (unsigned i = number_at(start + 4); i > 0; i--) {
		int name = dn_skipname(at, end);

		if (name < 0 || end - at < name + QUESTION_FIXED)
			return no_answer(err);
		at += name + QUESTION_FIXED;
	}
	for (unsigned i = number_at(start + 6); i > 0; i--)
		if (parse_record(out, arena, answer, &at, err))
			return -1;
	return 0;
}

static int by_service(struct names *out, struct arena *arena, const char *name, struct error *err)
{
	owned_mem unsigned char *answer = mem_alloc(ANSWER_MAX);
	struct __res_state state = { 0 };
	int len;

	if (res_ninit(&state))
		return error_set(err, ERROR_FAILED, "/etc/resolv.conf cannot be used");
	len = res_nquery(&state, name, ns_c_in, ns_t_srv, answer, ANSWER_MAX);
	res_nclose(&state);
	if (len < 0 || len > ANSWER_MAX)
		return error_set(
			err, state.res_h_errno == TRY_AGAIN ? ERROR_UNREACHABLE : ERROR_NOT_FOUND,
			"%s: %s", name, hstrerror(state.res_h_errno));
	if (members_parse_srv(out, arena, (struct span){ (const char *)answer, (size_t)len }, err))
		return error_wrap(err, "%s", name);
	return 0;
}

static int by_dns(struct names *out, struct arena *arena, const char *dns, struct error *err)
{
	const char *host = strchr(dns, '@') + 1;
	struct names hosts = { 0 };

	if (host[0] == '_' ? by_service(&hosts, arena, host, err)
			   : by_address(&hosts, arena, host, err))
		return error_wrap(err, "dns");
	if (hosts.len == 0)
		return error_set(err, ERROR_NOT_FOUND, "dns: %s names no host", host);
	for (size_t i = 0; i < hosts.len; i++)
		add(out, arena,
		    arena_printf(arena, "%.*s%s", (int)(host - dns), dns, hosts.items[i]));
	return 0;
}

/* ---- by a cluster ---- */

/* [{Node, Release name | not known}] of all that the seed knows, itself first. */
static const char question[] =
	"Name = fun(N) -> try erpc:call(N, release_handler, which_releases, [], 5000) of"
	"  [{R, _, _, _} | _] -> R; _ -> none"
	"  catch exit:{exception, {noproc, _}} -> none; _:_ -> unknown end end,"
	"[{N, Name(N)} || N <- [node() | lists:sort(nodes())]]";

static int no_shape(struct error *err)
{
	return error_set(err, ERROR_INVALID, "seed: an answer of another shape");
}

/* A release's name is a text; what stands instead of one, an atom.  NULL: neither. */
static const char *name_of(struct arena *arena, const struct term *term)
{
	const char *name;

	return term_get_text(term, arena, &name) ? name : term_atom_name(term);
}

static int sort_out(struct names *out, struct names *left_out, struct arena *arena,
		    const struct term *answer, struct error *err)
{
	const char *wanted = NULL;

	for (size_t i = 0; term_is_list(answer) && i < answer->seq.len; i++) {
		const struct term *pair = term_at(answer, i);
		const char *node = NULL, *release = NULL;

		if (out->len + left_out->len >= MEMBERS_MAX)
			return too_many("seed", err);
		if (term_is_tuple(pair, 2)) {
			node = term_atom_name(term_at(pair, 0));
			release = name_of(arena, term_at(pair, 1));
		}
		if (!node || !release)
			return no_shape(err);
		if (strcmp(release, "unknown") == 0) {
			error_set_(err, ERROR_FAILED,
				   "seed: %s is of the cluster, and does not tell which release it "
				   "runs",
				   node);
			return error_hint(err, "Nothing was changed.  List the nodes of the target "
					       "instead.");
		}
		wanted = wanted ? wanted : release;
		add(strcmp(release, wanted) == 0 ? out : left_out, arena, node);
	}
	return out->len ? 0 : no_shape(err);
}

static int by_seed(struct names *out, struct names *left_out, struct arena *arena,
		   const struct target *target, const char *cookie, struct error *err)
{
	struct node_options options = target_reach(target, target->seed, cookie);
	const struct term *answer;
	owned_node struct node *node = NULL;

	if (node_open(&node, &options, err) ||
	    node_eval(&answer, NULL, node_dist(node), arena, "the question for its cluster",
		      span_of(question), NULL, 0, node_work_deadline(node), err))
		return error_wrap(err, "seed");
	return sort_out(out, left_out, arena, answer, err);
}

/* ---- all ---- */

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct target_node *)a)->name, ((const struct target_node *)b)->name);
}

int members_find(struct target *target, struct names *left_out, struct arena *arena,
		 const char *cookie, struct error *err)
{
	struct names names = { 0 };
	struct target_node *nodes;
	size_t len = 0;

	if (!target->dns && !target->seed)
		return 0;
	if (target->dns ? by_dns(&names, arena, target->dns, err)
			: by_seed(&names, left_out, arena, target, cookie, err))
		return -1;
	nodes = arena_array(arena, names.len, struct target_node);
	for (size_t i = 0; i < names.len; i++)
		nodes[i] = (struct target_node){ .name = names.items[i], .zone = "" };
	qsort(nodes, names.len, sizeof(*nodes), compare);
	for (size_t i = 0; i < names.len; i++)
		if (len == 0 || strcmp(nodes[len - 1].name, nodes[i].name) != 0)
			nodes[len++] = nodes[i];
	target->nodes = nodes;
	target->nodes_len = len;
	return 0;
}
