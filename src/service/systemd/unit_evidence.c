/*
 * unit_evidence: reads from systemd, on a worker, all that matters about one unit.
 *
 * For a unit that runs, that is its process and whether it is simple: a simple unit has nothing
 * that its state does not tell, so the loop may judge it by itself from then on.
 *
 * A unit that is "active (exited)", or runs without a main process, has no process that systemd
 * watches.  Its parts (ConsistsOf),
 * the pidfile of its init script, and its control group say whether its daemon lives.
 *
 * A unit that is down may be meant to be down: a unit that is active conflicts with it, its
 * condition is not met, or a timer, a socket or a path starts it when it is needed.
 */
#include "service/systemd/unit_evidence.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "service/managers/init_status.h"
#include "service/systemd/control_group.h"
#include "service/systemd/unit_conditions.h"

struct gathering {
	struct systemd_call *call;
	const struct manager_request *request;
	const struct unit_row *row;
	struct unit_evidence *out;
	struct manager_reply *reply;
	struct unit_properties properties;
};

/* --- lists of units ----------------------------------------------------------------------------- */

static int append_names(sd_bus_message *message, const char *names)
{
	char name[MANAGER_UNIT];
	size_t n;
	int r = sd_bus_message_open_container(message, 'a', "s");

	for (; r >= 0 && *names != '\0'; names += n + 1) {
		n = strcspn(names, " ");
		snprintf(name, sizeof(name), "%.*s", (int)n, names);
		r = sd_bus_message_append_basic(message, 's', name);
	}
	return r < 0 ? r : sd_bus_message_close_container(message);
}

int unit_evidence_each(struct systemd_call *call, const char *names, unit_row_fn *fn, void *arg)
{
	sd_bus_message *message = NULL, *answer = NULL;
	struct unit_row row;
	int r;

	if (names[0] == '\0')
		return 0;
	r = systemd_method(call, &message, SYSTEMD_OBJECT, SYSTEMD_MANAGER, "ListUnitsByNames");
	if (r >= 0)
		r = append_names(message, names);
	if (r >= 0)
		r = systemd_send(call, &answer, message);
	if (r >= 0)
		r = unit_rows_enter(answer);
	while (r >= 0 && (r = unit_row_read(answer, &row)) > 0)
		r = fn(&row, arg);
	sd_bus_message_unref(message);
	sd_bus_message_unref(answer);
	return r < 0 ? r : 0;
}

static int get_names(struct gathering *g, const char *property, char *names)
{
	return systemd_get_names(g->call, g->row->path, SYSTEMD_UNIT, property, names, UNIT_NAMES);
}

/* A change of this unit matters, too.  One that does not fit is not heard of, and the next query
 * finds it. */
static void relate(struct gathering *g, const struct unit_row *row)
{
	char *related = g->reply->related;
	size_t n = strlen(related), room = sizeof(g->reply->related) - n;

	if (snprintf(related + n, room, "%s=%s ", row->name, row->active) >= (int)room)
		related[n] = '\0';
}

/* --- what holds it back ------------------------------------------------------------------------- */

static bool is_at_work(const struct unit_row *row)
{
	vigil_service_status status = unit_status(row->active);

	return status != VIGIL_SERVICE_UNKNOWN && !vigil_service_is_down(status);
}

static int find_conflict(const struct unit_row *row, void *arg)
{
	struct gathering *g = arg;

	relate(g, row);
	if (g->out->e.hold == NULL && is_at_work(row) && strcmp(row->name, g->row->name) != 0) {
		snprintf(g->out->hold, sizeof(g->out->hold), "%s, which conflicts with it, is %s",
			row->name, row->active);
		g->out->e.hold = g->out->hold;
	}
	return 0;
}

/* The names of the units that conflict with it, in either direction. */
static int get_conflicts(struct gathering *g, char *names)
{
	char all[2 * UNIT_NAMES] = "", *name, *rest = all;
	int r = systemd_get_names(
		g->call, g->row->path, SYSTEMD_UNIT, "Conflicts", all, sizeof(all));

	if (r >= 0)
		r = systemd_get_names(
			g->call, g->row->path, SYSTEMD_UNIT, "ConflictedBy", all, sizeof(all));
	while (r >= 0 && (name = strsep(&rest, " ")) != NULL)
		if (name[0] != '\0' && strcmp(name, UNIT_SHUTDOWN) != 0 &&
			strlen(names) + strlen(name) + 2 <= UNIT_NAMES)
			strcat(strcat(names, name), " ");
	return r;
}

/* systemd forgets a unit that is down and that nothing refers to, and with it why its start was
 * skipped; then what was found right after the start counts. */
static int judge_conditions(struct gathering *g)
{
	struct unit_evidence *out = g->out;
	int r = unit_conditions_unmet(g->call, g->row->path, out->hold, sizeof(out->hold));

	if (r >= 0 && out->hold[0] == '\0')
		snprintf(out->hold, sizeof(out->hold), "%s", g->request->memory.unmet);
	if (out->hold[0] != '\0')
		out->e.hold = out->hold;
	return r;
}

/* --- what is meant to end ----------------------------------------------------------------------- */

struct triggers {
	struct gathering *g;
	bool active;
	char idle[MANAGER_UNIT], name[MANAGER_UNIT];
};

static int find_trigger(const struct unit_row *row, void *arg)
{
	struct triggers *triggers = arg;

	relate(triggers->g, row);
	if (is_at_work(row) && !triggers->active)
		snprintf(triggers->name, sizeof(triggers->name), "%s", row->name);
	triggers->active |= is_at_work(row);
	if (!triggers->active)
		snprintf(triggers->name, sizeof(triggers->name), "%s", row->name);
	return 0;
}

/* By the alias that such a unit has. */
static bool is_started_over_dbus(const char *names)
{
	return strncmp(names, "dbus-", 5) == 0 || strstr(names, " dbus-") != NULL;
}

/* Whether a oneshot that ended well, or a unit that is started over D-Bus, is meant to be down. */
static int judge_untriggered(struct gathering *g, const struct triggers *triggers)
{
	struct unit_evidence *out = g->out;
	char type[32], names[UNIT_NAMES] = "";
	bool remains = false;
	uint64_t ran = 0;
	int r = systemd_get_text(
		g->call, g->row->path, SYSTEMD_SERVICE, "Type", type, sizeof(type));

	if (r >= 0)
		r = systemd_get_bool(
			g->call, g->row->path, SYSTEMD_SERVICE, "RemainAfterExit", &remains);
	if (r >= 0)
		r = systemd_get_number(g->call, g->row->path, SYSTEMD_SERVICE,
			"ExecMainExitTimestampMonotonic", &ran);
	if (r >= 0)
		r = get_names(g, "Names", names);
	if (r < 0)
		return r;
	if (strcmp(type, "oneshot") == 0 && !remains && triggers->name[0] != '\0') {
		snprintf(out->hold, sizeof(out->hold), "%s, which starts it, is not active",
			triggers->name);
		out->e.hold = out->hold;
	} else if (strcmp(type, "oneshot") == 0 && !remains) {
		snprintf(out->idle, sizeof(out->idle), "a oneshot that %s",
			ran > 0 ? "has ended well" : "has not run yet");
	} else if (is_started_over_dbus(names)) {
		snprintf(out->idle, sizeof(out->idle), "started over D-Bus when it is needed");
	}
	return 0;
}

static int judge_idle(struct gathering *g)
{
	struct unit_evidence *out = g->out;
	struct triggers triggers = {.g = g};
	char names[UNIT_NAMES] = "", result[32];
	int r = systemd_get_text(
		g->call, g->row->path, SYSTEMD_SERVICE, "Result", result, sizeof(result));

	if (r >= 0)
		r = get_names(g, "TriggeredBy", names);
	if (r < 0 || strcmp(result, "success") != 0)
		return r;
	r = unit_evidence_each(g->call, names, find_trigger, &triggers);
	if (r >= 0 && triggers.active)
		snprintf(out->idle, sizeof(out->idle), "started by %s", triggers.name);
	else if (r >= 0)
		r = judge_untriggered(g, &triggers);
	if (out->idle[0] != '\0')
		out->e.idle = out->idle;
	return r;
}

static int gather_down(struct gathering *g)
{
	char conflicts[UNIT_NAMES] = "";
	int r;

	if (g->out->e.hold != NULL)
		return 0; /* masked */
	r = get_conflicts(g, conflicts);
	if (r >= 0)
		r = unit_evidence_each(g->call, conflicts, find_conflict, g);
	if (r >= 0)
		r = g->out->e.hold == NULL ? judge_conditions(g) : r;
	if (r >= 0 && g->out->e.hold == NULL && g->out->e.word == WORD_DOWN)
		r = judge_idle(g);
	return r;
}

/* --- active, but without a process that systemd watches ------------------------------------------ */

/* How much worse one word is than another. */
static unsigned badness(enum evidence_word word)
{
	static const unsigned char order[WORDS] = {
		[WORD_UP] = 0,
		[WORD_RELOADING] = 1,
		[WORD_STARTING] = 2,
		[WORD_STOPPING] = 3,
		[WORD_DOWN] = 4,
		[WORD_FAILED] = 5,
	};

	return order[word];
}

/* A part of an umbrella unit: the umbrella is as well as the worst of its parts. */
static int take_part(const struct unit_row *row, void *arg)
{
	struct gathering *g = arg;
	struct unit_evidence part = {.e = {.witness = "systemd"}};
	struct manager_reply ignored = {.manager = NULL};
	struct gathering inner = {.call = g->call,
		.request = g->request,
		.row = row,
		.out = &part,
		.reply = &ignored};
	struct evidence *e = &g->out->e;
	int r = 0;

	relate(g, row);
	unit_take(row, &inner.properties, &part.e, part.said, &ignored);
	if (part.e.word == WORD_DOWN && !unit_row_is_absent(row))
		r = gather_down(&inner);
	if (r < 0 || unit_row_is_absent(row) || part.e.idle != NULL || part.e.hold != NULL)
		return r;
	if (vigil_service_is_down(unit_status(row->active)) && part.e.word != WORD_STARTING &&
		strlen(g->out->parts) + strlen(row->name) + 2 <= sizeof(g->out->parts))
		strcat(strcat(g->out->parts, row->name), " ");
	if (badness(part.e.word) > badness(e->word)) {
		e->word = part.e.word;
		snprintf(g->out->said, sizeof(g->out->said),
			"active, but its part %.100s is %.20s (%.20s)", row->name, row->active,
			row->sub);
	}
	return 0;
}

/* The only part that runs is the process by which a death is noticed at once. */
static int count_parts(const struct unit_row *row, void *arg)
{
	struct gathering *g = arg;
	struct evidence *e = &g->out->e;
	struct unit_properties properties = {0};
	int r = 0;

	if (unit_status(row->active) == VIGIL_SERVICE_RUNNING && !unit_row_is_exited(row))
		r = systemd_get_property(g->call, row->path, UNIT_PROPERTY_PID, &properties);
	if (properties.pid <= 0 || e->process == PROCESS_ALIVE)
		return r;
	e->process = PROCESS_ALIVE;
	e->pid = properties.pid;
	e->named_by = "systemd";
	return r;
}

static int gather_parts(struct gathering *g, const char *parts)
{
	int r = unit_evidence_each(g->call, parts, take_part, g);

	if (r >= 0 && g->out->e.word == WORD_UP)
		r = unit_evidence_each(g->call, parts, count_parts, g);
	return r;
}

/* The wrapped init script knows better than systemd, which watches no process of it; and so does
 * the pidfile that the script names. */
static void gather_script(struct gathering *g, const char *script)
{
	struct evidence *e = &g->out->e;
	struct pidfile pidfile;

	if (init_status_pidfile(g->request, script, &pidfile) && pidfile.verdict != PIDFILE_NONE)
		manager_add_pidfile(g->reply, e, &pidfile);
	g->reply->outside = true;
}

static int gather_group(struct gathering *g)
{
	struct evidence *e = &g->out->e;
	char group[MANAGER_TEXT];
	int r = systemd_get_text(
		g->call, g->row->path, SYSTEMD_SERVICE, "ControlGroup", group, sizeof(group));
	pid_t leader;

	if (r < 0)
		return r;
	leader = control_group_leader(group);
	if (leader > 0) {
		e->process = PROCESS_ALIVE;
		e->pid = leader;
		e->named_by = "its control group";
		g->reply->memory.had_processes = true;
	} else if (leader == 0) {
		e->emptied = g->request->memory.had_processes;
	} else if (error_is_own(leader)) {
		e->own_error = leader;
		snprintf(e->why, sizeof(e->why), "vigild could not look at its control group: %s",
			strerror(-leader));
	}
	g->reply->outside = leader > 0 || e->emptied;
	return 0;
}

static int gather_unwatched(struct gathering *g)
{
	struct unit_evidence *out = g->out;
	char parts[UNIT_NAMES] = "", script[MANAGER_TEXT];
	int r = get_names(g, "ConsistsOf", parts);

	out->e.basis = BASIS_RECORD;
	snprintf(out->said, sizeof(out->said), "active (%.32s)", g->row->sub);
	if (r >= 0 && parts[0] != '\0')
		return gather_parts(g, parts);
	if (r >= 0)
		r = systemd_get_text(
			g->call, g->row->path, SYSTEMD_UNIT, "SourcePath", script, sizeof(script));
	if (r >= 0 && g->request->pidfile == NULL && script[0] != '\0')
		gather_script(g, script);
	if (r >= 0 && out->e.process == PROCESS_UNNAMED)
		r = gather_group(g);
	if (r >= 0 && out->e.process == PROCESS_UNNAMED && !out->e.emptied)
		snprintf(out->said, sizeof(out->said),
			"active (%.32s): systemd watches no process of it", g->row->sub);
	return r;
}

/* --- all of it ---------------------------------------------------------------------------------- */

/* Whether its state alone will tell, from now on, what a failure or a stop of it means. */
static int find_simple(struct gathering *g)
{
	char names[UNIT_NAMES] = "", aliases[UNIT_NAMES] = "", type[32] = "";
	unsigned count = 0;
	bool remains = false;
	int r = get_conflicts(g, names);

	if (r >= 0)
		r = get_names(g, "TriggeredBy", names);
	if (r >= 0)
		r = get_names(g, "Names", aliases);
	if (r >= 0)
		r = systemd_get_text(
			g->call, g->row->path, SYSTEMD_SERVICE, "Type", type, sizeof(type));
	if (r >= 0)
		r = systemd_get_bool(
			g->call, g->row->path, SYSTEMD_SERVICE, "RemainAfterExit", &remains);
	if (r >= 0)
		r = unit_conditions_count(g->call, g->row->path, &count);
	g->reply->simple = r >= 0 && names[0] == '\0' && count == 0 &&
			   g->request->pidfile == NULL && !is_started_over_dbus(aliases) &&
			   (remains || strcmp(type, "oneshot") != 0);
	return r;
}

/* An admin's pidfile outranks what systemd watches, which may be a mere wrapper; but one that does
 * not exist says nothing about a process that systemd watches. */
static void gather_pidfile(struct gathering *g)
{
	struct evidence *e = &g->out->e;
	struct pidfile pidfile;

	if (g->request->pidfile == NULL)
		return;
	g->reply->outside = true;
	pidfile_look(g->request->pidfile, g->request->name, &g->request->memory.seen, &pidfile);
	if (pidfile.verdict != PIDFILE_NONE || e->process == PROCESS_UNNAMED)
		manager_add_pidfile(g->reply, e, &pidfile);
}

int unit_evidence_gather(struct systemd_call *call, const struct manager_request *request,
	const struct unit_row *row, struct unit_evidence *out, struct manager_reply *reply)
{
	struct gathering g = {
		.call = call, .request = request, .row = row, .out = out, .reply = reply};
	enum unit_property property;
	int r = 0;

	*out = (struct unit_evidence){.e = manager_evidence(request, "systemd")};
	for (property = 0; r >= 0 && property < UNIT_PROPERTIES; property++)
		if (unit_property_applies(property, row->active, row->sub))
			r = systemd_get_property(call, row->path, property, &g.properties);
	if (r < 0)
		return r;
	unit_take(row, &g.properties, &out->e, out->said, reply);
	if (out->e.word == WORD_UP && g.properties.pid == 0)
		r = gather_unwatched(&g);
	else if (out->e.word == WORD_DOWN || out->e.word == WORD_FAILED)
		r = gather_down(&g);
	if (r >= 0 && out->e.word == WORD_UP)
		r = find_simple(&g);
	if (out->e.word != WORD_DOWN && out->e.word != WORD_FAILED)
		reply->memory.unmet[0] = '\0';
	gather_pidfile(&g);
	return r;
}
