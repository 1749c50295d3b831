/* death: see death.h. */
#include "death.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REASON 300 /* bytes of a reason and of a note */

/* --- what is known ---------------------------------------------------------------------------- */

const char *death_member(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

uint64_t death_id(const json_t *record)
{
	return strtoull(death_member(record, "id"), NULL, 16);
}

static void set_text(json_t *record, const char *key, const char *text)
{
	char clean[REASON];

	if (text != NULL && text[0] != '\0')
		json_object_set_new(
			record, key, json_string(vigil_sanitize(clean, sizeof(clean), text)));
}

static json_t *rounded(double seconds)
{
	return json_real((double)(long long)(seconds * 1000 + 0.5) / 1000);
}

json_t *death_unreported(const char *reason, double ran)
{
	json_t *record = json_pack("{s:o}", "time", vigil_time());

	set_text(record, "reason", reason);
	if (ran >= 0)
		json_object_set_new(record, "ran_seconds", rounded(ran));
	return record;
}

static double time_of_day(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double death_began(double ended, double ran)
{
	return ran < 0 ? 0 : (ended > 0 ? ended : time_of_day()) - ran;
}

json_t *death_record(const vigil_service_death *death)
{
	json_t *record = death_unreported(death->text, death->ran);
	char text[VIGIL_SIGNAL_TEXT];

	if (death->ended > 0)
		json_object_set_new(record, "time", vigil_time_in(death->ended - time_of_day()));
	if (death->exit_status >= 0)
		json_object_set_new(record, "exit_status", json_integer(death->exit_status));
	if (death->signal > 0)
		set_text(record, "signal", vigil_signal_name(text, death->signal));
	if (death->core)
		json_object_set_new(record, "core", json_true());
	if (death->oom)
		json_object_set_new(record, "oom", json_true());
	if (death->pid > 0)
		json_object_set_new(record, "pid", json_integer(death->pid));
	set_text(record, "result", death->result);
	set_text(record, "journal", death->journal);
	/* as text, because readers of JSON round large numbers */
	snprintf(text, sizeof(text), "%llx", (unsigned long long)death->id);
	set_text(record, "id", text);
	return record;
}

/* --- output ----------------------------------------------------------------------------------- */

void death_add_line(json_t *lines, const char *line, size_t length)
{
	char copy[DEATH_LINE], clean[DEATH_LINE] = "";
	size_t used = 0, n;

	while (length > 0 && used + 5 < sizeof(clean)) {
		n = strnlen(line, length < sizeof(copy) - 1 ? length : sizeof(copy) - 1);
		memcpy(copy, line, n);
		copy[n] = '\0';
		vigil_sanitize(clean + used, sizeof(clean) - used, copy);
		used = strlen(clean);
		if (n < length && line[n] == '\0' && used + 5 < sizeof(clean)) {
			used += (size_t)sprintf(clean + used, "\\x00");
			n++;
		}
		line += n;
		length -= n;
	}
	json_array_append_new(lines, json_string(clean));
	if (json_array_size(lines) > DEATH_LINES)
		json_array_remove(lines, 0);
}

void death_add_text(json_t *lines, const char *text)
{
	size_t length;

	for (; *text != '\0'; text += length + (text[length] == '\n')) {
		length = strcspn(text, "\n");
		death_add_line(lines, text, length);
	}
}

/* Returns the bytes of the lines as JSON. */
static size_t size_of(const json_t *lines)
{
	return json_dumpb(lines, NULL, 0, JSON_COMPACT);
}

void death_set_output(json_t *record, json_t *lines, const char *note)
{
	while (json_array_size(lines) > 0 && size_of(lines) > DEATH_OUTPUT)
		json_array_remove(lines, 0);
	if (json_array_size(lines) > 0)
		json_object_set(record, "output", lines);
	json_decref(lines);
	if (note[0] != '\0')
		set_text(record, "output_note", note);
	else
		json_object_del(record, "output_note");
}

void death_drop_output(json_t *record, const char *note)
{
	json_object_del(record, "output");
	set_text(record, "output_note", note);
}

/* --- comparing and printing ------------------------------------------------------------------- */

bool death_is_alike(const json_t *a, const json_t *b)
{
	static const char *const keys[] = {"exit_status", "signal", "core", "oom", "result"};
	const json_t *one, *other;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		one = json_object_get(a, keys[i]);
		other = json_object_get(b, keys[i]);
		if (one != other && !json_equal(one, other))
			return false;
	}
	/* Of a death that the manager did not report, only the words are known. */
	return json_object_get(a, "id") != NULL || json_object_get(b, "id") != NULL ||
	       strcmp(death_member(a, "reason"), death_member(b, "reason")) == 0;
}

char *death_text(const json_t *record)
{
	json_int_t more = json_integer_value(json_object_get(record, "more"));
	const json_t *line;
	char *text = NULL;
	size_t size, i;
	FILE *file = open_memstream(&text, &size);

	if (file == NULL)
		return NULL;
	fprintf(file, "last death at %s: %s", death_member(record, "time"),
		death_member(record, "reason"));
	if (more > 0)
		fprintf(file, "\nand %lld more in the same way until %s", (long long)more,
			death_member(record, "last"));
	if (death_member(record, "output_note")[0] != '\0')
		fprintf(file, "\n%s", death_member(record, "output_note"));
	if (json_object_get(record, "output") != NULL)
		fprintf(file, "\nits last output:");
	json_array_foreach(json_object_get(record, "output"), i, line)
		fprintf(file, "\n  %s", json_string_value(line));
	if (fclose(file) == 0)
		return text;
	free(text);
	return NULL;
}
