/* signals: ignores and handles all signals */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	for (int signo = 1; signo < 32; signo++)
		signal(signo, signo % 2 ? SIG_IGN : SIG_DFL);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR2);
}

ABUSE(signals);
