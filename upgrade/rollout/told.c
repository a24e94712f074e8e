// SPDX-License-Identifier: Apache-2.0
/* What children tell becomes what the engine sees, and what the journal keeps. */
#include "upgrade/rollout/drive.h"
#include "upgrade/rollout/found.h"

#include <stdlib.h>
#include <string.h>

struct sight *add_sight(struct drive *d, json_t *answer)
{
	if (d->sights_len == d->sights_cap) {
		d->sights_cap = d->sights_cap ? 2 * d->sights_cap : 16;
		d->sights = mem_resize(d->sights, d->sights_cap, sizeof(*d->sights));
		d->facts = mem_resize(d->facts, d->sights_cap, sizeof(*d->facts));
		d->answers = mem_resize(d->answers, d->sights_cap, sizeof(json_t *));
		for (size_t i = 0; i < d->sights_len; i++)
			d->sights[i].facts = d->sights[i].facts ? &d->facts[i] : NULL;
	}
	d->answers[d->sights_len] = answer;
	d->sights[d->sights_len] = (struct sight){ .kind = SIGHT_answer };
	return &d->sights[d->sights_len++];
}

static const char *text_in(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static enum outcome outcome_in(const json_t *answer)
{
	const char *name = text_in(answer, "outcome");

	for (unsigned i = 0; i < OUTCOMES; i++)
		if (strcmp(name, outcome_name((enum outcome)i)) == 0)
			return (enum outcome)i;
	return OUTCOME_failed;
}

static enum health health_in(const json_t *facts)
{
	const char *name = text_in(facts, "health");

	return strcmp(name, "pass") == 0   ? HEALTH_pass
	       : strcmp(name, "fail") == 0 ? HEALTH_fail
					   : HEALTH_unknown;
}

/* As the node says it itself. */
static enum way way_in(const json_t *facts)
{
	const char *way = text_in(facts, "way");

	return strcmp(way, "hot") == 0       ? WAY_hot
	       : strcmp(way, "restart") == 0 ? WAY_restart
					     : WAY_none;
}

/* The way is worked out here, once for each release that is met, not in every child. */
static void find_way(struct drive *d, struct sight *sight, struct node_facts *facts,
		     const struct rollout_action *action, const json_t *answer)
{
	const struct rollout_node *node = &d->rollout->nodes[action->node];
	bool has_it = strcmp(facts->runs, d->rollout->to) == 0;
	const char *from = has_it && node->from ? node->from : facts->runs;
	const struct way_found *found =
		ways_find(d->fleet->ways, from, has_it ? "" : text_in(answer, "manifest"));

	facts->way = found->way;
	if (found->text[0] && !has_it)
		sight->text = found->text;
	if (found->way == WAY_restart && d->rollout->policy.mode == MODE_hot)
		sight->text = arena_printf(&d->arena, "not hot: %s", found->text);
}

static void take_facts(struct drive *d, struct sight *sight, const struct rollout_action *action,
		       const json_t *answer)
{
	const json_t *object = json_object_get(answer, "facts");
	struct node_facts *facts = &d->facts[sight - d->sights];

	if (!object || !text_in(object, "runs")[0] || !text_in(object, "boots")[0])
		return;
	*facts = (struct node_facts){
		.runs = text_in(object, "runs"),
		.boots = text_in(object, "boots"),
		.born = json_integer_value(json_object_get(object, "born")),
		.has = json_is_true(json_object_get(object, "has")),
		.serving = json_is_true(json_object_get(object, "serving")),
		.health = health_in(object),
	};
	sight->facts = facts;
	if (action->kind == ACTION_look && !d->fleet->ways)
		facts->way = way_in(object);
	else if (action->kind == ACTION_look)
		find_way(d, sight, facts, action, answer);
}

/* Growth and restarts count from the installation, or from the first look after a resume. */
static void take_measures(struct drive *d, const struct rollout_action *action,
			  const json_t *answer)
{
	const json_t *measures = json_object_get(answer, "measures");
	bool new_one =
		strcmp(text_in(json_object_get(answer, "facts"), "runs"), d->rollout->to) == 0;
	const char *metric;
	json_t *value;

	if (!measures)
		return;
	/* An installation has its own weight: what is compared is the time after it. */
	json_object_foreach ((json_t *)(uintptr_t)measures, metric, value)
		if (action->kind == ACTION_probe)
			samples_add(&d->samples, metric, new_one, d->rollout->clock,
				    json_number_value(value));
	if (new_one && !d->baselines[action->node])
		d->baselines[action->node] = json_pack("{s:O, s:O}", "measures", measures, "census",
						       json_object_get(answer, "census"));
	if (!new_one) {
		json_decref(d->baselines[action->node]);
		d->baselines[action->node] = NULL;
	}
}

/* A look at a node: what its gates say, written down when it is another thing than before. */
static int take_findings(struct drive *d, const struct rollout_action *action, struct sight *sight,
			 const json_t *answer, struct error *err)
{
	const json_t *findings = json_object_get(answer, "findings");
	bool changed;
	const char *text;

	if (!json_is_array(findings))
		return 0;
	text = found_text(&changed, &d->failing[action->node], &d->arena, findings);
	sight->text = text;
	return changed && !d->no_journal
		       ? journal_note(d->fleet->journal, d->rollout->nodes[action->node].name, text,
				      err)
		       : 0;
}

/* What the hooks printed. */
static int note_hooks(struct drive *d, const char *node, const json_t *answer, struct error *err)
{
	static const char *const hooks[] = { "before",     "once",  "before_node",
					     "drain",      "start", "undrain",
					     "after_node", "after", "failure" };

	for (size_t i = 0; i < ARRAY_LEN(hooks); i++) {
		const char *said = text_in(answer, hooks[i]);

		if (said[0] &&
		    journal_note(d->fleet->journal, node,
				 arena_printf(&d->arena, "hooks.%s: %s", hooks[i], said), err))
			return -1;
	}
	return 0;
}

static int note_answer(struct drive *d, const struct rollout_action *action,
		       const struct sight *sight, const json_t *answer, struct error *err)
{
	const char *node = action->node == SIZE_MAX ? NULL : d->rollout->nodes[action->node].name;
	owned_str struct str text = STR_EMPTY;
	const json_t *note;
	size_t i;

	if (d->no_journal || (action->kind == ACTION_probe && sight->outcome == OUTCOME_ok))
		return 0;
	if (sight->outcome != OUTCOME_ok) {
		str_addf(&text, "%s: %s: %s", action_name(action->kind),
			 outcome_name(sight->outcome), sight->text ? sight->text : "");
		if (journal_note(d->fleet->journal, node, text.ptr, err))
			return -1;
	}
	json_array_foreach (json_object_get(answer, "notes"), i, note)
		if (journal_note(d->fleet->journal, node, json_string_value(note), err))
			return -1;
	return note_hooks(d, node, answer, err);
}

int take_answer(struct drive *d, const struct rollout_action *action, json_t *answer, bool late,
		struct error *err)
{
	struct sight *sight = add_sight(d, answer);
	int ret = 0;

	sight->id = action->id;
	sight->outcome = answer ? outcome_in(answer) : late ? OUTCOME_silent : OUTCOME_failed;
	sight->text = answer ? json_string_value(json_object_get(answer, "text"))
		      : late ? "it did not end in time"
			     : "the process that did it crashed";
	if (action->kind == ACTION_foresee && d->foreseen)
		d->foreseen[action->node] = json_incref(json_object_get(answer, "foreseen"));
	else if (action->node != SIZE_MAX) {
		take_facts(d, sight, action, answer);
		take_measures(d, action, answer);
		ret = take_findings(d, action, sight, answer, err);
	}
	if (ret == 0)
		ret = note_answer(d, action, sight, answer, err);
	if (d->fleet->ended)
		d->fleet->ended(d->fleet->context, d->rollout, action, sight->outcome, sight->text,
				answer);
	return ret;
}
