/* directory: another working directory, root and umask */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	umask(0777);
	if (chdir("/proc/self") != 0 || chroot("/var/empty") != 0)
		vigil_log(d, VIGIL_INFO, "%s", strerror(errno));
}

ABUSE(directory);
