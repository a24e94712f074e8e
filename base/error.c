// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	int exit_status;
	const char *reason, *code;
	bool retry;
} kinds[] = {
#define X(kind, exit, reason, code, retry) [kind] = { exit, reason, code, retry },
	ERROR_KINDS(X)
#undef X
};

int error_exit_status(enum error_kind kind)
{
	return kinds[kind].exit_status;
}

const char *error_reason(enum error_kind kind)
{
	return kinds[kind].reason;
}

const char *error_code_of(const struct error *err)
{
	return err->code[0] ? err->code : kinds[err->kind].code;
}

bool error_may_retry(enum error_kind kind)
{
	return kinds[kind].retry;
}

void error_set_(struct error *err, enum error_kind kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	err->kind = kind;
	err->code[0] = err->otp[0] = '\0';
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
}

void error_otp_(struct error *err, const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	err->kind = ERROR_INVALID;
	err->code[0] = '\0';
	snprintf(err->otp, sizeof(err->otp), "%s", name);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
}

static enum error_kind kind_of_errno(int number)
{
	switch (number) {
	case ENOENT:
	case ENOTDIR:
		return ERROR_NOT_FOUND;
	case ECONNREFUSED:
	case ECONNRESET:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ETIMEDOUT:
		return ERROR_UNREACHABLE;
	default:
		return ERROR_FAILED;
	}
}

void error_sys_(struct error *err, const char *format, ...)
{
	int number = errno;
	char what[sizeof(err->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	error_set_(err, kind_of_errno(number), "%.1800s: %s", what, strerror(number));
}

void error_wrap_(struct error *err, const char *format, ...)
{
	char old[sizeof(err->text)];
	va_list args;
	int len;

	memcpy(old, err->text, sizeof(old));
	va_start(args, format);
	len = vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	if (len >= 0 && (size_t)len < sizeof(err->text))
		snprintf(err->text + len, sizeof(err->text) - (size_t)len, ": %s", old);
}

void error_hint_(struct error *err, const char *format, ...)
{
	size_t len = strlen(err->text);
	va_list args;

	if (len + 2 >= sizeof(err->text))
		return;
	err->text[len++] = '\n';
	va_start(args, format);
	vsnprintf(err->text + len, sizeof(err->text) - len, format, args);
	va_end(args);
}

void error_code_(struct error *err, const char *name)
{
	snprintf(err->code, sizeof(err->code), "%s", name);
}
