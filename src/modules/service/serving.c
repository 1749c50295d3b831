/*
 * serving: see serving.h.
 *
 * Failed probes and values above memory_max or cpu_max count against a running service only if they
 * occur several times in a row, because a short peak is not a problem. A service has time to become
 * ready: after each start, no matter what started it, nothing counts until the first successful
 * probe or the end of probe_start. Errors of vigild itself never count.
 */
#include "serving.h"

#include <stdio.h>
#include <string.h>

#include "probe.h"
#include "usage.h"

/* Consecutive checks above a limit before it counts. */
#define CHECKS 3
#define TEXT   512

struct serving {
	vigil_daemon *daemon;
	vigil_tick_fn *on_news;
	void *arg;
	struct probe *probe; /* NULL: no probe is configured */
	unsigned failures_max;
	double allowance;   /* seconds; option probe_start */
	int64_t memory_max; /* bytes; 0: no limit */
	double cpu_max;     /* percent of one CPU; 0: no limit */

	bool running;        /* at the last check */
	pid_t pid;           /* the pid then; 0: not known */
	double counts_from;  /* end of the allowance, by vigil_now */
	bool served;         /* a probe has succeeded since the service started */
	unsigned failures;   /* consecutive failures that count */
	unsigned failed;     /* all consecutive failures */
	bool unprobed;       /* the last probe could not be made */
	unsigned impossible; /* consecutive */
	char why[384];       /* why the last probe failed or could not be made */
	uint32_t line;       /* line of the history that counts the failures; 0: none */
	struct usage usage;
	unsigned over_memory, over_cpu;
	char text[TEXT];
};

static void on_outcome(vigil_daemon *d, enum probe_outcome outcome, const char *why, void *arg);

static int open_probe(struct serving *s)
{
	const char *target = vigil_option_text(s->daemon, "probe");

	if (target == NULL)
		return 0;
	s->failures_max = (unsigned)vigil_option_int(s->daemon, "probe_failures");
	s->probe = probe_new(
		s->daemon, &(struct probe_spec){.target = target,
				   .command = vigil_option_list(s->daemon, "probe"),
				   .interval = vigil_option_seconds(s->daemon, "probe_interval"),
				   .timeout = vigil_option_seconds(s->daemon, "probe_timeout"),
				   .on_outcome = on_outcome,
				   .arg = s});
	return s->probe != NULL ? 0 : -1;
}

static bool is_asked_for(vigil_daemon *d)
{
	return vigil_option_text(d, "probe") != NULL || vigil_option_int(d, "memory_max") > 0 ||
	       vigil_option_number(d, "cpu_max") > 0;
}

struct serving *serving_new(vigil_daemon *d, vigil_tick_fn *on_news, void *arg)
{
	struct serving *s = is_asked_for(d) ? vigil_alloc(d, sizeof(*s)) : NULL;

	if (s == NULL)
		return NULL;
	s->daemon = d;
	s->on_news = on_news;
	s->arg = arg;
	s->allowance = vigil_option_seconds(d, "probe_start");
	s->memory_max = vigil_option_int(d, "memory_max");
	s->cpu_max = vigil_option_number(d, "cpu_max");
	return open_probe(s) == 0 ? s : NULL;
}

/* Returns whether failures count already. */
static bool counts(const struct serving *s)
{
	return s->served || vigil_now() >= s->counts_from;
}

/* --- the probe -------------------------------------------------------------------------------- */

static void on_success(struct serving *s)
{
	bool news = !s->served || s->failed > 0 || s->unprobed;

	if (s->failed > 0)
		vigil_event(s->daemon, "probe succeeded after %u failure%s", s->failed,
			s->failed == 1 ? "" : "s");
	else if (s->unprobed)
		vigil_event(s->daemon, "probe succeeded");
	s->served = true;
	s->failures = s->failed = s->impossible = 0;
	s->unprobed = false;
	s->line = 0;
	if (news)
		s->on_news(s->daemon, s->arg);
}

/* All consecutive failures share one line of the history, which has their number. */
static void on_failure(struct serving *s)
{
	bool count = counts(s);

	if (s->unprobed)
		s->line = 0;
	s->unprobed = false;
	s->impossible = 0;
	s->failed++;
	s->failures = count ? s->failures + 1 : 0;
	vigil_event_repeat(s->daemon, &s->line, "probe failed (%u in a row): %s%s", s->failed,
		s->why, count ? "" : "; not counted yet, by probe_start");
	s->on_news(s->daemon, s->arg);
}

static void on_impossible(struct serving *s)
{
	if (!s->unprobed)
		s->line = 0;
	s->unprobed = true;
	s->impossible++;
	vigil_event_repeat(s->daemon, &s->line, "vigild could not probe (%u in a row): %s",
		s->impossible, s->why);
	s->on_news(s->daemon, s->arg);
}

static void on_outcome(vigil_daemon *d, enum probe_outcome outcome, const char *why, void *arg)
{
	struct serving *s = arg;

	vigil_sanitize(s->why, sizeof(s->why), why);
	switch (outcome) {
	case PROBE_SUCCEEDED: on_success(s); break;
	case PROBE_FAILED: on_failure(s); break;
	case PROBE_IMPOSSIBLE:
	default: on_impossible(s); break;
	}
}

/* --- checks ----------------------------------------------------------------------------------- */

static void count(unsigned *counter, bool over)
{
	*counter = over ? *counter + 1 : 0;
}

static void check_limits(struct serving *s, pid_t pid)
{
	if (s->memory_max == 0 && s->cpu_max == 0)
		return;
	usage_measure(&s->usage, pid, vigil_now());
	count(&s->over_memory, s->memory_max > 0 && s->usage.memory > s->memory_max);
	count(&s->over_cpu, s->cpu_max > 0 && s->usage.cpu > s->cpu_max);
}

/* Handles a new process of the service, started by vigild, by its manager or by an admin. */
static void on_start(struct serving *s, pid_t pid)
{
	s->running = true;
	s->pid = pid;
	s->counts_from = vigil_now() + s->allowance - (pid > 0 ? usage_age(pid) : 0);
}

void serving_check(struct serving *s, const vigil_service_reply *r)
{
	if (s == NULL)
		return;
	if (r->status != VIGIL_SERVICE_RUNNING) {
		/* If the status is unknown, the service may still run. */
		if (r->status != VIGIL_SERVICE_UNKNOWN)
			serving_reset(s);
		return;
	}
	if (s->running && r->pid != s->pid)
		serving_reset(s);
	if (!s->running)
		on_start(s, r->pid);
	if (s->probe != NULL)
		probe_start(s->probe);
	check_limits(s, r->pid);
}

void serving_reset(struct serving *s)
{
	if (s == NULL)
		return;
	if (s->probe != NULL)
		probe_stop(s->probe);
	s->running = s->served = s->unprobed = false;
	s->failures = s->failed = s->impossible = 0;
	s->line = 0;
	s->over_memory = s->over_cpu = 0;
	s->usage.when = 0;
}

static const char *describe_failures(struct serving *s)
{
	if (s->failures >= s->failures_max)
		snprintf(s->text, TEXT, "its probe failed %u times in a row (%s)", s->failures,
			s->why);
	else if (s->failures == 0)
		snprintf(s->text, TEXT, "its probe fails: %s (not counted in the first %.0f s)",
			s->why, s->allowance);
	else
		snprintf(s->text, TEXT, "its probe fails: %s (%u of %u)", s->why, s->failures,
			s->failures_max);
	return s->text;
}

static const char *describe_limit(struct serving *s)
{
	if (s->over_memory >= CHECKS)
		snprintf(s->text, TEXT, "it uses %.1f MiB of memory, over its limit of %.1f",
			(double)s->usage.memory / 1048576, (double)s->memory_max / 1048576);
	else
		snprintf(s->text, TEXT, "it uses %.0f %% of a CPU, over its limit of %.0f",
			s->usage.cpu, s->cpu_max);
	return s->text;
}

void serving_evaluate(struct serving *s, struct verdict *verdict)
{
	*verdict = (struct verdict){.proven = true};
	if (s == NULL || !s->running)
		return;
	verdict->proven = (s->probe == NULL || (s->served && s->failed == 0 && !s->unprobed)) &&
			  s->over_memory == 0 && s->over_cpu == 0;
	if (!s->unprobed && s->failed > 0 && s->failures >= s->failures_max)
		verdict->sick = describe_failures(s);
	else if ((s->over_memory >= CHECKS || s->over_cpu >= CHECKS) && counts(s))
		verdict->sick = describe_limit(s);
	else if (s->unprobed)
		verdict->unprobed = s->why;
	else if (s->failed > 0)
		verdict->ailing = describe_failures(s);
	else if (s->over_memory >= CHECKS || s->over_cpu >= CHECKS)
		verdict->ailing = describe_limit(s);
}
