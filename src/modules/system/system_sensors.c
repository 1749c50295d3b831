/*
 * system_sensors: runs the program vigil-sensors, which reads what vigild must not wait for: the
 * temperatures, and the speeds of network interfaces.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "network.h"
#include "sensor.h"
#include "system.h"

#define PROGRAM     "vigil-sensors"
#define INTERVAL    60.0
#define TIMEOUT     20.0
#define SENSORS_MAX 128
#define SPEEDS_MAX  256

struct speed {
	char name[NETWORK_NAME];
	double bits;
};

struct system_sensors {
	vigil_child *child;
	char program[PATH_MAX];
	struct sensor sensors[SENSORS_MAX];
	size_t count;
	struct speed speeds[SPEEDS_MAX];
	size_t speed_count;
	double margin;
	bool failed; /* the last run failed, and that was reported */
	bool known;  /* the program has run, with or without success */
	char why[256];
};

/* --- the program ------------------------------------------------------------------------------ */

static void fail(struct system *s, const char *why)
{
	struct system_sensors *sensors = s->sensors;

	snprintf(sensors->why, sizeof(sensors->why), "%s", why);
	sensors->known = true;
	sensors->count = sensors->speed_count = 0;
	if (!sensors->failed)
		vigil_log(s->d, VIGIL_INFO,
			"temperatures and speeds of interfaces are not known: %s", why);
	sensors->failed = true;
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Takes "speed MEGABITS NAME". */
static void take_speed(struct system_sensors *sensors, const char *line)
{
	const char *name = strchr(line, ' ');
	struct speed *speed = &sensors->speeds[sensors->speed_count];

	if (name == NULL || sensors->speed_count == SPEEDS_MAX)
		return;
	speed->bits = network_speed(line);
	snprintf(speed->name, sizeof(speed->name), "%s", name + 1);
	sensors->speed_count++;
}

/* Numbers the sensors that have the same name. */
static void take_sensor(struct system_sensors *sensors, const char *line)
{
	struct sensor *sensor = &sensors->sensors[sensors->count];
	char name[SENSOR_NAME];
	unsigned same = 1;

	if (sensors->count == SENSORS_MAX || !sensor_parse(line, sensor))
		return;
	vigil_sanitize(name, sizeof(name) - 8, sensor->name);
	snprintf(sensor->name, sizeof(sensor->name), "%s", name);
	for (size_t i = 0; i < sensors->count; i++)
		if (strcmp(sensors->sensors[i].name, sensor->name) == 0) {
			snprintf(sensor->name, sizeof(sensor->name), "%.80s #%u", name, ++same);
			i = (size_t)-1;
		}
	sensors->count++;
}

void system_sensors_take(struct system *s, const char *output)
{
	struct system_sensors *sensors = s->sensors;
	char line[256];

	sensors->known = true;
	sensors->count = sensors->speed_count = 0;
	while (*output != '\0') {
		size_t length = strcspn(output, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)(length < 255 ? length : 255), output);
		if (strncmp(line, "speed ", 6) == 0)
			take_speed(sensors, line + 6);
		else if (strncmp(line, "temperature ", 12) == 0)
			take_sensor(sensors, line + 12);
		output += length + (output[length] == '\n');
	}
}

static void on_exit_told(vigil_daemon *d, vigil_child *child, const vigil_child_exit *e, void *arg)
{
	struct system *s = arg;

	(void)d;
	(void)child;
	s->sensors->child = NULL;
	if (e->given_up || e->timed_out) {
		fail(s, "a sensor or an interface does not answer");
	} else if (!WIFEXITED(e->status) || WEXITSTATUS(e->status) != 0) {
		fail(s, PROGRAM " failed");
	} else {
		s->sensors->failed = false;
		system_sensors_take(s, e->output);
	}
}

static void on_due(vigil_daemon *d, void *arg)
{
	struct system *s = arg;
	char why[200] = "";
	const char *argv[] = {s->sensors->program, NULL};
	vigil_child_spec spec = {.size = sizeof(spec),
		.argv = argv,
		.timeout = TIMEOUT,
		.on_exit = on_exit_told,
		.arg = s,
		.why = why,
		.why_size = sizeof(why)};

	if (s->sensors->child != NULL)
		return;
	s->sensors->child = vigil_spawn(d, &spec);
	if (s->sensors->child == NULL)
		fail(s, errno == EBUSY ? "a sensor or an interface does not answer" : why);
}

/* --- values ----------------------------------------------------------------------------------- */

double system_sensors_speed(const struct system *s, const char *interface)
{
	for (size_t i = 0; i < s->sensors->speed_count; i++)
		if (strcmp(s->sensors->speeds[i].name, interface) == 0)
			return s->sensors->speeds[i].bits;
	return s->sensors->known ? 0 : -1;
}

static void judge(struct system *s, const struct sensor *sensor)
{
	const struct threshold *t = &s->thresholds[TEMPERATURE];
	double limit = sensor->critical;

	if (t->has_warning || t->has_critical) {
		system_evaluate(s, TEMPERATURE, sensor->name, sensor->celsius, " degrees Celsius");
		return;
	}
	if (isnan(limit) || sensor->celsius < limit - s->sensors->margin)
		return;
	system_raise(s, sensor->celsius >= limit ? VIGIL_CRITICAL : VIGIL_WARNING,
		"%s has %.1f degrees Celsius, and its critical temperature is %.1f", sensor->name,
		sensor->celsius, limit);
}

void system_sensors_report(struct system *s)
{
	struct system_sensors *sensors = s->sensors;
	json_t *values;

	if (sensors->known && sensors->count == 0 && s->thresholds[TEMPERATURE].given)
		system_leave_out(s, TEMPERATURE, "the temperature",
			sensors->failed ? sensors->why : "there is no sensor");
	if (sensors->count == 0) {
		vigil_state_unset(s->d, "temperature");
		return;
	}
	values = json_object();
	for (size_t i = 0; i < sensors->count; i++) {
		const struct sensor *sensor = &sensors->sensors[i];
		json_t *value = json_pack("{s:f}", "celsius", sensor->celsius);

		if (!isnan(sensor->critical))
			json_object_set_new(value, "critical_celsius", json_real(sensor->critical));
		json_object_set_new(values, sensor->name, value);
		judge(s, sensor);
	}
	vigil_state_set(s->d, "temperature", values);
}

int system_sensors_start(struct system *s)
{
	s->sensors = vigil_alloc(s->d, sizeof(*s->sensors));
	if (s->sensors == NULL)
		return -ENOMEM;
	s->sensors->margin = vigil_option_number(s->d, "temperature_margin");
	vigil_helper_path(s->sensors->program, sizeof(s->sensors->program), PROGRAM);
	return vigil_every_spread(s->d, INTERVAL, on_due, s);
}
