// SPDX-License-Identifier: Apache-2.0
/* interrupt.h - what is said when Ctrl-C, or another signal, ends a command that changes something.
 *
 * A node does not mind that relevo goes away; the person who ended it wants to know what runs now.
 */
#pragma once
#include "base/base.h"

/* From now on; each call takes the place of the one before.  At most a few lines. */
void interrupt_says(const char *format, ...) printf_like(1, 2);
