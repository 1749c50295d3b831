/*
 * signalled: the reference that detect_latency.sh compares vigild with under systemd: a loop that
 * receives the PropertiesChanged of the unit and makes systemd restart it.
 *
 *     signalled UNIT KILLS MILLISECONDS
 *
 * Kills the process of the unit KILLS times, and waits MILLISECONDS before each. Prints a line with
 * three numbers of microseconds for each kill: until the pidfd is readable, until the signal that
 * says that the unit is down, and until the one that says that it is active again.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#define SYSTEMD "org.freedesktop.systemd1"
#define OBJECT  "/org/freedesktop/systemd1"
#define MANAGER SYSTEMD ".Manager"

static sd_bus *bus;
static const char *unit;
static char *path;
static char state[32]; /* as the last signal says it */
static double down, up;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void check(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(-r));
	exit(EXIT_FAILURE);
}

/* Only changes count, because one failure may cause several signals. */
static void take_state(const char *active)
{
	if (strcmp(active, state) == 0)
		return;
	snprintf(state, sizeof(state), "%s", active);
	if (strcmp(active, "active") == 0) {
		up = now();
	} else if (strcmp(active, "failed") == 0 || strcmp(active, "inactive") == 0) {
		down = now();
		check(sd_bus_call_method_async(bus, NULL, SYSTEMD, OBJECT, MANAGER, "RestartUnit",
			      NULL, NULL, "ss", unit, "replace"),
			"RestartUnit");
	}
}

static int on_change(sd_bus_message *message, void *arg, sd_bus_error *error)
{
	const char *interface, *name, *active;

	check(sd_bus_message_read(message, "s", &interface), "a signal");
	check(sd_bus_message_enter_container(message, 'a', "{sv}"), "a signal");
	while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
		check(sd_bus_message_read(message, "s", &name), "a signal");
		if (strcmp(name, "ActiveState") == 0) {
			check(sd_bus_message_read(message, "v", "s", &active), "a signal");
			take_state(active);
		} else {
			check(sd_bus_message_skip(message, "v"), "a signal");
		}
		sd_bus_message_exit_container(message);
	}
	return 0;
}

static pid_t main_pid(void)
{
	unsigned pid = 0;

	check(sd_bus_get_property_trivial(
		      bus, SYSTEMD, path, SYSTEMD ".Service", "MainPID", NULL, 'u', &pid),
		"MainPID");
	return (pid_t)pid;
}

static void turn(struct pollfd *fds)
{
	while (sd_bus_process(bus, NULL) > 0)
		;
	sd_bus_flush(bus);
	fds[0] = (struct pollfd){.fd = sd_bus_get_fd(bus), .events = POLLIN};
	if (poll(fds, 2, 60000) <= 0)
		check(-ETIMEDOUT, "no signal");
	while (sd_bus_process(bus, NULL) > 0)
		;
}

static void kill_once(void)
{
	pid_t pid = main_pid();
	struct pollfd fds[2] = {
		[1] = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN}};
	double begun, ended = 0;

	if (pid <= 1 || fds[1].fd < 0)
		check(-ESRCH, "the service does not run");
	down = up = 0;
	begun = now();
	kill(pid, SIGKILL);
	while (ended == 0 || down == 0 || up < down) {
		turn(fds);
		if (fds[1].fd >= 0 && fds[1].revents != 0) {
			ended = now();
			close(fds[1].fd);
			fds[1].fd = -1;
		}
	}
	printf("%.0f %.0f %.0f\n", ended - begun, down - begun, up - begun);
}

static void rest(double milliseconds)
{
	double until = now() + milliseconds * 1000, left;

	while ((left = until - now()) > 0) {
		while (sd_bus_process(bus, NULL) > 0)
			;
		sd_bus_wait(bus, (uint64_t)left);
	}
}

int main(int argc, char **argv)
{
	char match[512];

	if (argc != 4)
		return EXIT_FAILURE;
	unit = argv[1];
	check(sd_bus_open_system(&bus), "the bus");
	check(sd_bus_path_encode(OBJECT "/unit", unit, &path), unit);
	snprintf(match, sizeof(match),
		"type='signal',sender='" SYSTEMD "',path='%s',"
		"interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'",
		path);
	check(sd_bus_add_match(bus, NULL, match, on_change, NULL), "a match");
	check(sd_bus_call_method(bus, SYSTEMD, OBJECT, MANAGER, "Subscribe", NULL, NULL, NULL),
		"Subscribe");
	snprintf(state, sizeof(state), "active");
	for (int left = atoi(argv[2]); left > 0; left--) {
		rest(atof(argv[3]));
		kill_once();
	}
	free(path);
	sd_bus_unref(bus);
	return EXIT_SUCCESS;
}
