/*
 * unit_unwatched: see unit_unwatched.h.  An umbrella unit has the status of the worst of its parts
 * (PartOf=).  The status of a wrapped init script follows from the pidfile that it names, and that
 * of every other unit from the processes of its control group.
 */
#include "service/systemd/unit_unwatched.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "service/managers/init_status.h"
#include "service/systemd/control_group.h"
#include "service/systemd/unit_down.h"

/* The order of the states, from good to bad. */
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

/* Evaluates a part.  counts: whether the part affects the status of the umbrella unit.  A part that
 * is down and that no unit wants need not run, because it may be loaded only because another unit
 * names it. */
static int evaluate_part(struct unit_gather *part, bool *counts)
{
	const struct unit_row *row = part->row;
	const char *suffix = strrchr(row->name, '.');
	struct evidence *e = &part->out->e;
	bool failed = unit_status(row->active) == VIGIL_SERVICE_FAILED, wanted;
	char wanters[UNIT_NAMES] = "";
	int r = 0;

	*counts = false;
	if (unit_row_is_absent(row))
		return 0;
	if (suffix == NULL || strcmp(suffix, ".service") != 0) {
		e->word = failed ? WORD_FAILED
				 : WORD_UP; /* a socket or target counts only if it failed */
	} else {
		r = unit_gather_properties(part);
		if (r >= 0)
			unit_take(row, &part->properties, e, part->out->said, part->reply);
	}
	if (failed)
		e->word = WORD_FAILED; /* even if it has been masked since then */
	if (r >= 0 && e->word == WORD_DOWN)
		r = unit_down_gather(part);
	if (r >= 0 && e->word == WORD_DOWN)
		r = unit_gather_wanters(part, wanters);
	wanted = e->word != WORD_DOWN || wanters[0] != '\0';
	*counts = wanted && e->idle == NULL && (e->hold == NULL || failed);
	return r;
}

/* A part that is starting or stopping gives its own time limit to the umbrella unit. */
static void take_work_of_part(struct unit_gather *g, const struct manager_reply *part)
{
	g->reply->busy = part->busy;
	g->reply->busy_limit = part->busy_limit > 0 ? part->busy_limit : INFINITY;
}

/* Adds one part to the evidence of the umbrella unit, which has the status of its worst part. */
static int take_part(const struct unit_row *row, void *arg)
{
	struct unit_gather *g = arg;
	struct unit_evidence part = {.e = {.witness = "systemd"}};
	struct manager_reply reply = {.manager = NULL};
	struct unit_gather inner = {
		.call = g->call, .request = g->request, .row = row, .out = &part, .reply = &reply};
	struct evidence *e = &g->out->e;
	bool counts;
	int r;

	unit_gather_relate(g, row);
	r = evaluate_part(&inner, &counts);
	if (r < 0 || !counts)
		return r;
	if ((part.e.word == WORD_DOWN || part.e.word == WORD_FAILED) &&
		strlen(g->out->parts) + strlen(row->name) + 2 <= sizeof(g->out->parts))
		strcat(strcat(g->out->parts, row->name), " ");
	if (badness(part.e.word) <= badness(e->word))
		return 0;
	e->word = part.e.word;
	take_work_of_part(g, &reply);
	snprintf(g->out->said, sizeof(g->out->said), "active, but its part %.100s is %.20s (%.20s)",
		row->name, row->active, row->sub);
	return 0;
}

/* Names the process of the first running part, so that its exit is detected at once. */
static int count_parts(const struct unit_row *row, void *arg)
{
	struct unit_gather *g = arg;
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
	g->reply->memory.by_part = true;
	return r;
}

static int gather_parts(struct unit_gather *g, const char *parts)
{
	int r = unit_gather_each(g->call, parts, take_part, g);

	if (r >= 0 && g->out->e.word == WORD_UP)
		r = unit_gather_each(g->call, parts, count_parts, g);
	return r;
}

/* Uses the pidfile that a wrapped init script names, because systemd monitors no process of such a
 * unit. */
static void gather_script(struct unit_gather *g, const char *script)
{
	struct evidence *e = &g->out->e;
	struct pidfile pidfile;

	if (init_status_pidfile(g->request, script, &pidfile) && pidfile.verdict != PIDFILE_NONE)
		manager_add_pidfile(g->reply, e, &pidfile);
	g->reply->outside = true;
}

/* Ignores the death of the main process if it was successful, as that of a script that only sets
 * something up. */
static int forgive_main_process(struct unit_gather *g)
{
	struct evidence *e = &g->out->e;
	char result[32] = "";
	pid_t pid = 0;
	int r;

	if (e->died == 0)
		return 0;
	r = systemd_get_pid(g->call, g->row->path, "ExecMainPID", &pid);
	if (r >= 0)
		r = systemd_get_text(
			g->call, g->row->path, SYSTEMD_SERVICE, "Result", result, sizeof(result));
	if (r >= 0 && pid == e->died && strcmp(result, "success") == 0)
		e->died = 0;
	return r;
}

/* Finds out whether the unit had processes and has none any more.  A forking unit that changed to
 * "exited" after it had become active has lost its last process at that time, even if vigild did
 * not run then.  A forking unit that never left a process behind was "exited" at once.
 *
 * A oneshot that was started again need not leave processes behind this time, too, unless it had
 * lost them before that start, which then has not repaired it. */
static int find_emptied(struct unit_gather *g, uint64_t entered)
{
	struct manager_memory *memory = &g->reply->memory;
	struct evidence *e = &g->out->e;
	uint64_t changed = 0;
	char type[32] = "";
	int r = systemd_get_text(
		g->call, g->row->path, SYSTEMD_SERVICE, "Type", type, sizeof(type));

	if (r >= 0)
		r = systemd_get_number(g->call, g->row->path, SYSTEMD_UNIT,
			"StateChangeTimestampMonotonic", &changed);
	if (strcmp(type, "oneshot") == 0 && memory->entered != entered && !memory->lost) {
		memory->had_processes = false;
		e->died = 0;
	}
	e->emptied = memory->had_processes || (strcmp(type, "forking") == 0 && changed > entered);
	memory->lost |= e->died > 0 || e->emptied;
	return r;
}

static int gather_group(struct unit_gather *g)
{
	struct evidence *e = &g->out->e;
	char group[MANAGER_TEXT];
	int r = systemd_get_text(
		g->call, g->row->path, SYSTEMD_SERVICE, "ControlGroup", group, sizeof(group));
	uint64_t entered = 0;
	pid_t leader;

	if (r >= 0)
		r = systemd_get_number(g->call, g->row->path, SYSTEMD_UNIT,
			"ActiveEnterTimestampMonotonic", &entered);
	if (r < 0)
		return r;
	leader = control_group_leader(group);
	if (leader > 0) {
		e->process = PROCESS_ALIVE;
		e->pid = leader;
		e->named_by = "its control group";
		g->reply->memory.had_processes = true;
		g->reply->memory.entered = entered;
		g->reply->memory.lost = false;
	} else if (leader == 0) {
		r = find_emptied(g, entered);
	} else if (error_is_own(leader)) {
		e->own_error = leader;
		snprintf(e->why, sizeof(e->why), "vigild could not read its control group: %s",
			strerror(-leader));
	}
	g->reply->outside = leader > 0 || e->emptied;
	return r;
}

int unit_unwatched_gather(struct unit_gather *g)
{
	struct unit_evidence *out = g->out;
	char parts[UNIT_NAMES] = "", script[MANAGER_TEXT];
	int r = unit_gather_names(g, "ConsistsOf", parts);

	out->e.basis = BASIS_RECORD;
	snprintf(out->said, sizeof(out->said), "active (%.32s)", g->row->sub);
	/* systemd says how the parts are.  Those that need not run may end. */
	if (parts[0] != '\0' || g->request->memory.by_part)
		out->e.died = 0;
	if (r >= 0 && parts[0] != '\0')
		return gather_parts(g, parts);
	if (r >= 0)
		r = forgive_main_process(g);
	if (r >= 0)
		r = systemd_get_text(
			g->call, g->row->path, SYSTEMD_UNIT, "SourcePath", script, sizeof(script));
	if (r >= 0 && g->request->pidfile == NULL && script[0] != '\0')
		gather_script(g, script);
	if (r >= 0 && out->e.process == PROCESS_UNNAMED)
		r = gather_group(g);
	if (out->e.process == PROCESS_ALIVE)
		g->reply->memory.by_part = false;
	if (r >= 0 && out->e.process == PROCESS_UNNAMED && !out->e.emptied)
		snprintf(out->said, sizeof(out->said),
			"active (%.32s): systemd tracks no process of it", g->row->sub);
	return r;
}
