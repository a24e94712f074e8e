// SPDX-License-Identifier: Apache-2.0
#include "k8s/reflect.h"

#include "base/json.h"
#include "k8s/api.h"

#include <stdlib.h>
#include <uthash.h>

enum {
	GONE = 410,
	BUSY = 429,
	SHORT_MS = 1000,      /* a watch that ends sooner without a word is no watch */
	FORGIVEN_MS = 120000, /* without a failure: what was before counts no more */
	VERSION_MAX = 256,
	TOKEN_MAX = 64 << 10,
};

struct object {
	UT_hash_handle hh;
	json_t *json;
	bool listed; /* by the list that comes in now */
	char key[];
};

struct reflect {
	reflect_seen *seen;
	void *context;
	bool enough;
	struct object *objects; /* uthash */

	struct str version; /* the resourceVersion that was heard last; empty: none */
	bool watching;      /* there was a list: a watch may follow */
	bool from_scratch;  /* the next list asks what is true, not what is at least so new */

	json_t *pages;   /* the items so far of a list that goes on; NULL: none */
	struct str more; /* where it goes on */
	bool unpaged;    /* a list that went on for too long: at once, then */

	struct str line; /* what came of an event that is not whole */
	int64_t began_at;
	size_t events; /* of this watch */
	struct error fault;
	bool faulty, gone;

	int64_t wait_ms, failed_at;
	bool waits;      /* before the next request */
	int64_t anew_at; /* when a version was too old the last time; 0: never */
};

struct reflect *reflect_new(reflect_seen *seen, void *context)
{
	struct reflect *r = mem_zero(1, sizeof(*r));

	r->seen = seen;
	r->context = context;
	r->from_scratch = true;
	return r;
}

static void forget(struct reflect *r, struct object *object)
{
	HASH_DEL(r->objects, object);
	json_decref(object->json);
	free(object);
}

void reflect_free(struct reflect *r)
{
	struct object *object, *next;

	if (!r)
		return;
	HASH_ITER(hh, r->objects, object, next)
	forget(r, object);
	json_decref(r->pages);
	str_done(&r->version);
	str_done(&r->more);
	str_done(&r->line);
	free(r);
}

bool reflect_wants_more(const struct reflect *r)
{
	return !r->enough;
}

/* ---- objects ---- */

static void tell(struct reflect *r, enum reflect_change change, const char *key,
		 const json_t *object)
{
	if (!r->enough)
		r->enough = !r->seen(r->context, change, key, object);
}

/* False: it has no name. */
static bool add_key(struct str *out, const json_t *object)
{
	const char *space = kube_meta(object, "namespace"), *name = kube_meta(object, "name");

	str_addf(out, "%s%s%s", space, space[0] ? "/" : "", name);
	return name[0] != '\0';
}

static struct object *find(const struct reflect *r, const char *key)
{
	struct object *object;

	HASH_FIND_STR(r->objects, key, object);
	return object;
}

/* Who set which field is as much as all the rest. */
static void slim(json_t *json)
{
	json_object_del(json_object_get(json, "metadata"), "managedFields");
}

/* What an object is known by; the rest is whoever is told of it to keep. */
static json_t *brief(const json_t *json)
{
	return json_pack("{s:{s:s, s:s, s:s, s:s}}", "metadata", "name", kube_meta(json, "name"),
			 "namespace", kube_meta(json, "namespace"), "uid", kube_meta(json, "uid"),
			 "resourceVersion", kube_meta(json, "resourceVersion"));
}

static int put(struct reflect *r, json_t *json, struct error *err)
{
	owned_str struct str key = STR_EMPTY;
	enum reflect_change change = REFLECT_CHANGED;
	struct object *object;

	if (!add_key(&key, json))
		return error_set(err, ERROR_INVALID, "an object has no name");
	object = find(r, str_text(&key));
	if (object && strcmp(kube_meta(object->json, "resourceVersion"),
			     kube_meta(json, "resourceVersion")) == 0) {
		object->listed = true;
		return 0;
	}
	if (!object) {
		if (HASH_COUNT(r->objects) >= REFLECT_OBJECTS_MAX)
			return error_set(err, ERROR_INVALID, "there are more than %d objects",
					 REFLECT_OBJECTS_MAX);
		object = mem_zero(1, sizeof(*object) + key.len + 1);
		memcpy(object->key, key.ptr, key.len);
		HASH_ADD_STR(r->objects, key, object);
		change = REFLECT_ADDED;
	}
	json_decref(object->json);
	object->json = brief(json);
	object->listed = true;
	slim(json);
	tell(r, change, object->key, json);
	return 0;
}

static void take_away(struct reflect *r, struct object *object, json_t *last)
{
	if (last) {
		json_decref(object->json);
		object->json = brief(last);
	}
	tell(r, REFLECT_GONE, object->key, object->json);
	forget(r, object);
}

static bool set_version(struct reflect *r, const json_t *object)
{
	const char *version = kube_meta(object, "resourceVersion");

	if (!version[0] || strlen(version) > VERSION_MAX)
		return false;
	str_clear(&r->version);
	str_adds(&r->version, version);
	return true;
}

/* ---- lists ---- */

static void drop_pages(struct reflect *r)
{
	json_decref(r->pages);
	r->pages = NULL;
	str_clear(&r->more);
}

static void drop_unlisted(struct reflect *r)
{
	struct object *object, *next;

	HASH_ITER(hh, r->objects, object, next)
	if (!object->listed)
		take_away(r, object, NULL);
}

static int replace(struct reflect *r, const json_t *list, struct error *err)
{
	struct object *object, *next;
	json_t *json;
	size_t i;

	if (!set_version(r, list))
		return error_set(err, ERROR_INVALID, "a list has no resourceVersion");
	HASH_ITER(hh, r->objects, object, next)
	object->listed = false;
	json_array_foreach (r->pages, i, json)
		if (put(r, json, err))
			return -1;
	drop_unlisted(r);
	tell(r, REFLECT_SYNCED, NULL, NULL);
	return 0;
}

static int check_items(const json_t *items, size_t before, struct error *err)
{
	const json_t *item;
	size_t i;

	if (!json_is_array(items))
		return error_set(err, ERROR_INVALID, "a list has no items");
	if (before + json_array_size(items) > REFLECT_OBJECTS_MAX)
		return error_set(err, ERROR_INVALID, "there are more than %d objects",
				 REFLECT_OBJECTS_MAX);
	json_array_foreach (items, i, item)
		if (!kube_meta(item, "name")[0])
			return error_set(err, ERROR_INVALID, "an object has no name");
	return 0;
}

/* An empty list may say null. */
static const json_t *items_of(const json_t *list, const json_t *none)
{
	const json_t *items = json_object_get(list, "items");

	return json_is_null(items) ? none : items;
}

int reflect_listed(struct reflect *r, const json_t *list, struct error *err)
{
	owned_json json_t *none = json_array();
	const json_t *items = items_of(list, none);
	const char *more = kube_meta(list, "continue");

	if (check_items(items, json_array_size(r->pages), err))
		return -1;
	if (strlen(more) > TOKEN_MAX)
		return error_set(err, ERROR_INVALID, "a list goes on in more than %d bytes",
				 TOKEN_MAX);
	if (!r->pages)
		r->pages = json_array();
	/* Taken over, not copied: nobody else looks at them. */
	json_array_extend(r->pages, (json_t *)(uintptr_t)items);
	str_clear(&r->more);
	str_adds(&r->more, more);
	if (more[0])
		return 0;
	if (replace(r, list, err)) {
		drop_pages(r);
		return -1;
	}
	drop_pages(r);
	r->watching = true;
	r->from_scratch = r->unpaged = r->waits = false;
	return 0;
}

/* ---- watches ---- */

void reflect_watch_begins(struct reflect *r, int64_t now)
{
	str_clear(&r->line);
	r->began_at = now;
	r->events = 0;
	r->faulty = r->gone = r->waits = false;
}

static bool fault(struct reflect *r, const char *what)
{
	r->faulty = true;
	r->watching = false;
	error_set_(&r->fault, ERROR_INVALID, "a watch: %s", what);
	return false;
}

static bool take_error(struct reflect *r, const json_t *status)
{
	json_int_t code = json_integer_value(json_object_get(status, "code"));
	const char *message = json_string_value(json_object_get(status, "message"));

	r->faulty = true;
	error_set_(&r->fault, ERROR_UNREACHABLE, "a watch: %.500s",
		   message ? message : "the server gave it up");
	r->gone = code == GONE;
	if (code != BUSY)
		r->watching = false;
	return false;
}

static bool take_object(struct reflect *r, const char *type, json_t *json)
{
	owned_str struct str key = STR_EMPTY;
	struct object *object;

	if (!add_key(&key, json))
		return fault(r, "an object has no name");
	if (strcmp(type, "DELETED") == 0) {
		object = find(r, str_text(&key));
		if (object)
			take_away(r, object, json);
	} else if (put(r, json, &r->fault)) {
		r->faulty = true;
		r->watching = false;
		return false;
	}
	return set_version(r, json) || fault(r, "an object has no resourceVersion");
}

static bool take_line(struct reflect *r, struct span line)
{
	owned_json json_t *event = json_loadb(line.ptr, line.len, 0, NULL);
	const char *type = json_string_value(json_object_get(event, "type"));
	json_t *object = json_object_get(event, "object");

	if (!type || !json_is_object(object))
		return fault(r, "what came is no event");
	r->events++;
	if (strcmp(type, "ERROR") == 0)
		return take_error(r, object);
	if (strcmp(type, "BOOKMARK") == 0)
		return set_version(r, object) || fault(r, "a bookmark has no resourceVersion");
	if (strcmp(type, "ADDED") != 0 && strcmp(type, "MODIFIED") != 0 &&
	    strcmp(type, "DELETED") != 0)
		return fault(r, "an event is of no known type");
	return take_object(r, type, object) && !r->enough;
}

bool reflect_take(struct reflect *r, struct span bytes)
{
	while (bytes.len > 0) {
		const char *end = memchr(bytes.ptr, '\n', bytes.len);
		size_t len = end ? (size_t)(end - bytes.ptr) : bytes.len;
		bool good = true;

		if (r->line.len + len > REFLECT_LINE_MAX)
			return fault(r, "an event is too large");
		str_add(&r->line, (struct span){ bytes.ptr, len });
		if (!end)
			return true;
		if (span_trim(str_span(&r->line)).len > 0)
			good = take_line(r, str_span(&r->line));
		str_clear(&r->line);
		if (!good)
			return false;
		bytes = (struct span){ end + 1, bytes.len - len - 1 };
	}
	return true;
}

static void wait_longer(struct reflect *r, int64_t now)
{
	r->waits = true;
	if (r->wait_ms == 0 || now - r->failed_at > FORGIVEN_MS)
		r->wait_ms = REFLECT_WAIT_MIN_MS;
	else if (r->wait_ms < REFLECT_WAIT_MAX_MS)
		r->wait_ms =
			r->wait_ms > REFLECT_WAIT_MAX_MS / 2 ? REFLECT_WAIT_MAX_MS : r->wait_ms * 2;
	r->failed_at = now;
}

/* The version is too old: what is true now, and at once, unless that was so a moment ago. */
static void start_anew(struct reflect *r, int64_t now)
{
	r->watching = false;
	r->from_scratch = true;
	if (r->anew_at == 0 || now - r->anew_at > REFLECT_WAIT_MAX_MS)
		r->waits = false;
	r->anew_at = now;
}

int reflect_watch_ended(struct reflect *r, int64_t now, struct error *err)
{
	if (r->faulty) {
		wait_longer(r, now);
		if (r->gone)
			start_anew(r, now);
		*err = r->fault;
		return -1;
	}
	if (r->events == 0 && now - r->began_at < SHORT_MS) {
		wait_longer(r, now);
		r->watching = false;
		return error_set(err, ERROR_UNREACHABLE,
				 "a watch: it was closed at once, without a word");
	}
	return 0;
}

/* ---- failures ---- */

void reflect_failed(struct reflect *r, const struct reflect_failure *failure, int64_t now)
{
	bool goes_on = r->pages != NULL;

	wait_longer(r, now);
	drop_pages(r);
	if (failure->code == GONE || failure->too_new) {
		/* The pages that were left are too old by now. */
		r->unpaged = goes_on;
		start_anew(r, now);
	} else if (r->watching && failure->code != 0 && failure->code != BUSY) {
		r->watching = false;
	}
}

void reflect_next(struct reflect_next *out, const struct reflect *r, int watch_s)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *version = kube_encode(&arena, str_text(&r->version));

	out->watch = r->watching;
	out->wait_ms = r->waits ? r->wait_ms : 0;
	str_clear(&out->query);
	if (r->watching)
		str_addf(&out->query,
			 "?watch=1&allowWatchBookmarks=true&resourceVersion=%s&timeoutSeconds=%d",
			 version, watch_s);
	else if (r->more.len > 0)
		str_addf(&out->query, "?limit=%d&continue=%s", REFLECT_PAGE,
			 kube_encode(&arena, str_text(&r->more)));
	else if (!r->from_scratch && r->version.len > 0)
		str_addf(&out->query, "?resourceVersion=%s", version);
	else if (r->unpaged)
		str_adds(&out->query, "?resourceVersion=");
	else
		str_addf(&out->query, "?limit=%d", REFLECT_PAGE);
}
