/* in_systemd: runs a test again under a real systemd in namespaces of its own. */
#ifndef IN_SYSTEMD_H
#define IN_SYSTEMD_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Returns where the test runs there already; does not return otherwise. */
static void in_systemd(void)
{
	const char *srcdir = getenv("srcdir");
	char harness[PATH_MAX], self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (getenv("VIGIL_IN_SYSTEMD") != NULL)
		return;
	if (n > 0) {
		self[n] = '\0';
		snprintf(harness, sizeof(harness), "%s/tests/system/in-systemd.sh",
			srcdir != NULL ? srcdir : ".");
		execl(harness, harness, self, (char *)NULL);
	}
	perror("in-systemd.sh");
	exit(EXIT_FAILURE);
}

#endif
