/*
 * system_network: reports the traffic, the errors and the links of network interfaces.
 *
 * Only files are read for which the kernel takes no lock that a driver may hold long. The file
 * `speed` is not among them, so vigil-sensors reads it (system_sensors.c).
 */
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "network.h"
#include "system.h"

#define INTERFACES_MAX 256
#define IS_UP          0x1 /* IFF_UP: an admin has switched it on */

struct interface {
	char name[NETWORK_NAME];
	long index; /* of the kernel; another one is another interface of that name */
	struct network_counters counters;
	double time;   /* of the counters, by vigil_now */
	bool had_link; /* since it exists, also before a restart of vigild */
	bool seen;     /* in this tick */
};

struct system_network {
	struct interface interfaces[INTERFACES_MAX];
	size_t count;
	struct network_line lines[INTERFACES_MAX];
	const char *const *names; /* option interfaces */
	vigil_health_level link_level;
	bool links_changed;
};

/* --- files below /sys/class/net --------------------------------------------------------------- */

/* Returns the content of a file of the interface, or NULL. */
static const char *read_file(struct system *s, const char *interface, const char *file)
{
	char path[NETWORK_NAME + 64];
	const char *why;

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", interface, file);
	return system_read(s, path, &why);
}

static long read_number(struct system *s, const char *interface, const char *file, int base)
{
	const char *text = read_file(s, interface, file);

	return text != NULL ? strtol(text, NULL, base) : -1;
}

static bool is_physical(const struct system *s, const char *interface)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/sys/class/net/%s/device", s->root, interface);
	return access(path, F_OK) == 0;
}

enum link { LINK_UNKNOWN, LINK_UP, LINK_DOWN, LINK_OFF };

/* LINK_OFF: an admin has switched the interface off. */
static enum link link_of(struct system *s, const char *interface)
{
	long flags = read_number(s, interface, "flags", 16);
	const char *state = read_file(s, interface, "operstate");

	if (flags < 0 || state == NULL)
		return LINK_UNKNOWN;
	if ((flags & IS_UP) == 0)
		return LINK_OFF;
	if (strncmp(state, "up", 2) == 0)
		return LINK_UP;
	return strncmp(state, "down", 4) == 0 || strncmp(state, "lowerlayerdown", 14) == 0
		       ? LINK_DOWN
		       : LINK_UNKNOWN;
}

/* --- the table -------------------------------------------------------------------------------- */

static bool is_named(const struct system_network *n, const char *interface)
{
	for (const char *const *name = n->names; *name != NULL; name++)
		if (fnmatch(*name, interface, 0) == 0)
			return true;
	return false;
}

/* physical: at least one interface is a device. Otherwise, as in a container, all count but lo. */
static bool is_reported(const struct system *s, const char *interface, bool physical)
{
	const struct system_network *n = s->network;

	if (n->names[0] != NULL)
		return is_named(n, interface);
	return physical ? is_physical(s, interface) : strcmp(interface, "lo") != 0;
}

static bool had_link_before(struct system *s, const char *name)
{
	const json_t *links = vigil_state_get(s->d, "links"), *link;
	size_t index;

	json_array_foreach(links, index, link)
		if (json_is_string(link) && strcmp(json_string_value(link), name) == 0)
			return true;
	return false;
}

/* Returns the interface of that name, which is new or another one if time is 0. NULL: there are too
 * many. */
static struct interface *interface_of(struct system *s, const char *name)
{
	struct system_network *n = s->network;
	long index = read_number(s, name, "ifindex", 10);
	struct interface *i = NULL;

	for (size_t k = 0; k < n->count && i == NULL; k++)
		if (strcmp(n->interfaces[k].name, name) == 0)
			i = &n->interfaces[k];
	if (i == NULL && n->count == INTERFACES_MAX)
		return NULL;
	if (i == NULL) {
		i = &n->interfaces[n->count++];
		*i = (struct interface){.index = index, .had_link = had_link_before(s, name)};
		snprintf(i->name, sizeof(i->name), "%s", name);
	} else if (i->index != index) {
		i->index = index;
		i->time = 0;
	}
	return i;
}

static void forget_unseen(struct system_network *n)
{
	for (size_t k = 0; k < n->count;)
		if (n->interfaces[k].seen) {
			n->interfaces[k++].seen = false;
		} else {
			n->links_changed = n->links_changed || n->interfaces[k].had_link;
			n->interfaces[k] = n->interfaces[--n->count];
		}
}

/* Keeps which interfaces had a link, as an array, because it is no value of the daemon. */
static void save_links(struct system *s)
{
	json_t *links;

	if (!s->network->links_changed)
		return;
	s->network->links_changed = false;
	links = json_array();
	for (size_t k = 0; k < s->network->count; k++)
		if (s->network->interfaces[k].had_link)
			json_array_append_new(links, json_string(s->network->interfaces[k].name));
	vigil_state_set(s->d, "links", links);
}

/* --- one interface ---------------------------------------------------------------------------- */

static void put_rates(struct system *s, json_t *value, const char *name,
	const struct network_rates *r, double bits)
{
	const struct {
		const char *key;
		double value;
		int which;
		const char *what;
	} rows[] = {{"received_bits_per_second", r->received_bits, NONE, NULL},
		{"sent_bits_per_second", r->sent_bits, NONE, NULL},
		{"errors_per_second", r->errors, NETWORK_ERRORS, "errors"},
		{"drops_per_second", r->drops, NETWORK_DROPS, "dropped packets"}};
	double busiest = r->received_bits > r->sent_bits ? r->received_bits : r->sent_bits, used;
	char what[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (rows[i].value < 0)
			continue;
		json_object_set_new(value, rows[i].key, json_real(rows[i].value));
		if (rows[i].which == NONE)
			continue;
		snprintf(what, sizeof(what), "the rate of %s of %s", rows[i].what, name);
		system_evaluate(s, rows[i].which, what, rows[i].value, " a second");
	}
	if (bits <= 0 || busiest < 0)
		return;
	used = busiest < bits ? 100 * busiest / bits : 100;
	json_object_set_new(value, "used_percent", json_real(used));
	snprintf(what, sizeof(what), "the network interface %s", name);
	system_evaluate(s, NETWORK, what, used, "% used");
}

static void judge_link(struct system *s, struct interface *i, enum link link)
{
	struct system_network *n = s->network;

	if (link == LINK_UP && !i->had_link) {
		i->had_link = true;
		n->links_changed = true;
	}
	if (link == LINK_DOWN && (i->had_link || n->names[0] != NULL))
		system_raise(s, n->link_level, "%s has no link", i->name);
	else if (link == LINK_OFF && n->names[0] != NULL)
		system_raise(s, n->link_level, "%s is switched off", i->name);
}

static json_t *report_one(struct system *s, struct interface *i, const struct network_counters *now)
{
	static const char *const words[] = {"unknown", "up", "down", "off"};
	enum link link = link_of(s, i->name);
	double bits = system_sensors_speed(s, i->name), time = vigil_now();
	json_t *value = json_pack("{s:s}", "link", words[link]);
	struct network_rates rates;

	if (bits > 0)
		json_object_set_new(value, "speed_bits_per_second", json_real(bits));
	if (i->time > 0 && time > i->time) {
		network_rates(&i->counters, now, time - i->time, bits, &rates);
		put_rates(s, value, i->name, &rates, bits);
	}
	if (bits == 0 && link == LINK_UP && s->thresholds[NETWORK].given)
		system_leave_out(s, NETWORK, i->name, "its speed is not known");
	i->counters = *now;
	i->time = time;
	judge_link(s, i, link);
	return value;
}

/* --- all interfaces --------------------------------------------------------------------------- */

static void report_missing(struct system *s, const json_t *values)
{
	char clean[NETWORK_NAME];

	for (const char *const *name = s->network->names; *name != NULL; name++)
		if (strpbrk(*name, "*?[") == NULL && json_object_get(values, *name) == NULL)
			system_raise(s, s->network->link_level, "there is no network interface %s",
				vigil_sanitize(clean, sizeof(clean), *name));
}

static void report_lines(struct system *s, const char *text, json_t *values)
{
	struct system_network *n = s->network;
	size_t count = network_parse(text, n->lines, INTERFACES_MAX);
	char clean[NETWORK_NAME];
	bool physical = false;

	for (size_t k = 0; k < count; k++)
		physical = physical || is_physical(s, n->lines[k].name);
	for (size_t k = 0; k < count; k++) {
		struct interface *i = NULL;

		if (is_reported(s, n->lines[k].name, physical))
			i = interface_of(s, n->lines[k].name);
		if (i == NULL)
			continue;
		i->seen = true;
		vigil_sanitize(clean, sizeof(clean), i->name);
		json_object_set_new(values, clean, report_one(s, i, &n->lines[k].counters));
	}
}

void system_network_report(struct system *s)
{
	const char *why, *text = system_read(s, "/proc/net/dev", &why);
	json_t *values = json_object();

	if (text != NULL) {
		report_lines(s, text, values);
		report_missing(s, values);
		forget_unseen(s->network);
		save_links(s);
	} else if (s->network->names[0] != NULL) {
		system_leave_out(s, NONE, "the network", why);
	}
	if (json_object_size(values) > 0) {
		vigil_state_set(s->d, "network", values);
		return;
	}
	json_decref(values);
	vigil_state_unset(s->d, "network");
}

int system_network_start(struct system *s)
{
	const char *level = vigil_option_text(s->d, "link");

	s->network = vigil_alloc(s->d, sizeof(*s->network));
	s->network->names = vigil_option_list(s->d, "interfaces");
	s->network->link_level = strcmp(level, "critical") == 0  ? VIGIL_CRITICAL
				 : strcmp(level, "warning") == 0 ? VIGIL_WARNING
								 : VIGIL_OK;
	return vigil_persist(s->d, "links");
}
