/* s6_svstat: parses the output of s6-svstat; see s6_svstat.h. */
#include "service/managers/s6_svstat.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* A wait status has seven bits for the signal, where 127 has another meaning, and eight bits for
 * the exit status. */
#define SIGNAL_MAX 126
#define STATUS_MAX 255

static bool is_true(const char *word)
{
	return strcmp(word, "true") == 0;
}

bool s6_svstat_parse(const char *text, struct supervise_status *status)
{
	char want[8], ready[8], paused[8];
	long long pid, code, signo;

	if (sscanf(text, "%lld %7s %7s %7s %lld %lld", &pid, want, ready, paused, &code, &signo) !=
		6)
		return false;
	if (pid < -1 || pid > INT_MAX || code < -1 || code > STATUS_MAX || signo < -1 ||
		signo > SIGNAL_MAX)
		return false;
	status->state = pid > 0 ? SUPERVISE_UP : SUPERVISE_DOWN;
	status->pid = pid > 0 ? (pid_t)pid : 0;
	status->want_up = is_true(want);
	status->paused = is_true(paused);
	status->unready = pid > 0 && !is_true(ready);
	if (signo > 0)
		status->wait_status = (int)signo;
	else if (code >= 0)
		status->wait_status = (int)code << 8;
	return true;
}
