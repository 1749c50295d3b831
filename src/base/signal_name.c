/* signal_name: see signal_name.h.  Not every libc has sigabbrev_np, so the names are here. */
#include "base/signal_name.h"

#include <signal.h>
#include <stdio.h>

static const char *const names[] = {
	[SIGHUP] = "HUP",
	[SIGINT] = "INT",
	[SIGQUIT] = "QUIT",
	[SIGILL] = "ILL",
	[SIGTRAP] = "TRAP",
	[SIGABRT] = "ABRT",
	[SIGBUS] = "BUS",
	[SIGFPE] = "FPE",
	[SIGKILL] = "KILL",
	[SIGUSR1] = "USR1",
	[SIGSEGV] = "SEGV",
	[SIGUSR2] = "USR2",
	[SIGPIPE] = "PIPE",
	[SIGALRM] = "ALRM",
	[SIGTERM] = "TERM",
	[SIGCHLD] = "CHLD",
	[SIGCONT] = "CONT",
	[SIGTSTP] = "TSTP",
	[SIGXCPU] = "XCPU",
	[SIGXFSZ] = "XFSZ",
	[SIGSYS] = "SYS",
};

const char *signal_name(int signo, char name[SIGNAL_NAME])
{
	if (signo > 0 && signo < (int)(sizeof(names) / sizeof(*names)) && names[signo] != NULL)
		snprintf(name, SIGNAL_NAME, "SIG%s", names[signo]);
	else
		snprintf(name, SIGNAL_NAME, "signal %d", signo);
	return name;
}
