// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "release/read/inspect.h"
#include "release/read/verify.h"

static json_t *app_json(const struct inspected_app *item)
{
	const struct app *app = item->app->app;

	return json_pack("{s:o, s:o, s:s, s:b, s:b, s:I, s:I}", "name", json_text(app->name),
			 "version", json_text(app->vsn), "start",
			 start_type_name(item->app->entry->type), "included", item->app->included,
			 "packed", !app->outside, "modules", (json_int_t)item->modules, "bytes",
			 (json_int_t)item->size);
}

static json_t *apps_json(const struct inspection *in)
{
	json_t *list = json_array();

	for (size_t i = 0; i < in->len; i++)
		json_array_append_new(list, app_json(&in->apps[i]));
	return list;
}

static json_t *config_json(const struct inspection *in)
{
	json_t *list = json_array();

	for (size_t i = 0; i < in->providers_len; i++)
		json_array_append_new(
			list, json_pack("{s:o, s:o}", "module", json_text(in->providers[i].module),
					"argument", json_text(in->providers[i].argument)));
	return json_pack("{s:o, s:o, s:o}", "sys_config", json_text(in->release->sys_config),
			 "vm_args", json_text(in->release->vm_args), "providers", list);
}

static json_t *upgrade_json(const struct inspection *in)
{
	json_t *list = json_array();

	for (size_t i = 0; i < in->gaps_len; i++) {
		const struct gap *gap = &in->gaps[i];

		json_array_append_new(list, json_pack("{s:s, s:b, s:b, s:o, s:o}", "code",
						      gap->code, "from", gap->from, "to", gap->to,
						      "message", json_text(gap->message), "hint",
						      json_text(gap->hint)));
	}
	return json_pack("{s:b, s:b, s:o}", "from", inspection_ready_from(in), "to",
			 inspection_ready_to(in), "missing", list);
}

static json_t *provenance_json(const struct inspection *in)
{
	if (!in->commit)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:b}", "commit", json_text(in->commit), "branch",
			 json_text(in->branch), "describe", json_text(in->describe), "dirty",
			 in->dirty);
}

static json_t *relup_json(const struct inspection *in)
{
	if (!in->release->relup)
		return json_null();
	return json_pack("{s:o, s:o}", "from", json_texts(in->relup_from), "to",
			 json_texts(in->relup_to));
}

json_t *verified_json(const struct verified *verified)
{
	json_t *list = json_array();

	for (size_t i = 0; i < verified->len; i++) {
		const struct difference *item = &verified->items[i];

		json_array_append_new(list, json_pack("{s:o, s:s}", "path", json_text(item->path),
						      "difference", difference_name(item->kind)));
	}
	return json_pack("{s:I, s:o}", "files", (json_int_t)verified->files, "differences", list);
}

json_t *inspection_json(const struct inspection *in)
{
	const struct release *release = in->release;

	return json_pack("{s:o, s:o, s:s, s:o, s:b, s:o, s:o, s:I, s:I, s:o, s:o, s:I, s:I, s:o, "
			 "s:o, s:o}",
			 "name", json_text(release->name), "version", json_text(release->vsn),
			 "made_by", maker_name(in->maker), "erts", json_text(release->erts),
			 "erts_packed", release->has_erts, "otp", json_text(in->otp), "elixir",
			 json_text(release->elixir), "modules", (json_int_t)in->modules, "bytes",
			 (json_int_t)in->size, "applications", apps_json(in), "configuration",
			 config_json(in), "protocols", (json_int_t)in->protocols, "manifest_files",
			 (json_int_t)in->manifest_files, "provenance", provenance_json(in), "relup",
			 relup_json(in), "upgrade", upgrade_json(in));
}
