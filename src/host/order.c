/*
 * order: see order.h.  A depth-first search visits the earlier nodes of a node before the node
 * itself.  It does not use recursion, because a chain may be as long as the configuration.  A cycle
 * cannot occur, because plan_links rejects it; the search would ignore it.
 */
#include "host/order.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/option.h"
#include "daemon/daemon.h"
#include "host/host.h"

struct search {
	struct host *host;
	struct order_node *nodes; /* in the order of the names */
	size_t count;
	bool *seen;
	size_t *path, *next; /* next: for each node, the index of the next earlier node to visit */
	size_t depth;
	size_t *sorted, done; /* the nodes in the order in which the search left them */
};

/* --- edges ------------------------------------------------------------------------------------ */

static void add_earlier(struct order_node *node, size_t earlier)
{
	node->earlier = memory_grow(node->earlier, node->count + 1, sizeof(*node->earlier));
	node->earlier[node->count++] = earlier;
}

/* The index of a daemon by binary search.  count: there is no such daemon. */
static size_t index_of(const struct search *s, const char *name)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(s->nodes[middle].name, name);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return s->count;
}

/* The elements of an option are NAME or NAME:WORD. */
static void add_edges(struct search *s, size_t index, const char *const *list, bool reverse)
{
	char name[TEXT_SHORT];
	size_t needed;

	for (; list != NULL && *list != NULL; list++) {
		text_truncate(name, sizeof(name), *list);
		name[strcspn(name, ":")] = '\0';
		needed = index_of(s, name);
		if (needed == s->count)
			continue; /* it was removed, or its module could not be loaded */
		if (reverse)
			add_earlier(&s->nodes[needed], index);
		else
			add_earlier(&s->nodes[index], needed);
	}
}

static void add_edges_of(struct search *s, size_t index, bool reverse)
{
	const struct option_set *set = daemon_options(host_daemon(s->host, index));
	const vigil_option *row = set != NULL ? option_set_schema(set) : NULL;
	const unsigned needs = VIGIL_DAEMONS | VIGIL_ACYCLIC;

	for (; row != NULL && row->name != NULL; row++)
		if ((row->flags & needs) == needs)
			add_edges(s, index, option_list(set, row->name), reverse);
}

/* --- the search ------------------------------------------------------------------------------- */

static void enter(struct search *s, size_t index)
{
	s->seen[index] = true;
	s->path[s->depth++] = index;
}

static void leave(struct search *s)
{
	size_t index = s->path[--s->depth];
	struct order_node *node = &s->nodes[index], *earlier;

	for (size_t i = 0; i < node->count; i++) {
		earlier = &s->nodes[node->earlier[i]];
		if (node->rank < earlier->rank + earlier->chosen)
			node->rank = earlier->rank + earlier->chosen;
	}
	s->sorted[s->done++] = index;
}

static void visit(struct search *s, size_t start)
{
	enter(s, start);
	while (s->depth > 0) {
		size_t index = s->path[s->depth - 1];
		const struct order_node *node = &s->nodes[index];

		if (s->next[index] == node->count)
			leave(s);
		else if (!s->seen[node->earlier[s->next[index]++]])
			enter(s, node->earlier[s->next[index] - 1]);
	}
}

/* --- the result ------------------------------------------------------------------------------- */

/* Sorts by rank with a counting sort, which keeps the order of the search within a rank.  Indexes
 * of nodes are converted to their new positions. */
static struct order *sort_by_rank(const struct search *s)
{
	struct order *order = memory_zero(sizeof(*order));
	size_t *first = memory_zero((s->count + 2) * sizeof(*first));
	size_t *place = memory_zero((s->count + 1) * sizeof(*place));

	order->nodes = memory_zero((s->count + 1) * sizeof(*order->nodes));
	order->count = s->count;
	for (size_t i = 0; i < s->count; i++)
		first[s->nodes[i].rank + 1]++;
	for (size_t rank = 1; rank <= s->count; rank++)
		first[rank] += first[rank - 1];
	for (size_t i = 0; i < s->count; i++)
		place[s->sorted[i]] = first[s->nodes[s->sorted[i]].rank]++;
	for (size_t i = 0; i < s->count; i++) {
		struct order_node *node = &order->nodes[place[i]];

		*node = s->nodes[i];
		for (size_t k = 0; k < node->count; k++)
			node->earlier[k] = place[node->earlier[k]];
	}
	free(first);
	free(place);
	return order;
}

static void search_init(struct search *s, struct host *host, const bool *chosen)
{
	*s = (struct search){.host = host};
	while (host_daemon(host, s->count) != NULL)
		s->count++;
	s->nodes = memory_zero((s->count + 1) * sizeof(*s->nodes));
	for (size_t i = 0; i < s->count; i++)
		s->nodes[i] =
			(struct order_node){.name = memory_text(daemon_name(host_daemon(host, i))),
				.chosen = chosen[i]};
	s->seen = memory_zero((s->count + 1) * sizeof(*s->seen));
	s->path = memory_zero((s->count + 1) * sizeof(*s->path));
	s->next = memory_zero((s->count + 1) * sizeof(*s->next));
	s->sorted = memory_zero((s->count + 1) * sizeof(*s->sorted));
}

static void search_clear(struct search *s)
{
	free(s->nodes);
	free(s->seen);
	free(s->path);
	free(s->next);
	free(s->sorted);
}

struct order *order_new(struct host *host, const bool *chosen, bool reverse)
{
	struct search s;
	struct order *order;

	search_init(&s, host, chosen);
	for (size_t i = 0; i < s.count; i++)
		add_edges_of(&s, i, reverse);
	for (size_t i = 0; i < s.count; i++)
		if (!s.seen[i])
			visit(&s, i);
	order = sort_by_rank(&s);
	search_clear(&s);
	return order;
}

void order_free(struct order *order)
{
	if (order == NULL)
		return;
	for (size_t i = 0; i < order->count; i++) {
		free(order->nodes[i].name);
		free(order->nodes[i].earlier);
	}
	free(order->nodes);
	free(order);
}
