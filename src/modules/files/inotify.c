/* inotify: see inotify.h. */
#include "inotify.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "facts.h"

/* Those of names are only for directories. */
#define EVENTS                                                                              \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_CLOSE_WRITE | \
		IN_DELETE_SELF | IN_MOVE_SELF)
#define WATCHES_MAX 4096
#define PATHS       64

struct watch {
	int wd;
	uint64_t directory, file; /* the paths that watch it as such */
};

struct watcher {
	int fd, error; /* errno of inotify_init1 */
	struct watch watches[WATCHES_MAX];
	unsigned count;
	char *names[PATHS]; /* of the files in a directory of each path; NULL: any */
};

struct watcher *watcher_new(void)
{
	struct watcher *watcher = calloc(1, sizeof(*watcher));

	if (watcher == NULL)
		abort();
	watcher->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	watcher->error = watcher->fd < 0 ? errno : 0;
	return watcher;
}

void watcher_free(struct watcher *watcher)
{
	for (unsigned i = 0; i < PATHS; i++)
		free(watcher->names[i]);
	if (watcher->fd >= 0)
		close(watcher->fd);
	free(watcher);
}

int watcher_fd(const struct watcher *watcher)
{
	return watcher->fd;
}

static struct watch *find(struct watcher *watcher, int wd)
{
	for (unsigned i = 0; i < watcher->count; i++)
		if (watcher->watches[i].wd == wd)
			return &watcher->watches[i];
	return NULL;
}

static const char *refusal(int err)
{
	static char text[160];

	if (err == ENOSPC)
		return "fs.inotify.max_user_watches is reached";
	if (err == EMFILE)
		return "fs.inotify.max_user_instances is reached";
	snprintf(text, sizeof(text), "inotify: %s", strerror(err));
	return text;
}

/* Returns NULL and the watch, or the reason why there is none. */
static const char *add(
	struct watcher *watcher, const char *path, uint32_t events, struct watch **watch)
{
	static char text[64];
	const char *type = facts_remote_type(path);
	int wd;

	if (type != NULL) {
		snprintf(text, sizeof(text), "%s does not report all changes", type);
		return text;
	}
	if (watcher->fd < 0)
		return refusal(watcher->error);
	wd = inotify_add_watch(watcher->fd, path, events | IN_MASK_ADD);
	if (wd < 0) /* a file that was removed just now needs no watch */
		return errno == ENOENT && (events & IN_ONLYDIR) == 0 ? NULL : refusal(errno);
	*watch = find(watcher, wd);
	if (*watch != NULL)
		return NULL;
	if (watcher->count == WATCHES_MAX) {
		inotify_rm_watch(watcher->fd, wd);
		return "there are more than 4096 files";
	}
	*watch = &watcher->watches[watcher->count++];
	**watch = (struct watch){.wd = wd};
	return NULL;
}

const char *watcher_add_directory(
	struct watcher *watcher, unsigned index, const char *directory, const char *name)
{
	struct watch *watch;
	const char *why = add(watcher, directory, EVENTS | IN_ONLYDIR, &watch);

	if (watcher->names[index] == NULL)
		watcher->names[index] = strdup(name);
	if (why == NULL)
		watch->directory |= (uint64_t)1 << index;
	return why;
}

const char *watcher_add_file(struct watcher *watcher, unsigned index, const char *file, bool writes)
{
	struct watch *watch = NULL;
	const char *why = add(watcher, file, EVENTS | (writes ? IN_MODIFY : 0), &watch);

	if (why == NULL && watch != NULL)
		watch->file |= (uint64_t)1 << index;
	return why;
}

/* Returns the paths that an event concerns. */
static uint64_t concerned(struct watcher *watcher, const struct inotify_event *event)
{
	struct watch *watch = find(watcher, event->wd);
	uint64_t paths;

	if (event->mask & IN_Q_OVERFLOW)
		return UINT64_MAX;
	if (watch == NULL)
		return 0;
	paths = watch->file;
	for (unsigned i = 0; i < PATHS; i++)
		if ((watch->directory >> i & 1) != 0 &&
			(event->len == 0 || watcher->names[i] == NULL ||
				fnmatch(watcher->names[i], event->name, FNM_PERIOD) == 0))
			paths |= (uint64_t)1 << i;
	if (event->mask & IN_IGNORED)
		*watch = watcher->watches[--watcher->count];
	return paths;
}

uint64_t watcher_read(struct watcher *watcher)
{
	_Alignas(struct inotify_event) char data[16384];
	uint64_t paths = 0;
	ssize_t n;

	while ((n = read(watcher->fd, data, sizeof(data))) > 0)
		for (char *at = data; at < data + n;) {
			const struct inotify_event *event =
				(const struct inotify_event *)(void *)at;

			paths |= concerned(watcher, event);
			at += sizeof(*event) + event->len;
		}
	return paths;
}
