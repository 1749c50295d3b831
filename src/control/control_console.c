/*
 * control_console: see control_console.h.  The connection of the console is like one of the control
 * socket, with two differences.  It is not one of the socket's clients, so no other client can
 * replace it.  It is never closed for being slow, because the terminal may be stopped. vigild never
 * waits for the console: if there is no room for a line of the log, the line is dropped and
 * counted.
 */
#include "control/control_console.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "control/control.h"
#include "control/control_conn.h"
#include "host/host.h"
#include "process/pidfd.h"
#include "process/spawn_terminal.h"

#define END_TIME (2 * CLOCK_SECOND)

struct control_console {
	struct conn *conn; /* NULL: closed */
	pid_t pid;         /* 0: the process has exited */
	struct pidfd_watch *process;
	bool terminal;
	bool has_log; /* the log is sent to the console */
	control_console_fn *on_end;
	void *arg;
};

/* Sends a log line with the fields that log lines have on standard error. */
static void on_log(enum log_level level, const char *line, void *arg)
{
	struct control_console *console = arg;
	char now[CLOCK_TEXT];

	memory_untrusted_begin();
	conn_notify(console->conn, "log",
		json_pack("{s:s,s:s,s:s}", "time", clock_text(now), "level", log_level_name(level),
			"text", line));
	memory_untrusted_end();
}

static void on_gone(struct conn *conn, void *arg)
{
	struct control_console *console = arg;

	if (console->has_log)
		log_set_sink(NULL, NULL);
	console->conn = NULL;
}

static void disconnect(struct control_console *console)
{
	struct conn *conn = console->conn;

	if (conn == NULL)
		return;
	on_gone(conn, console);
	conn_free(conn);
}

/* A signal that requests termination is no failure. */
static bool has_failed(int status)
{
	int signo = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (signo == 0)
		return WEXITSTATUS(status) != 0;
	if (signo == SIGTERM || signo == SIGINT || signo == SIGHUP)
		return false;
	log_error("the console was killed by signal %d (%s)", signo, strsignal(signo));
	return true;
}

static void on_exit_seen(void *arg)
{
	struct control_console *console = arg;
	int status = spawn_terminal_reap(console->pid);

	console->pid = 0;
	pidfd_watch_close(console->process);
	console->process = NULL;
	disconnect(console);
	console->on_end(has_failed(status), console->arg);
}

/* Starts the process and closes fd.  0 or -errno. */
static int start(struct control_console *console, struct host *host, const char *program, int fd)
{
	const char *const argv[] = {program, "-F", "3", NULL};
	pid_t pid = spawn_terminal_start(argv, fd);

	close(fd);
	if (pid < 0)
		return pid;
	console->pid = pid;
	console->process = pidfd_watch_open(host_loop(host), pid, on_exit_seen, console);
	return console->process != NULL ? 0 : -errno;
}

static int connect_to(struct control_console *console, struct control *control, struct host *host,
	const char *program)
{
	const struct peer self = {.uid = geteuid(), .reader = true};
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return -errno;
	console->conn = conn_new(control_clients(control), ends[0], &self, on_gone, console);
	if (console->conn == NULL) {
		close(ends[1]);
		return -ENOMEM;
	}
	conn_set_patient(console->conn);
	return start(console, host, program, ends[1]);
}

struct control_console *control_console_open(struct control *control, struct host *host,
	const char *program, control_console_fn *on_end, void *arg)
{
	struct control_console *console = memory_zero(sizeof(*console));
	int err;

	console->on_end = on_end;
	console->arg = arg;
	console->terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	err = connect_to(console, control, host, program);
	if (err != 0) {
		control_console_close(console);
		errno = -err;
		return NULL;
	}
	if (console->terminal) {
		/* vigild ignores SIGTSTP, because the console stops vigild after it has restored
		 * the terminal. */
		signal(SIGTSTP, SIG_IGN);
		console->has_log = isatty(STDERR_FILENO);
		if (console->has_log)
			log_set_sink(on_log, console);
	}
	return console;
}

/* Waits for the exit of the console, whose connection is closed.  Kills it after END_TIME. */
static void await_end(pid_t pid)
{
	struct pollfd p = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
	uint64_t until = clock_now() + END_TIME, now;

	kill(pid, SIGCONT);
	while (p.fd >= 0 && (now = clock_now()) < until)
		if (poll(&p, 1, (int)((until - now) / CLOCK_MS) + 1) > 0)
			break;
	if (p.fd >= 0)
		close(p.fd);
	kill(pid, SIGKILL);
	spawn_terminal_reap(pid);
}

void control_console_close(struct control_console *console)
{
	if (console == NULL)
		return;
	disconnect(console);
	if (console->process != NULL)
		pidfd_watch_close(console->process);
	if (console->pid != 0)
		await_end(console->pid);
	free(console);
}

bool control_console_on_terminal(const struct control_console *console)
{
	return console->terminal && console->pid != 0;
}

void control_console_continue(const struct control_console *console)
{
	if (console->pid != 0)
		kill(console->pid, SIGCONT);
}
