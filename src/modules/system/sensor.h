/*
 * sensor: parses a line of the program vigil-sensors, and judges a temperature.
 *
 * The functions are pure.
 */
#ifndef SENSOR_H
#define SENSOR_H

#include <stdbool.h>

#define SENSOR_NAME 96

struct sensor {
	char name[SENSOR_NAME]; /* such as "coretemp Core 0" or "acpitz" */
	double celsius;
	double critical; /* the critical temperature of the device; NAN: unknown */
};

/* Parses the part after "temperature": "MILLIDEGREES CRITICAL NAME"; CRITICAL is - if it is unknown. Returns false if the line is
 * not valid or the temperature is impossible, as with a sensor that is not connected. A critical
 * temperature that is impossible counts as unknown. */
bool sensor_parse(const char *line, struct sensor *sensor);

#endif
