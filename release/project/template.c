// SPDX-License-Identifier: Apache-2.0
#include "release/project/template.h"

#include "base/embed.h"

EMBED(template_start, "release/project/template/start.sh")
EMBED(template_erl, "release/project/template/erl.sh")
EMBED(template_env, "release/project/template/env.sh")
EMBED(template_vm_args, "release/project/template/vm.args")
EMBED(template_ready, "release/project/template/ready.args")
EMBED(template_fill_sh, "release/project/template/fill.sh")
EMBED(template_config, "release/project/template/config.exs")
EMBED(template_reads, "release/project/template/reads.exs")

struct span template_text(enum template_file file)
{
	switch (file) {
	case TEMPLATE_START:
		return template_start();
	case TEMPLATE_ERL:
		return template_erl();
	case TEMPLATE_ENV:
		return template_env();
	case TEMPLATE_VM_ARGS:
		return template_vm_args();
	case TEMPLATE_READY:
		return template_ready();
	case TEMPLATE_FILL:
		return template_fill_sh();
	case TEMPLATE_CONFIG:
		return template_config();
	case TEMPLATE_READS:
		return template_reads();
	}
	return SPAN("");
}

void template_fill(struct str *out, struct span text, const char *name, const char *value)
{
	size_t len = strlen(name);

	while (text.len > 0) {
		const char *at = memmem(text.ptr, text.len, name, len);
		size_t before = at ? (size_t)(at - text.ptr) : text.len;

		str_add(out, (struct span){ text.ptr, before });
		if (!at)
			return;
		str_adds(out, value);
		text.ptr += before + len;
		text.len -= before + len;
	}
}
