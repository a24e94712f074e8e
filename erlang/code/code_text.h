// SPDX-License-Identifier: Apache-2.0
/* code_text.h - binaries that are built: <<"user:", Id/binary>> begins with what is seen of it. */
#pragma once
#include "erlang/code/code_run.h"

/* What bs_create_bin, or bs_init2 with what is put into that, builds: a binary. */
const struct value *text_built(const struct run *run, const struct code_op *op);
/* erlang:iolist_to_binary/1 and the like. */
const struct value *known_iodata(struct eval *eval, const struct value *const *args);
/* String.Chars.to_string/1 and the like. */
const struct value *known_shown(struct eval *eval, const struct value *const *args);
/* Enum.join/2 */
const struct value *known_join(struct eval *eval, const struct value *const *args);
