// SPDX-License-Identifier: Apache-2.0
/* The key "state" of relevo.yaml: where rollouts are written down. */
#include "base/duration.h"
#include "release/project/project_parts.h"

#include <string.h>

enum { LEASE_LEAST_MS = 2000, LEASE_MOST_MS = 600000, ENDPOINTS_MAX = 32 };

int project_get_endpoints(struct project_reader *r, const struct project_field *f, void *into)
{
	struct names urls;

	if (json_array_size(f->value) == 0 || json_array_size(f->value) > ENDPOINTS_MAX)
		return project_wrong(r, f, "a list of URLs: [https://10.0.0.9:2379]");
	if (project_get_texts(r, f, &urls))
		return -1;
	for (size_t i = 0; i < urls.len; i++)
		if (strncmp(urls.items[i], "https://", 8) != 0 &&
		    strncmp(urls.items[i], "http://", 7) != 0)
			return project_wrong(r, f, "URLs that begin with https:// or http://");
	*(struct names *)into = urls;
	return 0;
}

/* etcd itself gives none that is shorter. */
int project_get_lease(struct project_reader *r, const struct project_field *f, void *into)
{
	int64_t ms = json_integer_value(f->value) * 1000;

	if (json_integer_value(f->value) > LEASE_MOST_MS ||
	    (json_is_string(f->value) && !duration_parse(&ms, json_string_value(f->value))) ||
	    ms < LEASE_LEAST_MS || ms > LEASE_MOST_MS)
		return project_wrong(r, f, "a time from 2s to 10m");
	*(int64_t *)into = ms;
	return 0;
}

int project_check_state(struct project_reader *r)
{
	struct project *p = r->project;
	struct project_etcd *etcd = &p->etcd;
	const char *wrong = NULL;

	if (p->state_file && etcd->endpoints.len)
		wrong = "\"file\" or \"etcd\", not both";
	else if (etcd->endpoints.len == 0 && (etcd->ca || etcd->cert || etcd->key || etcd->user ||
					      etcd->prefix || etcd->lease_ms))
		wrong = "\"etcd\" with its other keys";
	else if (!etcd->cert != !etcd->key)
		wrong = "\"cert\" with \"key\"";
	else if (etcd->user && !etcd->password_file == !etcd->password_env)
		wrong = "\"user\" with \"password_file\" or \"password_env\"";
	else if (!etcd->user && (etcd->password_file || etcd->password_env))
		wrong = "\"user\" with its password";
	if (wrong)
		return error_set(r->err, ERROR_INVALID, "%s: state: want %s", p->file, wrong);
	if (!etcd->prefix)
		etcd->prefix = arena_printf(r->arena, "relevo/%s", p->release);
	if (!etcd->lease_ms)
		etcd->lease_ms = 15000;
	return 0;
}
