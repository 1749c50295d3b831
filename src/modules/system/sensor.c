/* sensor: see sensor.h. */
#include "sensor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Degrees Celsius. Sensors that are not connected report -128, -55, 127, 128 or 255, and 0 if the
 * device is off. */
#define COLDEST      -50.0
#define HOTTEST      126.0
#define CRITICAL_MIN 30.0
#define CRITICAL_MAX 150.0

bool sensor_parse(const char *line, struct sensor *sensor)
{
	char *end;
	double value = strtod(line, &end) / 1000;

	if (end == line || *end != ' ' || !(value > COLDEST && value < HOTTEST) || value == 0)
		return false;
	sensor->celsius = round(10 * value) / 10;
	line = end + 1;
	sensor->critical = NAN;
	if (strncmp(line, "- ", 2) == 0) {
		line += 2;
	} else {
		value = strtod(line, &end) / 1000;
		if (end == line || *end != ' ')
			return false;
		if (value >= CRITICAL_MIN && value <= CRITICAL_MAX)
			sensor->critical = value;
		line = end + 1;
	}
	if (*line == '\0')
		return false;
	snprintf(sensor->name, sizeof(sensor->name), "%s", line);
	return true;
}
