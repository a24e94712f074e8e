// SPDX-License-Identifier: Apache-2.0
#include "upgrade/relup/translate/depend.h"

#define NONE UINT32_MAX

/* The edges by where they start: those of v are to[start[v]] … to[start[v + 1] - 1]. */
struct graph {
	uint32_t len;
	size_t *start;
	uint32_t *to;
};

static uint32_t *numbers(struct arena *arena, size_t len, uint32_t value)
{
	uint32_t *array = arena_array(arena, len + 1, uint32_t);

	for (size_t i = 0; value && i < len; i++)
		array[i] = value;
	return array;
}

static struct graph graph_make(struct arena *arena, uint32_t len, const struct depend_edge *edges,
			       size_t edges_len)
{
	struct graph graph = { len, arena_array(arena, (size_t)len + 1, size_t),
			       numbers(arena, edges_len, 0) };

	for (size_t i = 0; i < edges_len; i++)
		graph.start[edges[i].from]++;
	for (uint32_t v = 1; v <= len; v++)
		graph.start[v] += graph.start[v - 1];
	/* Each start[v] is now where v's edges end; filling backwards brings it to
	 * where they begin.
	 */
	for (size_t i = edges_len; i-- > 0;)
		graph.to[--graph.start[edges[i].from]] = edges[i].to;
	return graph;
}

/* ---- groups: union and find ---- */

static uint32_t root_of(uint32_t *parent, uint32_t v)
{
	while (parent[v] != v) {
		parent[v] = parent[parent[v]];
		v = parent[v];
	}
	return v;
}

/* The smallest member is the root, so groups come out by their smallest number. */
static uint32_t find_groups(uint32_t *group, struct arena *arena, uint32_t len,
			    const struct depend_edge *edges, size_t edges_len)
{
	uint32_t *parent = numbers(arena, len, 0);
	uint32_t count = 0;

	for (uint32_t v = 0; v < len; v++)
		parent[v] = v;
	for (size_t i = 0; i < edges_len; i++) {
		uint32_t a = root_of(parent, edges[i].from), b = root_of(parent, edges[i].to);

		parent[a > b ? a : b] = a > b ? b : a;
	}
	for (uint32_t v = 0; v < len; v++)
		group[v] = parent[v] == v ? count++ : group[root_of(parent, v)];
	return count;
}

/* ---- circles: Tarjan's strong components, with a stack of its own ---- */

struct tarjan {
	const struct graph *graph;
	uint32_t *seen;   /* when it was first looked at, from 1; 0: not yet */
	uint32_t *low;    /* the earliest on the stack that it reaches */
	uint32_t *circle; /* of each thing; NONE: still open */
	uint32_t *open;   /* the stack of those without a circle yet */
	uint32_t *path;   /* the way down to where the walk is */
	size_t *next;     /* the edge of each thing that is taken next */
	uint32_t time, open_len, path_len, circles;
};

static void enter(struct tarjan *walk, uint32_t v)
{
	walk->seen[v] = walk->low[v] = ++walk->time;
	walk->next[v] = walk->graph->start[v];
	walk->open[walk->open_len++] = v;
	walk->path[walk->path_len++] = v;
}

static void leave(struct tarjan *walk, uint32_t v)
{
	uint32_t member;

	walk->path_len--;
	if (walk->path_len > 0) {
		uint32_t up = walk->path[walk->path_len - 1];

		if (walk->low[v] < walk->low[up])
			walk->low[up] = walk->low[v];
	}
	if (walk->low[v] != walk->seen[v])
		return;
	do {
		member = walk->open[--walk->open_len];
		walk->circle[member] = walk->circles;
	} while (member != v);
	walk->circles++;
}

static void step(struct tarjan *walk)
{
	uint32_t v = walk->path[walk->path_len - 1];
	uint32_t to;

	if (walk->next[v] == walk->graph->start[v + 1]) {
		leave(walk, v);
		return;
	}
	to = walk->graph->to[walk->next[v]++];
	if (!walk->seen[to])
		enter(walk, to);
	else if (walk->circle[to] == NONE && walk->seen[to] < walk->low[v])
		walk->low[v] = walk->seen[to];
}

static uint32_t find_circles(uint32_t *circle, struct arena *arena, const struct graph *graph)
{
	uint32_t len = graph->len;
	struct tarjan walk = {
		.graph = graph,
		.seen = numbers(arena, len, 0),
		.low = numbers(arena, len, 0),
		.circle = circle,
		.open = numbers(arena, len, 0),
		.path = numbers(arena, len, 0),
		.next = arena_array(arena, (size_t)len + 1, size_t),
	};

	for (uint32_t v = 0; v < len; v++) {
		if (walk.seen[v])
			continue;
		enter(&walk, v);
		while (walk.path_len > 0)
			step(&walk);
	}
	return walk.circles;
}

/* ---- order: whatever nothing waits for any more, the smallest number first ---- */

struct heap {
	uint32_t *items;
	uint32_t len;
};

static void swap(uint32_t *a, uint32_t *b)
{
	uint32_t old = *a;

	*a = *b;
	*b = old;
}

static void heap_add(struct heap *heap, uint32_t item)
{
	uint32_t at = heap->len++;

	heap->items[at] = item;
	for (; at > 0 && heap->items[at] < heap->items[(at - 1) / 2]; at = (at - 1) / 2)
		swap(&heap->items[at], &heap->items[(at - 1) / 2]);
}

static uint32_t heap_take(struct heap *heap)
{
	uint32_t least = heap->items[0];
	uint32_t at = 0;

	heap->items[0] = heap->items[--heap->len];
	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child + 1 < heap->len && heap->items[child + 1] < heap->items[child])
			child++;
		if (child >= heap->len || heap->items[at] <= heap->items[child])
			return least;
		swap(&heap->items[at], &heap->items[child]);
		at = child;
	}
}

/* The circles, each as a chain of its members by number. */
struct circles {
	uint32_t *of;      /* the circle of each thing */
	uint32_t *first;   /* the smallest member of each circle */
	uint32_t *next;    /* the next member of the same circle, or NONE */
	uint32_t *waiting; /* edges into each circle from others */
};

static void circles_make(struct circles *circles, struct arena *arena, const struct graph *graph)
{
	uint32_t len = graph->len, count;

	circles->of = numbers(arena, len, NONE);
	count = find_circles(circles->of, arena, graph);
	circles->first = numbers(arena, count, NONE);
	circles->next = numbers(arena, len, NONE);
	circles->waiting = numbers(arena, count, 0);
	for (uint32_t v = len; v-- > 0;) {
		circles->next[v] = circles->first[circles->of[v]];
		circles->first[circles->of[v]] = v;
		for (size_t e = graph->start[v]; e < graph->start[v + 1]; e++)
			if (circles->of[graph->to[e]] != circles->of[v])
				circles->waiting[circles->of[graph->to[e]]]++;
	}
}

/* A circle is dealt with: those that waited for nothing else are free now. */
static void release_edges(struct heap *ready, const struct circles *circles,
			  const struct graph *graph, uint32_t v)
{
	for (size_t e = graph->start[v]; e < graph->start[v + 1]; e++) {
		uint32_t circle = circles->of[graph->to[e]];

		if (circle != circles->of[v] && --circles->waiting[circle] == 0)
			heap_add(ready, circles->first[circle]);
	}
}

/* One order over all groups: what it leaves of one group is that group's own order. */
static void sort(uint32_t *order, struct arena *arena, const struct graph *graph)
{
	struct circles circles;
	struct heap ready = { numbers(arena, graph->len, 0), 0 };
	uint32_t len = 0;

	circles_make(&circles, arena, graph);
	for (uint32_t v = 0; v < graph->len; v++)
		if (circles.first[circles.of[v]] == v && !circles.waiting[circles.of[v]])
			heap_add(&ready, v);
	while (ready.len > 0)
		for (uint32_t v = heap_take(&ready); v != NONE; v = circles.next[v]) {
			order[len++] = v;
			release_edges(&ready, &circles, graph, v);
		}
}

void depend_sort(struct depend_groups *out, struct arena *arena, uint32_t len,
		 const struct depend_edge *edges, size_t edges_len)
{
	struct graph graph = graph_make(arena, len, edges, edges_len);
	uint32_t *flat = numbers(arena, len, 0), *order = numbers(arena, len, 0);
	uint32_t *group = numbers(arena, len, 0);
	uint32_t count = find_groups(group, arena, len, edges, edges_len);
	uint32_t *start = numbers(arena, count, 0), *next;

	sort(flat, arena, &graph);
	for (uint32_t v = 0; v < len; v++)
		start[group[v] + 1]++;
	for (uint32_t g = 1; g <= count; g++)
		start[g] += start[g - 1];
	next = numbers(arena, count, 0);
	memcpy(next, start, count * sizeof(*next));
	for (uint32_t i = 0; i < len; i++)
		order[next[group[flat[i]]]++] = flat[i];
	*out = (struct depend_groups){ order, start, group, count };
}
