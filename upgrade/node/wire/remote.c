// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/wire/remote.h"

#include "base/process.h"

enum { OUTPUT_MAX = 4 << 20, CONNECT_MS = 20000, SSH_FAILED = 255, REFUSED = 4, TOLD_MAX = 900 };

void remote_set(struct str *text, const char *name, const char *value)
{
	str_addf(text, "%s='", name);
	for (const char *c = value; *c; c++)
		if (*c == '\'')
			str_adds(text, "'\\''");
		else
			str_addc(text, *c);
	str_adds(text, "'\n");
}

static int told(const struct process_result *result, struct error *err)
{
	struct span said = span_trim(str_span(&result->err));
	char ending[PROCESS_ENDING_MAX];

	if (said.len > TOLD_MAX) {
		said.ptr += said.len - TOLD_MAX;
		said.len = TOLD_MAX;
	}
	if (said.len == 0)
		return error_set(err, ERROR_FAILED, "sh there %s",
				 process_ending(result->status, ending));
	return error_set(err, result->status == REFUSED ? ERROR_REFUSED : ERROR_FAILED, SPAN_FMT,
			 SPAN_ARG(said));
}

int remote_run(struct str *out, const struct ssh_via *via, const char *node_host,
	       const struct remote_script *script, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_process_result struct process_result result = { 0, STR_EMPTY, STR_EMPTY };
	owned_str struct str input = STR_EMPTY;
	const char *const *words;
	size_t len = 0;
	int ret;

	if (ssh_words(&words, &arena, via, node_host, CONNECT_MS, err))
		return -1;
	while (words[len])
		len++;
	/* Byte by byte, so that what follows is left for the text itself. */
	((const char **)(uintptr_t)words)[len] = arena_printf(
		&arena, "exec sh -c 'eval \"$(dd bs=1 count=%zu 2>/dev/null)\"'", script->text.len);
	str_room(&input, script->text.len + script->input.len);
	str_add(&input, script->text);
	str_add(&input, script->input);
	ret = process_run(&result, words,
			  &(struct process_options){ .input = str_span(&input),
						     .output_max = OUTPUT_MAX,
						     .timeout_ms = script->timeout_ms },
			  err);
	/* There may be a secret in it. */
	explicit_bzero(input.ptr, input.len);
	if (ret) {
		if (err->kind == ERROR_FAILED)
			err->kind = ERROR_UNREACHABLE;
		return -1;
	}
	if (result.status == SSH_FAILED || result.status > 128)
		return ssh_failed(err, words[len - 1], result.status, str_text(&result.err));
	if (result.status != 0)
		return told(&result, err);
	str_add(out, str_span(&result.out));
	return 0;
}
