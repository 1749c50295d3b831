/*
 * serving: see serving.h.
 *
 * Failed probes count against a running service only if they occur several times in a row; limits.c
 * does the same for limits. A service has time to become ready: after each start, no matter what
 * started it, nothing counts until the first successful probe or the end of probe_start. Errors of
 * vigild itself never count, nor does a host name that cannot be looked up. A certificate that is
 * refused or ends soon is reported, but is no reason to restart, because the server answers.
 */
#include "serving.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "modules/usage/limits.h"
#include "modules/probe/probe.h"

#define TEXT 512
/* A probe that follows the last one that counted in less than this part of the interval was made
 * for another service and does not count. */
#define HURRIED 0.9
/* Seconds. After a start the first probe does not wait for a long interval. */
#define FIRST 1.0
/* Relative to the daemon's subtree in the state. */
#define PROBE "service_state/probe"

struct serving {
	vigil_daemon *daemon;
	vigil_tick_fn *on_news;
	void *arg;
	struct probe *probe; /* NULL: no probe is configured */
	bool probing;        /* the probe is active, because the service runs */
	bool hurried;        /* the next attempt is due within FIRST */
	unsigned failures_max;
	double interval;         /* seconds, between two probes */
	double certificate_warn; /* seconds; 0: never */
	double allowance;        /* seconds; option probe_start */
	struct limits *limits;   /* NULL: none is configured */

	bool running;        /* at the last check */
	pid_t pid;           /* the pid then; 0: not known */
	double counts_from;  /* end of the allowance, by vigil_now */
	bool served;         /* a probe has succeeded since the service started */
	unsigned failures;   /* consecutive failures that count */
	double counted;      /* time of the last of them, by vigil_now */
	unsigned failed;     /* all consecutive failures */
	bool unprobed;       /* the last probe could not be made */
	unsigned impossible; /* consecutive */
	unsigned distrusted; /* consecutive probes in which the certificate was refused */
	char expiring[PROBE_CERTIFICATE_TEXT]; /* "": the certificate does not end soon */
	char why[384];                         /* why the last probe failed or could not be made */
	uint32_t line; /* line of the history that counts the failures; 0: none */
	char text[TEXT];
};

static void on_result(vigil_daemon *d, const struct probe_result *result, void *arg);

static int open_probe(struct serving *s)
{
	struct probe_settings settings;

	probe_settings_read(s->daemon, &settings);
	if (settings.target == NULL)
		return 0;
	s->failures_max = (unsigned)vigil_option_int(s->daemon, "probe_failures");
	s->interval = vigil_option_seconds(s->daemon, "probe_interval");
	s->certificate_warn = vigil_option_seconds(s->daemon, "probe_certificate_warn");
	s->probe = probe_new(s->daemon, &settings, on_result, s);
	return s->probe != NULL ? 0 : -1;
}

struct serving *serving_new(vigil_daemon *d, struct usage *usage, vigil_tick_fn *on_news, void *arg)
{
	struct limits *limits = limits_new(d, usage, on_news, arg);
	struct serving *s;

	if (vigil_option_text(d, "probe") == NULL && limits == NULL)
		return NULL;
	s = vigil_alloc(d, sizeof(*s));
	s->daemon = d;
	s->on_news = on_news;
	s->arg = arg;
	s->allowance = vigil_option_seconds(d, "probe_start");
	s->limits = limits;
	return open_probe(s) == 0 ? s : NULL;
}

void serving_close(struct serving *s)
{
	if (s == NULL)
		return;
	probe_close(s->probe);
	limits_close(s->limits);
}

/* Returns whether failures count already. */
static bool counts(const struct serving *s)
{
	return s->served || vigil_now() >= s->counts_from;
}

/* --- the probe -------------------------------------------------------------------------------- */

static void on_success(struct serving *s)
{
	bool news = !s->served || s->failed > 0 || s->unprobed || s->distrusted > 0;

	if (s->failed > 0)
		vigil_event(s->daemon, "probe succeeded after %u failure%s", s->failed,
			s->failed == 1 ? "" : "s");
	else if (s->unprobed || s->distrusted > 0)
		vigil_event(s->daemon, "probe succeeded");
	s->served = true;
	s->failures = s->failed = s->impossible = s->distrusted = 0;
	s->unprobed = false;
	s->line = 0;
	if (news)
		s->on_news(s->daemon, s->arg);
}

/* All consecutive failures share one line of the history, which has their number. */
static void on_failure(struct serving *s)
{
	double now = vigil_now();
	bool count = counts(s), hurried = now < s->counted + HURRIED * s->interval;

	if (count && !hurried)
		s->counted = now;
	if (s->unprobed || s->distrusted > 0)
		s->line = 0;
	s->unprobed = false;
	s->impossible = s->distrusted = 0;
	s->failed++;
	s->failures = count ? s->failures + !hurried : 0;
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

/* The server answers, so nothing counts against it but its certificate. */
static void on_distrusted(struct serving *s)
{
	if (s->distrusted == 0)
		s->line = 0;
	s->served = true;
	s->unprobed = false;
	s->failures = s->failed = s->impossible = 0;
	s->distrusted++;
	vigil_event_repeat(s->daemon, &s->line, "probe: %s (%u in a row)", s->why, s->distrusted);
	s->on_news(s->daemon, s->arg);
}

/* Records whether the certificate ends soon. A refused certificate is reported as such. */
static void check_certificate(struct serving *s, const struct probe_result *result)
{
	bool was_expiring = s->expiring[0] != '\0';

	if (result->outcome != PROBE_SUCCEEDED && isnan(result->certificate))
		return; /* nothing new is known */
	s->expiring[0] = '\0';
	if (s->certificate_warn > 0 && !isnan(result->certificate) &&
		result->certificate < s->certificate_warn)
		probe_certificate_text(result->certificate, s->expiring);
	if (!was_expiring && s->expiring[0] != '\0')
		vigil_event(s->daemon, "probe: %s", s->expiring);
	if (was_expiring != (s->expiring[0] != '\0'))
		s->on_news(s->daemon, s->arg);
}

static void record_result(struct serving *s, const struct probe_result *result)
{
	bool unknown = result->outcome == PROBE_IMPOSSIBLE || result->outcome == PROBE_UNRESOLVED;
	json_t *state = probe_state(result, s->failed + s->distrusted,
		result->outcome == PROBE_SUCCEEDED && s->expiring[0] != '\0' ? s->expiring : NULL);

	if (unknown)
		json_object_set_new(state, "stale", json_true());
	vigil_state_set(s->daemon, PROBE, state);
}

static void on_due(vigil_daemon *d, void *arg)
{
	struct serving *s = arg;

	s->hurried = false;
	probe_try(s->probe);
}

/* The timer of the next attempt is set first, because the callbacks may stop the probe. */
static void on_result(vigil_daemon *d, const struct probe_result *result, void *arg)
{
	struct serving *s = arg;

	vigil_after(s->daemon, s->interval, on_due, s);
	vigil_sanitize(s->why, sizeof(s->why), result->why);
	check_certificate(s, result);
	switch (result->outcome) {
	case PROBE_SUCCEEDED: on_success(s); break;
	case PROBE_FAILED: on_failure(s); break;
	case PROBE_DISTRUSTED: on_distrusted(s); break;
	case PROBE_UNRESOLVED:
	case PROBE_IMPOSSIBLE:
	default: on_impossible(s); break;
	}
	record_result(s, result);
}

static void start_probe(struct serving *s)
{
	if (s->probe == NULL || s->probing)
		return;
	s->probing = s->hurried = true;
	vigil_after(s->daemon, fmin(FIRST, s->interval), on_due, s);
}

/* The numbers of the last probe say nothing about a service that is down. */
static void stop_probe(struct serving *s)
{
	const json_t *state = vigil_state_get(s->daemon, PROBE);

	if (s->probe == NULL || !s->probing)
		return;
	s->probing = false;
	vigil_cancel(s->daemon, on_due, s);
	probe_cancel(s->probe);
	s->expiring[0] = '\0';
	if (state != NULL)
		vigil_state_set(s->daemon, PROBE "/stale", json_true());
}

/* --- checks ----------------------------------------------------------------------------------- */

/* Handles a new process of the service, started by vigild, by its manager or by an admin. */
static void on_start(struct serving *s, pid_t pid)
{
	s->running = true;
	s->pid = pid;
	s->counts_from = vigil_now() + s->allowance - (pid > 0 ? usage_process_age(pid) : 0);
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
	start_probe(s);
	limits_check(s->limits, r);
}

void serving_reset(struct serving *s)
{
	if (s == NULL)
		return;
	stop_probe(s);
	s->running = s->served = s->unprobed = false;
	s->failures = s->failed = s->impossible = s->distrusted = 0;
	s->line = 0;
	s->counted = 0;
	limits_reset(s->limits);
}

bool serving_serves(const struct serving *s)
{
	return s != NULL && s->probe != NULL && s->running && s->served && s->failed == 0 &&
	       !s->unprobed;
}

void serving_hurry(struct serving *s)
{
	if (s == NULL || !s->probing || s->hurried || serving_serves(s) || s->interval <= FIRST ||
		probe_is_busy(s->probe))
		return;
	s->hurried = true;
	vigil_cancel(s->daemon, on_due, s);
	vigil_after(s->daemon, FIRST, on_due, s);
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

void serving_evaluate(struct serving *s, struct verdict *verdict)
{
	const char *exceeded;

	*verdict = (struct verdict){.proven = true};
	if (s == NULL || !s->running)
		return;
	exceeded = limits_exceeded(s->limits);
	verdict->proven = (s->probe == NULL || serving_serves(s)) && limits_kept(s->limits);
	if (!s->unprobed && s->failed > 0 && s->failures >= s->failures_max)
		verdict->sick = describe_failures(s);
	else if (exceeded != NULL && counts(s))
		verdict->sick = exceeded;
	else if (s->distrusted > 0 && !s->unprobed)
		verdict->broken = s->why;
	else if (s->unprobed)
		verdict->unprobed = s->why;
	else if (s->failed > 0)
		verdict->ailing = describe_failures(s);
	else if (exceeded != NULL)
		verdict->ailing = exceeded;
	else
		verdict->unjudged = limits_unknown(s->limits);
	if (verdict_is_well(verdict) && s->expiring[0] != '\0')
		verdict->expiring = s->expiring;
}

bool verdict_is_well(const struct verdict *verdict)
{
	return verdict->sick == NULL && verdict->ailing == NULL && verdict->unprobed == NULL &&
	       verdict->unjudged == NULL && verdict->broken == NULL && verdict->expiring == NULL;
}
