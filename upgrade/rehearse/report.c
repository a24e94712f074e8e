// SPDX-License-Identifier: Apache-2.0
/* A rehearsal as JSON and as JUnit XML. */
#include "base/json.h"
#include "upgrade/rehearse/judge.h"

#include <inttypes.h>

static const char *const status_names[] = { "skipped", "passed", "failed" };

/* ---- JSON ---- */

static json_t *pauses_json(const struct observed *seen)
{
	json_t *list = json_array();

	for (size_t i = 0; i < seen->pauses_len; i++)
		json_array_append_new(list, json_pack("{s:o, s:o}", "process",
						      json_text(seen->pauses[i].who), "pause_ms",
						      json_ms(seen->pauses[i].us)));
	return list;
}

static json_t *phase_json(enum rehearse_phase_id id, const struct rehearse_phase *phase)
{
	const struct observed *seen = &phase->seen;
	json_t *json = json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:I}", "name", phase_name(id),
				 "status", status_names[phase->status], "runs",
				 json_text(phase->runs), "took_ms", (json_int_t)phase->ms,
				 "install_ms", (json_int_t)phase->install_ms, "modules_verified",
				 (json_int_t)phase->modules, "checks", (json_int_t)phase->checks);

	if (seen->processes > 0)
		json_object_set_new(
			json, "processes",
			json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "before",
				  (json_int_t)seen->processes, "kept", (json_int_t)seen->kept,
				  "killed_or_crashed", (json_int_t)seen->bad, "suspended",
				  (json_int_t)seen->suspended, "errors_logged",
				  (json_int_t)seen->logged, "longest_pauses", pauses_json(seen)));
	return json;
}

static json_t *finding_json(const struct finding *finding)
{
	json_t *found_in = json_array();

	for (int i = 0; i < PHASE_COUNT; i++)
		if (finding->phases & 1u << i)
			json_array_append_new(found_in, json_string(phase_name(i)));
	return json_pack("{s:s, s:s, s:o, s:o}", "code", finding_name(finding->code), "severity",
			 finding_severity_name(finding_severity(finding->code)), "phases", found_in,
			 "message", json_text(finding->message));
}

json_t *rehearsal_json(const struct rehearsal *rehearsal)
{
	json_t *steps = json_array(), *findings = json_array();

	for (int i = 0; i < PHASE_COUNT; i++)
		json_array_append_new(steps, phase_json(i, &rehearsal->phases[i]));
	for (size_t i = 0; i < rehearsal->findings_len; i++)
		json_array_append_new(findings, finding_json(&rehearsal->findings[i]));
	return json_pack(
		"{s:o, s:o, s:o, s:s, s:I, s:I, s:I, s:o, s:o}", "name", json_text(rehearsal->name),
		"from", json_text(rehearsal->old_vsn), "version", json_text(rehearsal->new_vsn),
		"outcome", rehearsal->failed ? "failed" : "passed", "faults",
		(json_int_t)rehearsal->faults, "warnings", (json_int_t)rehearsal->warnings,
		"took_ms", (json_int_t)rehearsal->ms, "phases", steps, "findings", findings);
}

/* ---- JUnit ---- */

static void add_escaped(struct str *out, const char *text)
{
	for (; *text; text++) {
		char c = *text;

		if (c == '<')
			str_adds(out, "&lt;");
		else if (c == '>')
			str_adds(out, "&gt;");
		else if (c == '&')
			str_adds(out, "&amp;");
		else if (c == '"')
			str_adds(out, "&quot;");
		else if (c == '\n')
			str_adds(out, "&#10;");
		else
			str_addc(out, c);
	}
}

static void add_findings(struct str *out, const struct rehearsal *rehearsal, int phase)
{
	for (size_t i = 0; i < rehearsal->findings_len; i++) {
		const struct finding *finding = &rehearsal->findings[i];
		bool fault = finding_fails(finding->code, rehearsal->strict);

		if (!(finding->phases & 1u << phase))
			continue;
		str_addf(out,
			 fault ? "      <failure type=\"%s\" message=\"" : "      <system-out>%s: ",
			 finding_name(finding->code));
		add_escaped(out, finding->message);
		str_adds(out, fault ? "\"/>\n" : "</system-out>\n");
	}
}

static size_t count(const struct rehearsal *rehearsal, enum phase_status status)
{
	size_t n = 0;

	for (int i = 0; i < PHASE_COUNT; i++)
		n += rehearsal->phases[i].status == status;
	return n;
}

void rehearsal_junit(struct str *out, const struct rehearsal *rehearsal)
{
	str_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite "
		      "name=\"relevo rehearse ");
	add_escaped(out, rehearsal->name);
	str_adds(out, " ");
	add_escaped(out, rehearsal->old_vsn);
	str_adds(out, " to ");
	add_escaped(out, rehearsal->new_vsn);
	str_addf(out,
		 "\" tests=\"%d\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\" time=\"%.3f\">\n",
		 PHASE_COUNT, count(rehearsal, PHASE_FAILED), count(rehearsal, PHASE_SKIPPED),
		 (double)rehearsal->ms / 1000);
	for (int i = 0; i < PHASE_COUNT; i++) {
		const struct rehearse_phase *phase = &rehearsal->phases[i];

		str_addf(out,
			 "    <testcase classname=\"relevo.rehearse\" name=\"%s\" time=\"%.3f\">\n",
			 phase_name(i), (double)phase->ms / 1000);
		if (phase->status == PHASE_SKIPPED)
			str_adds(out, "      <skipped/>\n");
		add_findings(out, rehearsal, i);
		str_adds(out, "    </testcase>\n");
	}
	str_adds(out, "  </testsuite>\n</testsuites>\n");
}
