/*
 * terminal: see terminal.h.  A process that is killed or crashes cannot restore the modes of its
 * terminal.  So the console starts another process, the keeper, before it changes them.  The keeper
 * waits on a pipe.  If the console ends without having restored the modes, the keeper restores
 * them.
 *
 * Ctrl-C, Ctrl-Z and a change of size are signals.  They are blocked and read from a descriptor, so
 * none is lost, none interrupts a write, and terminal_wait reports one together with the input that
 * was typed after it.
 */
#include "console/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"

#define TAKEN    '1' /* bytes sent to the keeper */
#define RESTORED '0'

#define COLUMNS_GUESS 80

static struct {
	struct termios modes; /* modes before the console changed them */
	int keeper;           /* write end of the pipe to the keeper */
	pid_t keeper_pid;     /* 0: no terminal is open */
	pid_t host;
	int signals; /* descriptor of the signals in `flags` */
} terminal;

static const struct {
	uint32_t signo;
	unsigned flag;
} flags[] = {{SIGINT, TERMINAL_INTERRUPT}, {SIGTSTP, TERMINAL_STOP}, {SIGWINCH, TERMINAL_RESIZE}};

/* --- the keeper ------------------------------------------------------------------------------- */

/* Main function of the keeper. */
__attribute__((noreturn)) static void keep(int pipe)
{
	char state = RESTORED;

	while (read(pipe, &state, 1) > 0)
		;
	if (state == TAKEN)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal.modes);
	_exit(0);
}

/* Forks with all signals blocked, and the child keeps them blocked: the signals of the keyboard and
 * of a terminal that closes are not for the keeper, not even before it runs for the first time, and
 * with SIGTTOU blocked it may set modes from the background. */
static pid_t fork_blocked(void)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid != 0)
		sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static int start_keeper(int inherited)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	terminal.keeper_pid = fork_blocked();
	if (terminal.keeper_pid < 0) {
		close(ends[0]);
		close(ends[1]);
		terminal.keeper_pid = 0;
		return -EAGAIN;
	}
	if (terminal.keeper_pid == 0) {
		close(ends[1]);
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		if (inherited >= 0)
			close(inherited);
		keep(ends[0]);
	}
	close(ends[0]);
	terminal.keeper = ends[1];
	return 0;
}

static void notify_keeper(char state)
{
	(void)!write(terminal.keeper, &state, 1);
}

void terminal_take(void)
{
	notify_keeper(TAKEN);
}

/* Is also called in a signal handler.  TCSANOW does not wait until the pending output is
 * printed. */
static void restore(void)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal.modes);
	notify_keeper(RESTORED);
}

/* --- signals ---------------------------------------------------------------------------------- */

static void on_end(int signo)
{
	restore();
	signal(signo, SIG_DFL);
	raise(signo);
}

static int set_signals(void)
{
	static const int ends[] = {SIGHUP, SIGQUIT, SIGTERM};
	const struct sigaction action = {.sa_handler = on_end, .sa_flags = SA_RESTART};
	sigset_t blocked;

	sigemptyset(&blocked);
	for (unsigned i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		sigaddset(&blocked, (int)flags[i].signo);
	terminal.signals = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
	if (terminal.signals < 0)
		return -errno;
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	for (unsigned i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		sigaction(ends[i], &action, NULL);
	return 0;
}

/* --- waiting ---------------------------------------------------------------------------------- */

/* Takes the pending signals.  Returns their TERMINAL_ flags. */
static unsigned take_signals(void)
{
	struct signalfd_siginfo info;
	unsigned what = 0;

	while (read(terminal.signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		for (unsigned i = 0; i < sizeof(flags) / sizeof(*flags); i++)
			if (flags[i].signo == info.ssi_signo)
				what |= flags[i].flag;
	return what;
}

/* The remaining time.  NULL: no limit. */
static const struct timespec *time_left(uint64_t deadline, struct timespec *left)
{
	uint64_t now = clock_now(), ns = deadline > now ? deadline - now : 0;

	if (deadline == 0)
		return NULL;
	*left = (struct timespec){
		.tv_sec = (time_t)(ns / CLOCK_SECOND), .tv_nsec = (long)(ns % CLOCK_SECOND)};
	return left;
}

unsigned terminal_wait(bool input, int vigild, uint64_t deadline)
{
	struct pollfd p[] = {{.fd = vigild, .events = POLLIN},
		{.fd = input ? STDIN_FILENO : -1, .events = POLLIN},
		{.fd = terminal.keeper_pid != 0 ? terminal.signals : -1, .events = POLLIN}};
	struct timespec left;
	int n;

	do {
		n = ppoll(p, 3, time_left(deadline, &left), NULL);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return 0;
	return (p[0].revents != 0 ? TERMINAL_VIGILD : 0) |
	       (p[1].revents != 0 ? TERMINAL_INPUT : 0) | (p[2].revents != 0 ? take_signals() : 0);
}

void terminal_stop(void)
{
	restore();
	/* If the host has ended, it is no longer the parent. */
	if (terminal.host > 1 && getppid() == terminal.host)
		kill(terminal.host, SIGSTOP);
	raise(SIGSTOP);
	notify_keeper(TAKEN);
}

void terminal_flush(void)
{
	tcflush(STDIN_FILENO, TCIFLUSH);
}

size_t terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return COLUMNS_GUESS;
	return size.ws_col;
}

/* --- opening and closing ---------------------------------------------------------------------- */

int terminal_open(pid_t host, int inherited)
{
	int err;

	if (tcgetattr(STDIN_FILENO, &terminal.modes) < 0)
		return -errno;
	err = start_keeper(inherited);
	if (err != 0)
		return err;
	terminal.host = host;
	err = set_signals();
	if (err != 0)
		terminal_close();
	return err;
}

void terminal_close(void)
{
	if (terminal.keeper_pid == 0)
		return;
	restore();
	close(terminal.signals);
	close(terminal.keeper);
	while (waitpid(terminal.keeper_pid, NULL, 0) < 0 && errno == EINTR)
		;
	terminal.keeper_pid = 0;
}
