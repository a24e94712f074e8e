// SPDX-License-Identifier: Apache-2.0
#include "release/build/builder.h"

#include "base/file.h"

void builder_tell(const struct builder *b, const char *what)
{
	if (b->options->step)
		b->options->step(b->options->context, what);
}

void builder_warn(const struct builder *b, const char *what)
{
	if (b->options->warn)
		b->options->warn(b->options->context, what);
}

const char *in_root(const struct builder *b, const char *path)
{
	return path_join(b->arena, b->root, path);
}

const char *in_vsn(const struct builder *b, const char *name)
{
	return path_join(b->arena, b->vsn_dir, name);
}

bool packs_erts(const struct builder *b)
{
	return strcmp(b->project->erts, "none") != 0;
}

int put_template(struct builder *b, enum template_file file, const char *to, mode_t mode)
{
	owned_str struct str text = STR_EMPTY;

	template_fill(&text, template_text(file), "@NAME@", b->rel->name);
	return file_put(to, str_span(&text), mode, b->err);
}
