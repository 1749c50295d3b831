/* in_systemd: runs a test again under a real systemd in separate namespaces. */
#ifndef IN_SYSTEMD_H
#define IN_SYSTEMD_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Returns if the test already runs under that systemd. Otherwise it starts the test there and does
 * not return. */
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
