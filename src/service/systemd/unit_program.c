/*
 * unit_program: see unit_program.h.  systemd logs the error and stores only the exit status.
 * So vigild examines the program as execve does: its file, the form of its first bytes, and its
 * interpreter.
 */
#include "service/systemd/unit_program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/signal_name.h"
#include "process/process.h"
#include "service/systemd/exit_status.h"

#define EXEC       203
#define HEAD       256 /* bytes; the kernel reads as many */
#define COMMAND    "(sasbttttuii)"
#define IN_COMMAND "sasbttttuii"

/* Copies the interpreter from "#!INTERPRETER ARGUMENT".  Returns false for other texts. */
static bool find_interpreter(const char *head, char interpreter[HEAD])
{
	const char *from = head + 2;

	if (strncmp(head, "#!", 2) != 0)
		return false;
	from += strspn(from, " \t");
	snprintf(interpreter, HEAD, "%.*s", (int)strcspn(from, " \t\n"), from);
	return true;
}

static void say_error(const char *path, int error, char *text, size_t size)
{
	if (error == ENOENT || error == ENOTDIR)
		snprintf(text, size, "%s does not exist", path);
	else if (error == EACCES)
		snprintf(text, size, "%s is not executable", path);
	else
		snprintf(text, size, "%s: %s", path, strerror(error));
}

void unit_program_examine(const char *path, char *text, size_t size)
{
	char head[HEAD] = "", interpreter[HEAD];
	ssize_t n;

	text[0] = '\0';
	if (access(path, F_OK) != 0 || access(path, X_OK) != 0) {
		say_error(path, errno, text, size);
		return;
	}
	n = process_read_file(AT_FDCWD, path, head, sizeof(head));
	if (n < 0) {
		if (n == -EISDIR)
			snprintf(text, size, "%s is a directory", path);
	} else if (find_interpreter(head, interpreter)) {
		if (access(interpreter, X_OK) != 0)
			snprintf(text, size, "the interpreter %.80s of %.80s does not exist",
				interpreter, path);
	} else if (strncmp(head, "\177ELF", 4) != 0) {
		snprintf(text, size, "%s is not a program; a script needs a #! line", path);
	}
}

struct command {
	char path[PATH_MAX]; /* "": none */
	int code, status;    /* how it ended, as in siginfo_t; code 0: it did not */
};

static int read_command(sd_bus_message *message, struct command *command)
{
	const char *path;
	uint64_t began;
	int code, status;
	int r = sd_bus_message_read_basic(message, 's', &path);

	if (r > 0)
		r = sd_bus_message_skip(message, "asb");
	if (r >= 0)
		r = sd_bus_message_read(
			message, "ttttuii", &began, NULL, NULL, NULL, NULL, &code, &status);
	if (r <= 0 || (command->path[0] != '\0' && began == 0))
		return r;
	snprintf(command->path, sizeof(command->path), "%s", path);
	command->code = code;
	command->status = status;
	return r;
}

/* Reads the last command of the property that was run, or the first one if none was. */
static int read_commands(struct unit_gather *g, const char *property, struct command *command)
{
	sd_bus_message *answer = NULL;
	int r = systemd_get(g->call, &answer, g->row->path, SYSTEMD_SERVICE, property);

	*command = (struct command){.code = 0};
	if (r > 0)
		r = sd_bus_message_enter_container(answer, 'v', "a" COMMAND);
	if (r > 0)
		r = sd_bus_message_enter_container(answer, 'a', COMMAND);
	while (r > 0 && (r = sd_bus_message_enter_container(answer, 'r', IN_COMMAND)) > 0) {
		r = read_command(answer, command);
		if (r >= 0)
			r = sd_bus_message_exit_container(answer);
	}
	sd_bus_message_unref(answer);
	return r < 0 ? r : 0;
}

/* The program of the main process was not executed. */
static int explain_program(struct unit_gather *g, struct death *death)
{
	struct command command = {.path = ""};
	char root[PATH_MAX] = "";
	int r = systemd_get_text(
		g->call, g->row->path, SYSTEMD_SERVICE, "RootDirectory", root, sizeof(root));

	if (r >= 0 && root[0] == '\0')
		r = read_commands(g, "ExecStart", &command);
	if (command.path[0] == '/')
		unit_program_examine(command.path, death->detail, sizeof(death->detail));
	return r;
}

/* The main process was not started, because another command of the start failed. */
static int explain_command(struct unit_gather *g, struct death *death)
{
	static const char *const kinds[] = {"ExecCondition", "ExecStartPre"};
	struct command command;
	char signal[SIGNAL_NAME];
	int r = 0;

	for (size_t i = 0; r >= 0 && i < sizeof(kinds) / sizeof(*kinds); i++) {
		r = read_commands(g, kinds[i], &command);
		if (command.code == 0 || command.status == 0)
			continue;
		if (command.code == CLD_EXITED)
			snprintf(death->detail, sizeof(death->detail),
				"%s=%.100s exited with status %d", kinds[i], command.path,
				command.status);
		else
			snprintf(death->detail, sizeof(death->detail), "%s=%.100s was killed by %s",
				kinds[i], command.path, signal_name(command.status, signal));
	}
	return r;
}

int unit_program_explain(struct unit_gather *g)
{
	const struct manager_request *request = g->request;
	struct death *death = &g->reply->death;

	if (death->kind == DEATH_NONE && request->heard == DEATH_START) {
		*death = death_of(DEATH_START);
		snprintf(death->result, sizeof(death->result), "%s", request->heard_result);
		if (request->unexecuted) {
			death->exit_status = EXEC;
			snprintf(death->word, sizeof(death->word), "%s", exit_status_word(EXEC));
		}
	}
	if (death->kind != DEATH_START)
		return 0;
	if (death_is_unexecuted(death))
		return explain_program(g, death);
	return death->pid == 0 ? explain_command(g, death) : 0;
}
