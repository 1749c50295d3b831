/*
 * perfdata: the performance data of a Nagios plugin, as an object by label.
 *
 * An entry is {value,unit,warn,crit,min,max}; what the plugin did not print is absent.
 */
#ifndef PERFDATA_H
#define PERFDATA_H

#include <jansson.h>

/* The items of one run that are kept: output is capped at 64 KiB, which has room for few more. */
#define PERFDATA_ITEMS_MAX 8192

struct perfdata {
	json_t *items;    /* never NULL between init and clear */
	unsigned refused; /* items that could not be read */
	/* Thresholds, minima and maxima that could not be read; their values are kept. */
	unsigned limits_refused;
	char first[64]; /* the beginning of the first such text, clean; "": there was none */
};

/* 0, or -ENOMEM. */
int perfdata_init(struct perfdata *parsed);
/* Adds the items in a text, which is overwritten.  Of two items with the same label the last is
 * kept, and the other counts as refused. */
void perfdata_read(struct perfdata *parsed, char *text);
void perfdata_clear(struct perfdata *parsed);

#endif
