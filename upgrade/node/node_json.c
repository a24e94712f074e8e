// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/node_json.h"

#include "base/json.h"

/* {"kernel": "8.5"} */
static json_t *versions_json(const struct node_app *apps, size_t len)
{
	json_t *json = json_object();

	for (size_t i = 0; i < len; i++)
		json_object_set_new(json, apps[i].name, json_text(apps[i].vsn));
	return json;
}

/* What the node does not have is an empty text. */
static json_t *text_or_null(const char *text)
{
	return json_text(text[0] ? text : NULL);
}

json_t *node_info_json(const struct node *node, const struct node_info *info)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "node",
			 json_text(node_name(node)), "name", json_text(info->name), "version",
			 json_text(info->version), "otp", json_text(info->otp), "erts",
			 json_text(info->erts), "elixir", text_or_null(info->elixir), "uptime_ms",
			 (json_int_t)info->uptime_ms, "root", json_text(info->root), "releases_dir",
			 json_text(info->releases_dir), "mode", json_text(info->mode),
			 "applications", versions_json(info->apps, info->apps_len));
}

static json_t *trouble_json(const struct node_trouble *trouble)
{
	if (!trouble)
		return json_null();
	return json_pack("{s:s, s:o}", "name", trouble->name, "message", json_text(trouble->text));
}

json_t *node_releases_json(const struct node *node, const struct node_releases *releases,
			   const char *next)
{
	const struct node_release *running = releases_running(releases);
	json_t *list = json_array();

	for (size_t i = 0; i < releases->len; i++) {
		const struct node_release *each = &releases->items[i];

		json_array_append_new(
			list, json_pack("{s:o, s:o, s:s, s:b, s:o}", "name", json_text(each->name),
					"version", json_text(each->vsn), "state",
					release_state_name(each->state), "running", each == running,
					"applications", versions_json(each->libs, each->libs_len)));
	}
	return json_pack("{s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:o}", "node",
			 json_text(node_name(node)), "releases", list, "trouble",
			 trouble_json(releases->trouble), "busy", releases->busy, "verified",
			 !releases_is_unseen(releases), "locked_by", text_or_null(releases->lock),
			 "failed_trial", text_or_null(releases->failed_vsn), "releases_file_fault",
			 text_or_null(releases->file_fault), "start_script_boots",
			 text_or_null(releases->pinned_vsn), "next", json_text(next));
}

static json_t *of_limit(int64_t count, int64_t limit)
{
	return json_pack("{s:I, s:I}", "count", (json_int_t)count, "limit", (json_int_t)limit);
}

json_t *node_vitals_json(const struct node *node, const struct node_vitals *v, int64_t busy)
{
	const struct names suspended = { v->suspended, v->suspended_len };
	json_t *memory = json_pack("{s:I, s:I, s:I, s:I}", "total", (json_int_t)v->memory,
				   "processes", (json_int_t)v->processes_memory, "binary",
				   (json_int_t)v->binary_memory, "ets", (json_int_t)v->ets_memory);

	return json_pack(
		"{s:o, s:I, s:I, s:f, s:o, s:o, s:o, s:o, s:{s:I, s:o}, s:{s:I, s:o}}", "node",
		json_text(node_name(node)), "run_queue", (json_int_t)v->run_queue, "schedulers",
		(json_int_t)v->schedulers, "utilisation", (double)busy / 1000, "memory_bytes",
		memory, "processes", of_limit(v->processes, v->process_limit), "ports",
		of_limit(v->ports, v->port_limit), "atoms", of_limit(v->atoms, v->atom_limit),
		"longest_mailbox", "messages", (json_int_t)v->queue_len, "process",
		text_or_null(v->queue_process), "suspended", "count",
		(json_int_t)v->suspended_count, "processes", json_texts(suspended));
}

/* ---- check ---- */

static json_t *texts_json(struct foreseen_texts texts)
{
	return json_texts((struct names){ texts.items, texts.len });
}

static json_t *refusals_json(struct foreseen_refusals refusals)
{
	json_t *list = json_array();

	for (size_t i = 0; i < refusals.len; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:o}", "code", refusals.items[i].code,
						"message", json_text(refusals.items[i].message)));
	return list;
}

static json_t *processes_json(struct foreseen_processes processes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < processes.len; i++) {
		const struct foreseen_process *p = &processes.items[i];

		json_array_append_new(
			list, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "module",
					text_or_null(p->module), "pid", json_text(p->pid),
					"registered_name", text_or_null(p->name), "initial_call",
					json_text(p->began), "current_function", json_text(p->in),
					"where", text_or_null(p->where)));
	}
	return list;
}

static json_t *groups_json(const struct foreseen *found)
{
	json_t *list = json_array();

	for (size_t i = 0; i < found->groups_len; i++) {
		const struct foreseen_group *g = &found->groups[i];

		json_array_append_new(list, json_pack("{s:o, s:I, s:o, s:I, s:I}", "module",
						      json_text(g->module), "processes",
						      (json_int_t)g->count, "answer_ms",
						      json_ms(g->answer_us), "longest_mailbox",
						      (json_int_t)g->queue, "memory_bytes",
						      (json_int_t)g->bytes));
	}
	return list;
}

static json_t *funs_json(const struct foreseen *found)
{
	json_t *list = json_array();

	for (size_t i = 0; i < found->funs_len; i++) {
		const struct foreseen_fun *fun = &found->funs[i];

		json_array_append_new(list,
				      json_pack("{s:o, s:o, s:o}", "module", json_text(fun->module),
						"place", json_text(fun->place), "holder",
						json_text(fun->holder)));
	}
	return json_pack("{s:o, s:I, s:I}", "found", list, "looked", (json_int_t)found->looked,
			 "left", (json_int_t)found->left);
}

static json_t *config_json(struct config_changes changes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < changes.len; i++) {
		const struct config_change *c = &changes.items[i];

		json_array_append_new(list, json_pack("{s:o, s:o, s:s, s:o, s:o, s:b}",
						      "application", json_text(c->application),
						      "key", json_text(c->key), "change", c->change,
						      "was", text_or_null(c->was), "becomes",
						      text_or_null(c->becomes), "heard", c->heard));
	}
	return list;
}

static json_t *pages_json(const struct foreseen *found)
{
	json_t *list = json_array();

	for (size_t i = 0; i < found->pages_len; i++) {
		const struct foreseen_pages *pages = &found->pages[i];

		json_array_append_new(
			list, json_pack("{s:o, s:I, s:b, s:b}", "module", json_text(pages->module),
					"count", (json_int_t)pages->count, "suspended",
					pages->suspended, "loses_state", pages->loses_state));
	}
	return list;
}

json_t *foreseen_json(const struct node *node, const struct foreseen *found)
{
	json_t *json = json_pack(
		"{s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o}", "node", json_text(node_name(node)),
		"name", json_text(found->name), "from", json_text(found->from), "version",
		json_text(found->vsn), "already", found->already, "ok", found->refusals.len == 0,
		"refusals", refusals_json(found->refusals), "notes", texts_json(found->notes));
	json_t *processes = json_pack(
		"{s:o, s:o, s:I, s:o, s:o, s:o}", "killed", processes_json(found->lingering),
		"silent", processes_json(found->silent), "suspended", (json_int_t)found->suspends,
		"suspended_ms", json_ms(found->suspended_us), "groups", groups_json(found), "funs",
		funs_json(found));
	json_t *files = json_pack(
		"{s:o, s:I, s:I, s:I, s:o}", "config", config_json(found->config), "lacked_bytes",
		(json_int_t)found->lacked_bytes, "release_bytes", (json_int_t)found->release_bytes,
		"needed_bytes", (json_int_t)found->needed_bytes, "free_bytes",
		found->free_bytes < 0 ? json_null() : json_integer(found->free_bytes));

	json_object_set_new(json, "pages", pages_json(found));
	json_object_update(json, processes);
	json_object_update(json, files);
	json_decref(processes);
	json_decref(files);
	return json;
}

/* ---- install, commit, revert, adopt ---- */

int64_t longest_pause_us(struct move_pauses pauses)
{
	int64_t longest = 0;

	for (size_t i = 0; i < pauses.len; i++)
		if (pauses.items[i].longest_us > longest)
			longest = pauses.items[i].longest_us;
	return longest;
}

static json_t *pauses_json(struct move_pauses pauses)
{
	json_t *list = json_array();

	for (size_t i = 0; i < pauses.len; i++)
		json_array_append_new(
			list,
			json_pack("{s:o, s:I, s:o}", "module", json_text(pauses.items[i].module),
				  "processes", (json_int_t)pauses.items[i].processes,
				  "longest_pause_ms", json_ms(pauses.items[i].longest_us)));
	return list;
}

static json_t *after_json(const struct upgrade_after *after)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:o}", "endpoints", (json_int_t)after->endpoints,
			 "called", (json_int_t)after->called, "rendered",
			 (json_int_t)after->rendered, "not_rendered", (json_int_t)after->left,
			 "failed", json_texts(after->failed));
}

json_t *install_result_json(const struct node *node, const struct install_result *result)
{
	const struct names notes = { result->notes, result->notes_len };

	return json_pack(
		"{s:o, s:o, s:o, s:o, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}",
		"node", json_text(node_name(node)), "name", json_text(result->name), "from",
		json_text(result->from), "version", json_text(result->vsn), "already",
		result->already, "permanent", result->permanent, "install_ms",
		(json_int_t)result->install_ms, "sent_bytes", (json_int_t)result->sent_bytes,
		"lacked_bytes", (json_int_t)result->lacked_bytes, "release_bytes",
		(json_int_t)result->release_bytes, "modules_verified", (json_int_t)result->modules,
		"notes", json_texts(notes), "after", after_json(&result->after), "suspended",
		pauses_json(result->pauses), "longest_pause_ms",
		json_ms(longest_pause_us(result->pauses)));
}

json_t *adoption_json(const struct node *node, const struct adoption *made)
{
	return json_pack("{s:o, s:b, s:b, s:b}", "node", json_text(node_name(node)), "already",
			 !made->records && !made->start_script, "releases_written", made->records,
			 "start_script_changed", made->start_script);
}
