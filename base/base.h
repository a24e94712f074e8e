// SPDX-License-Identifier: Apache-2.0
/* base.h - the few macros that every file may use. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The caller must look at what is returned. */
#define must_check __attribute__((warn_unused_result))

/* Argument number `fmt` is a printf format, its values start at `args`. */
#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))

/* Calls done(&variable) when the variable goes out of scope. */
#define owned(done) __attribute__((cleanup(done)))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

static inline void *steal_(void *pointer)
{
	void *value = *(void **)pointer;

	*(void **)pointer = NULL;
	return value;
}

/* Hands on what an owned pointer holds; the pointer is NULL afterwards. */
#define steal(pointer) ((__typeof__(*(pointer)))steal_(pointer))
