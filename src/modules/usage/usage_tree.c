/*
 * usage_tree: see usage_tree.h.
 *
 * After a scan, the entries are sorted by pid and linked: each has a list of its children and, as
 * leader, lists of the members of its session and of its process group. The tree of a service is
 * then collected in a time that depends on its size only.
 *
 * The first service that waits drives the scan by a timer of its own. If it leaves, the next one
 * takes over.
 */
#include "usage_tree.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define SLICE  0.005 /* seconds of work in one callback */
#define PAUSE  0.01  /* seconds between two of them */
#define STEP   16    /* processes between two looks at the clock */
#define SHARE  100.0 /* a scan is repeated after this multiple of its duration at the earliest */
#define FRESH  1.0   /* seconds for which services share a scan */
#define SPARE  32    /* entries */
#define NOBODY UINT32_MAX

enum { CHILDREN, SESSION, GROUP, LISTS };

struct entry {
	pid_t pid;
	struct usage_stat stat;
	uint32_t first[LISTS], next[LISTS];
	unsigned visit; /* the number of the last collection that has visited it */
};

static struct {
	DIR *proc; /* NULL: no scan is in progress */
	struct entry *entries;
	size_t count, size;
	double when; /* when the last scan began; 0: never */
	double cost; /* its CPU time in seconds */
	unsigned visit;
	TAILQ_HEAD(, usage_waiter) waiters;
} tree = {.waiters = TAILQ_HEAD_INITIALIZER(tree.waiters)};

static void on_slice(vigil_daemon *d, void *arg);

/* --- the table -------------------------------------------------------------------------------- */

static bool reserve(size_t size)
{
	struct entry *entries;

	if (size <= tree.size)
		return true;
	entries = realloc(tree.entries, size * sizeof(*entries));
	if (entries == NULL)
		return false;
	tree.entries = entries;
	tree.size = size;
	return true;
}

static void add_entry(pid_t pid)
{
	struct entry *e;

	if (tree.count == tree.size && !reserve(tree.size + tree.size / 2 + SPARE))
		return;
	e = &tree.entries[tree.count];
	if (usage_process_stat(pid, &e->stat) != 0)
		return; /* it has ended, or is hidden */
	e->pid = pid;
	e->visit = 0;
	for (size_t i = 0; i < LISTS; i++)
		e->first[i] = e->next[i] = NOBODY;
	tree.count++;
}

static int compare(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;

	return (one->pid > other->pid) - (one->pid < other->pid);
}

static struct entry *find(pid_t pid)
{
	const struct entry key = {.pid = pid};

	if (pid <= 0 || tree.count == 0)
		return NULL;
	return bsearch(&key, tree.entries, tree.count, sizeof(key), compare);
}

/* The kernel lists /proc by pid, so that there is usually nothing to sort. */
static void sort_entries(void)
{
	for (size_t i = 1; i < tree.count; i++)
		if (tree.entries[i - 1].pid > tree.entries[i].pid) {
			qsort(tree.entries, tree.count, sizeof(*tree.entries), compare);
			return;
		}
}

static void link_entries(void)
{
	for (size_t i = 0; i < tree.count; i++) {
		struct entry *e = &tree.entries[i];
		const pid_t heads[LISTS] = {[CHILDREN] = e->stat.parent,
			[SESSION] = e->stat.session,
			[GROUP] = e->stat.group};

		for (size_t list = 0; list < LISTS; list++) {
			struct entry *head = heads[list] != e->pid ? find(heads[list]) : NULL;

			if (head == NULL)
				continue;
			e->next[list] = head->first[list];
			head->first[list] = (uint32_t)i;
		}
	}
}

/* --- the scan --------------------------------------------------------------------------------- */

static bool begin_scan(double now)
{
	char path[PATH_MAX];
	struct stat st;

	if (!usage_process_path(path, sizeof(path), "/proc"))
		return false;
	tree.proc = opendir(path);
	if (tree.proc == NULL)
		return false;
	/* The number of links of /proc is about that of the processes. */
	if (stat(path, &st) == 0 && st.st_nlink < USAGE_MEMBERS_MAX)
		reserve(st.st_nlink + SPARE);
	tree.count = 0;
	tree.when = now;
	tree.cost = 0;
	return true;
}

/* Returns the CPU time of this thread in seconds. */
static double work_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Works until the time is over. Returns whether the scan is complete. */
static bool scan(void)
{
	double began = vigil_now(), now = began, worked = work_time();
	const struct dirent *entry = NULL;
	char *end;
	long pid;

	while (now < began + SLICE) {
		for (int i = 0; i < STEP && (entry = readdir(tree.proc)) != NULL;) {
			pid = strtol(entry->d_name, &end, 10);
			if (*end != '\0' || pid <= 0 || pid > INT_MAX)
				continue;
			add_entry((pid_t)pid);
			i++;
		}
		now = vigil_now();
		if (entry == NULL)
			break;
	}
	tree.cost += work_time() - worked;
	if (entry != NULL)
		return false;
	closedir(tree.proc);
	tree.proc = NULL;
	sort_entries();
	link_entries();
	return true;
}

/* --- those that wait -------------------------------------------------------------------------- */

static void drive(void)
{
	struct usage_waiter *first = TAILQ_FIRST(&tree.waiters);

	if (first != NULL)
		vigil_after(first->daemon, PAUSE, on_slice, first);
}

/* Serves those that wait until the time is over. */
static void serve(void)
{
	double began = vigil_now();
	struct usage_waiter *w;

	while ((w = TAILQ_FIRST(&tree.waiters)) != NULL && vigil_now() < began + SLICE) {
		w->waiting = false;
		TAILQ_REMOVE(&tree.waiters, w, link);
		w->on_scanned(w->arg);
	}
}

static void on_slice(vigil_daemon *d, void *arg)
{
	if (tree.proc == NULL || scan())
		serve();
	drive();
}

/* All services that waited for the scan have left, and what it has found so far is old. */
static void drop_abandoned(void)
{
	if (tree.proc == NULL)
		return;
	closedir(tree.proc);
	tree.proc = NULL;
	tree.count = 0;
	tree.when = 0;
}

enum usage_tree_answer usage_tree_request(struct usage_waiter *w, double last)
{
	double now = vigil_now();
	bool first;

	if (w->waiting)
		return USAGE_TREE_WAIT;
	first = TAILQ_EMPTY(&tree.waiters);
	if (first)
		drop_abandoned();
	if (tree.proc == NULL && tree.when > last && now < tree.when + FRESH + SHARE * tree.cost)
		return USAGE_TREE_READY;
	if (tree.proc == NULL && first) {
		if (tree.when > 0 && now < tree.when + SHARE * tree.cost)
			return USAGE_TREE_LATER;
		if (!begin_scan(now))
			return USAGE_TREE_LATER;
		if (scan())
			return USAGE_TREE_READY;
	}
	w->waiting = true;
	TAILQ_INSERT_TAIL(&tree.waiters, w, link);
	if (first)
		drive();
	return USAGE_TREE_WAIT;
}

void usage_tree_leave(struct usage_waiter *w)
{
	bool first;

	if (!w->waiting)
		return;
	first = w == TAILQ_FIRST(&tree.waiters);
	vigil_cancel(w->daemon, on_slice, w);
	w->waiting = false;
	TAILQ_REMOVE(&tree.waiters, w, link);
	if (first)
		drive();
}

/* --- the tree of one service ------------------------------------------------------------------ */

/* Visits the entry and puts it on the stack, which is the list of those that were found. */
static void visit(uint32_t index, struct usage_members *found, struct usage_tree_sum *sum)
{
	struct entry *e = &tree.entries[index];

	if (e->visit == tree.visit)
		return;
	e->visit = tree.visit;
	usage_members_add(
		found, (struct usage_member){
			       .pid = e->pid, .started = e->stat.started, .own = e->stat.own});
	sum->ticks += e->stat.own + e->stat.reaped;
	sum->threads += e->stat.threads;
}

int usage_tree_collect(pid_t pid, const struct usage_members *before, struct usage_members *found,
	struct usage_tree_sum *sum)
{
	struct entry *e = tree.proc == NULL ? find(pid) : NULL;

	*sum = (struct usage_tree_sum){.when = tree.when};
	if (e == NULL)
		return -ESRCH;
	tree.visit++;
	visit((uint32_t)(e - tree.entries), found, sum);
	for (size_t i = 0; i < before->count; i++) {
		e = find(before->list[i].pid);
		if (e != NULL && e->stat.started == before->list[i].started)
			visit((uint32_t)(e - tree.entries), found, sum);
	}
	for (size_t i = 0; i < found->count; i++) {
		e = find(found->list[i].pid);
		for (size_t list = 0; e != NULL && list < LISTS; list++)
			for (uint32_t at = e->first[list]; at != NOBODY;
				at = tree.entries[at].next[list])
				visit(at, found, sum);
	}
	return 0;
}

void usage_tree_forget(void)
{
	if (tree.proc != NULL)
		closedir(tree.proc);
	free(tree.entries);
	memset(&tree, 0, sizeof(tree));
	TAILQ_INIT(&tree.waiters);
}
