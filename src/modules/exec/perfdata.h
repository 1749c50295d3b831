/*
 * perfdata: parses the performance data of a Nagios plugin into a JSON object, with the labels as
 * keys.
 *
 * An entry is {value,unit,warn,crit,min,max}. Fields that the plugin did not print are absent.
 */
#ifndef PERFDATA_H
#define PERFDATA_H

#include <jansson.h>

/* The maximum number of items that are kept. Output is limited to 64 KiB, which has room for few
 * more. */
#define PERFDATA_ITEMS_MAX 8192

struct perfdata {
	json_t *items;    /* owned; never NULL between perfdata_init and perfdata_clear */
	unsigned refused; /* items that could not be parsed or were not kept */
	/* Thresholds, minima and maxima that could not be parsed; the values of their items are
	 * kept. */
	unsigned limits_refused;
	char first[64]; /* the beginning of the first such text, sanitized; "": there was none */
};

/* Initializes the result, which the caller frees with perfdata_clear. Returns 0 or -ENOMEM. */
int perfdata_init(struct perfdata *parsed);
/* Adds the items in a text, which is overwritten. If a label occurs twice, the last item is kept
 * and the other one counts as refused. */
void perfdata_read(struct perfdata *parsed, char *text);
void perfdata_clear(struct perfdata *parsed);

#endif
