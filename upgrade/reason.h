// SPDX-License-Identifier: Apache-2.0
/* reason.h - why an upgrade is what it is: one finding each, with a stable code.
 *
 * Codes are identifiers in users' scripts: add new ones, never rename.
 */
#pragma once
#include "release/model/app.h"

#include <jansson.h>

/* The worst comes last. */
enum severity { SEVERITY_INFO, SEVERITY_WARN, SEVERITY_RESTART, SEVERITY_IMPOSSIBLE };

/*	code                 severity  */
/* clang-format off */
#define REASONS(X) \
	/* not to be done in place */ \
	X(version_not_bumped,  IMPOSSIBLE) \
	X(version_reused,      IMPOSSIBLE) \
	X(name_changed,        IMPOSSIBLE) \
	X(config_not_term,     IMPOSSIBLE) \
	/* only by starting anew */ \
	X(erts_changed,        RESTART) \
	X(otp_changed,         RESTART) \
	X(elixir_changed,      RESTART) \
	X(nif_changed,         RESTART) \
	X(on_load_changed,     RESTART) \
	X(behaviour_changed,   RESTART) \
	X(module_moved,        RESTART) \
	X(no_top_supervisor,   RESTART) \
	X(state_shape_changed, RESTART) \
	X(code_change_missing, RESTART) \
	X(made_at_start,       RESTART) \
	X(module_gone,         RESTART) \
	X(started_too_early,   RESTART) \
	X(supervisor_fails,    RESTART) \
	X(emulator_restarted,  RESTART) \
	X(halts_node,          RESTART) \
	X(appup_invalid,       RESTART) \
	X(relup_failed,        RESTART) \
	X(not_reversible,      WARN) \
	/* to be looked at */ \
	X(shared_struct_changed, WARN) \
	X(state_opaque,        WARN) \
	X(process_not_found,   WARN) \
	X(started_meanwhile,   WARN) \
	X(not_rebuilt,         RESTART) \
	X(code_change_calls,   WARN) \
	X(code_change_left_out, WARN) \
	X(wiring_changed,      WARN) \
	X(supervisor_opaque,   WARN) \
	X(application_restarted, WARN) \
	X(child_restarted,     WARN) \
	X(function_missing,    WARN) \
	X(not_suspendable,     WARN) \
	X(second_purge,        WARN) \
	X(message_unknown,     WARN) \
	X(answer_unknown,      WARN) \
	X(option_ignored,      WARN) \
	X(mixed_cluster,       WARN) \
	X(fun_kept,            WARN) \
	X(component_state_lost, WARN) \
	X(migrations_added,    WARN) \
	X(applies_code,        WARN) \
	X(relup_differs,       WARN) \
	X(appup_incomplete,    WARN) \
	X(vm_args_changed,     WARN) \
	X(mod_changed,         WARN) \
	X(start_phases_changed, WARN) \
	X(protocols_stay,      WARN) \
	/* to be known */ \
	X(appup_stale,         INFO) \
	X(boot_order_changed,  INFO) \
	X(appup_passed_over,   INFO) \
	X(static_changed,      INFO) \
	X(env_changed,         INFO) \
	X(protocol_changed,    INFO) \
	X(application_added,   INFO) \
	X(application_removed, INFO)
/* clang-format on */

enum reason_code {
#define X(name, severity) REASON_##name,
	REASONS(X)
#undef X
		REASON_COUNT,
};

struct reason {
	enum reason_code code;
	enum severity severity;
	const char *application, *module; /* NULL: concerns no single one */
	const char *message;              /* one sentence, no full stop */
	const char *hint;                 /* what to do; NULL: nothing */
	bool allowed;                     /* by --allow: does not count */
};

struct reasons {
	struct reason *items;
	size_t len, cap;
};

const char *reason_name(enum reason_code code);
/* false: no such code. */
bool reason_find(const char *name, enum reason_code *out);
enum severity reason_default(enum reason_code code);
const char *severity_name(enum severity severity);
/* How people write a module's name: "Shop.Cart" for 'Elixir.Shop.Cart'; borrowed. */
const char *module_shown(const char *module);

/* Room for one more. */
struct reason *reasons_add(struct arena *arena, struct reasons *reasons);
/* Adds a finding of the usual severity; text in the arena.  The result may be changed
 * (severity, hint) until the next one is added.
 */
struct reason *reason_add(struct arena *arena, struct reasons *reasons, enum reason_code code,
			  const char *application, const char *module, const char *format, ...)
	printf_like(6, 7);
/* The worst first; otherwise in the order in which they were found. */
void reasons_sort(struct reasons *reasons);
/* Marks the findings with one of these codes: they are told, but do not count.
 * ERROR_USAGE: no such code.
 */
must_check int reasons_allow(struct reasons *reasons, struct names codes, struct error *err);

/* [{code, severity, application, module, message, hint, allowed}] */
json_t *reasons_json(const struct reasons *reasons);
