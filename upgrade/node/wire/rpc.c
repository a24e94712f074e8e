// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/wire/rpc.h"

enum { REASON_MAX = 400 };

/* [{Module, Function, Arity, Where} | _] */
static bool is_stack(const struct term *list)
{
	return term_is_list(list) && !term_is_nil(list) && term_is_tuple(term_at(list, 0), 4);
}

static void reason_text(struct str *out, const struct term *reason,
			void (*print)(struct str *out, const struct term *term))
{
	owned_str struct str text = STR_EMPTY;
	bool in_words;

	if (term_is_tagged(reason, "EXIT", 2))
		reason = term_at(reason, 1);
	if (term_is_tagged(reason, "error", 2) && term_is_tuple(term_at(reason, 1), 2))
		reason = term_at(reason, 1);
	/* {Reason, Stack} */
	if (term_is_tuple(reason, 2) && is_stack(term_at(reason, 1)))
		reason = term_at(reason, 0);
	in_words = reason_words(out, reason);
	print(&text, reason);
	str_adds(out, in_words ? " (" : "");
	if (text.len <= REASON_MAX)
		str_add(out, str_span(&text));
	else
		str_addf(out, "%.*s…", REASON_MAX, str_text(&text));
	str_adds(out, in_words ? ")" : "");
}

void rpc_reason(struct str *out, const struct term *reason)
{
	reason_text(out, reason, reason_outline);
}

void rpc_reason_whole(struct str *out, const struct term *reason)
{
	reason_text(out, reason, term_print);
}

void rpc_failed_(const struct dist *dist, const char *what, const struct term *reason,
		 struct error *err)
{
	owned_str struct str text = STR_EMPTY;

	rpc_reason(&text, reason);
	error_set_(err, ERROR_FAILED, "%s: %s failed: %s", dist_node(dist), what, str_text(&text));
}

void rpc_silent_(const struct dist *dist, const char *what, struct error *err)
{
	error_set_(err, ERROR_UNREACHABLE, "%s: %s: no answer in time", dist_node(dist), what);
	error_hint_(err, "The node hangs, is suspended, or is very busy; what was asked for may "
			 "still be carried out.");
}

int rpc_result(const struct term **out, const struct term **bad, const struct dist *dist,
	       const struct term *result, const char *what, struct error *err)
{
	if (!term_is_tagged(result, "badrpc", 2)) {
		*out = result;
		if (bad)
			*bad = NULL;
		return 0;
	}
	if (!bad) {
		owned_str struct str text = STR_EMPTY;

		rpc_reason_whole(&text, term_at(result, 1));
		return error_set(err, ERROR_FAILED, "%s: %s failed: %s", dist_node(dist), what,
				 str_text(&text));
	}
	*out = NULL;
	*bad = term_at(result, 1);
	return 0;
}

/* {Reference, Result}; whatever else comes is not meant for this call. */
static bool is_answer(void *context, const struct dist_message *message)
{
	const struct term *reference = context;

	return message->kind == DIST_MESSAGE && term_is_tuple(message->body, 2) &&
	       term_equal(term_at(message->body, 0), reference);
}

static int await(const struct term **out, struct dist *dist, struct arena *arena,
		 const struct term *reference, const char *what, struct deadline deadline,
		 struct error *err)
{
	struct dist_message message;

	if (dist_await(dist, arena, &message, is_answer, (void *)(uintptr_t)reference, deadline,
		       err))
		return -1;
	if (message.kind == DIST_NOTHING)
		return rpc_silent(dist, what, err);
	*out = term_at(message.body, 1);
	return 0;
}

static int call(const struct term **out, const struct term **bad, struct dist *dist,
		struct arena *arena, const char *module, const char *function,
		const struct term *args, const char *what, struct deadline deadline,
		struct error *err)
{
	const struct term *reference = dist_reference(dist, arena);
	const struct term *result;
	const struct term *request = term_tuple(
		arena, term_atom(arena, "$gen_call"), term_tuple(arena, dist_pid(dist), reference),
		term_tuple(arena, term_atom(arena, "call"), term_atom(arena, module),
			   term_atom(arena, function), args, term_atom(arena, "user")));

	if (dist_send_name(dist, "rex", request, deadline, err) ||
	    await(&result, dist, arena, reference, what, deadline, err))
		return -1;
	return rpc_result(out, bad, dist, result, what, err);
}

int rpc_call(const struct term **out, const struct term **bad, struct dist *dist,
	     struct arena *arena, const char *module, const char *function, const struct term *args,
	     struct deadline deadline, struct error *err)
{
	const char *what = arena_printf(arena, "%s:%s", module, function);

	return call(out, bad, dist, arena, module, function, args, what, deadline, err);
}

/* ---- Erlang text ---- */

/* The answers of erl_scan and erl_parse are {ok, Value} or {ok, Value, EndLine}. */
static int value_of(const struct term **out, const struct term *answer, const char *name,
		    struct error *err)
{
	owned_str struct str text = STR_EMPTY;

	if (answer->kind == TERM_TUPLE && answer->seq.len >= 2 &&
	    term_is_atom(term_at(answer, 0), "ok")) {
		*out = term_at(answer, 1);
		return 0;
	}
	rpc_reason_whole(&text, answer);
	return error_set(err, ERROR_INVALID, "%s is no Erlang text that the node understands: %s",
			 name, str_text(&text));
}

/* Made of C or Java, say, or without stdlib. */
static int no_whole_node(const struct dist *dist, const struct term *reason, struct error *err)
{
	owned_str struct str text = STR_EMPTY;

	rpc_reason(&text, reason);
	error_set_(err, ERROR_FAILED, "%s cannot run Erlang text: %s", dist_node(dist),
		   str_text(&text));
	return error_hint(err, "It is no whole Erlang node.");
}

static int parse(const struct term **out, struct dist *dist, struct arena *arena, const char *name,
		 struct span text, struct deadline deadline, struct error *err)
{
	/* In a fun, so that what the text binds does not come back with the result. */
	const char *source = arena_printf(arena, "(fun() -> " SPAN_FMT "\nend)().", SPAN_ARG(text));
	const struct term *arg = term_string(arena, source);
	const struct term *answer, *tokens, *bad;

	if (call(&answer, &bad, dist, arena, "erl_scan", "string", term_list(arena, &arg, 1), name,
		 deadline, err))
		return -1;
	if (bad)
		return no_whole_node(dist, bad, err);
	if (value_of(&tokens, answer, name, err) ||
	    call(&answer, NULL, dist, arena, "erl_parse", "parse_exprs",
		 term_list(arena, &tokens, 1), name, deadline, err))
		return -1;
	return value_of(out, answer, name, err);
}

static const struct term *bindings_term(struct arena *arena, const struct binding *bindings,
					size_t len)
{
	struct terms list = { 0 };

	for (size_t i = 0; i < len; i++)
		terms_add(arena, &list,
			  term_tuple(arena, term_atom(arena, bindings[i].name), bindings[i].value));
	return term_list_of(arena, &list);
}

int node_eval(const struct term **out, const struct term **bad, struct dist *dist,
	      struct arena *arena, const char *name, struct span text,
	      const struct binding *bindings, size_t bindings_len, struct deadline deadline,
	      struct error *err)
{
	const struct term *none = term_atom(arena, "none"), *exprs;

	if (parse(&exprs, dist, arena, name, text, deadline, err))
		return -1;
	/* As a block, of which the value alone comes back: erl_eval:exprs/2 would answer with all
	 * that is bound as well, funs and what they hold.
	 */
	const struct term *args[] = {
		term_tuple(arena, term_atom(arena, "block"), term_integer(arena, 0), exprs),
		bindings_term(arena, bindings, bindings_len),
		none,
		none,
		term_atom(arena, "value"),
	};

	return call(out, bad, dist, arena, "erl_eval", "expr",
		    term_list(arena, args, ARRAY_LEN(args)), name, deadline, err);
}

/* ---- text that is scanned, parsed and evaluated by one call, made of abstract code ---- */

static const struct term *literal(struct arena *arena, const char *kind, const struct term *value)
{
	return term_tuple(arena, term_atom(arena, kind), term_integer(arena, 0), value);
}

/* module:function(args…) */
static const struct term *code_call(struct arena *arena, const char *module, const char *function,
				    const struct terms *args)
{
	const struct term *remote =
		term_tuple(arena, term_atom(arena, "remote"), term_integer(arena, 0),
			   literal(arena, "atom", term_atom(arena, module)),
			   literal(arena, "atom", term_atom(arena, function)));

	return term_tuple(arena, term_atom(arena, "call"), term_integer(arena, 0), remote,
			  term_list_of(arena, args));
}

/* element(2, module:function(first, second)); second may be NULL. */
static const struct term *second_of(struct arena *arena, const char *module, const char *function,
				    const struct term *first, const struct term *second)
{
	struct terms args = { 0 }, outer = { 0 };

	terms_add(arena, &args, first);
	if (second)
		terms_add(arena, &args, second);
	terms_add(arena, &outer, literal(arena, "integer", term_integer(arena, 2)));
	terms_add(arena, &outer, code_call(arena, module, function, &args));
	return code_call(arena, "erlang", "element", &outer);
}

int node_eval_at_once(const struct term **out, struct dist *dist, struct arena *arena,
		      const char *name, struct span text, const struct binding *bindings,
		      size_t bindings_len, struct deadline deadline, struct error *err)
{
	const char *source = arena_printf(arena, SPAN_FMT ".", SPAN_ARG(span_trim(text)));
	const struct term *none = term_atom(arena, "none"), *bad;
	const struct term *code = literal(arena, "var", term_atom(arena, "Text"));
	const struct binding given[] = {
		{ "Bound", bindings_term(arena, bindings, bindings_len) },
		{ "Text", term_string(arena, source) },
	};

	code = second_of(arena, "erl_scan", "string", code, NULL);
	code = second_of(arena, "erl_parse", "parse_exprs", code, NULL);
	code = second_of(arena, "erl_eval", "exprs", code,
			 literal(arena, "var", term_atom(arena, "Bound")));
	const struct term *args[] = { code, bindings_term(arena, given, ARRAY_LEN(given)), none,
				      none, term_atom(arena, "value") };

	if (call(out, &bad, dist, arena, "erl_eval", "expr",
		 term_list(arena, args, ARRAY_LEN(args)), name, deadline, err))
		return -1;
	return bad ? no_whole_node(dist, bad, err) : 0;
}
