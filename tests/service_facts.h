/*
 * service_facts: enumerates combinations of facts about a service, for the tests that prove what
 * decide() and health_of() never do.
 */
#ifndef SERVICE_FACTS_H
#define SERVICE_FACTS_H

#include <check.h>
#include <math.h>
#include <stdio.h>

#include "modules/policy/decide.h"
#include "suite.h"

/* Like ck_assert, which is too slow to be called millions of times. */
#define PROVE(condition, text)                                                  \
	do {                                                                    \
		if (!(condition))                                               \
			ck_abort_msg("%s does not hold: %s", #condition, text); \
	} while (0)

typedef void facts_fn(const struct rules *rules, const struct facts *facts);

static inline bool facts_are_busy(const struct facts *facts)
{
	return facts->status == VIGIL_SERVICE_STARTING || facts->status == VIGIL_SERVICE_STOPPING ||
	       facts->status == VIGIL_SERVICE_RELOADING;
}

static inline void facts_give(const struct rules *rules, const struct facts *facts, facts_fn *fn)
{
	static unsigned long given;

	if (given++ % suite_sample() == 0)
		fn(rules, facts);
}

/* Calls fn with each combination of the age of work in progress, by vigild's clock and by the
 * manager's, and of its limit. Returns the number of calls. */
static inline unsigned long facts_each_time(
	const struct rules *rules, struct facts *facts, facts_fn *fn)
{
	static const double ages[] = {0, 100, 1000}, busy[] = {0, 500},
			    limits[] = {0, 60, 900, INFINITY};
	unsigned long states = 0;

	facts->busy = facts->busy_limit = 0;
	facts->since = facts->now - 50;
	if (!facts_are_busy(facts)) {
		facts_give(rules, facts, fn);
		return 1;
	}
	for (size_t a = 0; a < sizeof(ages) / sizeof(*ages); a++) {
		for (size_t b = 0; b < sizeof(busy) / sizeof(*busy); b++) {
			for (size_t l = 0; l < sizeof(limits) / sizeof(*limits); l++) {
				facts->since = facts->now - ages[a];
				facts->busy = busy[b];
				facts->busy_limit = limits[l];
				facts_give(rules, facts, fn);
				states++;
			}
		}
	}
	return states;
}

static inline void facts_set_flags(struct facts *facts, unsigned flags)
{
	facts->idle = flags & 1 ? "started by backup.timer" : NULL;
	facts->hold = flags & 2 ? "the unit is masked" : NULL;
	facts->sick = flags & 4 ? "its probe failed 3 times in a row (refused)" : NULL;
	facts->ailing = flags & 8 ? "its probe fails: refused (1 of 3)" : NULL;
	facts->unprobed = flags & 16 ? "Too many open files" : NULL;
	facts->awaited = flags & 32 ? "db to run first (db is failed)" : NULL;
	facts->next_try = flags & 64 ? facts->now + 5 : facts->now - 5;
	facts->burst_free = flags & 128 ? facts->now + 7 : 0;
	facts->paused = flags & 256;
	facts->under_way = flags & 512 ? "restart" : NULL;
	/* awaited is not used during a pause, so this needs no flag of its own */
	facts->stopped_by_admin = flags & 256 && flags & 32;
	facts->refusal_ends = flags & 1024;
	facts->unclear_stop = facts->status == VIGIL_SERVICE_STOPPED && flags & 2048;
	/* These two matter only while the service runs, so they share the flags of facts that
	 * matter only while it is down. */
	facts->broken = facts->status == VIGIL_SERVICE_RUNNING && flags & 2048
				? "its certificate is refused: it has expired"
				: NULL;
	facts->expiring = facts->status == VIGIL_SERVICE_RUNNING && flags & 1
				  ? "its certificate ends on 2026-12-14, in 9 days"
				  : NULL;
	facts->closed = flags & 4096 ? "outside only_during, until 18:00" : NULL;
	facts->opens = facts->now + 9;
}

/* Calls fn with each combination of a restart of another service, with which this one is to be
 * restarted, and of what delays that, or of a restart that has failed. Returns the number of
 * calls. */
static inline unsigned long facts_each_wave(
	const struct rules *rules, struct facts *facts, facts_fn *fn)
{
	const bool runs = facts->status == VIGIL_SERVICE_RUNNING;
	unsigned long states = 0;

	for (unsigned flags = 0; flags < (runs ? 8 : 2); flags++) {
		facts->torn = !runs && flags & 1;
		facts->wave =
			runs && flags & 1 ? "db was restarted (its pid changed from 1 to 2)" : NULL;
		facts->wave_by = runs && flags & 1 ? "db" : NULL;
		facts->wave_opens = flags & 2 ? facts->now + 11 : facts->now - 1;
		facts->deferred = flags & 4 ? "a package upgrade is in progress" : NULL;
		states += facts_each_time(rules, facts, fn);
	}
	return states;
}

/* Calls fn with each combination and returns the number of combinations. */
static inline unsigned long facts_each(facts_fn *fn)
{
	static const char *const refusals[] = {
		NULL, "restart_rate is used up", "a package upgrade is in progress"};
	struct rules rules = {.settle = 90, .burst = 3, .burst_window = 600};
	struct facts facts = {.daemon = "web", .now = 10000};
	unsigned long states = 0;

	for (int status = 0; status <= VIGIL_SERVICE_RELOADING; status++) {
		for (int on = RESTART_ON_STOPPED; on <= RESTART_NEVER; on++) {
			for (unsigned flags = 0; flags < 8192; flags++) {
				for (int refusal = 0; refusal < 3; refusal++) {
					rules.restart_on = (enum restart_on)on;
					facts.status = (vigil_service_status)status;
					facts_set_flags(&facts, flags);
					facts.refusal = refusals[refusal];
					facts.refusal_deliberate = refusal == 2;
					states += facts_each_wave(&rules, &facts, fn);
				}
			}
		}
	}
	return states;
}

#endif
