// SPDX-License-Identifier: Apache-2.0
/* configure.h - what the project wrote about the VM and its applications, as the files of
 * a release: sys.config, vm.args, remote.vm.args, env.sh.
 */
#pragma once
#include "base/str.h"
#include "release/project/project.h"

struct configured {
	struct span sys_config;
	/* NULL: the project has none, the built-in one is meant */
	const char *vm_args, *remote_vm_args, *env;
	/* vm_args with the node's name and cookie still in it, for start scripts that want them
	 * there; NULL: there are none in it.
	 */
	const char *named_vm_args;
	const char *sys_config_src; /* what the start script makes sys.config of; NULL: none */
	bool fills_vm_args;         /* it makes vm.args of this vm_args as well */
	const char *cookie;         /* of relevo.yaml, or of vm.args; NULL: none */
	const char *note;           /* what was changed and should be known; NULL: nothing */
	bool providers;             /* configuration is completed at boot, by Elixir */
};

/* Everything is in the arena.  Plain files are taken as they are (sys.config once it was seen
 * to be a list of {Application, List}); .exs and .eex files, a runtime.exs and providers are
 * evaluated now, all in one run of the project's own `elixir` (found in PATH).  Files that end in
 * .src are filled in when the system starts (fill.h).  A node's name and cookie go from vm.args to
 * where bin/NAME looks for them (vm_args.h).
 */
must_check int configure(struct configured *out, struct arena *arena, const struct project *project,
			 const struct resolved *release, struct error *err);
