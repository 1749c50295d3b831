/*
 * module_examine: see module_examine.h.  The program has one thread, so it may fork.  A module may
 * print to stdout when it is opened, so the reports go to a copy of that descriptor.
 */
#include "daemon/module_examine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "daemon/module.h"
#include "process/program.h"

#define PATIENCE 3 /* seconds for one file */
#define ALL      (60 * CLOCK_SECOND)
#define OUTPUT   (1024 * 1024)

/* --- the program ------------------------------------------------------------------------------ */

/* Reports one file.  A text that is not UTF-8 is left out. */
static void report(int fd, const char *path, const char *key, const char *text)
{
	json_t *line = json_pack("{s:s,s:s*}", "path", path, key, text);
	char *json = line != NULL ? json_dumps(line, JSON_COMPACT) : NULL;

	if (json != NULL)
		dprintf(fd, "%s\n", json);
	free(json);
	json_decref(line);
}

/* Splits DIR/NAME/NAME.so in place.  Returns DIR and *name; NULL: not such a path. */
static const char *split_path(char *path, char **name)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL)
		return NULL;
	*slash = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL)
		return NULL;
	*slash = '\0';
	*name = slash + 1;
	return path;
}

/* In the child: opens the file. */
static void examine(int fd, const char *path)
{
	struct modules *modules = modules_new();
	char *copy = memory_text(path), *name, why[512];
	const char *dir = split_path(copy, &name), *summary;
	const struct module *module;

	if (dir == NULL)
		return;
	module = module_load_from(modules, dir, name, why, sizeof(why));
	if (module == NULL) {
		report(fd, path, "why", why);
		return;
	}
	summary = module_descriptor(module)->summary;
	report(fd, path, "summary", summary != NULL ? summary : "");
}

static void report_end(int fd, const char *path, int status)
{
	char why[160];

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(why, sizeof(why), "it did not return within %d s when it was opened",
			PATIENCE);
	else if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "it crashed when it was opened: signal %d (%s)",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(why, sizeof(why), "it called exit when it was opened: status %d",
			WEXITSTATUS(status));
	report(fd, path, "why", why);
}

static void examine_apart(int fd, const char *path)
{
	enum { DONE = 77 };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		alarm(PATIENCE);
		examine(fd, path);
		_exit(DONE);
	}
	if (pid < 0)
		report(fd, path, "why", strerror(errno));
	else if (waitpid(pid, &status, 0) == pid &&
		 !(WIFEXITED(status) && WEXITSTATUS(status) == DONE))
		report_end(fd, path, status);
}

int module_examine_files(char *const *files)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), null = open("/dev/null", O_WRONLY);

	if (fd < 0 || null < 0 || dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		return EXIT_FAILURE;
	for (; *files != NULL; files++)
		examine_apart(fd, *files);
	return EXIT_SUCCESS;
}

/* --- in vigild -------------------------------------------------------------------------------- */

json_t *module_examine_parse(const char *output, size_t length)
{
	json_t *found = json_array(), *line;
	const char *end;

	while ((end = memchr(output, '\n', length)) != NULL) {
		line = json_loadb(output, (size_t)(end - output), JSON_REJECT_DUPLICATES, NULL);
		if (json_is_object(line))
			json_array_append(found, line);
		json_decref(line);
		length -= (size_t)(end + 1 - output);
		output = end + 1;
	}
	return found;
}

int module_examine_start(struct loop *loop, const json_t *files, child_exit_fn *on_exit, void *arg,
	struct child **child)
{
	size_t count = json_array_size(files), i;
	const char **argv = memory_zero((count + 3) * sizeof(*argv));
	char *program = program_path(SBINDIR, "vigild");
	struct child_spec spec = {
		.timeout = ALL, .output_max = OUTPUT, .on_exit = on_exit, .arg = arg};
	int err;

	argv[0] = program;
	argv[1] = "--examine";
	for (i = 0; i < count; i++)
		argv[2 + i] = json_string_value(json_array_get(files, i));
	spec.spawn.argv = argv;
	err = child_start(loop, &spec, child);
	free(program);
	free(argv);
	return err;
}
