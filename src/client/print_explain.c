/* print_explain: see print_explain.h. */
#include "client/print_explain.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "client/print_errors.h"
#include "client/print_services.h"
#include "client/print_text.h"
#include "client/print_time.h"
#include "state/json_text.h"

static void line(const char *label, const char *text)
{
	if (text[0] != '\0')
		print_new(memory_format("%-11s%s", label, text));
}

static void print_pause(json_t *run)
{
	const char *until = json_text(run, "paused_until");
	char when[PRINT_TIME], text[PRINT_TIME + 8];

	snprintf(text, sizeof(text), "until %s", print_due_time(when, until));
	line("paused", until[0] != '\0' ? text : "");
}

static void print_output(const json_t *from)
{
	const char *note = json_text(from, "output_note");
	size_t index;
	json_t *output;

	if (note[0] != '\0')
		print_new(memory_format("    (%s)", note));
	json_array_foreach(json_object_get(from, "output"), index, output) {
		fputs("    | ", print_stream());
		print_line(json_string_value(output));
	}
}

/* deaths: whether the output of deaths is printed. */
static void print_event(json_t *event, bool deaths)
{
	char when[PRINT_TIME];
	json_t *detail = json_object_get(event, "detail");

	print_new(memory_format("%s  %s", print_local_time(when, json_text(event, "time")),
		json_text(event, "text")));
	print_output(detail);
	if (deaths)
		print_output(json_object_get(detail, "death"));
}

/* The number of deaths that are printed with their output. */
#define DEATHS_SHOWN 3

/* Prints the last deaths, oldest first. */
static void print_deaths(const json_t *deaths)
{
	size_t count = json_array_size(deaths), i = count > DEATHS_SHOWN ? count - DEATHS_SHOWN : 0;
	char when[PRINT_TIME], last[PRINT_TIME], more[PRINT_TIME + 80];

	for (; i < count; i++) {
		const json_t *death = json_array_get(deaths, i);
		int again = (int)json_integer_value(json_object_get(death, "more"));

		more[0] = '\0';
		if (again > 0)
			snprintf(more, sizeof(more), " (and %d more in the same way until %s)",
				again, print_local_time(last, json_text(death, "last")));
		print_new(memory_format("%-11s%s  %s%s", "death",
			print_local_time(when, json_text(death, "time")),
			json_text(death, "reason"), more));
		print_output(death);
	}
}

/* Prints a condition of restart_when with its present value. */
static void print_condition(json_t *condition)
{
	json_t *value = json_object_get(condition, "value");
	char number[NUMBER_TEXT], *text;

	text = memory_format("%s: %s (%s%s)", json_text(condition, "condition"),
		json_text(condition, "result"), value != NULL ? "now " : "",
		value != NULL ? number_format(number, json_number_value(value))
			      : json_text(condition, "why"));
	line("condition", text);
	free(text);
}

/* The most services of one daemon that are explained. */
#define EXPLAINED 20

static void print_service(json_t *service)
{
	char *text = print_services_explain(service);

	line("service", text);
	free(text);
}

/* Prints the services that run, or the others.  *count: how many were found so far. */
static void print_services(json_t *managers, bool running, size_t *count)
{
	const char *manager, *name;
	json_t *services, *service;

	json_object_foreach(managers, manager, services)
		json_object_foreach(services, name, service) {
			bool runs = strcmp(json_text(service, "value"), "running") == 0;

			if (json_text(service, "decision")[0] == '\0' || runs != running)
				continue;
			if ((*count)++ < EXPLAINED)
				print_service(service);
		}
}

static void print_all_services(json_t *managers)
{
	size_t count = 0;

	print_services(managers, false, &count);
	print_services(managers, true, &count);
	if (count > EXPLAINED)
		print_new(memory_format("%-11s%zu more", "", count - EXPLAINED));
}

static void print_explanation(json_t *result)
{
	json_t *run = json_object_get(result, "run"), *health = json_object_get(run, "health");
	json_t *service = json_object_get(json_object_get(result, "state"), "service_state");
	json_t *error = json_object_get(service, "last_error"), *event, *condition;
	json_t *events = json_object_get(result, "events");
	bool all = events != NULL;
	char age[TEXT_AGE], when[PRINT_TIME], failure[1024] = "";
	size_t index;

	if (json_is_object(error))
		snprintf(failure, sizeof(failure), "%s (%s)", json_text(error, "text"),
			json_text(error, "kind"));
	print_new(memory_format("%s: module %s, %s for %s", json_text(result, "name"),
		json_text(run, "module"), json_text(run, "status"),
		print_age(age, json_text(run, "since"))));
	line("failed", json_text(run, "reason"));
	line("health", json_text(health, "text"));
	line("evidence", json_text(service, "evidence"));
	json_array_foreach(json_object_get(service, "conditions"), index, condition)
		print_condition(condition);
	line("decision", json_text(service, "decision"));
	print_pause(run);
	line("next run", print_due_time(when, json_text(run, "next_tick")));
	line("next try", print_due_time(when, json_text(service, "next_retry")));
	line("last error", failure);
	print_errors(json_object_get(result, "state"), print_line);
	print_all_services(json_object_get(json_object_get(result, "state"), "services"));
	if (!all) {
		print_deaths(json_object_get(service, "deaths"));
		events = json_object_get(run, "history");
	}
	json_array_foreach(events, index, event)
		print_event(event, all);
}

void print_explain(json_t *result)
{
	size_t index;
	json_t *row;

	if (json_is_object(result))
		print_explanation(result);
	json_array_foreach(result, index, row) {
		fputs(index > 0 ? "\n" : "", print_stream());
		print_explanation(row);
	}
}
