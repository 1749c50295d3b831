/*
 * plan_links: options that name other daemons.
 *
 * The schema of a module says which options are lists of daemons, which of those must be acyclic,
 * such as `after`, and which options have JSON pointers to numbers of daemons.  Each name is looked
 * up first.  Then a depth-first search from each daemon finds the cycles.  The search does not use
 * recursion, because a chain may be as long as the configuration.  All acyclic options of a daemon
 * form one graph, because a daemon that is restarted after another one must not be what the other
 * one is restarted with.
 */
#include "host/plan_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/memory.h"
#include "base/text.h"

struct links {
	const struct plan *plan;
	struct diagnostics *diagnostics;
	struct node *nodes; /* one node for each daemon of the plan */
	size_t *path;       /* the daemons on the current path of the search */
	size_t depth;
	json_t *reported; /* "FILE:LINE NAME" of the unknown names that have a diagnostic */
	size_t suggested, cycles;
};

/* A search for a similar name compares all daemons, and a reload must not block the loop thread. */
#define SUGGESTED_MAX 100
/* Daemons that all name each other have more cycles than anybody wants to read. */
#define CYCLES_MAX 20

struct node {
	size_t *targets; /* daemons that it names in acyclic options */
	const vigil_option **rows;
	size_t count, next; /* next: index of the next target to visit */
	bool seen, on_path;
};

/* --- names ------------------------------------------------------------------------------------ */

/* Extracts the name from a list element, NAME or NAME:WORD. */
static void name_of(const char *element, char name[TEXT_SHORT])
{
	snprintf(name, TEXT_SHORT, "%.*s", (int)strcspn(element, ":"), element);
}

/* Adds a diagnostic at the line of the daemon's option. */
static void complain(const struct links *l, const struct plan_daemon *pd, const vigil_option *row,
	const char *what)
{
	const struct config_place place =
		config_place_of(config_find(l->plan->config, pd->name), row->name);
	char cut[TEXT_SHORT];

	text_truncate(cut, sizeof(cut), option_get(pd->options, row->name)->text);
	diagnostic_add(
		l->diagnostics, place.file, place.line, "%s = \"%s\": %s", row->name, cut, what);
}

/* Returns whether the name has no diagnostic yet.  All daemons of a module share the line of a
 * default. */
static bool is_first(
	struct links *l, const struct plan_daemon *pd, const char *option, const char *name)
{
	const struct config_place place =
		config_place_of(config_find(l->plan->config, pd->name), option);
	char *key = memory_format("%s:%d %s", place.file, place.line, name);
	bool first = json_object_get(l->reported, key) == NULL;

	json_object_set_new(l->reported, key, json_true());
	free(key);
	return first;
}

static void find_similar(struct links *l, const struct plan_daemon *pd, const vigil_option *row,
	struct text_suggest *suggest)
{
	if (l->suggested++ >= SUGGESTED_MAX)
		return;
	for (size_t i = 0; i < l->plan->count; i++)
		if (&l->plan->daemons[i] != pd || row->flags & VIGIL_POINTERS)
			text_suggest_add(suggest, l->plan->daemons[i].name);
}

static void diagnose_unknown(
	struct links *l, const struct plan_daemon *pd, const vigil_option *row, const char *name)
{
	struct text_suggest suggest;
	char what[256];

	if (!is_first(l, pd, row->name, name))
		return;
	text_suggest_init(&suggest, name);
	find_similar(l, pd, row, &suggest);
	if (config_find(l->plan->config, name) != NULL)
		snprintf(what, sizeof(what),
			"the daemon \"%s\" is not enabled; enable it in [daemons]", name);
	else if (text_suggest_get(&suggest) != NULL)
		snprintf(what, sizeof(what), "no such daemon \"%s\"; did you mean \"%s\"?", name,
			text_suggest_get(&suggest));
	else
		snprintf(what, sizeof(what), "no such daemon \"%s\"", name);
	complain(l, pd, row, what);
}

static void add_target(struct node *node, size_t target, const vigil_option *row)
{
	node->targets = memory_grow(node->targets, node->count + 1, sizeof(*node->targets));
	node->rows = memory_grow(node->rows, node->count + 1, sizeof(*node->rows));
	node->targets[node->count] = target;
	node->rows[node->count++] = row;
}

static void diagnose_itself(
	const struct links *l, const struct plan_daemon *pd, const vigil_option *row)
{
	char what[128];

	snprintf(what, sizeof(what), "the daemon \"%s\" names itself", pd->name);
	complain(l, pd, row, what);
}

/* --- what a named daemon needs ---------------------------------------------------------------- */

#define NEED_MAX (2 * TEXT_SHORT)

/* Finds the option that an element requires of the daemon that it names.  Returns false if the
 * schema requires none. */
static bool find_need(const vigil_option *row, const char *element, char option[NEED_MAX])
{
	const char *colon = strchr(element, ':'), *word = colon != NULL ? colon + 1 : "";
	const char *rest = row->needs;
	char need[NEED_MAX];
	size_t n = strlen(word);

	while (rest != NULL && (rest = option_next_choice(rest, need, sizeof(need))) != NULL) {
		if (strncmp(need, word, n) != 0 || need[n] != '=')
			continue;
		snprintf(option, NEED_MAX, "%s", need + n + 1);
		return true;
	}
	return false;
}

/* Checks that the named daemon has what the element requires.  A daemon whose options are not known
 * has other diagnostics. */
static void check_need(struct links *l, const struct plan_daemon *pd, const vigil_option *row,
	const char *element, const struct plan_daemon *other)
{
	const struct option_value *value;
	char option[NEED_MAX], what[512];

	if (other->descriptor == NULL || !find_need(row, element, option))
		return;
	if (other->options == NULL && other->descriptor->options != NULL)
		return;
	value = other->options != NULL ? option_get(other->options, option) : NULL;
	if (value != NULL && value->text != NULL && value->text[0] != '\0')
		return;
	if (!is_first(l, pd, row->name, element))
		return;
	if (value != NULL)
		snprintf(what, sizeof(what),
			"\"%.64s\" needs the option %s of the daemon \"%s\"; set it", element,
			option, other->name);
	else
		snprintf(what, sizeof(what),
			"\"%.64s\" needs the option %s, which the module \"%s\" of the daemon "
			"\"%s\" "
			"does not have",
			element, option, other->descriptor->name, other->name);
	complain(l, pd, row, what);
}

/* Checks one element whose daemon exists and is not pd itself. */
static void check_element(struct links *l, size_t index, const vigil_option *row,
	const char *element, const struct plan_daemon *other)
{
	check_need(l, &l->plan->daemons[index], row, element, other);
	if (row->flags & VIGIL_ACYCLIC)
		add_target(&l->nodes[index], (size_t)(other - l->plan->daemons), row);
}

/* --- daemons in processes of their own -------------------------------------------------------- */

/* Daemons that wait for each other find each other in the memory of their module, so all of them
 * must be in vigild.  Returns false, with a diagnostic, if one is not. */
static bool check_isolated(struct links *l, const struct plan_daemon *pd, const vigil_option *row,
	const struct plan_daemon *other)
{
	const struct plan_daemon *apart = plan_is_isolated(pd)      ? pd
					  : plan_is_isolated(other) ? other
								    : NULL;
	char what[256];

	if (!(row->flags & VIGIL_ACYCLIC) || apart == NULL)
		return true;
	snprintf(what, sizeof(what),
		"the daemon \"%.64s\" has isolate = yes, and a daemon in a process of its own "
		"cannot wait for others or be waited for; set isolate = no for it",
		apart->name);
	complain(l, pd, row, what);
	return false;
}

/* --- all options of a daemon ------------------------------------------------------------------ */

static void check_names(struct links *l, size_t index, const vigil_option *row)
{
	const struct plan_daemon *pd = &l->plan->daemons[index], *other;
	char name[TEXT_SHORT];

	for (char **element = option_get(pd->options, row->name)->list; *element != NULL;
		element++) {
		name_of(*element, name);
		other = plan_find(l->plan, name);
		if (other == NULL)
			diagnose_unknown(l, pd, row, name);
		else if (other == pd)
			diagnose_itself(l, pd, row);
		else if (check_isolated(l, pd, row, other))
			check_element(l, index, row, *element, other);
	}
}

/* Checks the names in JSON pointers such as /daemons/NAME/value.  No character of the name of a
 * daemon is escaped in a pointer. */
static void check_pointers(struct links *l, const struct plan_daemon *pd, const vigil_option *row)
{
	static const char root[] = "/daemons/";
	const size_t length = sizeof(root) - 1;
	const char *pointer;
	char name[TEXT_SHORT];

	for (char **element = option_get(pd->options, row->name)->list; *element != NULL;
		element++) {
		pointer = strchr(*element, '/');
		if (pointer == NULL || strncmp(pointer, root, length) != 0)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(pointer + length, "/ \t"),
			pointer + length);
		if (plan_find(l->plan, name) == NULL)
			diagnose_unknown(l, pd, row, name);
	}
}

static void check_daemon(struct links *l, size_t index)
{
	const struct plan_daemon *pd = &l->plan->daemons[index];
	const vigil_option *row = pd->descriptor != NULL ? pd->descriptor->options : NULL;

	for (; pd->options != NULL && row != NULL && row->name != NULL; row++)
		if (row->flags & VIGIL_DAEMONS)
			check_names(l, index, row);
		else if (row->flags & VIGIL_POINTERS)
			check_pointers(l, pd, row);
}

/* --- cycles ----------------------------------------------------------------------------------- */

#define SHOWN_MAX 12 /* maximum number of daemons shown of a cycle */

/* The option in which the daemon at this index of the path names the next one. */
static const vigil_option *row_on_path(const struct links *l, size_t at)
{
	const struct node *node = &l->nodes[l->path[at]];

	return node->rows[node->next - 1];
}

/* Returns an option by which a part of the cycle is formed, if it is another one than that of the
 * first daemon.  NULL: one option alone forms the cycle. */
static const vigil_option *other_row(const struct links *l, size_t from)
{
	for (size_t i = from + 1; i < l->depth; i++)
		if (strcmp(row_on_path(l, i)->name, row_on_path(l, from)->name) != 0)
			return row_on_path(l, i);
	return NULL;
}

/* Reports a cycle as "a -> b -> a": from the daemon at index `from` of the path to the end of the
 * path, and back to the first one. */
static void diagnose_circle(const struct links *l, size_t from)
{
	const struct plan_daemon *daemons = l->plan->daemons;
	const vigil_option *row = row_on_path(l, from), *other = other_row(l, from);
	size_t length = l->depth - from, n = 0;
	char what[SHOWN_MAX * 80 + 2 * TEXT_SHORT];

	n += (size_t)snprintf(what, sizeof(what), "dependency cycle: ");
	for (size_t i = from; i < l->depth && i < from + SHOWN_MAX - 2; i++)
		n += (size_t)snprintf(
			what + n, sizeof(what) - n, "%s -> ", daemons[l->path[i]].name);
	if (length > SHOWN_MAX - 2)
		n += (size_t)snprintf(
			what + n, sizeof(what) - n, "(%zu more) -> ", length - (SHOWN_MAX - 2));
	n += (size_t)snprintf(what + n, sizeof(what) - n, "%s", daemons[l->path[from]].name);
	if (other != NULL)
		snprintf(what + n, sizeof(what) - n, " (by %s and %s)", row->name, other->name);
	complain(l, &daemons[l->path[from]], row, what);
}

static void enter(struct links *l, size_t index)
{
	l->nodes[index].seen = l->nodes[index].on_path = true;
	l->path[l->depth++] = index;
}

static void visit(struct links *l, size_t start)
{
	enter(l, start);
	while (l->depth > 0 && l->cycles < CYCLES_MAX) {
		struct node *node = &l->nodes[l->path[l->depth - 1]];
		size_t target, from = 0;

		if (node->next == node->count) {
			node->on_path = false;
			l->depth--;
			continue;
		}
		target = node->targets[node->next++];
		if (!l->nodes[target].seen) {
			enter(l, target);
		} else if (l->nodes[target].on_path) {
			while (l->path[from] != target)
				from++;
			diagnose_circle(l, from);
			l->cycles++;
		}
	}
}

static void visit_all(struct links *l)
{
	for (size_t i = 0; i < l->plan->count && l->cycles < CYCLES_MAX; i++)
		if (!l->nodes[i].seen)
			visit(l, i);
	if (l->cycles == CYCLES_MAX)
		diagnostic_add(l->diagnostics, l->plan->config->file, 0,
			"there may be more dependency cycles; only %d are listed", CYCLES_MAX);
}

/* The names of groups have the form of names of daemons, so that @GROUP is one word. */
static void check_groups(const struct links *l, const struct plan_daemon *pd)
{
	const char *const *groups = pd->options != NULL ? option_list(pd->options, "group") : NULL;
	struct config_place place;

	if (groups == NULL)
		return;
	place = config_place_of(config_find(l->plan->config, pd->name), "group");
	for (; *groups != NULL; groups++)
		if (!text_is_daemon_name(*groups))
			diagnostic_add(l->diagnostics, place.file, place.line,
				"group = \"%.64s\": invalid name of a group: use letters, digits "
				"and _ . @ -, and begin with a letter, a digit or _",
				*groups);
}

void plan_check_links(const struct plan *plan, struct diagnostics *diagnostics)
{
	struct links l = {.plan = plan,
		.diagnostics = diagnostics,
		.nodes = memory_zero((plan->count + 1) * sizeof(*l.nodes)),
		.path = memory_zero((plan->count + 1) * sizeof(*l.path)),
		.reported = json_object()};

	for (size_t i = 0; i < plan->count; i++) {
		check_daemon(&l, i);
		check_groups(&l, &plan->daemons[i]);
	}
	visit_all(&l);
	for (size_t i = 0; i < plan->count; i++) {
		free(l.nodes[i].targets);
		free(l.nodes[i].rows);
	}
	free(l.nodes);
	free(l.path);
	json_decref(l.reported);
}
