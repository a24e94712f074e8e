// SPDX-License-Identifier: Apache-2.0
/* verdict_release.h - the releases themselves: names, versions, configuration, what is called and
 * is not there. */
#pragma once
#include "upgrade/verdict/verdict_parts.h"

/* ---- verdict_release.c ---- */

/* Names, versions, what everything stands on, the order of start. */
void judge_release(struct judge *judge);

/* An application of OTP itself that has other files under the same version. */
bool is_otp_rebuilt(const struct app_diff *app);

/* ---- verdict_config.c ---- */

void judge_config(struct judge *judge);

/* ---- verdict_env.c ---- */

/* What changed code asks for, and no configuration names. */
void judge_env_read(struct judge *judge);

/* ---- verdict_rebuilt.c ---- */

/* Modules that are the same, and were compiled against what has changed. */
void judge_not_rebuilt(struct judge *judge);

/* ---- verdict_moves.c ---- */

void judge_moves(struct judge *judge);

/* ---- verdict_calls.c ---- */

/* Functions that are called, and are not there. */
void judge_calls(struct judge *judge);
