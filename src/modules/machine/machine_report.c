/*
 * machine_report: reports what is known.  The report is made from the census as a whole, some
 * hundred milliseconds after a change, so that many changes at the same moment, such as a boot,
 * cost one report.
 *
 * The health text names the worst services, the long text and the state name more of them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "machine.h"

#define SOON 0.1
/* Limits: services named in the health text for each condition; in the state; in the long text. */
#define NAMED  5
#define LISTED 64
#define LINES  200
#define REASON 256

struct text {
	char *bytes;
	size_t size, length;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text->bytes + text->length, text->size - text->length, format, ap);
	va_end(ap);
	text->length += n > 0 ? (size_t)n : 0;
	if (text->length >= text->size)
		text->length = text->size - 1;
}

/* --- who watches a service ------------------------------------------------------------------- */

static size_t bare_length(const char *service)
{
	size_t length = strlen(service), tail = strlen(".service");

	return length > tail && strcmp(service + length - tail, ".service") == 0 ? length - tail
										 : length;
}

static struct item *find_watched(const struct census *census, const json_t *service_state)
{
	const char *service = json_string_value(json_object_get(service_state, "service"));
	const char *manager = json_string_value(json_object_get(service_state, "manager"));
	char name[256];

	if (service == NULL || manager == NULL)
		return NULL;
	snprintf(name, sizeof(name), "%.*s", (int)bare_length(service), service);
	return census_find(census, name, manager);
}

static void find_watchers(struct machine *m)
{
	const json_t *daemons = vigil_state_get(m->daemon, "/daemons");
	const char *name;
	json_t *data;

	for (size_t i = 0; i < m->census.count; i++) {
		free(m->census.items[i]->watcher);
		m->census.items[i]->watcher = NULL;
	}
	json_object_foreach((json_t *)daemons, name, data) {
		struct item *item =
			find_watched(&m->census, json_object_get(data, "service_state"));

		if (item != NULL && item->watcher == NULL)
			item->watcher = strdup(name);
	}
}

/* --- counting --------------------------------------------------------------------------------- */

struct summary {
	unsigned counts[CONDITION_COUNT];
	unsigned bad;
};

/* Writes what is known in addition to the condition.  Returns reason, which may be "". */
static const char *reason_of(char reason[REASON], const struct machine *m, const struct item *item)
{
	unsigned n = census_respawns(&m->census, item, vigil_now());
	double span;

	if (item->condition == CONDITION_SLOW) {
		/* Not the present time, because no change of the service would update it. */
		snprintf(reason, REASON, "%s for over %.0f s",
			vigil_service_status_name(item->status), m->census.rules.settle);
		return reason;
	}
	if (item->condition != CONDITION_CRASHING || n == 0)
		return vigil_sanitize(reason, REASON, item->text != NULL ? item->text : "");
	span = item->respawns[item->respawn_count - 1] - item->respawns[item->respawn_count - n];
	snprintf(reason, REASON, "restarted %u times in %.0f s", n, span > 1 ? span : 1);
	return reason;
}

static void tell(struct machine *m, const struct item *item, enum condition before)
{
	char reason[REASON];
	const char *text = reason_of(reason, m, item), *dash = text[0] != '\0' ? ": " : "";
	const char *condition = condition_name(item->condition);

	if (condition_is_bad(item->condition))
		vigil_log(m->daemon, VIGIL_WARN, "%s (%s) is %s%s%s", item->name, item->manager,
			condition, dash, text);
	else
		vigil_log(m->daemon, VIGIL_NOTICE, "%s (%s) is %s, it was %s", item->name,
			item->manager, condition, condition_name(before));
	if (condition_is_bad(item->condition))
		events_add(m, item, " is %s%s%s", condition, dash, text);
	else
		events_add(m, item, " is %s, it was %s", condition, condition_name(before));
}

/* Whether the change is worth a line.  Between two bad conditions a service may be in a transition
 * for a moment, which does not make it well. */
static bool is_news(enum condition before, enum condition now)
{
	return before != now && (condition_is_bad(before) || condition_is_bad(now));
}

static void judge_all(struct machine *m, struct summary *summary)
{
	double now = vigil_now();

	*summary = (struct summary){.bad = 0};
	for (size_t i = 0; i < m->census.count; i++) {
		struct item *item = m->census.items[i];
		enum condition before = item->condition;

		item->condition = census_judge(&m->census, item, now);
		if (restart_is_pending(item) &&
			(!condition_is_bad(item->condition) || item->condition == CONDITION_SLOW))
			item->condition = CONDITION_FAILED;
		summary->counts[item->condition]++;
		summary->bad += condition_is_bad(item->condition);
		if (is_news(before, item->condition))
			tell(m, item, before);
	}
}

/* --- texts ------------------------------------------------------------------------------------ */

/* Adds in parentheses the reason, what is done about it, and which daemon watches the service. */
static void add_reason(struct text *text, const struct machine *m, const struct item *item)
{
	char buffer[REASON];
	const char *parts[] = {reason_of(buffer, m, item),
		item->care != NULL ? item->care->plan : "", item->watcher};
	const char *before = " (";

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (parts[i] == NULL || parts[i][0] == '\0')
			continue;
		add(text, "%s%s%s", before, i == 2 ? "watched by " : "", parts[i]);
		before = "; ";
	}
	add(text, "%s", before[0] == ';' ? ")" : "");
}

static void add_names(struct text *text, const struct machine *m, enum condition condition,
	const struct summary *summary)
{
	unsigned named = 0;

	for (size_t i = 0; i < m->census.count && named < NAMED; i++) {
		const struct item *item = m->census.items[i];

		if (item->condition != condition)
			continue;
		add(text, "%s%.100s", named++ > 0 ? ", " : "", item->name);
		add_reason(text, m, item);
	}
	if (summary->counts[condition] > named)
		add(text, ", %u more", summary->counts[condition] - named);
}

static const struct {
	const char *one, *many; /* verb and adjective, for one service and for several */
} words[CONDITION_COUNT] = {
	[CONDITION_FAILED] = {"is failed", "are failed"},
	[CONDITION_CRASHING] = {"keeps crashing", "keep crashing"},
	[CONDITION_STOPPED] = {"is stopped", "are stopped"},
	[CONDITION_SLOW] = {"is slow", "are slow"},
	[CONDITION_UNKNOWN] = {"is unknown", "are unknown"},
};

static void add_conditions(
	struct text *text, const struct machine *m, const struct summary *summary)
{
	bool first = true;

	for (enum condition c = CONDITION_FAILED; c < CONDITION_COUNT; c++) {
		unsigned count = summary->counts[c];

		if (count == 0)
			continue;
		if (first)
			add(text, "%u of %zu services %s: ", count, m->census.count,
				count == 1 ? words[c].one : words[c].many);
		else
			add(text, "; %u %s: ", count, count == 1 ? words[c].one : words[c].many);
		add_names(text, m, c, summary);
		first = false;
	}
	if (first)
		add(text, "none of %zu services is failed, %u run", m->census.count,
			summary->counts[CONDITION_RUNNING]);
}

/* The local time of day is for humans; the state has the time in UTC. */
static void add_line(struct text *text, const struct machine *m, const struct item *item)
{
	time_t since = (time_t)item->since;
	struct tm local;
	char when[48] = "";

	if (since > 0 && localtime_r(&since, &local) != NULL)
		strftime(when, sizeof(when), ", since %Y-%m-%d %H:%M:%S %Z", &local);
	add(text, "%s%s (%s): %s", text->length > 0 ? "\n" : "", item->name, item->manager,
		condition_name(item->condition));
	add_reason(text, m, item);
	add(text, "%s", when);
}

static void add_lines(struct text *text, const struct machine *m, const struct summary *summary)
{
	unsigned lines = 0;

	for (enum condition c = CONDITION_FAILED; c < CONDITION_COUNT; c++)
		for (size_t i = 0; i < m->census.count && lines < LINES; i++)
			if (m->census.items[i]->condition == c) {
				add_line(text, m, m->census.items[i]);
				lines++;
			}
	if (summary->bad > lines)
		add(text, "\n%u more", summary->bad - lines);
}

/* --- health ----------------------------------------------------------------------------------- */

static vigil_health_level level_of(const struct machine *m, const struct summary *summary)
{
	const unsigned *counts = summary->counts;
	vigil_health_level stopped = counts[CONDITION_STOPPED] > 0 ? m->stopped_level : VIGIL_OK;

	if (counts[CONDITION_FAILED] + counts[CONDITION_CRASHING] > 0 || stopped == VIGIL_CRITICAL)
		return VIGIL_CRITICAL;
	if (stopped == VIGIL_WARNING || counts[CONDITION_SLOW] > 0 || m->unknown[0] != '\0')
		return VIGIL_WARNING;
	return counts[CONDITION_UNKNOWN] > 0 || m->list_error[0] != '\0' ? VIGIL_UNKNOWN : VIGIL_OK;
}

static void report_health(struct machine *m, const struct summary *summary)
{
	char line[4096], *lines = malloc(VIGIL_HEALTH_LONG_TEXT);
	struct text text = {line, sizeof(line), 0};
	struct text more = {lines, lines != NULL ? VIGIL_HEALTH_LONG_TEXT : 0, 0};

	line[0] = '\0';
	if (m->list_error[0] != '\0')
		add(&text, "the list of the services is not complete: %s; ", m->list_error);
	add_conditions(&text, m, summary);
	if (m->unknown[0] != '\0')
		add(&text, "; restart names what is no service here: %s", m->unknown);
	if (lines != NULL) {
		lines[0] = '\0';
		add_lines(&more, m, summary);
	}
	vigil_health_long(m->daemon, level_of(m, summary), 0, line, lines);
	free(lines);
}

/* --- state ------------------------------------------------------------------------------------ */

static json_t *time_json(double since)
{
	time_t seconds = (time_t)since;
	struct tm utc;
	char text[32];

	if (since <= 0 || gmtime_r(&seconds, &utc) == NULL ||
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
		return json_null();
	return json_string(text);
}

static json_t *text_json(const char *text)
{
	char clean[512];

	return json_string(vigil_sanitize(clean, sizeof(clean), text));
}

static json_t *item_json(const struct machine *m, const struct item *item)
{
	json_t *object = json_pack("{s:o,s:s,s:s,s:s,s:o,s:o}", "name", text_json(item->name),
		"manager", item->manager, "condition", condition_name(item->condition), "status",
		vigil_service_status_name(item->status), "since", time_json(item->since), "text",
		text_json(item->text != NULL ? item->text : ""));

	if (item->watcher != NULL)
		json_object_set_new(object, "daemon", json_string(item->watcher));
	if (item->care != NULL)
		json_object_set_new(object, "decision", json_string(item->care->decision.words));
	if (item->respawn_count > 0)
		json_object_set_new(object, "respawns",
			json_integer(census_respawns(&m->census, item, vigil_now())));
	return object;
}

static void write_bad(struct machine *m)
{
	json_t *bad = json_array();

	for (enum condition c = CONDITION_FAILED; c < CONDITION_COUNT; c++)
		for (size_t i = 0; i < m->census.count && json_array_size(bad) < LISTED; i++)
			if (m->census.items[i]->condition == c)
				json_array_append_new(bad, item_json(m, m->census.items[i]));
	vigil_state_set(m->daemon, "bad", bad);
}

static void add_restarts(json_t *perfdata, const struct machine *m)
{
	json_object_set_new(
		perfdata, "restarts", json_pack("{s:I,s:s}", "value", m->restarts, "unit", "c"));
	json_object_set_new(perfdata, "restart_errors",
		json_pack("{s:I,s:s}", "value", m->restart_errors, "unit", "c"));
}

/* Each number has an address of its own, because machine_restart.c writes below `services`, too. */
static void write_counts(struct machine *m, const struct summary *summary)
{
	json_t *perfdata = json_object();
	char path[64];

	for (enum condition c = 0; c < CONDITION_COUNT; c++) {
		json_int_t count = summary->counts[c];

		snprintf(path, sizeof(path), "services/%s", condition_name(c));
		vigil_state_set(m->daemon, path, json_integer(count));
		json_object_set_new(perfdata, condition_name(c),
			json_pack("{s:I,s:i,s:I}", "value", count, "min", 0, "max",
				(json_int_t)m->census.count));
	}
	vigil_state_set(m->daemon, "services/total", json_integer((json_int_t)m->census.count));
	if (m->restart[0] != NULL)
		add_restarts(perfdata, m);
	vigil_state_set(m->daemon, "perfdata", perfdata);
}

/* --- the report ------------------------------------------------------------------------------- */

/* Whether the first list has ended and each service was queried once.  Before that, a restart of
 * vigild would make a bad machine look well for a moment. */
static bool is_surveyed(const struct machine *m)
{
	if (m->list_ended == 0 || (m->listing && !m->listed))
		return false;
	for (size_t i = 0; i < m->census.count; i++)
		if (m->census.items[i]->service != NULL && !m->census.items[i]->known)
			return false;
	return true;
}

/* Writes whether vigil does nothing more about one of the services until an admin acts.  This is
 * written before the health, because subscribers of the health read it when the health changes. */
static void write_gave_up(struct machine *m)
{
	bool gave_up = false;

	for (size_t i = 0; i < m->census.count && !gave_up; i++) {
		const struct item *item = m->census.items[i];

		gave_up = condition_is_bad(item->condition) && item->care != NULL &&
			  item->care->gave_up;
	}
	if (gave_up == m->gave_up)
		return;
	m->gave_up = gave_up;
	if (gave_up)
		vigil_state_set(m->daemon, "gave_up", json_true());
	else
		vigil_state_unset(m->daemon, "gave_up");
}

static void on_report(vigil_daemon *d, void *arg)
{
	struct machine *m = arg;
	struct summary summary;

	m->report_set = false;
	if (!m->reported && !is_surveyed(m))
		return;
	m->reported = true;
	judge_all(m, &summary);
	if (summary.bad > 0)
		find_watchers(m);
	write_counts(m, &summary);
	write_bad(m);
	write_gave_up(m);
	report_health(m, &summary);
}

void report_soon(struct machine *m)
{
	if (m->report_set)
		return;
	m->report_set = true;
	vigil_after(m->daemon, SOON, on_report, m);
}
