/*
 * api_option: the option functions of vigil.h, which return a daemon's option values by name and
 * type.
 *
 * A request for an option that is not in the module's schema, or that has another type, is a bug of
 * the module.  vigild logs the first such request of a daemon and returns an empty value, so that
 * the module does not crash.
 */
#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "base/calendar.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"

#define BIT(type) (1u << (type))

#define LISTS   (BIT(VIGIL_LIST) | BIT(VIGIL_PATHS) | BIT(VIGIL_COMMAND))
#define WHOLES  (BIT(VIGIL_INT) | BIT(VIGIL_SIZE))
#define NUMBERS (BIT(VIGIL_NUMBER) | WHOLES)

static const struct option_value *find(vigil_daemon *d, const char *name, unsigned types)
{
	static const struct option_value nothing;
	const struct option_value *value = d->options != NULL ? option_get(d->options, name) : NULL;

	if (value != NULL && (BIT(value->schema->type) & types) != 0)
		return value;
	if (!d->asked_wrongly)
		daemon_log(d, LEVEL_ERROR, d->name, "module %s asks for \"%s\", which %s",
			d->module, name,
			value == NULL ? "is not among its options" : "has another type");
	d->asked_wrongly = true;
	return &nothing;
}

const char *vigil_option_text(vigil_daemon *d, const char *name)
{
	return find(d, name, ~0u)->text;
}

bool vigil_option_bool(vigil_daemon *d, const char *name)
{
	return find(d, name, BIT(VIGIL_BOOL))->boolean;
}

int64_t vigil_option_int(vigil_daemon *d, const char *name)
{
	return find(d, name, WHOLES)->integer;
}

double vigil_option_number(vigil_daemon *d, const char *name)
{
	const struct option_value *value = find(d, name, NUMBERS);

	if (value->schema != NULL && value->schema->type == VIGIL_NUMBER)
		return value->number;
	return (double)value->integer;
}

double vigil_option_seconds(vigil_daemon *d, const char *name)
{
	return find(d, name, BIT(VIGIL_DURATION))->number;
}

const char *const *vigil_option_list(vigil_daemon *d, const char *name)
{
	static const char *const empty[] = {NULL};
	char **list = find(d, name, LISTS)->list;

	return list != NULL ? (const char *const *)list : empty;
}

bool vigil_option_range(vigil_daemon *d, const char *name, vigil_range *range)
{
	const struct option_value *value = find(d, name, BIT(VIGIL_RANGE));

	if (value->present)
		*range = value->range;
	return value->present;
}

bool vigil_option_matches(vigil_daemon *d, const char *name, const char *text)
{
	const struct option_value *value = find(d, name, BIT(VIGIL_REGEX));

	return value->present && option_value_matches(value, text);
}

bool vigil_option_given(vigil_daemon *d, const char *name)
{
	return find(d, name, ~0u)->given;
}

/* --- calendars -------------------------------------------------------------------------------- */

static const struct calendar *calendar_of(vigil_daemon *d, const char *name)
{
	return name != NULL ? find(d, name, BIT(VIGIL_CALENDAR))->calendar : NULL;
}

double vigil_calendar_wait(
	vigil_daemon *d, const char *only, const char *except, char text[VIGIL_CALENDAR_TEXT])
{
	double now = clock_seconds(CLOCK_REALTIME);
	time_t second = (time_t)floor(now), change;
	struct calendar_rule rule;
	char until[CALENDAR_TEXT];
	bool outside;

	if (daemon_is_candidate(d, "vigil_calendar_wait"))
		return 0;
	rule = (struct calendar_rule){calendar_of(d, only), calendar_of(d, except)};
	if (calendar_allows(&rule, second))
		return 0;
	change = calendar_next_change(&rule, second);
	outside = rule.only != NULL && !calendar_contains(rule.only, second);
	if (text != NULL && change - second < CALENDAR_FAR)
		snprintf(text, VIGIL_CALENDAR_TEXT, "%s %s, until %s",
			outside ? "outside" : "inside", outside ? only : except,
			calendar_format(until, change));
	else if (text != NULL)
		snprintf(text, VIGIL_CALENDAR_TEXT, "%s %s, for the next 365 days at least",
			outside ? "outside" : "inside", outside ? only : except);
	return fmin((double)change - now, CALENDAR_FAR);
}

bool vigil_next_time(vigil_daemon *d, const char *option, char text[VIGIL_TIMES_TEXT])
{
	const struct calendar_times *times = find(d, option, BIT(VIGIL_TIMES))->times;
	time_t now = (time_t)floor(clock_seconds(CLOCK_REALTIME)), next;

	text[0] = '\0';
	if (times == NULL || !calendar_next_time(times, now, 0, &next))
		return false;
	calendar_format(text, next);
	return true;
}

_Static_assert(VIGIL_TIMES_TEXT >= CALENDAR_TEXT, "a formatted time must fit");
