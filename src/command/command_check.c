/*
 * command_check: reports a daemon in the form of a Nagios plugin.
 *
 * This file knows no module.  The result is the daemon's health at /runs/NAME/health, which also
 * says whether the daemon has failed or is paused, or it compares one number of the state with
 * ranges.  The long text of the health and the newest lines of the history follow.  Performance
 * data comes from the daemon's state: `perfdata`, and the totals of a `service_state`, in the form
 * that vigil.h describes.
 *
 * A pattern names several daemons.  Then the result is the worst health, the text names the daemon
 * that has it, and the labels of performance data begin with the names of the daemons.
 *
 * An error in the request is not an error reply: the result is UNKNOWN.
 */
#include "command/command_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vigil/vigil.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/number.h"
#include "command/daemon_names.h"
#include "daemon/daemon.h"
#include "daemon/stale.h"
#include "host/host.h"
#include "state/json_text.h"
#include "state/state.h"

enum { OK, WARNING, CRITICAL, UNKNOWN };

/* The limit of the performance data in a reply, in bytes.  Receivers of long performance data
 * accept 64 KiB. */
#define PERFDATA_MAX (256 * 1024)
#define ITEM_MAX     8192
#define HISTORY      5 /* number of the newest lines that follow as long text */

struct verdict {
	int status;
	char *line;        /* NULL: no verdict yet */
	char *perfdata;    /* NULL: none */
	size_t length;     /* of perfdata */
	unsigned left_out; /* number of values that were left out */
	const char *owner; /* the daemon of the next values, for their labels; NULL: of all */
};

static const char *const names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

static void set_verdict(struct verdict *v, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void set_verdict(struct verdict *v, int status, const char *format, ...)
{
	char text[2 * POINTER_MAX];
	va_list ap;

	v->status = status;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	v->line = memory_format("%s - %s", names[status], text);
}

/* --- performance data ------------------------------------------------------------------------- */

/* Appends an item.  Counts it as left out if it is invalid or the limit is reached. */
static void put_item(struct verdict *v, const char *label, const json_t *entry)
{
	char item[ITEM_MAX];
	char *whole = v->owner != NULL ? memory_format("%s::%s", v->owner, label) : NULL;
	size_t length = vigil_perfdata(item, sizeof(item), whole != NULL ? whole : label, entry);
	size_t gap = v->length > 0;

	free(whole);

	if (json_is_null(json_object_get(entry, "value")))
		return; /* null means that the value could not be determined */
	if (length == 0 || v->length + gap + length >= PERFDATA_MAX) {
		v->left_out++;
		return;
	}
	v->perfdata = memory_grow(v->perfdata, v->length + gap + length + 1, 1);
	if (gap)
		v->perfdata[v->length++] = ' ';
	memcpy(v->perfdata + v->length, item, length + 1);
	v->length += length;
}

static void put_counter(struct verdict *v, const char *label, json_t *value)
{
	json_t *entry = json_pack("{s:O,s:s}", "value", value, "unit", "c");

	put_item(v, label, entry);
	json_decref(entry);
}

static void put_all(struct verdict *v, const json_t *data)
{
	static const char *const totals[] = {"restarts", "restart_errors", "respawns"};
	const json_t *service = json_object_get(data, "service_state");
	const char *label;
	json_t *entry;

	if (!json_is_true(json_object_get(data, "stale")))
		json_object_foreach(json_object_get(data, "perfdata"), label, entry)
			put_item(v, label, entry);
	for (size_t i = 0; i < sizeof(totals) / sizeof(*totals); i++)
		if (json_is_number(json_object_get(service, totals[i])))
			put_counter(v, totals[i], json_object_get(service, totals[i]));
}

/* --- verdicts --------------------------------------------------------------------------------- */

static int status_of(const char *level)
{
	int status = OK;

	while (status < UNKNOWN && strcmp(level, names[status]) != 0)
		status++;
	return status;
}

static void take_health(struct verdict *v, const struct vigil_daemon *d, const json_t *account)
{
	const json_t *health = json_object_get(account, "health");
	const char *text = json_text(health, "text");

	if (!json_is_object(health)) {
		set_verdict(v, UNKNOWN, "%s has not reported its health yet", daemon_name(d));
		return;
	}
	v->status = status_of(json_text(health, "level"));
	if (daemon_health_is_status_line(d) || vigil_names_level(text, names[v->status]))
		v->line = memory_text(text);
	else
		v->line = memory_format("%s - %s", names[v->status], text);
}

/* The numbers of a daemon that has failed or is paused are not compared with ranges. */
static bool is_failed_or_paused(const json_t *account)
{
	return strcmp(json_text(account, "status"), "failed") == 0 ||
	       json_is_true(json_object_get(account, "paused"));
}

/* Parses a range.  A range that was not given never alerts.  False: the text is not a range. */
static bool read_range(struct verdict *v, const char *option, const char *text, vigil_range *range)
{
	if (text == NULL || vigil_range_read(text, range) == 0)
		return true;
	set_verdict(v, UNKNOWN, "--%s: invalid range \"%s\"; see the Monitoring Plugins guidelines",
		option, text);
	return false;
}

static const char *number_text(char text[NUMBER_TEXT], const json_t *value)
{
	if (!json_is_integer(value))
		return number_format(text, json_number_value(value));
	snprintf(text, NUMBER_TEXT, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return text;
}

/* The number at the pointer.  NULL: there is no usable number, and the verdict says why. */
static json_t *find_number(struct verdict *v, struct host *host, const char *pointer)
{
	struct state *state = host_state(host);
	json_t *value = state_get(state, pointer);

	if (pointer[0] != '/')
		set_verdict(v, UNKNOWN, "%s is not a JSON Pointer: it does not begin with a slash",
			pointer);
	else if (json_pointer_error(pointer) != NULL)
		set_verdict(v, UNKNOWN, "%s is not a JSON Pointer: it %s", pointer,
			json_pointer_error(pointer));
	else if (!json_is_number(value))
		set_verdict(v, UNKNOWN, "%s at %s", value == NULL ? "no value" : "not a number",
			pointer);
	else if (stale_at(state, pointer))
		set_verdict(v, UNKNOWN, "the number at %s is stale", pointer);
	else
		return value;
	json_decref(value);
	return NULL;
}

static void compare_number(struct verdict *v, struct host *host, json_t *params)
{
	const char *pointer = command_text(params, "pointer"), *last = strrchr(pointer, '/');
	const char *warning = command_text(params, "warning");
	const char *critical = command_text(params, "critical");
	char text[NUMBER_TEXT];
	vigil_range warn, crit;
	json_t *value, *entry;
	double number;

	if (!read_range(v, "warning", warning, &warn) ||
		!read_range(v, "critical", critical, &crit))
		return;
	value = find_number(v, host, pointer);
	if (value == NULL)
		return;
	number = json_number_value(value);
	set_verdict(v,
		critical != NULL && vigil_range_alerts(&crit, number)  ? CRITICAL
		: warning != NULL && vigil_range_alerts(&warn, number) ? WARNING
								       : OK,
		"%s is %s", pointer, number_text(text, value));
	entry = json_pack("{s:O,s:s,s:s}", "value", value, "warn", warning ? warning : "", "crit",
		critical ? critical : "");
	put_item(v, last + 1, entry);
	json_decref(entry);
	json_decref(value);
}

/* --- the reply -------------------------------------------------------------------------------- */

/* Replaces bars, because in the output of a plugin any bar begins performance data. */
static char *without_bars(const char *text)
{
	char *copy = memory_text(text);

	for (char *p = copy; *p != '\0'; p++)
		if (*p == '|')
			*p = '/';
	return copy;
}

static void append_line(json_t *lines, const char *text)
{
	char *copy = without_bars(text);

	json_array_append_new(lines, json_string(copy));
	free(copy);
}

/* Appends the long text of the health line by line. */
static void append_long_text(json_t *lines, const char *text)
{
	char *copy = without_bars(text), *line = copy, *end;

	for (; line != NULL && *line != '\0'; line = end) {
		end = strchr(line, '\n');
		if (end != NULL)
			*end++ = '\0';
		json_array_append_new(lines, json_string(line));
	}
	free(copy);
}

static void append_history(json_t *lines, const json_t *history)
{
	size_t count = json_array_size(history);
	char line[512];

	for (size_t i = count > HISTORY ? count - HISTORY : 0; i < count; i++) {
		const json_t *event = json_array_get(history, i);

		snprintf(line, sizeof(line), "%s %s", json_text(event, "time"),
			json_text(event, "text"));
		append_line(lines, line);
	}
}

static json_t *long_text(const struct vigil_daemon *d, const json_t *account, unsigned left_out)
{
	json_t *lines = json_array();
	char line[128];

	append_long_text(lines, json_text(json_object_get(account, "health"), "long_text"));
	if (d != NULL && !daemon_health_is_status_line(d))
		append_history(lines, json_object_get(account, "history"));
	if (left_out > 0) {
		snprintf(line, sizeof(line),
			"performance data left out: %u (too many values, a label with a bar, or "
			"not a number)",
			left_out);
		append_line(lines, line);
	}
	return lines;
}

static json_t *data_of(struct host *host, const char *name)
{
	char pointer[POINTER_MAX] = "/daemons";

	return json_pointer_append(pointer, sizeof(pointer), name) == 0
		       ? state_get(host_state(host), pointer)
		       : NULL;
}

/* --- several daemons -------------------------------------------------------------------------- */

struct several {
	unsigned matched, not_ok;
	int worst;
	char *text;    /* of the first daemon with the worst health; NULL: all are OK */
	json_t *lines; /* one for each daemon that is not OK */
};

/* CRITICAL is worse than WARNING, and WARNING is worse than UNKNOWN. */
static bool is_worse(int status, int than)
{
	static const int ranks[] = {[OK] = 0, [UNKNOWN] = 1, [WARNING] = 2, [CRITICAL] = 3};

	return ranks[status] > ranks[than];
}

static void add_daemon(
	struct verdict *v, struct host *host, struct vigil_daemon *d, struct several *several)
{
	json_t *account = daemon_account(d), *data = data_of(host, daemon_name(d));
	struct verdict one = {0};
	char *text;

	v->owner = daemon_name(d);
	put_all(v, data);
	v->owner = NULL;
	take_health(&one, d, account);
	several->matched++;
	if (one.status != OK) {
		several->not_ok++;
		text = memory_format("%s: %s", daemon_name(d), one.line);
		append_line(several->lines, text);
		if (is_worse(one.status, several->worst)) {
			several->worst = one.status;
			free(several->text);
			several->text = memory_text(text);
		}
		free(text);
	}
	free(one.line);
	json_decref(data);
	json_decref(account);
}

/* Returns the long text, a new reference. */
static json_t *check_several(struct verdict *v, struct host *host, const char *pattern)
{
	struct several several = {.worst = OK, .lines = json_array()};
	struct command_reply unknown = {0};
	struct vigil_daemon *d;

	for (size_t i = 0; (d = host_daemon(host, i)) != NULL; i++)
		if (daemon_names_match(host, d, pattern))
			add_daemon(v, host, d, &several);
	if (several.matched == 0) {
		daemon_names_fail(host, pattern, &unknown);
		set_verdict(v, UNKNOWN, "%s", unknown.message);
	} else if (several.text != NULL) {
		set_verdict(v, several.worst, "%u of %u daemons are not OK: %s", several.not_ok,
			several.matched, several.text);
	} else {
		set_verdict(v, OK, "all %u daemons are OK", several.matched);
	}
	free(several.text);
	return several.lines;
}

/* --- the verb --------------------------------------------------------------------------------- */

static void reply_with(struct verdict *v, json_t *lines, struct command_reply *reply)
{
	char *line = without_bars(v->line);

	reply->result = json_pack("{s:i,s:s,s:s,s:o}", "status", v->status, "output", line,
		"perfdata", v->perfdata != NULL ? v->perfdata : "", "long_output", lines);
	free(line);
	free(v->line);
	free(v->perfdata);
}

static bool has_range(json_t *params)
{
	return command_text(params, "warning") != NULL || command_text(params, "critical") != NULL;
}

static json_t *check_one(struct verdict *v, struct host *host, json_t *params)
{
	struct command_reply unknown = {0};
	struct vigil_daemon *d = daemon_names_find(host, command_text(params, "name"), &unknown);
	json_t *account = d != NULL ? daemon_account(d) : NULL, *data, *lines;

	if (d == NULL) {
		set_verdict(v, UNKNOWN, "%s", unknown.message);
	} else if (command_text(params, "pointer") == NULL && has_range(params)) {
		/* Without this error, the user would believe that the range was checked, but only
		 * the health is. */
		set_verdict(v, UNKNOWN,
			"--warning and --critical need the pointer of a number, such as "
			"/daemons/%s/...",
			daemon_name(d));
	} else if (command_text(params, "pointer") == NULL) {
		data = data_of(host, daemon_name(d));
		put_all(v, data);
		json_decref(data);
		take_health(v, d, account);
	} else if (is_failed_or_paused(account)) {
		take_health(v, d, account);
	} else {
		compare_number(v, host, params);
	}
	lines = long_text(d, account, v->left_out);
	json_decref(account);
	return lines;
}

void command_check(struct host *host, json_t *params, struct command_reply *reply)
{
	const char *name = command_text(params, "name");
	struct verdict v = {0};
	json_t *lines;

	if (!daemon_names_is_pattern(name)) {
		lines = check_one(&v, host, params);
	} else if (command_text(params, "pointer") != NULL || has_range(params)) {
		set_verdict(&v, UNKNOWN, "a number can be compared for one daemon only");
		lines = json_array();
	} else {
		lines = check_several(&v, host, name);
	}
	reply_with(&v, lines, reply);
}
