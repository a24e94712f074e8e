// SPDX-License-Identifier: Apache-2.0
/* stale.h - whether what was compiled is what the sources say. */
#pragma once
#include "release/project/project.h"

/* Tells of sources that are newer than what was compiled of them, of applications that were
 * compiled in another version than their source gives, and of those that the project has no more.
 * Nothing is run, so this is suspicion, no proof; what cannot be read is no news either.
 */
void stale_look(const struct project *project, const struct resolved *release,
		void (*tell)(void *context, const char *what), void *context);
