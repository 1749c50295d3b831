/* services_changes: see services_changes.h. */
#include "service/services_changes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "service/manager.h"
#include "service/systemd/unit_monitor.h"

#define CHANGES (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)

struct services_observer {
	struct services_changes *changes;
	services_change_fn *fn;
	void *arg;
	TAILQ_ENTRY(services_observer) link;
};

/* A list entry on the stack marks the position, because a callback may free any observer. */
static void notify(struct services_changes *changes, const char *manager, const char *name)
{
	struct services_observer *observer = TAILQ_FIRST(&changes->observers), here = {0};

	while (observer != NULL) {
		TAILQ_INSERT_AFTER(&changes->observers, observer, &here, link);
		observer->fn(manager, name, observer->arg);
		observer = TAILQ_NEXT(&here, link);
		TAILQ_REMOVE(&changes->observers, &here, link);
	}
}

/* --- systemd ---------------------------------------------------------------------------------- */

static void on_new(const char *name, void *arg)
{
	notify(arg, "systemd", name);
}

static void on_files(void *arg)
{
	notify(arg, "systemd", NULL);
}

/* --- the directories of the other managers ---------------------------------------------------- */

/* The events themselves do not matter, because the services are listed again in any case. */
static void on_directory(evutil_socket_t fd, short what, void *arg)
{
	char events[4096];
	bool any = false;

	while (read((int)fd, events, sizeof(events)) > 0)
		any = true;
	if (any)
		notify(arg, "", NULL);
}

static void add_directories(int fd)
{
	const struct manager *manager;

	for (size_t i = 0; (manager = manager_at(i)) != NULL; i++)
		for (const char *const *directory = manager->directories;
			directory != NULL && *directory != NULL; directory++)
			if (inotify_add_watch(fd, *directory, CHANGES) < 0 && errno != ENOENT &&
				errno != ENOTDIR)
				log_info("changes of %s are not noticed at once: %s", *directory,
					strerror(errno));
}

static void watch_directories(struct services_changes *changes)
{
	changes->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (changes->fd < 0) {
		log_info("new services are not noticed at once: inotify: %s", strerror(errno));
		return;
	}
	changes->event = event_new(
		loop_base(changes->loop), changes->fd, EV_READ | EV_PERSIST, on_directory, changes);
	if (event_add(changes->event, NULL) < 0)
		log_info("new services are not noticed at once: no memory");
	add_directories(changes->fd);
}

/* --- observers -------------------------------------------------------------------------------- */

void services_changes_init(
	struct services_changes *changes, struct loop *loop, struct unit_monitor *units)
{
	*changes = (struct services_changes){.loop = loop, .units = units, .fd = -1};
	TAILQ_INIT(&changes->observers);
}

void services_changes_clear(struct services_changes *changes)
{
	if (changes->event != NULL)
		event_free(changes->event);
	if (changes->fd >= 0)
		close(changes->fd);
	changes->event = NULL;
	changes->fd = -1;
}

static void start(struct services_changes *changes)
{
	const struct unit_set_user user = {.on_new = on_new, .on_files = on_files, .arg = changes};

	if (changes->started)
		return;
	changes->started = true;
	watch_directories(changes);
	if (changes->units != NULL)
		unit_monitor_watch_set(changes->units, &user);
}

struct services_observer *services_changes_observe(
	struct services_changes *changes, services_change_fn *fn, void *arg)
{
	struct services_observer *observer = memory_zero(sizeof(*observer));

	*observer = (struct services_observer){.changes = changes, .fn = fn, .arg = arg};
	TAILQ_INSERT_TAIL(&changes->observers, observer, link);
	start(changes);
	return observer;
}

void services_observer_free(struct services_observer *observer)
{
	if (observer == NULL)
		return;
	TAILQ_REMOVE(&observer->changes->observers, observer, link);
	free(observer);
}
