// SPDX-License-Identifier: Apache-2.0
/* probe NODE [BASELINE] - looks at a node once, by the gates of the only target of ./relevo.yaml,
 * and prints {verdict, findings, measures, census}; BASELINE is a file with an earlier such
 * document.  The cookie is $RELEASE_COOKIE.
 */
#include "upgrade/health/probe.h"
#include "release/project/project.h"

#include <stdio.h>
#include <stdlib.h>

static int probe(struct probe *out, struct arena *arena, const char *name, const json_t *baseline,
		 struct error *err)
{
	owned_node struct node *node = NULL;
	struct node_options options = { .name = name,
					.cookie = getenv("RELEASE_COOKIE"),
					.timeout_ms = 10000 };
	struct project *project;

	return project_read(&project, arena, "relevo.yaml", err) ||
			       node_open(&node, &options, err) ||
			       probe_node(out, node, arena, &project->targets.items[0], baseline,
					  err)
		       ? -1
		       : 0;
}

int main(int argc, char **argv)
{
	static const char *const verdicts[] = { "none", "pass", "fail" };
	struct arena arena = ARENA_EMPTY;
	json_t *baseline = argc > 2 ? json_load_file(argv[2], 0, NULL) : NULL;
	struct probe found;
	struct error err;

	if (argc < 2 || probe(&found, &arena, argv[1], baseline, &err)) {
		fprintf(stderr, "%s\n", argc < 2 ? "probe NODE [BASELINE]" : err.text);
		return 1;
	}
	json_dumpf(json_pack("{s:s, s:o, s:o, s:o}", "verdict", verdicts[found.verdict], "findings",
			     found.findings, "measures", found.measures, "census", found.census),
		   stdout, JSON_COMPACT);
	return 0;
}
