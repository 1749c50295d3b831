/*
 * incident: what happens to all hosts in a run, and the figures of the run; see model.h.
 */
#include <math.h>
#include <stdlib.h>

#include "model_internal.h"
#include "modules/icinga/phase.h"

#define TOGETHER   10.0  /* seconds in which all vigild are restarted */
#define CRITICALS  1000  /* hosts that are watched for the time until a CRITICAL is seen */
#define SEEN_UNTIL 300.0 /* seconds after the incident in which these become CRITICAL */

static void plan_host(struct model *m, uint32_t id)
{
	const struct run *run = m->run;
	double spread;

	/* Hosts that were started together, as after a rollout, are together without spreading. */
	model_add(m, model_chance(m) * TOGETHER, id, START, 0);
	if (run->incident == INCIDENT_ROLLOUT)
		model_add(m, m->begin + model_chance(m) * TOGETHER, id, START, 0);
	spread = run->policy->spread ? phase_of(model_host_name(m, id), "plugin") * MODEL_INTERVAL
				     : model_chance(m);
	if (run->incident == INCIDENT_PLUGIN)
		model_add(m, m->begin + spread, id, PLUGIN, 0);
}

void incident_plan(struct model *m)
{
	uint32_t hosts = m->run->hosts, step = hosts > CRITICALS ? hosts / CRITICALS : 1;

	for (uint32_t id = 0; id < hosts; id++)
		plan_host(m, id);
	for (uint32_t id = 0; id < hosts; id += step) {
		model_add(m, m->back + model_chance(m) * SEEN_UNTIL, id, CRITICAL, 0);
		m->figures->critical++;
	}
	model_add(m, 0, 0, CHANGE, 0);
	if (m->run->incident == INCIDENT_OUTAGE)
		model_add(m, m->back, 0, RETURN, 0);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

void incident_summarize(struct model *m)
{
	struct figures *f = m->figures;
	double cores = m->run->tiers->cores * m->run->tiers->parents;

	for (size_t s = (size_t)m->begin - 60; s < (size_t)m->begin; s++)
		f->steady_load += m->work[s] / 60 / cores;
	for (size_t s = (size_t)m->back; s <= (size_t)m->end; s++) {
		f->peak_load = fmax(f->peak_load, m->work[s] / cores);
		f->peak_connections = fmax(f->peak_connections, m->started[s]);
	}
	f->unseen = f->critical - m->seen;
	if (m->seen == 0)
		return;
	qsort(m->latencies, m->seen, sizeof(*m->latencies), by_size);
	f->seen[0] = m->latencies[m->seen / 2];
	f->seen[1] = m->latencies[(size_t)(m->seen * 0.99)];
	f->seen[2] = m->latencies[m->seen - 1];
}
