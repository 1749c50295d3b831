/*
 * condition: one condition of the option restart_when, such as
 * "/daemons/queue/perfdata/depth > 1000 for 3m".
 *
 * Pure functions: they read no clock and no state, so that a test can enumerate their inputs.
 */
#ifndef CONDITION_H
#define CONDITION_H

#include <vigil/vigil.h>

#define CONDITION_POINTER 256 /* bytes, with the NUL */
#define CONDITION_DAEMON  65
#define CONDITION_LIMIT   64
#define CONDITION_WHY     320
#define CONDITION_TEXT    512

enum condition_comparison {
	CONDITION_ABOVE,
	CONDITION_AT_LEAST,
	CONDITION_BELOW,
	CONDITION_AT_MOST,
	CONDITION_EQUAL,
	CONDITION_UNEQUAL,
	CONDITION_RANGE
};

/* The unit that was written after the limit. */
enum condition_unit {
	CONDITION_NO_UNIT, /* the limit has the unit of the number */
	CONDITION_PERCENT,
	CONDITION_SECONDS,
	CONDITION_BYTES
};

struct condition {
	char pointer[CONDITION_POINTER]; /* a JSON pointer, /daemons/DAEMON/... */
	char daemon[CONDITION_DAEMON];
	enum condition_comparison comparison;
	enum condition_unit unit;
	double limit;                /* in seconds or bytes if the unit says so */
	vigil_range range;           /* for CONDITION_RANGE */
	char shown[CONDITION_LIMIT]; /* the limit or the range as it was written */
	double seconds;              /* how long the condition must hold; 0: no duration */
};

/* Parses a condition. Returns 0; or -EINVAL and what is wrong in why, as a clause whose subject is
 * the text. */
int condition_parse(struct condition *condition, const char *text, char why[CONDITION_WHY]);
/* The same for an element of the option restart_when of a daemon, and reports what is wrong with
 * vigil_diagnose. */
int condition_parse_option(struct condition *condition, const char *text, vigil_daemon *d);

enum condition_result { CONDITION_UNKNOWN, CONDITION_FALSE, CONDITION_TRUE };

/* Compares a value of the state (NULL: there is none) with the limit. stale: the value is not
 * current. Writes the number, in the unit of the limit; NAN: there is no current number. If the
 * result is unknown, *why is the reason, as static text. */
enum condition_result condition_compare(const struct condition *condition, const json_t *value,
	bool stale, double *number, const char **why);

/* Writes "POINTER is NUMBER, over LIMIT for 40 s of 3 min". held: how long the condition has held,
 * in seconds; negative: the text does not say so. Returns text. */
char *condition_describe(
	const struct condition *condition, double number, double held, char text[CONDITION_TEXT]);

#endif
