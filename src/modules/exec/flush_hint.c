/*
 * flush_hint: see flush_hint.h.
 *
 * Most programs flush their output after each line only if it is a terminal. How to change that
 * depends on the language, which the executable of the process shows: that of a script is its
 * interpreter. stdbuf works only for programs that use the buffers of the C library and are linked
 * dynamically.
 */
#include "flush_hint.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEAD 4096 /* bytes; the program headers are there */

struct way {
	const char *program; /* the beginning of its name */
	const char *option;  /* an argument that prevents the buffering; NULL: none */
	const char *hint;    /* NULL: it does not buffer */
};

static const struct way ways[] = {
	{"python", "-u", "run it with python3 -u, or print with flush=True"},
	{"pypy", "-u", "run it with -u, or print with flush=True"},
	{"perl", NULL, "set $| = 1 in the program"},
	{"ruby", NULL, "set $stdout.sync = true in the program"},
	{"awk", NULL, "call fflush() after each print"},
	{"gawk", NULL, "call fflush() after each print"},
	{"mawk", NULL, "call fflush() after each print"},
	{"sed", "-u", "run sed with -u"},
	{"grep", "--line-buffered", "run grep with --line-buffered"},
	{"jq", "--unbuffered", "run jq with --unbuffered"},
	{"tcpdump", "-l", "run tcpdump with -l"},
	{"stdbuf", NULL, NULL},
	{"unbuffer", NULL, NULL},
	{"node", NULL, NULL},
	/* A shell does not buffer, but the programs in it do. */
	{"sh", NULL, "run the programs in the script through stdbuf -oL"},
	{"dash", NULL, "run the programs in the script through stdbuf -oL"},
	{"bash", NULL, "run the programs in the script through stdbuf -oL"},
};

static const char OF_C[] = "run it through stdbuf -oL, or call fflush after each line";
static const char OF_ANY[] = "flush it after each line";

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* A version may follow the name, as in python3.11. */
static const struct way *find_way(const char *program)
{
	const char *name = base_name(program);
	size_t n;

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		n = strlen(ways[i].program);
		if (strncmp(name, ways[i].program, n) == 0 &&
			name[n + strspn(name + n, "0123456789.-")] == '\0')
			return &ways[i];
	}
	return NULL;
}

/* Reads the start of a file in /proc/PID, and adds a NUL. Returns the length; 0: it cannot be
 * read. */
static size_t read_proc(pid_t pid, const char *name, char text[HEAD + 1])
{
	char path[64];
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, HEAD);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static bool has_argument(pid_t pid, const char *option)
{
	char arguments[HEAD + 1];
	size_t length = read_proc(pid, "cmdline", arguments);

	for (const char *at = arguments; at < arguments + length; at += strlen(at) + 1)
		if (strcmp(at, option) == 0)
			return true;
	return false;
}

/* Returns whether the file is a program that is linked dynamically. */
static bool is_dynamic(const char *head, size_t length)
{
	Elf64_Ehdr elf;
	Elf64_Phdr segment;

	if (length < sizeof(elf) || memcmp(head, ELFMAG, SELFMAG) != 0)
		return false;
	memcpy(&elf, head, sizeof(elf));
	if (elf.e_ident[EI_CLASS] != ELFCLASS64)
		return true; /* it is not worth the trouble to find out */
	for (unsigned i = 0; i < elf.e_phnum; i++) {
		size_t offset = elf.e_phoff + i * sizeof(segment);

		if (offset > length || length - offset < sizeof(segment))
			return false;
		memcpy(&segment, head + offset, sizeof(segment));
		if (segment.p_type == PT_INTERP)
			return true;
	}
	return false;
}

static bool is_unbuffered_python(vigil_daemon *d, const struct way *way)
{
	static const char name[] = "PYTHONUNBUFFERED=";

	if (strcmp(way->program, "python") != 0)
		return false;
	for (const char *const *entry = vigil_option_list(d, "environment"); *entry != NULL;
		entry++)
		if (strncmp(*entry, name, strlen(name)) == 0 && (*entry)[strlen(name)] != '\0')
			return true;
	return false;
}

bool flush_hint(vigil_daemon *d, pid_t pid, char hint[FLUSH_HINT])
{
	const struct way *way = find_way(vigil_option_list(d, "command")[0]);
	char path[64], program[PATH_MAX] = "", head[HEAD + 1];
	size_t length;

	if (way != NULL && way->hint == NULL)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (readlink(path, program, sizeof(program) - 1) > 0)
		way = find_way(program);
	if (way != NULL && (way->hint == NULL || is_unbuffered_python(d, way) ||
				   (way->option != NULL && has_argument(pid, way->option))))
		return false;
	length = way == NULL ? read_proc(pid, "exe", head) : 0;
	snprintf(hint, FLUSH_HINT, "%s",
		way != NULL                ? way->hint
		: is_dynamic(head, length) ? OF_C
					   : OF_ANY);
	return true;
}
