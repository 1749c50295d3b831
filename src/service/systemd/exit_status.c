/* exit_status: see exit_status.h.  The table is that of systemd.exec(5), "Process exit codes". */
#include "service/systemd/exit_status.h"

#include <stddef.h>

#define FIRST 200

static const char *const words[] = {"CHDIR", "NICE", "FDS", "EXEC", "MEMORY", "LIMITS",
	"OOM_ADJUST", "SIGNAL_MASK", "STDIN", "STDOUT", "CHROOT", "IOPRIO", "TIMERSLACK",
	"SECUREBITS", "SETSCHEDULER", "CPUAFFINITY", "GROUP", "USER", "CAPABILITIES", "CGROUP",
	"SETSID", "CONFIRM", "STDERR", NULL, "PAM", "NETWORK", "NAMESPACE", "NO_NEW_PRIVILEGES",
	"SECCOMP", "SELINUX_CONTEXT", "PERSONALITY", "APPARMOR_PROFILE", "ADDRESS_FAMILIES",
	"RUNTIME_DIRECTORY", NULL, "CHOWN", "SMACK_PROCESS_LABEL", "KEYRING", "STATE_DIRECTORY",
	"CACHE_DIRECTORY", "LOGS_DIRECTORY", "CONFIGURATION_DIRECTORY", "NUMA_POLICY",
	"CREDENTIALS", NULL, "BPF"};

const char *exit_status_word(int status)
{
	if (status < FIRST || status >= FIRST + (int)(sizeof(words) / sizeof(*words)))
		return NULL;
	return words[status - FIRST];
}
