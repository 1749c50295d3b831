/* model: the hosts, the parents and the master; see model.h. */
#include "model_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/icinga/phase.h"

/* The defaults of src/modules/icinga/icinga.c, in seconds. */
#define TIMEOUT     10.0
#define BACKOFF_MAX 60.0

#define IDLE    10.0   /* seconds after which icinga2 closes an idle connection */
#define BEGIN   120.0  /* seconds until the incident */
#define AFTER   420.0  /* seconds that are simulated after it */
#define CHANGES 3600.0 /* seconds between two changes of a host */
#define SLOW    1.0    /* seconds */

/* --- chance ----------------------------------------------------------------------------------- */

double model_chance(struct model *m) /* xorshift32; from 0 to below 1 */
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 17;
	m->random ^= m->random << 5;
	return m->random / 4294967296.0;
}

const char *model_host_name(const struct model *m, uint32_t id)
{
	static char name[32];

	snprintf(name, sizeof(name), "host%u.site%u", id, m->run->seed);
	return name;
}

static double phase(const struct model *m, uint32_t id, unsigned daemon)
{
	char name[16];

	if (!m->run->policy->spread)
		return 0;
	snprintf(name, sizeof(name), "daemon%u", daemon);
	return phase_of(model_host_name(m, id), name);
}

void model_add(struct model *m, double time, uint32_t id, enum kind kind, unsigned detail)
{
	wheel_add(m->wheel, (struct wheel_event){time, id, (uint16_t)kind, (uint16_t)detail});
}

/* --- servers ---------------------------------------------------------------------------------- */

/* Returns when the server has done the work. */
static double serve(struct server *s, double now, double cost)
{
	s->busy_until = fmax(s->busy_until, now) + cost / s->cores;
	return s->busy_until;
}

static struct server *parent_of(struct model *m, uint32_t id)
{
	return &m->parents[id % m->run->tiers->parents];
}

static bool is_cut(const struct model *m, uint32_t id)
{
	if (m->now < m->begin || m->now >= m->back)
		return false;
	if (m->run->incident == INCIDENT_SPLIT) /* half of each site */
		return id / m->run->tiers->parents % 2 == 0;
	return m->run->incident == INCIDENT_OUTAGE && m->run->tiers->parents == 1;
}

static void see(struct model *m, uint32_t id, double time)
{
	struct host *h = &m->hosts[id];

	h->tracked = SEEN;
	m->latencies[m->seen++] = time - h->critical;
}

/* A result has arrived at the parent. */
static void arrive(struct model *m, uint32_t id, bool critical)
{
	double time = m->now;

	if (m->run->tiers->parents > 1 && m->away) {
		m->logged++;
		if (critical)
			m->in_log[id] = (uint32_t)m->logged;
		return;
	}
	if (m->run->tiers->parents > 1) {
		time = serve(&m->master, m->now, m->run->costs->zone);
		m->figures->master_queue = fmax(m->figures->master_queue, time - m->now);
	}
	if (critical)
		see(m, id, time);
}

/* The master is back.  It receives first what the satellites have kept, and it knows no TLS
 * session. */
static void on_return(struct model *m)
{
	double each = m->run->costs->zone / m->master.cores;

	m->away = false;
	for (uint32_t id = 0; id < m->run->hosts && m->run->tiers->parents == 1; id++)
		m->hosts[id].known = false;
	for (uint32_t id = 0; id < m->run->hosts; id++)
		if (m->in_log[id] > 0)
			see(m, id, m->now + m->in_log[id] * each);
	m->master.busy_until = m->now + (double)m->logged * each;
	m->figures->master_queue = (double)m->logged * each;
}

/* --- requests --------------------------------------------------------------------------------- */

/* Returns a connection without a request, an open one if possible. */
static unsigned free_connection(const struct model *m, struct host *h)
{
	unsigned found = MODEL_CONNECTIONS;

	for (unsigned c = 0; c < MODEL_CONNECTIONS; c++) {
		if ((h->busy & 1u << c) != 0)
			continue;
		if (m->now > h->used[c] + IDLE)
			h->open &= (uint8_t) ~(1u << c);
		if (found == MODEL_CONNECTIONS ||
			((h->open & 1u << c) != 0 && (h->open & 1u << found) == 0))
			found = c;
	}
	return found;
}

/* Takes what is sent next: a change, or else a repetition.  Returns false if there is nothing. */
static bool take_next(struct model *m, struct host *h, unsigned *what)
{
	if (h->changes > 0) {
		*what = h->tracked == WAITS && h->ahead == 0 ? SEND_CRITICAL : SEND_CHANGE;
		if (*what == SEND_CRITICAL)
			h->tracked = IN_FLIGHT;
		else if (h->ahead > 0)
			h->ahead--;
		h->changes--;
		return true;
	}
	if (h->due == 0)
		return false;
	*what = (unsigned)__builtin_ctz(h->due);
	h->due &= (uint16_t)(h->due - 1);
	h->told[*what] = (float)m->now;
	return true;
}

static double cost_of(struct model *m, struct host *h, unsigned c)
{
	const struct costs *costs = m->run->costs;

	if ((h->open & 1u << c) != 0)
		return costs->result;
	m->started[(size_t)m->now]++;
	h->open |= (uint8_t)(1u << c);
	return costs->result +
	       (h->known && m->run->policy->resume ? costs->resumed : costs->connection);
}

static void send_on(struct model *m, uint32_t id, unsigned c, unsigned what)
{
	struct host *h = &m->hosts[id];
	struct server *parent = parent_of(m, id);
	unsigned detail = (unsigned)h->epoch << 8 | c << 4 | what;
	double cost, done;

	h->busy |= (uint8_t)(1u << c);
	h->used[c] = m->now;
	if (is_cut(m, id)) {
		model_add(m, m->now + TIMEOUT, id, FAILED, detail);
		return;
	}
	cost = cost_of(m, h, c);
	done = serve(parent, m->now, cost);
	m->work[(size_t)m->now] += cost;
	if (m->now >= m->back)
		m->figures->queue = fmax(m->figures->queue, done - m->now);
	if (done - m->now > SLOW && m->now >= m->back)
		m->figures->settled = done - m->back;
	if (done - m->now > TIMEOUT)
		model_add(m, m->now + TIMEOUT, id, FAILED, detail);
	else
		model_add(m, done, id, ANSWERED, detail);
}

static void pump(struct model *m, uint32_t id)
{
	struct host *h = &m->hosts[id];
	unsigned what, c;

	while (!h->waiting && (h->up || h->busy == 0)) {
		c = free_connection(m, h);
		if (c == MODEL_CONNECTIONS || !take_next(m, h, &what))
			return;
		send_on(m, id, c, what);
	}
}

static void on_answered(struct model *m, uint32_t id, unsigned c, unsigned what)
{
	struct host *h = &m->hosts[id];

	h->busy &= (uint8_t) ~(1u << c);
	h->used[c] = m->now;
	h->up = h->known = true;
	if (h->failures > 0 && m->run->policy->gentle_return)
		h->due = 0;
	h->failures = 0;
	arrive(m, id, what == SEND_CRITICAL);
	pump(m, id);
}

static double delay_of(struct model *m, uint32_t id)
{
	unsigned failures = m->hosts[id].failures;

	if (m->run->policy->jitter)
		return phase_retry(model_host_name(m, id), failures, BACKOFF_MAX);
	return fmin(exp2(fmin(failures, 16)), BACKOFF_MAX);
}

static void on_failed(struct model *m, uint32_t id, unsigned c, unsigned what)
{
	struct host *h = &m->hosts[id];

	h->busy &= (uint8_t) ~(1u << c);
	h->open &= (uint8_t) ~(1u << c);
	h->up = false;
	if (m->now - TIMEOUT >= m->back)
		m->figures->timeouts++;
	if (what < MODEL_DAEMONS) {
		h->due |= (uint16_t)(1u << what);
		h->told[what] = 0;
	} else {
		h->changes++;
		if (what == SEND_CRITICAL)
			h->tracked = WAITS;
		else if (h->tracked == WAITS)
			h->ahead++;
	}
	if (!h->waiting) {
		model_add(m, m->now + delay_of(m, id), id, ATTEMPT, h->epoch);
		h->waiting = true;
		h->failures++;
	}
}

/* --- a host ----------------------------------------------------------------------------------- */

/* vigild starts.  first: at this second, not long ago. */
static void on_start(struct model *m, uint32_t id, bool first)
{
	struct host *h = &m->hosts[id];
	double within;

	h->epoch++;
	h->open = h->busy = 0;
	h->failures = 0;
	h->waiting = h->up = h->known = false;
	h->due = 0;
	if (h->tracked == IN_FLIGHT) { /* it is still in the queue on disk */
		h->tracked = WAITS;
		h->changes++;
		h->ahead = 0;
	}
	for (unsigned d = 0; d < MODEL_DAEMONS; d++) {
		within = phase(m, id, d);
		model_add(
			m, m->now + within * MODEL_INTERVAL, id, DUE, (unsigned)h->epoch << 8 | d);
		if (first && !m->run->policy->gentle_start)
			model_add(m, m->now + within, id, FIRST, (unsigned)h->epoch << 8 | d);
	}
}

static void on_due(struct model *m, uint32_t id, unsigned d, bool again)
{
	struct host *h = &m->hosts[id];

	if (again)
		model_add(m, m->now + MODEL_INTERVAL, id, DUE, (unsigned)h->epoch << 8 | d);
	if (again && h->told[d] > 0 && h->told[d] > m->now - MODEL_INTERVAL / 2)
		return;
	h->due |= (uint16_t)(1u << d);
	pump(m, id);
}

static void on_change(struct model *m, uint32_t id, bool critical)
{
	struct host *h = &m->hosts[id];

	if (critical) {
		h->ahead = h->changes;
		h->critical = m->now;
		h->tracked = WAITS;
	}
	h->changes++;
	pump(m, id);
}

/* Some host changes, and the next one will. */
static void on_background(struct model *m)
{
	uint32_t id = (uint32_t)(model_chance(m) * m->run->hosts);

	model_add(m, m->now - log(1 - model_chance(m)) * CHANGES / m->run->hosts, 0, CHANGE, 0);
	on_change(m, id, false);
}

static void on_request(struct model *m, const struct wheel_event *e)
{
	unsigned c = e->detail >> 4 & 15u, what = e->detail & 15u;

	if (e->kind == ANSWERED)
		on_answered(m, e->host, c, what);
	else
		on_failed(m, e->host, c, what);
}

static bool is_stale(const struct model *m, const struct wheel_event *e)
{
	uint8_t epoch = m->hosts[e->host].epoch;

	switch (e->kind) {
	case FIRST:
	case DUE:
	case ANSWERED:
	case FAILED: return e->detail >> 8 != epoch;
	case ATTEMPT: return e->detail != epoch;
	default: return false;
	}
}

static void on_event(struct model *m, const struct wheel_event *e)
{
	switch (e->kind) {
	case START: on_start(m, e->host, m->now >= m->begin); break;
	case FIRST:
	case DUE: on_due(m, e->host, e->detail & 15u, e->kind == DUE); break;
	case ATTEMPT:
		m->hosts[e->host].waiting = false;
		pump(m, e->host);
		break;
	case CHANGE: on_background(m); break;
	case CRITICAL:
	case PLUGIN: on_change(m, e->host, e->kind == CRITICAL); break;
	case RETURN: on_return(m); break;
	default: on_request(m, e);
	}
}

/* --- a run ------------------------------------------------------------------------------------ */

static void *zeroed(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (memory != NULL)
		return memory;
	fprintf(stderr, "simulate: out of memory\n");
	exit(EXIT_FAILURE);
}

static void model_init(struct model *m, const struct run *run, struct figures *figures)
{
	*m = (struct model){
		.run = run, .figures = figures, .begin = BEGIN, .random = run->seed * 2 + 1};
	m->back = m->begin + run->lasting;
	m->end = m->back + AFTER;
	m->wheel = wheel_new(m->end);
	m->hosts = zeroed(run->hosts, sizeof(*m->hosts));
	m->in_log = zeroed(run->hosts, sizeof(*m->in_log));
	m->latencies = zeroed(run->hosts, sizeof(*m->latencies));
	m->work = zeroed((size_t)m->end + 2, sizeof(*m->work));
	m->started = zeroed((size_t)m->end + 2, sizeof(*m->started));
	m->parents = zeroed(run->tiers->parents, sizeof(*m->parents));
	for (uint32_t i = 0; i < run->tiers->parents; i++)
		m->parents[i].cores = run->tiers->cores;
	m->master.cores = run->tiers->master_cores;
}

void model_run(const struct run *run, struct figures *figures)
{
	struct model m;
	struct wheel_event event;

	*figures = (struct figures){0};
	model_init(&m, run, figures);
	incident_plan(&m);
	while (wheel_next(m.wheel, &event)) {
		m.now = event.time;
		m.away = run->incident == INCIDENT_OUTAGE && m.now >= m.begin && m.now < m.back;
		if (!is_stale(&m, &event))
			on_event(&m, &event);
	}
	incident_summarize(&m);
	wheel_free(m.wheel);
	free(m.hosts);
	free(m.in_log);
	free(m.latencies);
	free(m.work);
	free(m.started);
	free(m.parents);
}
