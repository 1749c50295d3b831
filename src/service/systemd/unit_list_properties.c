/*
 * unit_list_properties: reads the properties of the units in a listing.
 *
 * Up to WINDOW units are read at the same time, and for each of them one Get is in flight.  Which
 * property a unit needs next depends on those that were read before.  So a oneshot takes two calls,
 * and a unit that systemd restarts takes ten.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "service/listing.h"
#include "service/managers/init_list.h"
#include "service/managers/init_text.h"
#include "service/systemd/unit_list_internal.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define PROPERTIES   "org.freedesktop.DBus.Properties"
#define WINDOW       64

/* --- reading values --------------------------------------------------------------------------- */

static int read_text(sd_bus_message *m, char *value, size_t size)
{
	const char *text;
	int r = sd_bus_message_read_basic(m, 's', &text);

	if (r > 0)
		snprintf(value, size, "%s", text);
	return r;
}

/* Reads a set of exit statuses, (aiai): the codes, and the signals. */
static int read_set(sd_bus_message *m, bool *has_kill)
{
	const void *list;
	size_t size;
	int r = sd_bus_message_enter_container(m, 'r', "aiai");

	if (r > 0)
		r = sd_bus_message_read_array(m, 'i', &list, &size);
	if (r >= 0)
		r = sd_bus_message_read_array(m, 'i', &list, &size);
	for (size_t i = 0; r >= 0 && i < size / sizeof(int32_t); i++)
		*has_kill |= ((const int32_t *)list)[i] == SIGKILL;
	return r;
}

/* Reads a list of units.  *any: it has one.  active: the first one that is active. */
static int read_units(struct unit_list_item *item, sd_bus_message *m, bool *any, char active[256])
{
	const struct unit_list_name *known;
	const char *name;
	int r = sd_bus_message_enter_container(m, 'a', "s");

	while (r >= 0 && (r = sd_bus_message_read_basic(m, 's', &name)) > 0) {
		*any = true;
		known = unit_list_find(item->list, name);
		if (active[0] == '\0' && known != NULL && known->at_work)
			snprintf(active, 256, "%s", name);
	}
	return r;
}

static uint64_t monotonic_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Whether the bus knows how to start the name.  The directories are those of dbus-daemon. */
static bool is_activatable(const char *bus_name)
{
	static const char *const directories[] = {"/run/dbus-1/system-services",
		"/usr/local/share/dbus-1/system-services", "/usr/share/dbus-1/system-services",
		"/lib/dbus-1/system-services"};
	char path[512]; /* a name has at most 255 bytes */

	for (size_t i = 0; bus_name[0] != '\0' && i < COUNT(directories); i++) {
		snprintf(path, sizeof(path), "%s/%.255s.service", directories[i], bus_name);
		if (strchr(bus_name, '/') == NULL && access(path, F_OK) == 0)
			return true;
	}
	return false;
}

/* Whether the unit wraps an init script that starts a daemon. */
static bool is_daemon_script(const char *path)
{
	char *text = strncmp(path, "/etc/", 5) == 0 ? init_list_read(path) : NULL;
	bool is = text != NULL && init_text_is_daemon(text);

	free(text);
	return is;
}

/* --- the properties --------------------------------------------------------------------------- */

enum {
	TYPE,
	ACTIVE_SINCE,
	OTHER_SINCE,
	FILE_STATE,
	MAIN_PID,
	RESPAWNS,
	RESULT,
	STATUS,
	SOURCE,
	RESTART,
	FORCE,
	PREVENT,
	SUCCESS,
	REMAIN,
	DELAY,
	BURST,
	INTERVAL,
	STARTED,
	TRIGGERED_BY,
	BUS_NAME,
	UPHELD_BY,
	PROPERTY_COUNT
};

static const struct {
	const char *interface, *name, *type;
} table[PROPERTY_COUNT] = {
	[TYPE] = {SYSTEMD_SERVICE, "Type", "s"},
	[ACTIVE_SINCE] = {SYSTEMD_UNIT, "ActiveEnterTimestamp", "t"},
	[OTHER_SINCE] = {SYSTEMD_UNIT, "StateChangeTimestamp", "t"},
	[FILE_STATE] = {SYSTEMD_UNIT, "UnitFileState", "s"},
	[MAIN_PID] = {SYSTEMD_SERVICE, "MainPID", "u"},
	[RESPAWNS] = {SYSTEMD_SERVICE, "NRestarts", "u"},
	[RESULT] = {SYSTEMD_SERVICE, "Result", "s"},
	[STATUS] = {SYSTEMD_SERVICE, "ExecMainStatus", "i"},
	[SOURCE] = {SYSTEMD_UNIT, "SourcePath", "s"},
	[RESTART] = {SYSTEMD_SERVICE, "Restart", "s"},
	[FORCE] = {SYSTEMD_SERVICE, "RestartForceExitStatus", "(aiai)"},
	[PREVENT] = {SYSTEMD_SERVICE, "RestartPreventExitStatus", "(aiai)"},
	[SUCCESS] = {SYSTEMD_SERVICE, "SuccessExitStatus", "(aiai)"},
	[REMAIN] = {SYSTEMD_SERVICE, "RemainAfterExit", "b"},
	[DELAY] = {SYSTEMD_SERVICE, "RestartUSec", "t"},
	[BURST] = {SYSTEMD_UNIT, "StartLimitBurst", "u"},
	[INTERVAL] = {SYSTEMD_UNIT, "StartLimitIntervalUSec", "t"},
	[STARTED] = {SYSTEMD_UNIT, "InactiveExitTimestampMonotonic", "t"},
	[TRIGGERED_BY] = {SYSTEMD_UNIT, "TriggeredBy", "as"},
	[BUS_NAME] = {SYSTEMD_SERVICE, "BusName", "s"},
	[UPHELD_BY] = {SYSTEMD_UNIT, "UpheldBy", "as"},
};

static bool is_active(const struct unit_list_item *item)
{
	return item->entry->status == VIGIL_SERVICE_RUNNING ||
	       item->entry->status == VIGIL_SERVICE_RELOADING;
}

/* Whether the answer depends on what else can start the unit. */
static bool needs_trigger(const struct unit_traits *t)
{
	return !unit_is_restarted(t) || unit_boot(t) != VIGIL_BOOT_YES;
}

/* Whether the property must be read, by what was read before. */
static bool applies(const struct unit_list_item *item, unsigned property)
{
	const struct unit_traits *t = item->traits;
	bool oneshot = strcmp(t->type, "oneshot") == 0;
	bool generated = strcmp(t->file_state, "generated") == 0;
	bool active = is_active(item);

	switch (property) {
	case TYPE: return true;
	case ACTIVE_SINCE: return active;
	case OTHER_SINCE: return !active;
	case FILE_STATE: return t->file_state[0] == '\0';
	case RESULT: return item->entry->status == VIGIL_SERVICE_FAILED;
	case STATUS: return item->result[0] != '\0';
	case SOURCE: return generated;
	case RESPAWNS: return true;
	}
	if (oneshot)
		return false;
	switch (property) {
	case MAIN_PID: return !t->down;
	case PREVENT:
	case SUCCESS: return t->forces || strcmp(t->restart, "no") != 0;
	case REMAIN: return t->succeeds || t->mainless;
	case DELAY:
	case BURST:
	case INTERVAL: return unit_is_restarted(t);
	case STARTED: return unit_is_restarted(t) && t->burst == 1 && !t->down;
	case TRIGGERED_BY:
	case BUS_NAME: return needs_trigger(t);
	case UPHELD_BY: return !unit_is_restarted(t) && t->trigger[0] == '\0' && !t->by_bus;
	default: return true;
	}
}

/* Reads the value of a property that has a basic type. */
static int take_number(struct unit_list_item *item, unsigned property, sd_bus_message *m)
{
	struct unit_traits *t = item->traits;
	uint64_t number = 0;
	uint32_t small = 0;
	int flag = 0, r;

	switch (table[property].type[0]) {
	case 't': r = sd_bus_message_read_basic(m, 't', &number); break;
	case 'u': r = sd_bus_message_read_basic(m, 'u', &small); break;
	default: r = sd_bus_message_read_basic(m, 'b', &flag);
	}
	switch (property) {
	case ACTIVE_SINCE:
	case OTHER_SINCE: item->entry->since = (double)number / 1e6; break;
	case MAIN_PID:
		item->entry->pid = (pid_t)small;
		t->mainless = small == 0 && is_active(item) && !t->exited;
		break;
	case RESPAWNS: item->entry->respawns = t->respawns = small; break;
	case REMAIN: t->remains = flag; break;
	case DELAY: t->delay = number; break;
	case BURST: t->burst = small; break;
	case INTERVAL: t->interval = number; break;
	case STARTED: t->uptime = monotonic_now() - number; break;
	}
	return r;
}

static int take_status(struct unit_list_item *item, sd_bus_message *m)
{
	char text[64];
	int32_t status;
	int r = sd_bus_message_read_basic(m, 'i', &status);

	if (r <= 0)
		return r;
	unit_format_result(item->result, status, text, sizeof(text));
	item->entry->text = listing_text(item->list->listing, "%s", text);
	return r;
}

/* Reads a property that is a text. */
static int take_text(struct unit_list_item *item, unsigned property, sd_bus_message *m)
{
	struct unit_traits *t = item->traits;
	char text[4096] = "";
	int r = read_text(m, text, sizeof(text));

	switch (property) {
	case TYPE: snprintf(t->type, sizeof(t->type), "%.15s", text); break;
	case RESTART: snprintf(t->restart, sizeof(t->restart), "%.15s", text); break;
	case FILE_STATE: snprintf(t->file_state, sizeof(t->file_state), "%.23s", text); break;
	case RESULT:
		if (strcmp(text, "success") != 0)
			snprintf(item->result, sizeof(item->result), "%.31s", text);
		break;
	case SOURCE: t->script = is_daemon_script(text); break;
	case BUS_NAME: t->by_bus = is_activatable(text); break;
	}
	return r;
}

static int take(struct unit_list_item *item, unsigned property, sd_bus_message *m)
{
	struct unit_traits *t = item->traits;
	bool any = false;
	int r;

	switch (property) {
	case FORCE: return read_set(m, &t->forces);
	case PREVENT: return read_set(m, &t->prevents);
	case SUCCESS: return read_set(m, &t->succeeds);
	case TRIGGERED_BY: return read_units(item, m, &t->triggered, t->trigger);
	case UPHELD_BY: return read_units(item, m, &any, t->upholder);
	case STATUS: return take_status(item, m);
	}
	if (table[property].type[0] == 's')
		r = take_text(item, property, m);
	else
		r = take_number(item, property, m);
	return r;
}

/* --- the calls -------------------------------------------------------------------------------- */

static struct unit_traits *traits_new(const struct unit_list_item *item)
{
	struct unit_traits *traits = memory_zero(sizeof(*traits));

	traits->down = vigil_service_is_down(item->entry->status);
	traits->exited = item->exited;
	traits->masked = item->entry->hold != NULL;
	traits->by_login = strncmp(item->entry->unit, "user@", 5) == 0;
	traits->wanted = item->wanted;
	traits->booted = monotonic_now();
	snprintf(traits->file_state, sizeof(traits->file_state), "%s", item->file_state);
	return traits;
}

/* Derives the entry from all properties. */
static void complete(struct unit_list_item *item)
{
	vigil_service_entry *entry = item->entry;
	char text[UNIT_CRASH_TEXT];

	entry->boot = unit_boot(item->traits);
	entry->daemon = unit_is_daemon(item->traits);
	entry->crash = unit_crash(item->traits, text, &entry->crash_delay);
	entry->crash_text = listing_text(item->list->listing, "%s", text);
	if (item->traits->exited && item->traits->script)
		entry->status = VIGIL_SERVICE_STOPPED; /* systemd only remembers its start */
}

static int on_answer(sd_bus_message *m, void *arg, sd_bus_error *error);

static void item_end(struct unit_list_item *item)
{
	free(item->traits);
	item->traits = NULL;
	item->slot = sd_bus_slot_unref(item->slot);
	item->list->in_flight--;
}

/* Requests the property of the item.  Returns a negative errno if it cannot be sent. */
static int request(struct unit_list_item *item)
{
	struct systemd_call *call = &item->list->call;
	sd_bus_message *message = NULL;
	uint64_t left = systemd_left(call);
	int r = left > 0 ? systemd_method(call, &message, item->path, PROPERTIES, "Get")
			 : -ETIMEDOUT;

	if (r >= 0)
		r = sd_bus_message_append(
			message, "ss", table[item->property].interface, table[item->property].name);
	item->slot = sd_bus_slot_unref(item->slot);
	if (r >= 0)
		r = sd_bus_call_async(systemd_bus(), &item->slot, message, on_answer, item, left);
	sd_bus_message_unref(message);
	return r;
}

/* Requests the next property, or completes the item. */
static void item_next(struct unit_list_item *item)
{
	int r;

	while (item->property < PROPERTY_COUNT && !applies(item, item->property))
		item->property++;
	if (item->property == PROPERTY_COUNT) {
		complete(item);
		item_end(item);
		return;
	}
	r = request(item);
	if (r < 0) {
		item->list->error = r;
		item_end(item);
	}
}

/* A property that this version of systemd does not have is left out.  After any other error the
 * unit stays as it is: it was removed in the meantime, or systemd is too busy. */
static int on_answer(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct unit_list_item *item = arg;
	bool unknown = sd_bus_message_is_method_error(m, SD_BUS_ERROR_UNKNOWN_PROPERTY) > 0;
	int r = 0;

	if (sd_bus_message_is_method_error(m, NULL) > 0 && !unknown) {
		item_end(item);
		return 0;
	}
	if (!unknown)
		r = sd_bus_message_enter_container(m, 'v', table[item->property].type);
	if (r > 0)
		r = take(item, item->property, m);
	if (r < 0) {
		item_end(item);
		return 0;
	}
	item->property++;
	item_next(item);
	return 0;
}

static int item_begin(struct unit_list_item *item)
{
	char *path = NULL;
	int r = 0;

	if (item->path == NULL) { /* systemd loads the unit when it is asked for a property */
		r = sd_bus_path_encode(SYSTEMD_OBJECT "/unit", item->entry->unit, &path);
		if (r < 0)
			return r;
		item->path = listing_text(item->list->listing, "%s", path);
		free(path);
	}
	item->traits = traits_new(item);
	item->list->in_flight++;
	item_next(item);
	return 0;
}

/* Handles one message, or waits for one. */
static int step(struct unit_list *list)
{
	uint64_t left = systemd_left(&list->call);
	int r = left > 0 ? sd_bus_process(systemd_bus(), NULL) : -ETIMEDOUT;

	if (r != 0)
		return r;
	r = sd_bus_wait(systemd_bus(), left);
	return r == -EINTR ? 0 : r;
}

int unit_list_read_properties(struct unit_list *list)
{
	size_t next = 0;
	int r = 0;

	while (r >= 0 && list->error == 0 && (next < list->count || list->in_flight > 0)) {
		if (next < list->count && list->in_flight < WINDOW) {
			if (list->items[next].matters)
				r = item_begin(&list->items[next]);
			next++;
		} else {
			r = step(list);
		}
	}
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].traits != NULL)
			item_end(&list->items[i]);
	return r < 0 ? r : list->error;
}
