// SPDX-License-Identifier: Apache-2.0
/* relevo sbom RELEASE: what it is made of. */
#include "base/json.h"
#include "cmd/output.h"
#include "cmd/release_arg.h"
#include "release/trust/sbom.h"

static int sbom_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_release struct release *release = NULL;
	const char *path;
	struct lock lock;
	json_t *sbom;

	if (release_arg(&path, &arena, call->argv[0], err) || release_open(&release, path, err) ||
	    lock_read(&lock, &arena, ".", err) || sbom_make(&sbom, &arena, release, &lock, err))
		return -1;
	print_json(sbom);
	return 0;
}

/* clang-format off */
const struct command cmd_sbom = {
	.name = "sbom",
	.args = "RELEASE",
	.summary = "Tell what a release is made of (CycloneDX)",
	.description =
		"Prints a bill of materials in JSON, CycloneDX 1.5: the applications of RELEASE, which needs which, ERTS, and "
		"the native libraries with their SHA-256.  In a project's folder, mix.lock or rebar.lock tells where the "
		"dependencies come from, with checksums, and deps/NAME/hex_metadata.config their licences.\n\n"
		"The same release gives the same document: there is no time in it.",
	.examples = "relevo sbom 1.1.0 >shop.cdx.json\n",
	.group = "Trust",
	.no_json = true,
	.args_min = 1,
	.args_max = 1,
	.run = sbom_run,
};
/* clang-format on */
