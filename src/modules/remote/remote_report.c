/*
 * remote_report: writes the results of probes to the state and to the history, and computes the
 * health; see remote.h.
 *
 * Each target has its value at targets/NAME and its performance data below perfdata. The health is
 * that of the worst target, and its text names the targets that are not OK, up to a number.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "remote.h"

#define LINE (REMOTE_NAME + PROBE_WHY + 64)

/* --- results ---------------------------------------------------------------------------------- */

static char *path_of(const struct remote_target *target, const char *branch, const char *leaf,
	char path[2 * REMOTE_NAME])
{
	snprintf(path, 2 * REMOTE_NAME, "%s/%s%s", branch, target->name, leaf);
	return path;
}

static bool is_expiring(const struct remote_target *target)
{
	const double warn = target->remote->certificate_warn; /* 0: never */

	return warn > 0 && !isnan(target->certificate) && target->certificate < warn;
}

static json_t *entry(double value, const char *unit)
{
	return unit[0] != '\0' ? json_pack("{s:f,s:s,s:i}", "value", value, "unit", unit, "min", 0)
			       : json_pack("{s:f}", "value", value);
}

/* A number that is not known has no performance data. */
static void set_perfdata(struct remote_target *target, const struct probe_result *result)
{
	vigil_daemon *d = target->remote->d;
	char path[2 * REMOTE_NAME];

	if (result != NULL && result->outcome == PROBE_SUCCEEDED)
		vigil_state_set(d, path_of(target, "perfdata", "", path),
			entry(round(result->seconds * 1e6) / 1e6, "s"));
	else
		vigil_state_unset(d, path_of(target, "perfdata", "", path));
	if (result != NULL && !isnan(result->certificate))
		vigil_state_set(d, path_of(target, "perfdata", "_certificate_days", path),
			entry(floor(result->certificate / 8640) / 10, ""));
	else
		vigil_state_unset(d, path_of(target, "perfdata", "_certificate_days", path));
}

static void note_in_history(struct remote_target *target, unsigned failures_before)
{
	vigil_daemon *d = target->remote->d;

	if (target->why[0] != '\0') {
		vigil_event_repeat(d, &target->line, "%s failed (%u in a row): %s", target->name,
			target->failures, target->why);
		return;
	}
	target->line = 0;
	if (failures_before > 0)
		vigil_event(d, "%s: succeeded after %u failure%s", target->name, failures_before,
			failures_before == 1 ? "" : "s");
}

void report_result(struct remote_target *target, const struct probe_result *result)
{
	bool impossible = result->outcome == PROBE_IMPOSSIBLE;
	unsigned before = target->failures;
	char path[2 * REMOTE_NAME], text[PROBE_CERTIFICATE_TEXT];
	json_t *state;

	target->last = vigil_now();
	vigil_sanitize(target->why, sizeof(target->why), result->why);
	target->state = impossible ? REMOTE_IMPOSSIBLE : REMOTE_KNOWN;
	target->distrusted = result->outcome == PROBE_DISTRUSTED;
	if (result->outcome == PROBE_SUCCEEDED || !isnan(result->certificate))
		target->certificate = result->certificate;
	if (result->outcome == PROBE_SUCCEEDED)
		target->failures = 0;
	else if (!impossible)
		target->failures++;
	if (impossible)
		vigil_event_repeat(target->remote->d, &target->line,
			"%s: vigild could not probe: %s", target->name, target->why);
	else
		note_in_history(target, before);
	state = probe_state(result, target->failures,
		result->outcome == PROBE_SUCCEEDED && is_expiring(target)
			? probe_certificate_text(target->certificate, text)
			: NULL);
	if (impossible)
		json_object_set_new(state, "stale", json_true());
	vigil_state_set(target->remote->d, path_of(target, "targets", "", path), state);
	set_perfdata(target, impossible ? NULL : result);
}

void report_stale(struct remote_target *target)
{
	char path[2 * REMOTE_NAME];

	target->state = REMOTE_STALE;
	vigil_state_set(target->remote->d, path_of(target, "targets", "/stale", path), json_true());
	set_perfdata(target, NULL);
}

/* --- health ----------------------------------------------------------------------------------- */

/* Returns the level of a target, and a line about it. */
static vigil_health_level judge(const struct remote_target *target, char line[LINE])
{
	char text[PROBE_CERTIFICATE_TEXT];
	unsigned max = target->remote->failures_max;

	line[0] = '\0';
	if (target->state == REMOTE_NEW || target->state == REMOTE_STALE) {
		snprintf(line, LINE, "%s: %s", target->name,
			target->state == REMOTE_NEW ? "it has not been probed yet"
						    : "its last result is stale");
		return VIGIL_UNKNOWN;
	}
	if (target->state == REMOTE_IMPOSSIBLE) {
		snprintf(line, LINE, "%s: vigild could not probe: %s", target->name, target->why);
		return VIGIL_UNKNOWN;
	}
	/* Without the number of failures, which would change the health with each probe. */
	if (target->distrusted || target->failures >= max) {
		snprintf(line, LINE, "%s: %s", target->name, target->why);
		return VIGIL_CRITICAL;
	}
	if (target->failures > 0) {
		snprintf(line, LINE, "%s: %s (%u of %u)", target->name, target->why,
			target->failures, max);
		return VIGIL_WARNING;
	}
	if (!is_expiring(target))
		return VIGIL_OK;
	snprintf(line, LINE, "%s: %s", target->name,
		probe_certificate_text(target->certificate, text));
	return VIGIL_WARNING;
}

void report_health(struct remote *remote)
{
	/* too large for a stack; used by the loop thread only */
	static char lines[REMOTE_TARGETS][LINE];
	static vigil_part parts[REMOTE_TARGETS];
	char good[REMOTE_NAME + 32];

	for (size_t i = 0; i < remote->count; i++) {
		lines[i][0] = '\0';
		parts[i].level = judge(remote->targets[i], lines[i]);
		parts[i].text = lines[i];
	}
	if (remote->count == 1)
		snprintf(good, sizeof(good), "%s answers", remote->targets[0]->name);
	else
		snprintf(good, sizeof(good), "all %zu targets answer", remote->count);
	vigil_health_parts(remote->d, parts, remote->count, "targets", good);
}
