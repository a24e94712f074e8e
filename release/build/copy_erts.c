// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "release/build/builder.h"

#include <unistd.h>

static int link_files(struct builder *b, const char *from, const char *to)
{
	struct dir_entry *entries;
	size_t len;

	if (dir_list(&entries, &len, b->arena, from, b->err) || dir_make(to, b->err))
		return -1;
	for (size_t i = 0; i < len; i++)
		if (symlink(path_join(b->arena, from, entries[i].name),
			    path_join(b->arena, to, entries[i].name)))
			return error_sys(b->err, "cannot link %s", to);
	return 0;
}

/* Distributions patch `erl` to point at one place; ours finds itself. */
int copy_erts(struct builder *b)
{
	const char *name = arena_printf(b->arena, "erts-%s/bin", b->otp->erts);
	const char *from = path_join(b->arena, b->otp->root, name), *to = in_root(b, name);
	const char *erl = path_join(b->arena, to, "erl");

	if (!packs_erts(b))
		return 0;
	builder_tell(b, name);
	if (b->options->links ? link_files(b, from, to) : tree_copy(from, to, NULL, b->err))
		return -1;
	return tree_remove(erl, b->err) || put_template(b, TEMPLATE_ERL, erl, 0755) ? -1 : 0;
}
