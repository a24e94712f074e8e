// SPDX-License-Identifier: Apache-2.0
/* style.h - colour, where a person looks: on a terminal, without NO_COLOR. */
#pragma once
#include <stdbool.h>
#include <stdio.h>

bool output_is_terminal(FILE *stream);

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_GOOD, STYLE_WARN, STYLE_BAD, STYLE_DIM };
/* Begins and ends a style; both are "" where no colour is wanted. */
const char *style_on(FILE *stream, enum style style);
const char *style_off(FILE *stream);
/* Whether that is a text of style_on() or style_off(), by its address. */
bool style_is(const char *text);
