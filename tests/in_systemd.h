/*
 * in_systemd: runs a test again under a real systemd in separate namespaces, and runs commands
 * there.
 */
#ifndef IN_SYSTEMD_H
#define IN_SYSTEMD_H

#include <check.h>
#include <limits.h>
#include <stdarg.h>
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

__attribute__((format(printf, 1, 2))) static int shell(const char *format, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	return system(command);
}

/* Waits until systemd answers on the bus. */
__attribute__((unused)) static void await_bus(void)
{
	ck_assert_int_eq(shell("for i in $(seq 600); do busctl call org.freedesktop.systemd1 "
			       "/org/freedesktop/systemd1 org.freedesktop.DBus.Peer Ping "
			       ">/dev/null 2>&1 && exit 0; sleep 0.1; done; exit 1"),
		0);
}

#endif
