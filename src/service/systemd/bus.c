/*
 * bus: systemd over D-Bus, with one connection for each worker.
 *
 * vigild does not run systemctl, because that costs a hundred times as much, and because an
 * argument that looks like an option makes systemctl run ssh.  The connection is opened when it is
 * first needed and kept as long as its thread lives.  It is opened again when it turns out to be
 * lost, for example after a restart of the bus.
 *
 * No function here waits longer than the deadline of the call.  sd-bus itself would wait 25 s for
 * an answer, and 90 s for a bus that accepts the connection and then sends nothing.  So bus_greet
 * waits for the greeting of the bus, and each call gets the time that is left until its deadline as
 * its timeout.
 */
#include "service/systemd/bus.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <unistd.h>

#include "base/clock.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"
#define DRAIN_MAX  1000 /* messages; without calls the connection receives almost none */
#define PRIVATE    "unix:path=/run/systemd/private"

static thread_local sd_bus *bus;

void systemd_bus_drop(void)
{
	if (bus)
		sd_bus_close(bus);
	bus = sd_bus_unref(bus);
}

sd_bus *systemd_bus(void)
{
	return bus;
}

static uint64_t left(uint64_t deadline)
{
	uint64_t now = clock_now();

	return now < deadline ? (deadline - now) / 1000 : 0;
}

uint64_t systemd_left(const struct systemd_call *call)
{
	return left(call->deadline);
}

/* Waits until the bus has accepted the connection.  0 or -errno. */
static int bus_greet(uint64_t deadline)
{
	uint64_t usec;
	int r;

	while ((r = sd_bus_is_ready(bus)) == 0) {
		usec = left(deadline);
		if (!usec)
			return -ETIMEDOUT;
		r = sd_bus_process(bus, NULL);
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		r = sd_bus_wait(bus, usec);
		if (r < 0 && r != -EINTR)
			return r;
	}
	return r < 0 ? r : 0;
}

/* Connects to systemd itself, which only root may do, because a small machine has no bus. */
static int start_direct(sd_bus **fresh)
{
	int r = sd_bus_new(fresh);

	if (r >= 0)
		r = sd_bus_set_address(*fresh, PRIVATE);
	if (r >= 0)
		r = sd_bus_start(*fresh);
	return r;
}

int systemd_bus_start(sd_bus **fresh, bool *direct)
{
	int r = sd_bus_open_system(fresh);

	*direct = (r == -ENOENT || r == -ECONNREFUSED) && geteuid() == 0 &&
		  !getenv("DBUS_SYSTEM_BUS_ADDRESS");
	if (*direct)
		r = start_direct(fresh);
	if (r < 0)
		*fresh = sd_bus_unref(*fresh);
	return r;
}

int systemd_bus_open(uint64_t deadline)
{
	unsigned drained = 0;
	bool direct;
	int r;

	/* Messages that arrived since the last use are discarded.  Reading them also detects a lost
	 * connection.  If a client keeps sending messages to this connection, a new one is opened,
	 * because that has another unique name. */
	while (bus && (r = sd_bus_process(bus, NULL)) != 0)
		if (r < 0 || ++drained == DRAIN_MAX)
			systemd_bus_drop();
	if (bus)
		return 0;
	r = systemd_bus_start(&bus, &direct);
	if (r >= 0)
		r = bus_greet(deadline);
	if (r < 0)
		systemd_bus_drop();
	return r;
}

bool systemd_bus_is_dead(int r)
{
	return r == -ECONNRESET || r == -ENOTCONN || r == -EPIPE || r == -ESHUTDOWN ||
	       r == -EBADMSG;
}

int systemd_method(struct systemd_call *call, sd_bus_message **message, const char *path,
	const char *interface, const char *member)
{
	sd_bus_error_free(&call->error);
	return sd_bus_message_new_method_call(bus, message, SYSTEMD, path, interface, member);
}

int systemd_send(struct systemd_call *call, sd_bus_message **answer, sd_bus_message *message)
{
	uint64_t usec = systemd_left(call);

	return usec != 0 ? sd_bus_call(bus, message, usec, &call->error, answer) : -ETIMEDOUT;
}

int systemd_ask(struct systemd_call *call, sd_bus_message **answer, const char *path,
	const char *interface, const char *member, const char *types, ...)
{
	sd_bus_message *message = NULL;
	int r = systemd_method(call, &message, path, interface, member);
	va_list ap;

	if (r >= 0) {
		va_start(ap, types);
		r = sd_bus_message_appendv(message, types, ap);
		va_end(ap);
	}
	if (r >= 0)
		r = systemd_send(call, answer, message);
	sd_bus_message_unref(message);
	return r;
}

int systemd_get(struct systemd_call *call, sd_bus_message **answer, const char *path,
	const char *interface, const char *property)
{
	int r = systemd_ask(call, answer, path, PROPERTIES, "Get", "ss", interface, property);

	if (r < 0 && sd_bus_error_has_name(&call->error, SD_BUS_ERROR_UNKNOWN_PROPERTY))
		return 0;
	return r < 0 ? r : 1;
}

/* Reads a property of a basic type; a string is borrowed from the answer. */
static int get_basic(struct systemd_call *call, sd_bus_message **answer, const char *path,
	const char *interface, const char *property, char type, void *value)
{
	const char types[] = {type, '\0'};
	int r = systemd_get(call, answer, path, interface, property);

	if (r > 0)
		r = sd_bus_message_enter_container(*answer, 'v', types);
	return r <= 0 ? r : sd_bus_message_read_basic(*answer, type, value);
}

int systemd_get_number(struct systemd_call *call, const char *path, const char *interface,
	const char *property, uint64_t *value)
{
	sd_bus_message *answer = NULL;
	int r = get_basic(call, &answer, path, interface, property, 't', value);

	sd_bus_message_unref(answer);
	return r;
}

int systemd_get_text(struct systemd_call *call, const char *path, const char *interface,
	const char *property, char *value, size_t size)
{
	sd_bus_message *answer = NULL;
	const char *text = "";
	int r = get_basic(call, &answer, path, interface, property, 's', &text);

	snprintf(value, size, "%s", r < 0 ? "" : text);
	sd_bus_message_unref(answer);
	return r;
}

int systemd_get_pid(struct systemd_call *call, const char *path, const char *property, pid_t *pid)
{
	sd_bus_message *answer = NULL;
	uint32_t number = 0;
	int r = get_basic(call, &answer, path, SYSTEMD_SERVICE, property, 'u', &number);

	sd_bus_message_unref(answer);
	*pid = number <= INT_MAX ? (pid_t)number : 0;
	return r >= 0 && number > INT_MAX ? -EBADMSG : r;
}

int systemd_get_bool(struct systemd_call *call, const char *path, const char *interface,
	const char *property, bool *value)
{
	sd_bus_message *answer = NULL;
	int number = *value, r = get_basic(call, &answer, path, interface, property, 'b', &number);

	*value = number != 0;
	sd_bus_message_unref(answer);
	return r;
}

int systemd_get_names(struct systemd_call *call, const char *path, const char *interface,
	const char *property, char *names, size_t size)
{
	sd_bus_message *answer = NULL;
	size_t n = strlen(names);
	const char *name;
	int r = systemd_get(call, &answer, path, interface, property);

	if (r > 0)
		r = sd_bus_message_enter_container(answer, 'v', "as");
	if (r > 0)
		r = sd_bus_message_enter_container(answer, 'a', "s");
	while (r > 0 && (r = sd_bus_message_read_basic(answer, 's', &name)) > 0)
		if (n + strlen(name) + 2 <= size)
			n += (size_t)snprintf(names + n, size - n, "%s ", name);
	sd_bus_message_unref(answer);
	return r;
}

int systemd_get_property(struct systemd_call *call, const char *path, enum unit_property property,
	struct unit_properties *properties)
{
	sd_bus_message *answer = NULL;
	int r = systemd_get(call, &answer, path, unit_property_interface(property),
		unit_property_name(property));

	if (r > 0)
		r = unit_property_read(property, answer, properties);
	sd_bus_message_unref(answer);
	return r;
}
