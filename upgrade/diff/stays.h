// SPDX-License-Identifier: Apache-2.0
/* stays.h - what is the same although its module changed. */
#pragma once
#include "erlang/code/code_states.h"
#include "upgrade/diff/modules.h"

/* Whether a function of the new release, and all that it calls in what is neither OTP's nor
 * Elixir's, is the same as in the old one.  Also where nothing is known of it.
 */
bool function_stays(struct modules *modules, const char *module, const char *name, uint32_t arity);
/* The same, but for functions whose result is not used, and funs that are only handed on in
 * something else.
 */
bool result_stays(struct modules *modules, const char *module, const char *name, uint32_t arity);

/* What may be the state of the processes of a module; worked out once.
 *
 * code  of the module, as modules_find() or the differences have it
 * role  always the same for one module
 */
const struct type *module_state(struct modules *modules, enum side side, const char *name,
				const struct code *code, enum beam_role role);
/* The states of all processes whose module changed, on all cores: nearly all are asked for later.
 */
void states_prepare(struct modules *modules);
