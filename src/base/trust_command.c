/*
 * trust_command: finds the programs that a command line runs, and checks them with trust.
 *
 * A trusted interpreter may run an untrusted script: `bash /home/a/check`.  So the first argument
 * of an interpreter that names a file is checked like a program.  The text after -c or a similar
 * option is not parsed; only a path at its start is checked.  The arguments of programs that change
 * the user, such as su and sudo, are not checked, because their command does not run as vigild's
 * user.
 */
#include "base/trust_command.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- search ----------------------------------------------------------------------------------- */

const char *trust_own_path(void)
{
	const char *path = getenv("PATH");

	return path != NULL ? path : "/bin:/usr/bin";
}

/* Returns 0, or a negative errno if the file cannot be executed. */
static int check_file(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return access(path, X_OK) == 0 ? 0 : -errno;
}

static int join(char joined[PATH_MAX], const char *directory, int length, const char *name)
{
	int n = snprintf(joined, PATH_MAX, "%.*s/%s", length, directory, name);

	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Like posix_spawnp, finds the first program that can be executed. */
static int search(
	const char *program, const char *path, const char *directory, char found[PATH_MAX])
{
	int err = -ENOENT, r;
	size_t n;

	for (;; path += n + 1) {
		n = strcspn(path, ":");
		r = n > 0 ? join(found, path, (int)n, program)
			  : join(found, directory, (int)strlen(directory), program);
		if (r == 0)
			r = check_file(found);
		if (r == 0)
			return 0;
		if (r != -ENOENT && r != -ENOTDIR)
			err = r;
		if (path[n] == '\0')
			return err;
	}
}

int trust_find_program(
	const char *program, const char *path, const char *directory, char found[PATH_MAX])
{
	int err;

	if (directory == NULL)
		directory = "/";
	if (strchr(program, '/') == NULL)
		return search(program, path != NULL ? path : trust_own_path(), directory, found);
	err = program[0] == '/' ? join(found, "", 0, program + 1)
				: join(found, directory, (int)strlen(directory), program);
	return err != 0 ? err : check_file(found);
}

/* --- interpreters ----------------------------------------------------------------------------- */

/* Each name may be followed by a version, as in python3.11. */
static const struct interpreter {
	const char *name;
	/* The letters of options whose value is the text of a program.  NULL: a wrapper, which runs
	 * another program. */
	const char *inline_options;
} interpreters[] = {{"sh", "c"}, {"ash", "c"}, {"bash", "c"}, {"busybox", "c"}, {"dash", "c"},
	{"fish", "c"}, {"ksh", "c"}, {"mksh", "c"}, {"rbash", "c"}, {"yash", "c"}, {"zsh", "c"},
	{"csh", "c"}, {"tcsh", "c"}, {"python", "cm"}, {"pypy", "cm"}, {"perl", "eE"},
	{"ruby", "e"}, {"php", "r"}, {"node", "ep"}, {"nodejs", "ep"}, {"lua", "e"},
	{"luajit", "e"}, {"tclsh", ""}, {"expect", "c"}, {"guile", "c"}, {"Rscript", "e"},
	{"env", NULL}, {"nice", NULL}, {"ionice", NULL}, {"timeout", NULL}, {"stdbuf", NULL},
	{"setsid", NULL}, {"nohup", NULL}, {"chrt", NULL}, {"taskset", NULL}};

static const struct interpreter *find_interpreter(const char *program)
{
	const char *slash = strrchr(program, '/'), *name = slash != NULL ? slash + 1 : program;

	for (size_t i = 0; i < sizeof(interpreters) / sizeof(*interpreters); i++) {
		size_t n = strlen(interpreters[i].name);

		if (strncmp(name, interpreters[i].name, n) == 0 &&
			name[n + strspn(name + n, "0123456789.-")] == '\0')
			return &interpreters[i];
	}
	return NULL;
}

/* Returns true if the argument is an option whose value is the text of a program. */
static bool is_inline(const struct interpreter *interpreter, const char *argument)
{
	const char *options = interpreter->inline_options;

	return options != NULL && argument[1] != '-' && strpbrk(argument + 1, options) != NULL;
}

/* --- checks ----------------------------------------------------------------------------------- */

struct check {
	const struct trust_command *command;
	const struct interpreter *interpreter; /* whose arguments are checked; NULL: none */
	char *why;
	size_t size;
};

/* A command may be a symbolic link to an interpreter, under another name.  busybox is excluded,
 * because all of its programs are the same file, so its name does not show which program runs. */
static const struct interpreter *find_by_descriptor(int fd)
{
	const struct interpreter *found;
	char link[32], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	found = find_interpreter(path);
	return found != NULL && strcmp(found->name, "busybox") == 0 ? NULL : found;
}

static int check_program(struct check *j, const char *path)
{
	struct stat st;
	int fd = trust_open(path, j->command->user, TRUST_MISSING, &st, j->why, j->size);

	if (fd < 0)
		return fd;
	j->interpreter = find_interpreter(path);
	if (j->interpreter == NULL)
		j->interpreter = find_by_descriptor(fd);
	close(fd);
	return 0;
}

/* Checks a word that may name a file.  Returns 1 if it is a trusted file, 0 if it is not a file, or
 * a negative errno. */
static int check_word(struct check *j, const char *word)
{
	const char *directory = j->command->directory != NULL ? j->command->directory : "";
	bool wrapper = j->interpreter->inline_options == NULL;
	char path[PATH_MAX];
	struct stat st;
	int err = word[0] == '/' ? join(path, "", 0, word + 1)
				 : join(path, directory, (int)strlen(directory), word);

	if (err != 0)
		return 0;
	if (stat(path, &st) < 0) {
		/* Somebody may create the file before it is run. */
		err = word[0] == '/' ? check_program(j, path) : 0;
		return err == -EPERM ? err : 0;
	}
	/* Some interpreters can run a directory. */
	if (!S_ISREG(st.st_mode) && (wrapper || !S_ISDIR(st.st_mode)))
		return 0;
	err = check_program(j, path);
	return err != 0 ? err : 1;
}

/* Checks an argument of a wrapper without a slash, which may be a program in PATH or anything
 * else. */
static int check_name(struct check *j, const char *name)
{
	const char *path =
		j->command->inner_path != NULL ? j->command->inner_path : j->command->path;
	char found[PATH_MAX];
	int err;

	if (trust_find_program(name, path, j->command->directory, found) != 0)
		return 0;
	err = check_program(j, found);
	return err != 0 ? err : 1;
}

static int check_text(struct check *j, const char *text)
{
	size_t n = strcspn(text, " \t\n;|&<>()'\"`$");
	char word[PATH_MAX];
	int r;

	if (text[0] != '/' || n >= sizeof(word))
		return 0;
	memcpy(word, text, n);
	word[n] = '\0';
	r = check_word(j, word);
	return r < 0 ? r : 0;
}

static int check_arguments(struct check *j)
{
	const char *const *argument = j->command->argv + 1;
	int r;

	for (; *argument != NULL && j->interpreter != NULL; argument++) {
		if ((*argument)[0] == '-' && is_inline(j->interpreter, *argument))
			return argument[1] != NULL ? check_text(j, argument[1]) : 0;
		if ((*argument)[0] == '-')
			continue;
		if (j->interpreter->inline_options == NULL && strchr(*argument, '/') == NULL)
			r = check_name(j, *argument);
		else
			r = check_word(j, *argument);
		if (r < 0)
			return r;
	}
	return 0;
}

int trust_command(const struct trust_command *command, char found[PATH_MAX], char *why, size_t size)
{
	struct check j = {.command = command, .why = why, .size = size};
	int err;

	why[0] = '\0';
	err = trust_find_program(command->argv[0], command->path, command->directory, found);
	/* The kernel may not let root follow a link of another user (fs.protected_symlinks). */
	if (err == -EACCES && strchr(command->argv[0], '/') != NULL &&
		check_program(&j, found) == -EPERM)
		return -EPERM;
	if (err != 0) {
		found[0] = '\0';
		snprintf(why, size, "%s", strerror(-err));
		return err;
	}
	err = check_program(&j, found);
	return err != 0 ? err : check_arguments(&j);
}
