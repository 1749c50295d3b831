/*
 * unit_down: see unit_down.h.  The reasons why a unit is down are: an active unit conflicts with
 * it, one of its conditions is not met, or it is started only when it is needed: by a timer, a
 * socket, a path, D-Bus or another unit.  (unit_take handles a masked unit.)
 */
#include "service/systemd/unit_down.h"

#include <stdio.h>
#include <string.h>

#include "service/systemd/unit_conditions.h"

/* --- what prevents a start -------------------------------------------------------------------- */

static int find_conflict(const struct unit_row *row, void *arg)
{
	struct unit_gather *g = arg;

	unit_gather_relate(g, row);
	if (g->out->e.hold == NULL && unit_row_is_at_work(row) &&
		strcmp(row->name, g->row->name) != 0) {
		snprintf(g->out->hold, sizeof(g->out->hold), "%s, which conflicts with it, is %s",
			row->name, row->active);
		g->out->e.hold = g->out->hold;
	}
	return 0;
}

/* shutdown.target is left out, because nearly every service conflicts with it. */
int unit_down_conflicts(struct unit_gather *g, char *names, bool *shutdown)
{
	char all[2 * UNIT_NAMES] = "", *name, *rest = all;
	int r = systemd_get_names(
		g->call, g->row->path, SYSTEMD_UNIT, "Conflicts", all, sizeof(all));

	if (r >= 0)
		r = systemd_get_names(
			g->call, g->row->path, SYSTEMD_UNIT, "ConflictedBy", all, sizeof(all));
	while (r >= 0 && (name = strsep(&rest, " ")) != NULL)
		if (strcmp(name, UNIT_SHUTDOWN) == 0)
			*shutdown = true;
		else if (name[0] != '\0' && strlen(names) + strlen(name) + 2 <= UNIT_NAMES)
			strcat(strcat(names, name), " ");
	return r;
}

/* Adds to the reply why the last start did not happen. */
static void skipped(struct unit_gather *g, const char *result, const char *detail)
{
	struct death *death = &g->reply->death;

	if (death->kind != DEATH_SKIPPED)
		*death = death_of(DEATH_SKIPPED);
	snprintf(death->result, sizeof(death->result), "%s", result);
	snprintf(death->detail, sizeof(death->detail), "%.*s", DEATH_DETAIL - 1, detail);
}

/* systemd unloads a unit that is down and that nothing refers to, and then does not know any more
 * why its start was skipped.  In that case the condition that was found right after the start is
 * used. */
static int check_conditions(struct unit_gather *g)
{
	struct unit_evidence *out = g->out;
	char all[DEATH_DETAIL] = "";
	int r = unit_conditions_unmet(g->call, g->row->path, out->hold, sizeof(out->hold));

	if (r >= 0 && out->hold[0] == '\0')
		snprintf(out->hold, sizeof(out->hold), "%s", g->request->memory.unmet);
	if (out->hold[0] != '\0') {
		out->e.hold = out->hold;
		skipped(g, DEATH_CONDITION, out->hold);
	} else if (r >= 0 && strcmp(g->request->heard_result, DEATH_CONDITION) == 0) {
		r = unit_conditions_list(g->call, g->row->path, all, sizeof(all));
		if (all[0] != '\0')
			skipped(g, DEATH_CONDITION, all);
	}
	return r;
}

/* --- a dependency ----------------------------------------------------------------------------- */

static int find_missing(const struct unit_row *row, void *arg)
{
	struct unit_gather *g = arg;
	char text[DEATH_DETAIL];

	unit_gather_relate(g, row);
	if (unit_row_is_at_work(row) || death_is_dependency(&g->reply->death))
		return 0;
	snprintf(text, sizeof(text), "%.120s, which it needs, is %s", row->name, row->active);
	skipped(g, DEATH_DEPENDENCY, text);
	return 0;
}

/* systemd says that a dependency could not be started, but not which one. */
static int check_dependencies(struct unit_gather *g)
{
	static const char *const kinds[] = {"Requires", "BindsTo", "Requisite"};
	char names[UNIT_NAMES] = "";
	int r = 0;

	for (size_t i = 0; r >= 0 && i < sizeof(kinds) / sizeof(*kinds); i++)
		r = unit_gather_names(g, kinds[i], names);
	return r < 0 ? r : unit_gather_each(g->call, names, find_missing, g);
}

/* --- units that are meant to be down ---------------------------------------------------------- */

struct triggers {
	struct unit_gather *g;
	bool active;
	char idle[MANAGER_UNIT], name[MANAGER_UNIT];
};

static int find_trigger(const struct unit_row *row, void *arg)
{
	struct triggers *triggers = arg;

	/* A timer in the state "elapsed" will not start anything any more. */
	bool active = unit_row_is_at_work(row) && strcmp(row->sub, "elapsed") != 0;

	unit_gather_relate(triggers->g, row);
	if (active && !triggers->active)
		snprintf(triggers->name, sizeof(triggers->name), "%s", row->name);
	triggers->active |= active;
	if (!triggers->active)
		snprintf(triggers->name, sizeof(triggers->name), "%s", row->name);
	return 0;
}

int unit_down_start(struct unit_gather *g, struct unit_start *start)
{
	char type[32] = "", names[UNIT_NAMES] = "";
	bool remains = false;
	int r = systemd_get_text(
		g->call, g->row->path, SYSTEMD_SERVICE, "Type", type, sizeof(type));

	*start = (struct unit_start){.by_need = false};
	if (r >= 0)
		r = systemd_get_bool(
			g->call, g->row->path, SYSTEMD_SERVICE, "RemainAfterExit", &remains);
	if (r >= 0)
		r = unit_gather_names(g, "Names", names);
	if (r >= 0)
		r = systemd_get_bool(
			g->call, g->row->path, SYSTEMD_UNIT, "StopWhenUnneeded", &start->by_need);
	start->to_end = strcmp(type, "oneshot") == 0 && !remains;
	start->by_bus = strncmp(names, "dbus-", 5) == 0 || strstr(names, " dbus-") != NULL;
	return r;
}

static int find_target(const struct unit_row *row, void *arg)
{
	const char *suffix = strrchr(row->name, '.');
	bool *found = arg;

	*found |= suffix != NULL && strcmp(suffix, ".target") == 0 && unit_row_is_at_work(row);
	return 0;
}

/* Finds out whether an active target wants or requires the unit, so that it is meant to run all the
 * time.  A service that wants it may only need it at times. */
static int find_wanted(struct unit_gather *g, bool *wanted)
{
	char names[UNIT_NAMES] = "";
	int r = unit_gather_wanters(g, names);

	return r < 0 ? r : unit_gather_each(g->call, names, find_target, wanted);
}

/* Finds out whether a oneshot that succeeded, or a unit that is started on demand, is meant to be
 * down. */
static int check_untriggered(struct unit_gather *g, const struct triggers *triggers)
{
	struct unit_evidence *out = g->out;
	struct unit_start start;
	bool wanted = false;
	int r = unit_down_start(g, &start);

	if (r >= 0 && start.by_bus)
		r = find_wanted(g, &wanted);
	if (r < 0)
		return r;
	if (start.to_end && triggers->name[0] != '\0') {
		snprintf(out->hold, sizeof(out->hold), "%s, which starts it, is not active",
			triggers->name);
		out->e.hold = out->hold;
	} else if (start.to_end) {
		snprintf(out->idle, sizeof(out->idle), "a oneshot that %s",
			out->e.succeeded ? "has succeeded" : "has not run yet");
	} else if (start.by_bus && !wanted) {
		snprintf(out->idle, sizeof(out->idle), "started over D-Bus when it is needed");
	} else if (start.by_need) {
		snprintf(out->idle, sizeof(out->idle),
			"started when another unit needs it (StopWhenUnneeded=)");
	}
	return 0;
}

static int check_idle(struct unit_gather *g)
{
	struct unit_evidence *out = g->out;
	struct triggers triggers = {.g = g};
	char names[UNIT_NAMES] = "", result[32];
	uint64_t ran = 0;
	int r = systemd_get_text(
		g->call, g->row->path, SYSTEMD_SERVICE, "Result", result, sizeof(result));

	if (r >= 0)
		r = systemd_get_number(g->call, g->row->path, SYSTEMD_SERVICE,
			"ExecMainExitTimestampMonotonic", &ran);
	/* systemd forgets the runs of a unit that nothing refers to, but never a failure. */
	out->e.succeeded = ran > 0 || g->request->memory.began;
	if (r >= 0)
		r = unit_gather_names(g, "TriggeredBy", names);
	if (r < 0 || strcmp(result, "success") != 0)
		return r;
	r = unit_gather_each(g->call, names, find_trigger, &triggers);
	if (r >= 0 && triggers.active)
		snprintf(out->idle, sizeof(out->idle), "started by %s", triggers.name);
	else if (r >= 0)
		r = check_untriggered(g, &triggers);
	if (out->idle[0] != '\0')
		out->e.idle = out->idle;
	return r;
}

int unit_down_gather(struct unit_gather *g)
{
	char conflicts[UNIT_NAMES] = "";
	bool shutdown = false;
	int r;

	if (g->out->e.hold != NULL)
		return 0; /* the unit is masked */
	r = unit_down_conflicts(g, conflicts, &shutdown);
	if (r >= 0)
		r = unit_gather_each(g->call, conflicts, find_conflict, g);
	if (r >= 0)
		r = g->out->e.hold == NULL ? check_conditions(g) : r;
	if (r >= 0 && g->out->e.hold == NULL &&
		strcmp(g->request->heard_result, DEATH_DEPENDENCY) == 0)
		r = check_dependencies(g);
	if (r >= 0 && g->out->e.hold == NULL && g->out->e.word == WORD_DOWN)
		r = check_idle(g);
	return r;
}
