/*
 * calendar_parse: the syntax of calendars; see calendar_internal.h.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/calendar_internal.h"

#define ALL_WEEKDAYS 0x7fu
#define WORD_MAX     64

static const char *const weekdays[] = {
	"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

int calendar_wrong(char why[CALENDAR_WHY], const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, CALENDAR_WHY, format, ap);
	va_end(ap);
	return -EINVAL;
}

/* --- weekdays and dates ----------------------------------------------------------------------- */

/* Reads one weekday, a full name or three letters.  Returns its tm_wday, or -1. */
static int read_weekday(const char **text)
{
	size_t n = strcspn(*text, ".");

	for (int i = 0; i < 7; i++) {
		if ((n == 3 || n == strlen(weekdays[i])) &&
			strncasecmp(*text, weekdays[i], n) == 0) {
			*text += n;
			return i;
		}
	}
	return -1;
}

static int parse_weekdays(const struct calendar_syntax *syntax, void *element, const char *word,
	char why[CALENDAR_WHY])
{
	struct calendar_days *days = element;
	const char *rest = word;
	int first = read_weekday(&rest), last = first;

	if (first >= 0 && strncmp(rest, "..", 2) == 0) {
		rest += 2;
		last = read_weekday(&rest);
	}
	if (first < 0 || last < 0 || *rest != '\0')
		return calendar_wrong(why, "\"%s\" is not a weekday or a range such as Mon..Fri%s",
			word, syntax->no_weekday);
	days->weekdays = 1u << last;
	for (int day = first; day != last; day = (day + 1) % 7)
		days->weekdays |= 1u << day;
	return 0;
}

int calendar_read_number(const char **text, int least, int most)
{
	int number = 0, digits = 0;

	for (; isdigit((unsigned char)**text) && digits < most; digits++)
		number = number * 10 + *(*text)++ - '0';
	return digits >= least ? number : -1;
}

/* Reads a part of a date, followed by that character.  Returns 0 for "*", and -1 for an error. */
static int read_field(const char **text, int digits, char after)
{
	int number = 0;

	if (**text == '*')
		++*text;
	else if ((number = calendar_read_number(text, digits, digits)) == 0)
		return -1;
	if (after == '\0')
		return number;
	return *(*text)++ == after ? number : -1;
}

static int read_date(const char **text, struct calendar_date *date)
{
	static const int lengths[] = {31, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap;

	if ((date->year = read_field(text, 4, '-')) < 0 ||
		(date->month = read_field(text, 2, '-')) < 0 || date->month > 12 ||
		(date->day = read_field(text, 2, '\0')) < 0 || date->day > lengths[date->month])
		return -EINVAL;
	leap = date->year % 4 == 0 && (date->year % 100 != 0 || date->year % 400 == 0);
	return date->month == 2 && date->day == 29 && !leap ? -EINVAL : 0;
}

static int order_of(const struct calendar_date *date)
{
	return (date->year * 100 + date->month) * 100 + date->day;
}

static int parse_date(const struct calendar_syntax *syntax, void *element, const char *word,
	char why[CALENDAR_WHY])
{
	struct calendar_days *days = element;
	const char *rest = word;
	int err = read_date(&rest, &days->first);

	days->last = days->first;
	if (err == 0 && strncmp(rest, "..", 2) == 0) {
		rest += 2;
		err = read_date(&rest, &days->last);
	}
	if (err != 0 || *rest != '\0')
		return calendar_wrong(why,
			"\"%s\" is not a date such as 2026-12-24, *-12-24 or "
			"2026-12-24..2026-12-26",
			word);
	if ((days->first.year == 0) != (days->last.year == 0) ||
		(days->first.month == 0) != (days->last.month == 0) ||
		(days->first.day == 0) != (days->last.day == 0))
		return calendar_wrong(
			why, "both dates of \"%s\" must have the same parts \"*\"", word);
	if (days->first.year != 0 && order_of(&days->first) > order_of(&days->last))
		return calendar_wrong(why, "\"%s\" ends before it begins", word);
	return 0;
}

bool calendar_days_equal(const struct calendar_days *a, const struct calendar_days *b)
{
	return a->weekdays == b->weekdays && order_of(&a->first) == order_of(&b->first) &&
	       order_of(&a->last) == order_of(&b->last);
}

bool calendar_has_day(const struct calendar_days *days, const struct tm *day)
{
	struct calendar_date date = {days->first.year != 0 ? day->tm_year + 1900 : 0,
		days->first.month != 0 ? day->tm_mon + 1 : 0,
		days->first.day != 0 ? day->tm_mday : 0};
	int first = order_of(&days->first), last = order_of(&days->last), order = order_of(&date);

	if (!(days->weekdays & 1u << day->tm_wday))
		return false;
	if (first <= last)
		return order >= first && order <= last;
	return order >= first || order <= last; /* over the end of the year or of the month */
}

/* --- an element ------------------------------------------------------------------------------- */

static int parse_times(const struct calendar_syntax *syntax, void *element, const char *word,
	char why[CALENDAR_WHY])
{
	return syntax->parse_times(element, word, why);
}

enum { WEEKDAYS, DATE, TIMES };

static const struct {
	const char *name;
	int (*parse)(const struct calendar_syntax *syntax, void *element, const char *word,
		char why[CALENDAR_WHY]);
} parts[] = {
	[WEEKDAYS] = {"weekdays", parse_weekdays},
	[DATE] = {"a date", parse_date},
	[TIMES] = {"times", parse_times},
};

static int part_of(const char *word)
{
	if (strchr(word, ':') != NULL)
		return TIMES;
	return isdigit((unsigned char)word[0]) || word[0] == '*' ? DATE : WEEKDAYS;
}

/* Parses the element in the first n bytes of text.  Stores a bit for each part that is present. */
static int parse_parts(const struct calendar_syntax *syntax, void *element, const char *text,
	size_t n, unsigned *present, char why[CALENDAR_WHY])
{
	const char *end = text + n;
	char word[WORD_MAX];
	size_t length;
	int part, err;

	for (; (text += strspn(text, " \t")) < end; text += length) {
		length = strcspn(text, " \t,");
		if (length >= sizeof(word))
			return calendar_wrong(
				why, "\"%.40s...\" is too long for %s", text, syntax->element);
		snprintf(word, sizeof(word), "%.*s", (int)length, text);
		part = part_of(word);
		if (*present & 1u << part)
			return calendar_wrong(why, "has %s twice, the second time at \"%s\"",
				parts[part].name, word);
		*present |= 1u << part;
		err = parts[part].parse(syntax, element, word, why);
		if (err != 0)
			return err;
	}
	if (*present == 0)
		return calendar_wrong(why, "has an empty element; remove the extra comma");
	return 0;
}

/* Returns the text that replaces an element of a single word; NULL: there is none. */
static const char *expanded(const struct calendar_syntax *syntax, const char *text, size_t n)
{
	char word[WORD_MAX];

	while (n > 0 && isblank((unsigned char)text[n - 1]))
		n--;
	if (syntax->expand == NULL || n >= sizeof(word))
		return NULL;
	snprintf(word, sizeof(word), "%.*s", (int)n, text);
	return syntax->expand(word);
}

static int parse_element(const struct calendar_syntax *syntax, void *element, const char *text,
	unsigned *present, char why[CALENDAR_WHY])
{
	size_t n = strcspn(text, ",");
	const char *meant = expanded(syntax, text, n);
	struct calendar_days *days = element;

	*days = (struct calendar_days){.weekdays = ALL_WEEKDAYS};
	syntax->begin(element);
	*present = 0;
	if (meant != NULL)
		return parse_parts(syntax, element, meant, strlen(meant), present, why);
	return parse_parts(syntax, element, text, n, present, why);
}

/* In the syntax of systemd, "Sat,Sun 10:00-12:00" gives these times to both days.  Here the first
 * element would be the whole of Saturday, so such a text is refused. */
static int check_lone_weekdays(const struct calendar_syntax *syntax, unsigned before,
	unsigned present, const char *element, char why[CALENDAR_WHY])
{
	size_t n = strcspn(element, ",");

	if (before != 1u << WEEKDAYS || !(present & 1u << WEEKDAYS) || present == before)
		return 0;
	return calendar_wrong(why,
		"the weekdays before \"%.*s\" have no times, and each element needs its own; for "
		"%s",
		(int)(n < 40 ? n : 40), element, syntax->whole);
}

/* --- the list --------------------------------------------------------------------------------- */

size_t calendar_count(const char *text)
{
	size_t count = 1;

	for (; *text != '\0'; text++)
		count += *text == ',';
	return count;
}

int calendar_parse_elements(const struct calendar_syntax *syntax, void *elements, const char *text,
	char why[CALENDAR_WHY])
{
	unsigned before = 0, present;
	char *element = elements;
	int err;

	for (;; text++, element += syntax->size) {
		text += strspn(text, " \t");
		err = parse_element(syntax, element, text, &present, why);
		if (err == 0)
			err = check_lone_weekdays(syntax, before, present, text, why);
		before = present;
		text += strcspn(text, ",");
		if (err != 0 || *text == '\0')
			return err;
	}
}
