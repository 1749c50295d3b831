/*
 * unit_evidence: see unit_evidence.h.  The evidence about a running unit is its process, and
 * whether the unit is simple.  The state of a simple unit gives its complete status, so from then
 * on the loop thread evaluates the unit without a worker.
 */
#include "service/systemd/unit_evidence.h"

#include <string.h>

#include "service/pidfile.h"
#include "service/systemd/unit_conditions.h"
#include "service/systemd/unit_death.h"
#include "service/systemd/unit_down.h"
#include "service/systemd/unit_unwatched.h"

/* Finds out whether systemd leaves the unit down after a crash. RestartForceExitStatus, a list of
 * statuses and one of signals, applies with Restart=no, too. */
static int find_unaided(struct unit_gather *g)
{
	sd_bus_message *answer = NULL;
	const void *list;
	size_t statuses = 0, signals = 0;
	char restart[32] = "";
	int r = systemd_get_text(
		g->call, g->row->path, SYSTEMD_SERVICE, "Restart", restart, sizeof(restart));

	if (r > 0)
		r = systemd_get(
			g->call, &answer, g->row->path, SYSTEMD_SERVICE, "RestartForceExitStatus");
	if (r > 0)
		r = sd_bus_message_enter_container(answer, 'v', "(aiai)");
	if (r > 0)
		r = sd_bus_message_enter_container(answer, 'r', "aiai");
	if (r > 0)
		r = sd_bus_message_read_array(answer, 'i', &list, &statuses);
	if (r > 0)
		r = sd_bus_message_read_array(answer, 'i', &list, &signals);
	g->reply->unaided = r > 0 && strcmp(restart, "no") == 0 && statuses == 0 && signals == 0;
	sd_bus_message_unref(answer);
	return systemd_bus_is_dead(r) ? r : 0;
}

/* Finds out whether the state of the unit alone will explain a later failure or stop. */
static int find_simple(struct unit_gather *g)
{
	char names[UNIT_NAMES] = "";
	struct unit_start start = {.to_end = false};
	unsigned count = 0;
	bool shutdown = false;
	int r = unit_down_conflicts(g, names, &shutdown);

	if (r >= 0)
		r = unit_gather_names(g, "TriggeredBy", names);
	if (r >= 0)
		r = unit_gather_names(g, "ConsistsOf", names);
	if (r >= 0)
		r = unit_down_start(g, &start);
	if (r >= 0)
		r = unit_conditions_count(g->call, g->row->path, &count);
	g->reply->simple = r >= 0 && names[0] == '\0' && shutdown && count == 0 &&
			   g->request->pidfile == NULL && !start.to_end && !start.by_bus &&
			   !start.by_need;
	return g->reply->simple ? find_unaided(g) : r;
}

/* A pidfile that an admin configured has priority over the process that systemd monitors, because
 * that may be only a wrapper.  But a pidfile that does not exist says nothing about a process that
 * systemd monitors. */
static void gather_pidfile(struct unit_gather *g)
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
	struct unit_gather g = {
		.call = call, .request = request, .row = row, .out = out, .reply = reply};
	int r;

	*out = (struct unit_evidence){.e = manager_evidence(request, "systemd")};
	r = unit_gather_properties(&g);
	if (r < 0)
		return r;
	unit_take(row, &g.properties, &out->e, out->said, reply);
	r = unit_death_gather(&g);
	if (r < 0)
		return r;
	if (out->e.word == WORD_UP && g.properties.pid == 0)
		r = unit_unwatched_gather(&g);
	else if (out->e.word == WORD_DOWN || out->e.word == WORD_FAILED)
		r = unit_down_gather(&g);
	if (r >= 0 && out->e.word == WORD_UP)
		r = find_simple(&g);
	if (out->e.word != WORD_DOWN && out->e.word != WORD_FAILED)
		reply->memory.unmet[0] = '\0';
	gather_pidfile(&g);
	return r;
}
