// SPDX-License-Identifier: Apache-2.0
/* relevo seed: the release that a pod is to boot, onto its volume. */
#include "base/json.h"
#include "cmd/output.h"
#include "k8s/seed.h"

#include <stdlib.h>

struct seed_opts {
	const char *root, *desired, *pod, *keys;
};

static const struct option seed_options_table[] = {
	OPT_TEXT(struct seed_opts, root, 0, "root", "DIR", "the volume"),
	OPT_TEXT(struct seed_opts, desired, 0, "desired", "DIR",
		 "what is to be there: the ConfigMap that the operator writes, mounted"),
	OPT_TEXT(struct seed_opts, pod, 0, "pod", "NAME",
		 "this pod, for which another release may be said there (default: $POD_NAME)"),
	OPT_TEXT(struct seed_opts, keys, 0, "keys", "DIR",
		 "a folder of public keys; only a release that one of these signed is used"),
	OPT_END,
};

static int seed_command_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct seed_opts *opts = call->opts;
	struct trust trust;
	const struct seed_options options = {
		.root = opts->root,
		.desired = opts->desired,
		.pod = opts->pod ? opts->pod : getenv("POD_NAME"),
		.trust = &trust,
	};
	struct seeded seeded;

	if (!opts->root || !opts->desired)
		return error_set(err, ERROR_USAGE, "relevo seed wants --root and --desired");
	if (keys_in(&trust, &arena, opts->keys, err) || seed_run(&seeded, &arena, &options, err))
		return -1;
	if (call->json)
		print_json(json_pack("{s:o, s:o, s:o, s:b}", "name", json_text(seeded.desired.name),
				     "version", json_text(seeded.desired.vsn), "digest",
				     json_text(seeded.desired.digest), "was_there",
				     seeded.was_there));
	else
		print("%s %s %s in %s\n", seeded.desired.name, seeded.desired.vsn,
		      seeded.was_there ? "was there already" : "is there now", opts->root);
	return 0;
}

/* clang-format off */
const struct command cmd_seed = {
	.name = "seed",
	.args = "",
	.summary = "Put the release that a pod is to boot onto its volume",
	.description =
		"The first thing in a pod, before its node starts: reads from the folder of --desired which release that is "
		"(the file \"stable\", or what the file \"pods\" says of this one), pulls it by its digest from its store, verifies "
		"it as relevo verify does, and puts it in the place of what lies on the volume.  Where it is there already "
		"nothing is done, and the store is not asked.  Killed at any moment, it is brought to its end by the next call.",
	.examples =
		"relevo seed --root /srv/shop --desired /etc/relevo --pod shop-0\n"
		"relevo seed --root /srv/shop --desired /etc/relevo --keys /etc/relevo-keys\n",
	.group = "Kubernetes",
	.options = seed_options_table,
	.opts_size = sizeof(struct seed_opts),
	.run = seed_command_run,
};
/* clang-format on */
