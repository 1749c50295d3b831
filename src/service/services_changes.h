/*
 * services_changes: reports that the set of services of the machine may have changed, for the loop
 * thread.
 *
 * systemd signals such changes.  For the other managers, inotify reports changes of the directories
 * that have their services.  Nothing is watched before the first observer asks for it.
 */
#ifndef SERVICES_CHANGES_H
#define SERVICES_CHANGES_H

#include <stdbool.h>
#include <sys/queue.h>

struct event;
struct loop;
struct services_observer;
struct unit_monitor;

/* name: a service that the manager has loaded; NULL: services may have been added, removed, enabled
 * or disabled.  The texts are valid during the call.  The function may free any observer. */
typedef void services_change_fn(const char *manager, const char *name, void *arg);

/* Part of struct services.  Private to services_changes.c. */
struct services_changes {
	struct loop *loop;
	struct unit_monitor *units; /* NULL: built without systemd */
	TAILQ_HEAD(services_observers, services_observer) observers;
	bool started;
	int fd; /* the inotify descriptor; -1: not started, or it could not be opened */
	struct event *event;
};

void services_changes_init(
	struct services_changes *changes, struct loop *loop, struct unit_monitor *units);
/* All observers must be freed. */
void services_changes_clear(struct services_changes *changes);
struct services_observer *services_changes_observe(
	struct services_changes *changes, services_change_fn *fn, void *arg);
/* NULL is allowed. */
void services_observer_free(struct services_observer *observer);

#endif
