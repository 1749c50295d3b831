/*
 * run_group: creates control groups, one for each run, and removes them when they are empty.
 *
 * All groups are in the directory vigil.PID.TIME, below vigild's own group.  vigild stays in its
 * own group.  That is allowed, because no controller is enabled below that group, so the rule
 * against processes in inner groups does not apply.  vigild locks the directory as long as it runs.
 * A directory that is not locked was left by a vigild that was killed.  The kernel releases the
 * lock with the process, and the lock works across PID namespaces.
 *
 * Most runs leave no process behind, and then rmdir removes the group at once.  When rmdir fails,
 * the processes in the group are killed, and the group is kept in a list until cgroup.events
 * reports that it is empty.
 *
 * Workers create and end groups, too.  The lock guards the lists.  Only the loop thread logs.
 */
#include "process/run_group.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/loop.h"
#include "process/cgroup.h"
#include "process/left_behind.h"
#include "process/process.h"
#include "process/program.h"
#include "process/spawn_step.h"

#define PREFIX "vigil."
#define FEW    8 /* processes; a run with no more does not fill a limit */

struct run_group {
	TAILQ_ENTRY(run_group) link; /* in all.running or all.ending */
	char name[NAME_MAX + 1];
	char procs[PATH_MAX];
	char *owner;
	int parent; /* descriptor of the directory above it; borrowed */
	int watch;  /* inotify watch of its cgroup.events; -1: none */
	bool runs;  /* it is in all.running */
	size_t left;
	size_t relieved; /* processes that were killed to make room; 0: none */
	pid_t first;
	char comm[64]; /* name of the process first */
};

TAILQ_HEAD(groups, run_group);

static struct {
	pthread_mutex_t lock; /* guards the lists, their groups, the watches, and base */
	struct groups running, ending;
	struct event *on_change;
	int events; /* inotify descriptor */
	int own;    /* descriptor of vigild's own group */
	int base;   /* descriptor of vigil.PID.TIME; -1: groups are not available */
	char base_name[64];
	char path[1024]; /* path of own */
	char step[PATH_MAX];
	unsigned next;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER,
	.running = TAILQ_HEAD_INITIALIZER(all.running),
	.ending = TAILQ_HEAD_INITIALIZER(all.ending),
	.events = -1,
	.own = -1,
	.base = -1};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* --- ending groups ---------------------------------------------------------------------------- */

static void destroy(struct run_group *group)
{
	free(group->owner);
	free(group);
}

static int open_group(const struct run_group *group)
{
	return openat(group->parent, group->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static bool is_populated(const struct run_group *group)
{
	int fd = open_group(group);
	bool populated = fd >= 0 && cgroup_is_populated(fd);

	if (fd >= 0)
		close(fd);
	return populated;
}

static void watch(struct run_group *group)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s/cgroup.events", group->parent,
		group->name);
	group->watch = inotify_add_watch(all.events, path, IN_MODIFY);
}

/* Counts the processes in the group for the log, and kills them. */
static void kill_all(struct run_group *group)
{
	struct process process = {.comm = ""};
	int fd = open_group(group);

	if (fd < 0)
		return;
	group->left = cgroup_count(fd, &group->first);
	if (group->first > 0)
		process_read(group->first, &process);
	memcpy(group->comm, process.comm, sizeof(group->comm));
	cgroup_kill(fd);
	close(fd);
}

/* Removes the group from the list of running groups.  On the loop thread, logs if its run was
 * killed to make room. */
static void leave_running(struct run_group *group)
{
	pthread_mutex_lock(&all.lock);
	if (group->runs)
		TAILQ_REMOVE(&all.running, group, link);
	group->runs = false;
	pthread_mutex_unlock(&all.lock);
	if (group->relieved > 0 && loop_is_owner())
		log_write(LEVEL_WARN, group->owner,
			"its run was killed (%zu processes), because the limit of tasks was "
			"reached and the script of a service could not be started",
			group->relieved);
}

/* Removes the group if it is empty.  Otherwise kills its processes, puts it on the list of ending
 * groups and returns true.  Called with the lock held. */
static bool begin_end(struct run_group *group)
{
	if (group->parent < 0) /* run_groups_close has killed its processes */
		return false;
	if (unlinkat(group->parent, group->name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return false;
	/* The watch is added before the check, so that a change between the two is not missed. */
	watch(group);
	if (is_populated(group)) {
		kill_all(group);
		TAILQ_INSERT_TAIL(&all.ending, group, link);
		return true;
	}
	if (group->watch >= 0)
		inotify_rm_watch(all.events, group->watch);
	cgroup_remove(group->parent, group->name);
	return false;
}

void run_group_end(struct run_group *group)
{
	bool ending;

	if (group == NULL)
		return;
	leave_running(group);
	pthread_mutex_lock(&all.lock);
	ending = begin_end(group);
	pthread_mutex_unlock(&all.lock);
	if (!ending)
		destroy(group);
}

/* Removes a group that is empty, or one at the stop of vigild.  Logs what was left in it. */
static void finish(struct run_group *group)
{
	TAILQ_REMOVE(&all.ending, group, link);
	if (group->watch >= 0)
		inotify_rm_watch(all.events, group->watch);
	cgroup_remove(group->parent, group->name);
	if (group->left > 0)
		left_behind_note(group->owner, group->first, group->comm, group->left);
	destroy(group);
}

/* Removes the groups that are empty now. */
static void sweep(void)
{
	struct run_group *group, *next;

	pthread_mutex_lock(&all.lock);
	for (group = TAILQ_FIRST(&all.ending); group != NULL; group = next) {
		next = TAILQ_NEXT(group, link);
		if (!is_populated(group))
			finish(group);
	}
	pthread_mutex_unlock(&all.lock);
}

static void on_change(evutil_socket_t fd, short what, void *arg)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (read(fd, events, sizeof(events)) > 0)
		continue;
	sweep();
}

/* --- a group for a run ------------------------------------------------------------------------ */

/* Returns NULL when out of memory.  This must not end vigild, because workers create groups, too.
 * owner NULL: the group is from an earlier vigild. */
static struct run_group *group_new(int parent, const char *name, const char *owner)
{
	struct run_group *group = calloc(1, sizeof(*group));

	if (group == NULL)
		return NULL;
	group->parent = parent;
	group->watch = -1;
	snprintf(group->name, sizeof(group->name), "%s", name);
	group->owner = owner != NULL ? strdup(owner) : NULL;
	return group;
}

/* Called with the lock held. */
static struct run_group *make_running(const char *owner)
{
	struct run_group *group;
	char name[64];

	if (all.base < 0)
		return NULL;
	snprintf(name, sizeof(name), "run.%u", all.next++);
	if (mkdirat(all.base, name, 0755) != 0)
		return NULL;
	group = group_new(all.base, name, owner);
	if (group == NULL) {
		unlinkat(all.base, name, AT_REMOVEDIR);
		return NULL;
	}
	snprintf(group->procs, sizeof(group->procs), "%s/%s/%s/cgroup.procs", all.path,
		all.base_name, name);
	group->runs = true;
	TAILQ_INSERT_TAIL(&all.running, group, link);
	return group;
}

struct run_group *run_group_new(const char *owner, const char *program)
{
	struct run_group *group;

	if (!spawn_step_suits(program))
		return NULL;
	pthread_mutex_lock(&all.lock);
	group = make_running(owner != NULL ? owner : program);
	pthread_mutex_unlock(&all.lock);
	return group;
}

const char *run_group_procs(const struct run_group *group)
{
	return group->procs;
}

const char *run_group_step(const struct run_group *group)
{
	return all.step;
}

bool run_groups_relieve(void)
{
	struct run_group *group, *largest = NULL;
	size_t most = FEW, count;
	pid_t first;
	int fd;

	pthread_mutex_lock(&all.lock);
	TAILQ_FOREACH(group, &all.running, link) {
		fd = open_group(group);
		count = fd >= 0 ? cgroup_count(fd, &first) : 0;
		close_fd(&fd);
		if (count > most) {
			most = count;
			largest = group;
		}
	}
	if (largest != NULL) {
		largest->relieved = most;
		fd = open_group(largest);
		if (fd >= 0)
			cgroup_kill(fd);
		close_fd(&fd);
	}
	pthread_mutex_unlock(&all.lock);
	return largest != NULL;
}

/* --- start of vigild -------------------------------------------------------------------------- */

static bool find_step(void)
{
	char *path = program_path(PKGLIBDIR, "vigil-enter");
	bool found = strlen(path) < sizeof(all.step) && access(path, X_OK) == 0;

	if (found)
		strcpy(all.step, path);
	free(path);
	return found;
}

/* Ends the groups in a directory that is not locked, because a vigild that was killed has left
 * it. */
static void end_stale(int own, const char *name, int depth, void *arg)
{
	bool other = strncmp(name, PREFIX, strlen(PREFIX)) == 0 && strcmp(name, all.base_name) != 0;
	int fd = other ? openat(own, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) : -1;
	bool stale = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;

	if (stale && cgroup_remove(own, name) != 0)
		run_group_end(group_new(own, name, NULL));
	if (fd >= 0)
		close(fd);
}

/* Returns false for a threaded group, because groups below it cannot contain processes. */
static bool is_domain(int group)
{
	char type[32];

	return process_read_file(group, "cgroup.type", type, sizeof(type)) > 0 &&
	       strcmp(type, "domain\n") == 0;
}

/* A worker that the stop of an earlier vigild did not wait for may read it. */
static void set_base(int base)
{
	pthread_mutex_lock(&all.lock);
	close_fd(&all.base);
	all.base = base;
	pthread_mutex_unlock(&all.lock);
}

static bool make_base(void)
{
	int base;

	snprintf(all.base_name, sizeof(all.base_name), PREFIX "%d.%llu", (int)getpid(),
		(unsigned long long)clock_now());
	if (mkdirat(all.own, all.base_name, 0755) != 0)
		return false;
	base = openat(all.own, all.base_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* The lock can fail, because another vigild that starts now may take the directory for an
	 * abandoned one and remove it. */
	if (base >= 0 && flock(base, LOCK_EX | LOCK_NB) == 0 && is_domain(base)) {
		set_base(base);
		return true;
	}
	close_fd(&base);
	unlinkat(all.own, all.base_name, AT_REMOVEDIR);
	return false;
}

static bool watch_events(struct loop *loop)
{
	all.events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (all.events < 0)
		return false;
	all.on_change =
		event_new(loop_base(loop), all.events, EV_READ | EV_PERSIST, on_change, NULL);
	return event_add(all.on_change, NULL) == 0;
}

static const char *open_all(struct loop *loop, const char *step)
{
	if (step != NULL)
		snprintf(all.step, sizeof(all.step), "%s", step);
	else if (!find_step())
		return "vigil-enter is not installed";
	if (cgroup_find_own(all.path, sizeof(all.path)) != 0)
		return "there is no cgroup v2 hierarchy";
	if (!cgroup_may_divide(all.path))
		return "vigild's control group is not delegated to it";
	all.own = open(all.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (all.own < 0 || !watch_events(loop))
		return strerror(errno);
	cgroup_each_below(all.own, end_stale, 0, NULL);
	return make_base() ? NULL : "vigild cannot create control groups";
}

void run_groups_open(struct loop *loop, const char *step)
{
	const char *why;

	LOOP_ASSERT_OWNER();
	why = open_all(loop, step);
	if (why == NULL)
		return;
	log_debug("processes that programs leave behind are killed by session: %s", why);
}

/* --- stop of vigild --------------------------------------------------------------------------- */

static void await_empty(int group)
{
	uint64_t now = clock_now(), until = now + CLOCK_SECOND;
	int fd = openat(group, "cgroup.events", O_RDONLY | O_CLOEXEC);
	struct pollfd changed = {.fd = fd, .events = POLLPRI};

	for (; fd >= 0 && now < until && cgroup_is_populated(group); now = clock_now())
		poll(&changed, 1, (int)((until - now) / CLOCK_MS) + 1);
	close_fd(&fd);
}

void run_groups_close(void)
{
	struct run_group *group;

	if (all.base >= 0) {
		cgroup_kill(all.base);
		await_empty(all.base);
	}
	pthread_mutex_lock(&all.lock);
	while (!TAILQ_EMPTY(&all.ending))
		finish(TAILQ_FIRST(&all.ending));
	while ((group = TAILQ_FIRST(&all.running)) != NULL) { /* a worker uses it and frees it */
		TAILQ_REMOVE(&all.running, group, link);
		group->runs = false;
		group->parent = -1; /* the number soon belongs to another file */
	}
	if (all.base >= 0)
		cgroup_remove(all.own, all.base_name);
	close_fd(&all.base);
	pthread_mutex_unlock(&all.lock);
	if (all.on_change != NULL)
		event_free(all.on_change);
	all.on_change = NULL;
	close_fd(&all.events);
	close_fd(&all.own);
}
