/* cgroup: parses the kernel's lists of control groups and mounts, and walks the trees of groups. */
#include "process/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "process/process.h"

#define DEPTH        16 /* of nested groups; deeper groups are not walked */
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define PASSES       64 /* over a group whose processes keep forking */

/* --- finding groups --------------------------------------------------------------------------- */

/* Returns the path in a line such as "8:cpu,pids:/system.slice"; NULL where the line is not for
 * that controller.  An empty controller means version 2, as in "0::/system.slice". */
static const char *path_in(const char *line, const char *controller)
{
	const char *list = strchr(line, ':'), *end = list != NULL ? strchr(list + 1, ':') : NULL;
	size_t n = strlen(controller);

	if (end == NULL)
		return NULL;
	if (n == 0)
		return end == list + 1 ? end + 1 : NULL;
	for (const char *word = list + 1; word < end; word += strcspn(word, ",:") + 1)
		if (strcspn(word, ",:") == n && strncmp(word, controller, n) == 0)
			return end + 1;
	return NULL;
}

/* Reads the path of a process below the root of the hierarchy, such as
 * "/system.slice/vigil.service".  pid 0: this process. */
static int read_path(pid_t pid, const char *controller, char *path, size_t size)
{
	const char *found;
	char name[32] = "/proc/self/cgroup", line[1024];
	FILE *file;
	int err = -ENOENT;

	if (pid > 0)
		snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	file = fopen(name, "re");
	if (file == NULL)
		return -errno;
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		found = path_in(line, controller);
		if (found == NULL || strlen(found) >= size)
			continue;
		strcpy(path, found);
		err = 0;
	}
	fclose(file);
	return err;
}

/* Returns whether type, the text after the " - " of a line of mountinfo, describes that
 * hierarchy. */
static bool is_hierarchy(const char *type, const char *controller)
{
	const char *options = strrchr(type, ' ');
	size_t n = strlen(controller);

	if (n == 0)
		return strncmp(type, "cgroup2 ", 8) == 0;
	if (strncmp(type, "cgroup ", 7) != 0 || options == NULL)
		return false;
	for (options++; *options != '\0'; options += strspn(options, ",\n")) {
		if (strcspn(options, ",\n") == n && strncmp(options, controller, n) == 0)
			return true;
		options += strcspn(options, ",\n");
	}
	return false;
}

struct mount {
	char controller[16];
	char point[1024]; /* where the hierarchy is mounted; empty: this entry is unused */
	char root[1024];  /* the group that is mounted there */
};

/* The mounts that were found.  They are kept, because mountinfo can have hundreds of kilobytes and
 * plugins are started often. */
static struct {
	pthread_mutex_t lock;
	struct mount mounts[3]; /* one for version 2, two for controllers of version 1 */
} known = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int read_mount(const char *controller, struct mount *mount)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[4096];
	const char *type;
	int err = -ENOENT;

	if (file == NULL)
		return -errno;
	while (err != 0 && fgets(line, sizeof(line), file) != NULL) {
		type = strstr(line, " - ");
		if (type == NULL || !is_hierarchy(type + 3, controller))
			continue;
		if (sscanf(line, "%*s %*s %*s %1023s %1023s", mount->root, mount->point) == 2)
			err = 0;
	}
	fclose(file);
	return err;
}

/* Returns the mount of that hierarchy, or a free entry for it. */
static struct mount *find_known(const char *controller)
{
	struct mount *free = &known.mounts[COUNT(known.mounts) - 1];

	for (size_t i = COUNT(known.mounts); i-- > 0;) {
		struct mount *mount = &known.mounts[i];

		if (mount->point[0] == '\0')
			free = mount;
		else if (strcmp(mount->controller, controller) == 0)
			return mount;
	}
	return free;
}

static int find_mount(const char *controller, struct mount *mount)
{
	struct mount *entry;
	int err = 0;

	pthread_mutex_lock(&known.lock);
	entry = find_known(controller);
	*mount = *entry;
	if (mount->point[0] == '\0' || strcmp(mount->controller, controller) != 0) {
		snprintf(mount->controller, sizeof(mount->controller), "%s", controller);
		err = read_mount(controller, mount);
		if (err == 0)
			*entry = *mount;
	}
	pthread_mutex_unlock(&known.lock);
	return err;
}

int cgroup_find_of(pid_t pid, const char *controller, char *path, size_t size)
{
	const char *below;
	struct mount mount;
	char own[1024];
	size_t n;
	int err = read_path(pid, controller, own, sizeof(own));

	if (err == 0)
		err = find_mount(controller, &mount);
	if (err != 0)
		return err;
	n = strcmp(mount.root, "/") == 0 ? 0 : strlen(mount.root);
	if (strncmp(own, mount.root, n) != 0 || (own[n] != '/' && own[n] != '\0') ||
		strstr(own, "/..") != NULL)
		return -ENOENT; /* the group is not below the mount point */
	below = own + n;
	if (strcmp(below, "/") == 0)
		below = "";
	return (size_t)snprintf(path, size, "%s%s", mount.point, below) < size ? 0 : -ENAMETOOLONG;
}

int cgroup_find(const char *controller, char *path, size_t size)
{
	return cgroup_find_of(0, controller, path, size);
}

int cgroup_find_own(char *path, size_t size)
{
	return cgroup_find("", path, size);
}

/* systemd marks delegated groups with an extended attribute.  Only root can read the first one. */
static bool is_delegated(const char *path)
{
	static const char *const names[] = {"trusted.delegate", "user.delegate"};
	char value[8];

	if (access("/run/systemd/system", F_OK) != 0)
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (getxattr(path, names[i], value, sizeof(value)) == 1 && value[0] == '1')
			return true;
	return false;
}

bool cgroup_may_divide(const char *path)
{
	char procs[1100];

	/* To move a process to a group below, vigild must be able to write the cgroup.procs of both
	 * groups. */
	snprintf(procs, sizeof(procs), "%.1000s/cgroup.procs", path);
	return access(path, W_OK) == 0 && access(procs, W_OK) == 0 && is_delegated(path);
}

/* --- processes in a group --------------------------------------------------------------------- */

bool cgroup_is_populated(int group)
{
	char text[256];

	return process_read_file(group, "cgroup.events", text, sizeof(text)) > 0 &&
	       strstr(text, "populated 1") != NULL;
}

/* A group that is removed during the read has no members (ENODEV).  A group that contains only
 * threads lists its processes in the group above it (EOPNOTSUPP).  Returns 0 or -errno. */
static int each_member(int group, cgroup_member_fn *fn, void *arg)
{
	int fd = openat(group, "cgroup.procs", O_RDONLY | O_CLOEXEC), err = fd < 0 ? -errno : 0,
	    pid;
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (file == NULL) {
		if (fd >= 0)
			close(fd);
		return fd >= 0 ? -ENOMEM : err;
	}
	while (fscanf(file, "%d", &pid) == 1)
		if (pid > 0) /* 0: a process outside of vigild's PID namespace */
			fn((pid_t)pid, arg);
	if (ferror(file) && errno != ENODEV && errno != EOPNOTSUPP)
		err = -errno;
	fclose(file);
	return err;
}

int cgroup_each_below(int group, cgroup_below_fn *fn, int depth, void *arg)
{
	int fd = openat(group, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	int err = dir == NULL ? -errno : 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
			strcmp(entry->d_name, "..") != 0)
			fn(group, entry->d_name, depth, arg);
	if (dir != NULL)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return err;
}

struct walk {
	cgroup_member_fn *fn;
	void *arg;
	int err; /* the first error */
};

static void walk_all(int group, struct walk *walk, int depth);

/* Groups below the first one may be removed during the walk. */
static void note_error(struct walk *walk, int err, int depth)
{
	if (walk->err == 0 && (depth == 0 || err != -ENOENT))
		walk->err = err;
}

static void walk_below(int group, const char *name, int depth, void *arg)
{
	int fd = openat(group, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0) {
		note_error(arg, -errno, depth);
		return;
	}
	walk_all(fd, arg, depth);
	close(fd);
}

static void walk_all(int group, struct walk *walk, int depth)
{
	note_error(walk, each_member(group, walk->fn, walk->arg), depth);
	if (depth < DEPTH)
		note_error(walk, cgroup_each_below(group, walk_below, depth + 1, walk), depth);
}

int cgroup_each(int group, cgroup_member_fn *fn, void *arg)
{
	struct walk walk = {.fn = fn, .arg = arg};

	walk_all(group, &walk, 0);
	return walk.err;
}

static bool is_other(pid_t pid)
{
	return pid > 1 && pid != getpid();
}

struct counted {
	size_t count;
	pid_t first;
};

static void count_member(pid_t pid, void *arg)
{
	struct counted *counted = arg;

	if (is_other(pid) && counted->count++ == 0)
		counted->first = pid;
}

size_t cgroup_count(int group, pid_t *first)
{
	struct counted counted = {0};

	cgroup_each(group, count_member, &counted);
	*first = counted.first;
	return counted.count;
}

/* --- killing and removing --------------------------------------------------------------------- */

static bool write_file(int group, const char *name)
{
	int fd = openat(group, name, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, "1", 1) == 1;

	if (fd >= 0)
		close(fd);
	return written;
}

static void kill_member(pid_t pid, void *arg)
{
	size_t *count = arg;

	*count += is_other(pid) && kill(pid, SIGKILL) == 0;
}

/* Freezes the group, because frozen processes cannot fork but can be killed. */
void cgroup_kill_each(int group)
{
	size_t count = 1;

	write_file(group, "cgroup.freeze");
	for (int i = 0; i < PASSES && count > 0; i++) {
		count = 0;
		cgroup_each(group, kill_member, &count);
	}
}

void cgroup_kill(int group)
{
	if (!write_file(group, "cgroup.kill"))
		cgroup_kill_each(group);
}

static void remove_below(int group, const char *name, int depth, void *arg)
{
	int fd;

	if (unlinkat(group, name, AT_REMOVEDIR) == 0 || depth >= DEPTH)
		return;
	fd = openat(group, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	cgroup_each_below(fd, remove_below, depth + 1, arg);
	close(fd);
	unlinkat(group, name, AT_REMOVEDIR);
}

int cgroup_remove(int parent, const char *name)
{
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	remove_below(parent, name, 0, NULL);
	if (faccessat(parent, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return -EBUSY;
	return 0;
}
