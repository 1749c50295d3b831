/*
 * machine_list: lists the services of the machine: at the start, each `interval`, and when their
 * set has changed.  A list adds services, updates whether they are enabled, and drops those that it
 * no longer has.  Queries (machine_follow.c) find out their status.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"

/* Changes that follow within this time share one list. */
#define GATHER 0.5
/* The time until the next list after a service was added that is not in use yet.  runsvdir looks
 * for new services every 5 s. */
#define NEWCOMERS 10.0
/* The minimum time between two lists after changes: this, or a multiple of the time that a list
 * takes. */
#define GAP       2.0
#define GAP_TIMES 20.0

bool list_matches(const char *const *globs, const char *name)
{
	for (; *globs != NULL; globs++)
		if (fnmatch(*globs, name, FNM_NOESCAPE) == 0)
			return true;
	return false;
}

static bool is_wanted(const struct machine *m, const char *name)
{
	return (m->only[0] == NULL || list_matches(m->only, name)) &&
	       !list_matches(m->ignore, name);
}

/* --- the option restart ----------------------------------------------------------------------- */

/* Whether the option chooses the service.  Notes which globs have matched a service. */
static bool is_covered(struct machine *m, const char *name)
{
	bool covered = false;

	for (size_t i = 0; m->restart[i] != NULL; i++)
		if (fnmatch(m->restart[i], name, FNM_NOESCAPE) == 0)
			covered = m->matched[i] = true;
	return covered;
}

static void forget_matches(struct machine *m)
{
	for (size_t i = 0; m->restart[i] != NULL; i++)
		m->matched[i] = false;
}

/* A name that no service has may be misspelled.  A glob with wildcards may be for other machines
 * with the same configuration, so that it is only logged. */
static void check_matches(struct machine *m)
{
	char unknown[sizeof(m->unknown)] = "";
	json_t *list = json_array();

	for (size_t i = 0; m->restart[i] != NULL; i++) {
		size_t n = strlen(unknown);

		if (m->matched[i])
			continue;
		json_array_append_new(list, json_string(m->restart[i]));
		if (strpbrk(m->restart[i], "*?[") == NULL)
			snprintf(unknown + n, sizeof(unknown) - n, "%s%s", n > 0 ? ", " : "",
				m->restart[i]);
	}
	if (json_array_size(list) > 0 && vigil_state_get(m->daemon, "unmatched") == NULL)
		vigil_log(m->daemon, VIGIL_WARN,
			"restart: not all names and globs match a service; see "
			"/daemons/%s/unmatched",
			vigil_name(m->daemon));
	snprintf(m->unknown, sizeof(m->unknown), "%s", unknown);
	if (json_array_size(list) > 0) {
		vigil_state_set(m->daemon, "unmatched", list);
		return;
	}
	json_decref(list);
	vigil_state_unset(m->daemon, "unmatched");
}

/* key: MANAGER/NAME */
static bool is_present(const char *key, void *arg)
{
	const struct machine *m = arg;
	const char *name = strchr(key, '/');
	char manager[32];
	const struct item *item;

	if (name == NULL)
		return false;
	snprintf(manager, sizeof(manager), "%.*s", (int)(name - key), key);
	item = census_find(&m->census, name + 1, manager);
	return item != NULL && item->covered;
}

/* --- a list ----------------------------------------------------------------------------------- */

static void on_entry(vigil_daemon *d, const vigil_service_entry *entry, void *arg)
{
	struct machine *m = arg;
	struct item *item = census_find(&m->census, entry->name, entry->manager);
	bool is_new = item == NULL, sorted = !is_new && item->sorted;
	bool boot = !is_new && item->boot, daemon = !is_new && item->daemon;
	bool differs, covered = is_covered(m, entry->name);

	if (!is_wanted(m, entry->name))
		return;
	if (is_new)
		item = census_add(&m->census, entry->name, entry->manager);
	/* The list itself says that it is too long.  Without memory, the next list adds it. */
	if (item == NULL)
		return;
	item->listed = m->list;
	item->covered = covered;
	differs = census_take_entry(item, entry, vigil_now(), machine_wall());
	differs |= covered && !is_new &&
		   (boot != item->boot || daemon != item->daemon || sorted != item->sorted);
	follow_open(m, item);
	m->newcomers |= is_new && m->listed && item->service == NULL;
	/* An event may have been lost, or this manager signals none. */
	if (differs)
		follow_query(m, item);
}

static void drop_removed(struct machine *m)
{
	for (size_t i = m->census.count; i > 0; i--)
		if (m->census.items[i - 1]->listed != m->list)
			follow_drop(m, m->census.items[i - 1]);
}

static void on_list_again(vigil_daemon *d, void *arg)
{
	list_start(arg);
}

static void list_soon(struct machine *m)
{
	double took = m->list_ended - m->list_began;
	double gap = took * GAP_TIMES > GAP ? took * GAP_TIMES : GAP;
	double wait = m->listed ? m->list_ended + gap - vigil_now() : 0;

	vigil_cancel(m->daemon, on_list_again, m);
	vigil_after(m->daemon, wait > GATHER ? wait : GATHER, on_list_again, m);
}

/* Its supervisor may not have noticed a new service yet, or it is started only after it was
 * installed. */
static void on_newcomers(vigil_daemon *d, void *arg)
{
	list_start(arg);
}

static void on_end(vigil_daemon *d, int error, const char *text, void *arg)
{
	struct machine *m = arg;

	m->listing = false;
	m->list_ended = vigil_now();
	if (error == 0) {
		drop_removed(m);
		check_matches(m);
		if (!m->listed)
			care_forget(d, is_present, m);
		m->listed = true;
		vigil_state_set(d, "listed", vigil_time());
		vigil_state_unset(d, "stale");
	} else if (strcmp(m->list_error, text) != 0) {
		vigil_error(d, "the list of the services is not complete: %s", text);
	}
	snprintf(m->list_error, sizeof(m->list_error), "%s", text);
	if (error != 0)
		vigil_state_set(d, "stale", json_true());
	if (m->list_again)
		list_soon(m);
	m->list_again = false;
	if (m->newcomers)
		vigil_after(d, NEWCOMERS, on_newcomers, m);
	m->newcomers = false;
	report_soon(m);
}

void list_start(struct machine *m)
{
	vigil_cancel(m->daemon, on_list_again, m);
	m->list_again = m->listing;
	if (m->listing)
		return;
	m->list++;
	forget_matches(m);
	m->list_began = vigil_now();
	m->listing = vigil_services_each(m->daemon, NULL, on_entry, on_end, m) == 0;
	if (!m->listing) /* the queue is full */
		list_soon(m);
}

void list_request(struct machine *m)
{
	if (m->listing)
		m->list_again = true;
	else
		list_soon(m);
}

/* --- changes of the set ----------------------------------------------------------------------- */

/* A unit that systemd has just loaded is followed at once, because it may be a transient one that
 * fails before the next list. */
static void add_new(struct machine *m, const char *manager, const char *name)
{
	struct item *item = census_find(&m->census, name, manager);

	if (!is_wanted(m, name))
		return;
	if (item == NULL)
		item = census_add(&m->census, name, manager);
	if (item == NULL)
		return;
	item->listed = m->list;
	item->covered = is_covered(m, name);
	follow_open(m, item);
}

void list_on_change(vigil_daemon *d, const char *manager, const char *name, void *arg)
{
	struct machine *m = arg;

	if (name != NULL)
		add_new(m, manager, name);
	else
		list_request(m);
}
