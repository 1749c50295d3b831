/*
 * daemon_load: finds daemons that keep the loop busy.
 *
 * A module that watches a descriptor at its end of file without reading it, that re-arms a timer of
 * 0 s, or that writes what it watches is called again and again.  It takes a whole processor, and
 * nothing else shows that.  So the callbacks of each daemon and their time are counted over a
 * period.  Above a limit the health of the daemon is WARNING until a period without that.
 *
 * The period ends at the first callback after it.  While a daemon is busy, a timer ends it as well,
 * because a daemon that is not called any more is not busy.
 */
#include "daemon/daemon_internal.h"

#include "base/memory.h"
#include "loop/loop.h"

/* Callbacks a second.  An ordinary daemon has a few, and a busy loop has a hundred thousand. */
#define RATE_MAX 10000
/* The share of the time, if there were so many callbacks: one long callback is reported by
 * daemon_leave. */
#define PERCENT_MAX 50
#define CALLS_MIN   100

bool daemon_is_busy(const struct vigil_daemon *d)
{
	return d->load.end != NULL;
}

char *daemon_load_text(const struct vigil_daemon *d)
{
	return memory_format("%s keeps vigild busy: %u callbacks a second, %u %% of the time",
		d->name, d->load.rate, d->load.percent);
}

static void on_end(uint64_t missed, void *arg)
{
	struct vigil_daemon *d = arg;
	uint64_t now = clock_now();

	if (now - d->load.began >= LOAD_PERIOD)
		daemon_load_turn(d, now);
	if (d->load.end != NULL)
		loop_timer_rearm(d->load.end, LOAD_PERIOD);
}

static void become_busy(struct vigil_daemon *d)
{
	d->load.end = loop_after(d->environment->loop, LOAD_PERIOD, on_end, d);
	clock_gettime(CLOCK_REALTIME, &d->load.since);
	log_write(LEVEL_WARN, d->name,
		"this daemon keeps vigild busy: %u callbacks a second, %u %% of the time; does it "
		"read a descriptor at its end, re-arm a timer of 0 s, or write what it watches?",
		d->load.rate, d->load.percent);
}

static void become_normal(struct vigil_daemon *d)
{
	loop_timer_free(d->load.end);
	d->load.end = NULL;
	log_write(LEVEL_NOTICE, d->name, "this daemon does not keep vigild busy any more");
}

void daemon_load_turn(struct vigil_daemon *d, uint64_t now)
{
	struct daemon_load *load = &d->load;
	double seconds = clock_to_seconds(now - load->began);
	double rate = (double)load->calls / seconds;
	double percent = clock_to_seconds(load->time) / seconds * 100;
	bool busy = load->began != 0 && load->calls >= CALLS_MIN &&
		    (rate >= RATE_MAX || percent >= PERCENT_MAX);

	load->began = now;
	load->calls = load->time = 0;
	if (busy) {
		load->rate = (unsigned)rate;
		load->percent = (unsigned)percent;
	}
	if (busy == daemon_is_busy(d) || d->status != DAEMON_RUNNING)
		return;
	if (busy)
		become_busy(d);
	else
		become_normal(d);
	daemon_announce(d, "health", daemon_health_account(d));
}

void daemon_load_clear(struct vigil_daemon *d)
{
	loop_timer_free(d->load.end);
	d->load = (struct daemon_load){0};
}
