/* content: see content.h. */
#include "content.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENTRIES_MAX 65536

extern char **environ;

static void (*on_piece)(void);

void content_on_piece(void (*fn)(void))
{
	on_piece = fn;
}

static void piece(void)
{
	if (on_piece != NULL)
		on_piece();
}

/* --- lines ------------------------------------------------------------------------------------ */

static void pass(struct content *c, const char *line, size_t length)
{
	char text[CONTENT_LINE + 1];

	if (length > 0 && line[length - 1] == '\r')
		length--;
	if (length > CONTENT_LINE)
		length = CONTENT_LINE;
	memcpy(text, line, length);
	for (size_t i = 0; i < length; i++)
		if (text[i] == '\0')
			text[i] = '?';
	text[length] = '\0';
	c->fn(text, length, c->arg);
}

/* Passes the lines in data. Returns the number of bytes that need not be read again. */
static size_t feed(struct content *c, const char *data, size_t size, bool end)
{
	size_t done = 0;

	while (done < size) {
		const char *newline = memchr(data + done, '\n', size - done);
		size_t length = newline != NULL ? (size_t)(newline - data) - done : size - done;

		if (newline == NULL && !c->skipping && !end && size - done < CONTENT_PIECE)
			break;
		if (!c->skipping)
			pass(c, data + done, length);
		/* Without a newline, the line is too long, or it is the last one. */
		c->skipping = newline == NULL && !end;
		done += length + (newline != NULL);
	}
	return done;
}

int content_file(struct content *c, int fd, off_t *offset, size_t budget, bool end, bool *more)
{
	static char data[CONTENT_PIECE];
	size_t spent = 0, done;
	ssize_t n;

	*more = false;
	for (;;) {
		if (spent >= budget) {
			*more = true;
			return 0;
		}
		n = pread(fd, data, sizeof(data), *offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		/* Only the last piece of a file is shorter. */
		done = feed(c, data, (size_t)n, end && (size_t)n < sizeof(data));
		if (done == 0)
			return 0;
		*offset += (off_t)done;
		spent += done;
		piece();
	}
}

int content_pipe(struct content *c, int fd)
{
	static char data[CONTENT_PIECE];
	size_t have = 0, done;
	ssize_t n;

	for (;;) {
		n = read(fd, data + have, sizeof(data) - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		have += (size_t)n;
		done = feed(c, data, have, n == 0);
		memmove(data, data + done, have - done);
		have -= done;
		piece();
		if (n == 0)
			return 0;
	}
}

/* --- compressed files ------------------------------------------------------------------------- */

static const struct {
	const char *suffix, *program;
} packers[] = {{".gz", "gzip"}, {".xz", "xz"}, {".bz2", "bzip2"}, {".zst", "zstd"}};

static const char *packer(const char *name)
{
	const char *suffix = strrchr(name, '.');

	for (size_t i = 0; suffix != NULL && i < sizeof(packers) / sizeof(*packers); i++)
		if (strcmp(suffix, packers[i].suffix) == 0)
			return packers[i].program;
	return NULL;
}

bool content_is_packed(const char *name)
{
	return packer(name) != NULL;
}

int content_unpack(const char *name, int fd, pid_t *pid)
{
	const char *program = packer(name);
	const char *argv[] = {program, "-cd", NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int ends[2], err;

	if (program == NULL || pipe2(ends, O_CLOEXEC) < 0)
		return program == NULL ? -EINVAL : -errno;
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	err = posix_spawnp(pid, program, &actions, &attributes, (char *const *)argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (err == 0)
		return ends[0];
	close(ends[0]);
	return -err;
}

void content_end_unpack(int fd, pid_t pid)
{
	close(fd); /* if it still writes, it ends by SIGPIPE */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* --- checksums -------------------------------------------------------------------------------- */

int content_sum(int fd, char text[SHA256_TEXT])
{
	static char data[CONTENT_PIECE];
	struct sha256 sum;
	ssize_t n;

	sha256_begin(&sum);
	for (;;) {
		n = read(fd, data, sizeof(data));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		sha256_add(&sum, data, (size_t)n);
		piece();
	}
	if (n < 0)
		return -errno;
	sha256_end(&sum, text);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_entry(struct sha256 *sum, int fd, const char *name)
{
	struct stat st = {0};
	char line[160];

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return; /* it was removed just now */
	snprintf(line, sizeof(line), " %o %u %u %lld %lld.%09ld", (unsigned)st.st_mode,
		(unsigned)st.st_uid, (unsigned)st.st_gid, (long long)st.st_size,
		(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	sha256_add(sum, name, strlen(name) + 1);
	sha256_add(sum, line, strlen(line) + 1);
}

/* Reads the names into a new array. Returns their number, or -errno. */
static ssize_t read_names(DIR *directory, char ***names)
{
	size_t count = 0, room = 0;
	struct dirent *entry;

	*names = NULL;
	while (errno = 0, (entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (count == ENTRIES_MAX) {
			errno = E2BIG;
			break;
		}
		if (count == room) {
			room = room > 0 ? 2 * room : 64;
			*names = realloc(*names, room * sizeof(**names));
			if (*names == NULL)
				abort();
		}
		(*names)[count++] = strdup(entry->d_name);
	}
	if (errno == 0)
		return (ssize_t)count;
	while (count > 0)
		free((*names)[--count]);
	return -errno;
}

int content_sum_directory(const char *path, char text[SHA256_TEXT])
{
	DIR *directory = opendir(path);
	struct sha256 sum;
	char **names;
	ssize_t count;

	if (directory == NULL)
		return -errno;
	count = read_names(directory, &names);
	if (count > 0)
		qsort(names, (size_t)count, sizeof(*names), by_name);
	sha256_begin(&sum);
	for (ssize_t i = 0; i < count; i++) {
		add_entry(&sum, dirfd(directory), names[i]);
		free(names[i]);
	}
	free(names);
	closedir(directory);
	if (count < 0)
		return (int)count;
	sha256_end(&sum, text);
	return 0;
}
