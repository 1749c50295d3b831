/*
 * deaths_record: makes, counts and keeps the records of deaths.
 *
 * A service that dies each second must neither fill its history nor start a program each second.
 * Deaths of other causes have records of their own, but their output is only read as long as there
 * are tokens.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "death.h"
#include "deaths_internal.h"

#define PLACE      "service_state/deaths"
#define WINDOW     60.0 /* seconds */
#define WINDOW_MAX 3600.0
#define CALM       600.0 /* seconds without a death, after which a storm is over */
#define TOKEN_TIME 60.0  /* seconds until there is another token */

static void on_output(json_t *lines, const char *note, bool last, void *arg);

/* --- the records ------------------------------------------------------------------------------ */

json_t *deaths_newest(const struct deaths *deaths)
{
	size_t count = json_array_size(deaths->list);

	return count > 0 ? json_array_get(deaths->list, count - 1) : NULL;
}

static struct death_output *output_of(struct deaths *deaths)
{
	if (deaths->output == NULL) {
		deaths->output = vigil_alloc(deaths->d, sizeof(*deaths->output));
		death_output_open(deaths->output, deaths->d, on_output, deaths);
	}
	return deaths->output;
}

/* Takes over the reference. */
static void append(struct deaths *deaths, json_t *record)
{
	if (deaths->list == NULL)
		deaths->list = json_array();
	json_array_append_new(deaths->list, record);
}

/* Drops the oldest records, and then the output of older ones, until the rest is small enough. */
static void trim(struct deaths *deaths)
{
	while (json_array_size(deaths->list) > DEATHS_MAX)
		json_array_remove(deaths->list, 0);
	for (size_t i = 0; i + 1 < json_array_size(deaths->list); i++) {
		if (json_dumpb(deaths->list, NULL, 0, JSON_COMPACT) <= DEATHS_BYTES)
			return;
		death_drop_output(json_array_get(deaths->list, i),
			"its output is in the history: vigilctl explain --since");
	}
}

void deaths_save(struct deaths *deaths)
{
	trim(deaths);
	free(deaths->text);
	deaths->text = death_text(deaths_newest(deaths));
	deaths->changed_text = true;
	/* The state must not change with the list. */
	vigil_state_set(deaths->d, PLACE, json_deep_copy(deaths->list));
}

/* --- the end of a record ---------------------------------------------------------------------- */

static void add_event(struct deaths *deaths, json_t *record)
{
	json_int_t more = json_integer_value(json_object_get(record, "more_before"));
	char before[80] = "";

	if (more > 0)
		snprintf(before, sizeof(before), "; %lld more since the previous record",
			(long long)more);
	vigil_event_detail(deaths->d, json_pack("{s:o}", "death", json_deep_copy(record)),
		"death: %s%s", death_member(record, "reason"), before);
}

/* Begins to read the output. started: as for death_output_read_file. Returns why not, or NULL. "":
 * there is nothing to read. */
static const char *read_output(struct deaths *deaths, const json_t *record, double started)
{
	const char *path = vigil_option_text(deaths->d, "log_file");
	const char *journal = death_member(record, "journal");
	struct death_output_run run = {.invocation = journal,
		.unit = deaths->unit != NULL ? deaths->unit : "",
		.pid = (pid_t)json_integer_value(json_object_get(record, "pid"))};
	double now = vigil_now();
	bool begun;

	if (path == NULL && !death_output_is_invocation(journal))
		return "";
	deaths->tokens =
		fmin(DEATHS_TOKENS, deaths->tokens + (now - deaths->refilled) / TOKEN_TIME);
	deaths->refilled = now;
	if (deaths->tokens < 1)
		return "its output was not read, because the service has died too often lately";
	if (path != NULL)
		begun = death_output_read_file(output_of(deaths), path, started);
	else
		begun = death_output_read_journal(output_of(deaths), &run);
	if (!begun)
		return "its output was not read, because that of an earlier death is still being "
		       "read";
	deaths->tokens--;
	return NULL;
}

/* The record has no output to wait for. why: the reason; "": none. */
static void end_record(struct deaths *deaths, json_t *record, json_t *lines, const char *why)
{
	death_set_output(record, lines, why);
	deaths_save(deaths);
	add_event(deaths, record);
	json_decref(record);
}

/* Takes over the reference. */
static void begin_reading(struct deaths *deaths, json_t *record, double started)
{
	const char *why = read_output(deaths, record, started);

	if (why == NULL)
		deaths->reading = record;
	else
		end_record(deaths, record, json_array(), why);
}

static void on_output(json_t *lines, const char *note, bool last, void *arg)
{
	struct deaths *deaths = arg;
	json_t *record = deaths->reading, *next = deaths->next;

	if (deaths->output->journal[0] == '\0' && deaths->output->mark[0] != '\0')
		json_object_set_new(record, "log_end", json_string(deaths->output->mark));
	if (last) {
		deaths->reading = deaths->next = NULL;
		end_record(deaths, record, lines, note);
		if (next != NULL)
			begin_reading(deaths, next, deaths->next_started);
	} else {
		death_set_output(record, lines, note);
		deaths_save(deaths);
	}
	deaths->changed(deaths->arg);
}

/* --- a new death ------------------------------------------------------------------------------ */

/* Returns for how long the newest record is shared by deaths of the same cause. */
static double window(const struct deaths *deaths)
{
	if (deaths->row < DEATHS_ROW)
		return 0;
	return fmin(WINDOW * exp2(fmin(deaths->row - DEATHS_ROW, 16)), WINDOW_MAX);
}

/* Counts the records of this cause in a row. */
static void note_cause(struct deaths *deaths, const json_t *record)
{
	const json_t *last = deaths_newest(deaths);
	double now = vigil_now();

	if (deaths->latest == 0 || now - deaths->latest >= CALM || last == NULL ||
		!death_is_alike(last, record))
		deaths->row = 0;
	deaths->latest = now;
}

/* Counts the death in the newest record, if it shares it. */
static bool is_counted(struct deaths *deaths, const json_t *record)
{
	json_t *last = deaths_newest(deaths);
	json_int_t more = json_integer_value(json_object_get(last, "more"));

	if (vigil_now() - deaths->noted >= window(deaths))
		return false;
	json_object_set_new(last, "more", json_integer(more + 1));
	json_object_set(last, "last", json_object_get(record, "time"));
	json_object_set(last, "id", json_object_get(record, "id"));
	deaths_save(deaths);
	return true;
}

/* The last death is no longer shown. */
static void on_old(vigil_daemon *d, void *arg)
{
	struct deaths *deaths = arg;

	deaths->changed_text = true;
	deaths->changed(deaths->arg);
}

static void note_record(struct deaths *deaths, json_t *record)
{
	const json_t *more = json_object_get(deaths_newest(deaths), "more");

	if (deaths->row > 0 && more != NULL)
		json_object_set(record, "more_before", (json_t *)more);
	deaths->row++;
	deaths->noted = vigil_now();
	vigil_cancel(deaths->d, on_old, deaths);
	vigil_after(deaths->d, DEATHS_SHOWN, on_old, deaths);
}

void deaths_add(struct deaths *deaths, json_t *record, double started, const char *output)
{
	json_t *lines;

	note_cause(deaths, record);
	if (is_counted(deaths, record)) {
		json_decref(record);
		return;
	}
	note_record(deaths, record);
	append(deaths, json_incref(record));
	deaths_save(deaths);
	if (output[0] != '\0') {
		lines = json_array();
		death_add_text(lines, output);
		end_record(deaths, record, lines, "");
		return;
	}
	if (deaths->reading != NULL)
		death_output_hurry(deaths->output);
	if (deaths->reading != NULL && deaths->next == NULL) {
		deaths->next = record;
		deaths->next_started = started;
	} else {
		begin_reading(deaths, record, started);
	}
}

/* --- start and stop --------------------------------------------------------------------------- */

void deaths_restore(struct deaths *deaths)
{
	const json_t *kept, *record;
	size_t i;

	vigil_persist(deaths->d, PLACE);
	kept = vigil_state_get(deaths->d, PLACE);
	json_array_foreach((json_t *)kept, i, record) {
		if (!json_is_object(record) || death_member(record, "time")[0] == '\0')
			continue;
		append(deaths, json_deep_copy(record));
		if (death_id(record) != 0)
			deaths->id = death_id(record);
		if (death_member(record, "log_end")[0] != '\0')
			snprintf(output_of(deaths)->mark, DEATH_OUTPUT_MARK, "%s",
				death_member(record, "log_end"));
	}
	if (deaths_newest(deaths) != NULL)
		deaths->text = death_text(deaths_newest(deaths));
}

static void end_unread(struct deaths *deaths, json_t *record)
{
	json_t *lines = json_object_get(record, "output");

	if (lines != NULL)
		end_record(deaths, record, json_incref(lines), "");
	else if (record != NULL)
		end_record(deaths, record, json_array(),
			"its output was not read, because the daemon was stopped");
}

void deaths_end_reading(struct deaths *deaths)
{
	if (deaths->output == NULL)
		return;
	death_output_close(deaths->output);
	end_unread(deaths, deaths->reading);
	end_unread(deaths, deaths->next);
}
