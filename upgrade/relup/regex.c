// SPDX-License-Identifier: Apache-2.0
#include "upgrade/relup/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

enum {
	PATTERN_MAX = 64 * 1024,
	STEPS_MAX = 10 * 1000 * 1000, /* as in OTP's re */
	HEAP_MAX_KIB = 64 * 1024,
};

static void code_done(pcre2_code **code)
{
	pcre2_code_free(*code);
}

static void data_done(pcre2_match_data **data)
{
	pcre2_match_data_free(*data);
}

static void *checked(void *object)
{
	if (!object)
		abort();
	return object;
}

/* OTP's re takes line ends and unknown escapes as the first PCRE did. */
static pcre2_code *compile(struct span pattern, int *code, size_t *offset)
{
	pcre2_compile_context *context = checked(pcre2_compile_context_create(NULL));
	pcre2_code *result;

	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	pcre2_set_compile_extra_options(context, PCRE2_EXTRA_BAD_ESCAPE_IS_LITERAL);
	result = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, PCRE2_UTF, code, offset,
			       context);
	pcre2_compile_context_free(context);
	return result;
}

static int run(const pcre2_code *code, const char *version, pcre2_match_data *data)
{
	pcre2_match_context *context = checked(pcre2_match_context_create(NULL));
	int found;

	pcre2_set_match_limit(context, STEPS_MAX);
	pcre2_set_heap_limit(context, HEAP_MAX_KIB);
	found = pcre2_match(code, (PCRE2_SPTR)version, strlen(version), 0, 0, data, context);
	pcre2_match_context_free(context);
	return found;
}

int version_matches(bool *out, struct span pattern, const char *version, struct error *err)
{
	owned(code_done) pcre2_code *compiled = NULL;
	owned(data_done) pcre2_match_data *data = NULL;
	unsigned char text[256] = "";
	const size_t *match;
	size_t offset = 0;
	int code = 0;

	if (pattern.len > PATTERN_MAX)
		return error_set(err, ERROR_INVALID, "a regular expression of %zu bytes",
				 pattern.len);
	compiled = compile(pattern, &code, &offset);
	if (!compiled) {
		pcre2_get_error_message(code, text, sizeof(text));
		return error_set(err, ERROR_INVALID,
				 "the regular expression \"" SPAN_FMT "\" is wrong at byte %zu: %s",
				 SPAN_ARG(pattern), offset + 1, (const char *)text);
	}
	data = checked(pcre2_match_data_create_from_pattern(compiled, NULL));
	match = pcre2_get_ovector_pointer(data);
	*out = run(compiled, version, data) > 0 && match[0] == 0 && match[1] == strlen(version);
	return 0;
}
