/*
 * condition: see condition.h.
 *
 * An address is a JSON pointer, which ends at the first blank. The option is a list, so a comma
 * ends it, too. A blank, a comma and a % in an address are therefore written as %20, %2C and %25,
 * as in the form of RFC 6901 for URIs.
 */
#include "condition.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANK        " \t"
#define NUMBER_CHARS "+-.0123456789eE"
#define DURATION_MAX (366 * 86400.0)
#define FORMS        "such as > 1000, <= 5s, == 0 or the range 0:1000"

static const struct {
	const char *symbol;
	const char *words; /* before the limit */
} comparisons[] = {
	[CONDITION_ABOVE] = {">", "over"},
	[CONDITION_AT_LEAST] = {">=", "at least"},
	[CONDITION_BELOW] = {"<", "below"},
	[CONDITION_AT_MOST] = {"<=", "at most"},
	[CONDITION_EQUAL] = {"==", "equal to"},
	[CONDITION_UNEQUAL] = {"!=", "not equal to"},
	[CONDITION_RANGE] = {"", ""},
};

static int wrong(char why[CONDITION_WHY], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int wrong(char why[CONDITION_WHY], const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, CONDITION_WHY, format, ap);
	va_end(ap);
	return -EINVAL;
}

/* Copies the next word, up to a blank, and moves *text behind it. Returns false if there is none;
 * the word is then "". A word that does not fit is truncated, and *fits is false. */
static bool next_word(const char **text, char *word, size_t size, bool *fits)
{
	size_t n;

	*text += strspn(*text, BLANK);
	n = strcspn(*text, BLANK);
	*fits = n < size;
	snprintf(word, size, "%.*s", (int)n, *text);
	*text += n;
	return n > 0;
}

/* --- the address ------------------------------------------------------------------------------ */

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at =
		c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* Replaces each %XX in place. Returns false if a % is not followed by two hexadecimal digits. */
static bool decode_percent(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		int high, low;

		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		high = hex_digit(from[1]);
		low = high >= 0 ? hex_digit(from[2]) : -1;
		if (low < 0)
			return false;
		*to++ = (char)(16 * high + low);
		from += 2;
	}
	*to = '\0';
	return true;
}

/* Returns whether each ~ of a JSON pointer is part of ~0 or ~1. */
static bool has_valid_escapes(const char *pointer)
{
	while ((pointer = strchr(pointer, '~')) != NULL)
		if (*++pointer != '0' && *pointer != '1')
			return false;
	return true;
}

/* Takes the name of the daemon from the pointer. */
static int parse_daemon(struct condition *c, char why[CONDITION_WHY])
{
	static const char root[] = "/daemons/";
	const char *name = c->pointer + sizeof(root) - 1;
	size_t n;

	if (strncmp(c->pointer, "/runs/", 6) == 0 || strncmp(c->pointer, "/vigil/", 7) == 0)
		return wrong(why,
			"has an address of vigild itself, whose changes are not announced; let a "
			"daemon of the module average sample it, and name "
			"/daemons/AVERAGE/values/LABEL/last");
	n = strncmp(c->pointer, root, sizeof(root) - 1) == 0 ? strcspn(name, "/") : 0;
	if (n == 0 || n >= CONDITION_DAEMON || name[n] == '\0' || name[n + 1] == '\0')
		return wrong(why, "does not begin with the address of a number, such as "
				  "/daemons/queue/perfdata/depth");
	snprintf(c->daemon, sizeof(c->daemon), "%.*s", (int)n, name);
	return 0;
}

static int parse_pointer(struct condition *c, const char **text, char why[CONDITION_WHY])
{
	char clean[CONDITION_POINTER];
	bool fits;

	next_word(text, c->pointer, sizeof(c->pointer), &fits);
	if (!fits)
		return wrong(why, "has an address of more than %d bytes", CONDITION_POINTER - 1);
	if (!decode_percent(c->pointer))
		return wrong(why,
			"has a %% that is not followed by two hexadecimal digits (%%25 is %%)");
	if (!has_valid_escapes(c->pointer))
		return wrong(why, "has a ~ that is not followed by 0 or 1 (~0 is ~, ~1 is /)");
	if (strcmp(vigil_sanitize(clean, sizeof(clean), c->pointer), c->pointer) != 0)
		return wrong(why, "has an address with a control character or invalid UTF-8");
	return parse_daemon(c, why);
}

/* --- the limit -------------------------------------------------------------------------------- */

/* Parses a number with its unit, or true or false, which are compared as 1 and 0. */
static int parse_limit(struct condition *c, const char *text, char why[CONDITION_WHY])
{
	size_t n = strspn(text, NUMBER_CHARS);
	char *end;
	int64_t bytes;

	c->limit = strtod(text, &end);
	/* strtod also takes "0x10", "inf" and "nan". */
	if (n > 0 && n == (size_t)(end - text) && isfinite(c->limit) &&
		(*end == '\0' || strcmp(end, "%") == 0)) {
		c->unit = *end == '%' ? CONDITION_PERCENT : CONDITION_NO_UNIT;
		return 0;
	}
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
		c->limit = text[0] == 't';
		return 0;
	}
	if (vigil_duration_read(text, &c->limit) == 0) {
		c->unit = CONDITION_SECONDS;
		return 0;
	}
	if (vigil_size_read(text, &bytes) == 0) {
		c->limit = (double)bytes;
		c->unit = CONDITION_BYTES;
		return 0;
	}
	return wrong(why,
		"has the limit \"%.40s\", which is not a number such as 1000, 80%%, 5s or 64MiB",
		text);
}

static int unknown_comparison(const char *word, char why[CONDITION_WHY])
{
	if (word[0] == '=' && word[1] != '>' && word[1] != '<')
		return wrong(why, "has the comparison \"=\"; did you mean \"==\"?");
	return wrong(why, "has the comparison \"%.8s\"; the comparisons are > >= < <= == !=", word);
}

/* Parses a comparison and its limit. word: the comparison, perhaps with the limit. */
static int parse_comparison(
	struct condition *c, const char *word, const char **text, char why[CONDITION_WHY])
{
	size_t n = strspn(word, "<>=!"), i = 0;
	bool fits = true;

	while (i < CONDITION_RANGE && (strlen(comparisons[i].symbol) != n ||
					      strncmp(comparisons[i].symbol, word, n) != 0))
		i++;
	if (i == CONDITION_RANGE)
		return unknown_comparison(word, why);
	c->comparison = (enum condition_comparison)i;
	if (word[n] != '\0')
		fits = snprintf(c->shown, sizeof(c->shown), "%s", word + n) < CONDITION_LIMIT;
	else if (!next_word(text, c->shown, sizeof(c->shown), &fits))
		return wrong(why, "has no limit after the \"%s\"", comparisons[i].symbol);
	if (!fits)
		return wrong(why, "has a limit of more than %d characters", CONDITION_LIMIT - 1);
	return parse_limit(c, c->shown, why);
}

/* The text after the address is neither a comparison nor a range. */
static int no_comparison(const char *pointer, const char *word, char why[CONDITION_WHY])
{
	size_t n = strcspn(pointer, "<>=!");

	if (pointer[n] != '\0')
		return wrong(why, "has no blank before its comparison \"%.40s\"", pointer + n);
	if (word[0] == '\0' || strcmp(word, "for") == 0)
		return wrong(why,
			"has no comparison " FORMS "; a comma in an address is written as %%2C, "
			"as in /daemons/x/a%%2Cb");
	if (word[strspn(word, NUMBER_CHARS)] == '\0')
		return wrong(why,
			"has no comparison before \"%.40s\"; write > %.40s, or the range "
			"0:%.40s",
			word, word, word);
	return wrong(why,
		"has \"%.40s\" in place of a comparison " FORMS
		"; a blank in an address is written "
		"as %%20, as in /daemons/x/a%%20b",
		word);
}

static int parse_test(struct condition *c, const char **text, char why[CONDITION_WHY])
{
	char word[2 * CONDITION_LIMIT];
	bool fits;

	next_word(text, word, sizeof(word), &fits);
	if (strchr("<>=!", word[0]) != NULL && word[0] != '\0')
		return parse_comparison(c, word, text, why);
	/* "10" is a range, too, but it would be read as a limit without its comparison. */
	if (strpbrk(word, ":@") == NULL)
		return no_comparison(c->pointer, word, why);
	if (!fits || strlen(word) >= sizeof(c->shown) || vigil_range_read(word, &c->range) != 0)
		return wrong(why,
			"has \"%.40s\", which is not a range such as 0:1000, 5: or @10:20", word);
	c->comparison = CONDITION_RANGE;
	strcpy(c->shown, word);
	return 0;
}

/* --- the duration ----------------------------------------------------------------------------- */

static int parse_duration(struct condition *c, const char **text, char why[CONDITION_WHY])
{
	char word[CONDITION_LIMIT];
	bool fits;

	if (!next_word(text, word, sizeof(word), &fits))
		return 0;
	if (strcmp(word, "for") != 0)
		return wrong(why,
			"has \"%.40s\" after the limit; only a duration may follow: for 3m", word);
	if (!next_word(text, word, sizeof(word), &fits))
		return wrong(why, "has no duration after \"for\": for 3m");
	if (!fits || vigil_duration_read(word, &c->seconds) != 0 || c->seconds > DURATION_MAX)
		return wrong(why,
			"has \"%.40s\", which is not a duration such as 30s, 3m or 1h (366d at "
			"most)",
			word);
	if (next_word(text, word, sizeof(word), &fits))
		return wrong(why,
			"has \"%.40s\" after the duration; separate conditions with commas", word);
	return 0;
}

int condition_parse(struct condition *c, const char *text, char why[CONDITION_WHY])
{
	*c = (struct condition){.unit = CONDITION_NO_UNIT};
	if (parse_pointer(c, &text, why) != 0 || parse_test(c, &text, why) != 0 ||
		parse_duration(c, &text, why) != 0)
		return -EINVAL;
	return 0;
}

int condition_parse_option(struct condition *c, const char *text, vigil_daemon *d)
{
	char why[CONDITION_WHY];

	if (condition_parse(c, text, why) == 0)
		return 0;
	return vigil_diagnose(d, "restart_when", "its element \"%.80s\" %s", text, why);
}

/* --- comparing -------------------------------------------------------------------------------- */

/* The units of performance data that can be converted to the unit of a limit. */
static const struct {
	const char *name;
	enum condition_unit unit;
	double factor;
} units[] = {
	{"", CONDITION_SECONDS, 1},
	{"s", CONDITION_SECONDS, 1},
	{"ms", CONDITION_SECONDS, 1e-3},
	{"us", CONDITION_SECONDS, 1e-6},
	{"", CONDITION_BYTES, 1},
	{"B", CONDITION_BYTES, 1},
	{"KB", CONDITION_BYTES, 0x1p10},
	{"MB", CONDITION_BYTES, 0x1p20},
	{"GB", CONDITION_BYTES, 0x1p30},
	{"TB", CONDITION_BYTES, 0x1p40},
	{"KiB", CONDITION_BYTES, 0x1p10},
	{"MiB", CONDITION_BYTES, 0x1p20},
	{"GiB", CONDITION_BYTES, 0x1p30},
	{"TiB", CONDITION_BYTES, 0x1p40},
	{"", CONDITION_PERCENT, 1},
	{"%", CONDITION_PERCENT, 1},
};

/* Returns by what a number with this unit is multiplied to have the unit of the limit. NAN: the
 * units differ in kind. */
static double factor_of(enum condition_unit unit, const char *name)
{
	if (unit == CONDITION_NO_UNIT)
		return 1;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (units[i].unit == unit && strcmp(units[i].name, name) == 0)
			return units[i].factor;
	return NAN;
}

/* Returns the number of a value: a number, true or false, or an object with a number `value`, such
 * as performance data. NAN: it has none; *why says so. */
static double number_of(enum condition_unit unit, const json_t *value, const char **why)
{
	const char *name = json_string_value(json_object_get(value, "unit"));
	double number = NAN;

	if (json_is_object(value))
		value = json_object_get(value, "value");
	if (json_is_boolean(value))
		number = json_is_true(value);
	else if (json_is_number(value))
		number = json_number_value(value);
	if (!isfinite(number)) {
		*why = value == NULL ? "there is no value" : "the value is not a number";
		return NAN;
	}
	number *= factor_of(unit, name != NULL ? name : "");
	if (!isfinite(number))
		*why = "the unit of the number is not that of the limit";
	return number;
}

static bool is_true(const struct condition *c, double number)
{
	switch (c->comparison) {
	case CONDITION_ABOVE: return number > c->limit;
	case CONDITION_AT_LEAST: return number >= c->limit;
	case CONDITION_BELOW: return number < c->limit;
	case CONDITION_AT_MOST: return number <= c->limit;
	case CONDITION_EQUAL: return number == c->limit;
	case CONDITION_UNEQUAL: return number != c->limit;
	case CONDITION_RANGE:
	default: return vigil_range_alerts(&c->range, number);
	}
}

enum condition_result condition_compare(const struct condition *c, const json_t *value, bool stale,
	double *number, const char **why)
{
	*number = number_of(c->unit, value, why);
	if (stale && value != NULL) {
		*number = NAN;
		*why = "the number is stale";
	}
	if (!isfinite(*number))
		return CONDITION_UNKNOWN;
	return is_true(c, *number) ? CONDITION_TRUE : CONDITION_FALSE;
}

/* --- words ------------------------------------------------------------------------------------ */

static void add(char text[CONDITION_TEXT], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(char text[CONDITION_TEXT], const char *format, ...)
{
	size_t used = strlen(text);
	va_list ap;

	va_start(ap, format);
	vsnprintf(text + used, CONDITION_TEXT - used, format, ap);
	va_end(ap);
}

static void add_span(char text[CONDITION_TEXT], double seconds)
{
	if (seconds < 1)
		add(text, "%.1g s", seconds);
	else if (seconds < 120)
		add(text, "%.0f s", floor(seconds));
	else if (seconds < 7200)
		add(text, "%.0f min", floor(seconds / 60));
	else
		add(text, "%.0f h", floor(seconds / 3600));
}

/* Adds a number in the unit of the limit. */
static void add_number(char text[CONDITION_TEXT], enum condition_unit unit, double number)
{
	static const char *const suffixes[] = {[CONDITION_NO_UNIT] = "",
		[CONDITION_PERCENT] = " %",
		[CONDITION_SECONDS] = " s",
		[CONDITION_BYTES] = " MiB"};
	char digits[VIGIL_NUMBER_TEXT];

	if (unit == CONDITION_BYTES)
		snprintf(digits, sizeof(digits), "%.6g", number / 0x1p20);
	else if (strlen(vigil_number(digits, number)) > 17)
		snprintf(digits, sizeof(digits), "%.6g", number);
	add(text, "%s%s", digits, suffixes[unit]);
}

char *condition_describe(
	const struct condition *c, double number, double held, char text[CONDITION_TEXT])
{
	char pointer[124];

	text[0] = '\0';
	add(text, "%s is ", vigil_sanitize(pointer, sizeof(pointer), c->pointer));
	add_number(text, c->unit, number);
	if (c->comparison == CONDITION_RANGE)
		add(text, ", %s %s", c->range.inside ? "within" : "outside",
			c->shown + c->range.inside);
	else
		add(text, ", %s %s", comparisons[c->comparison].words, c->shown);
	if (c->seconds <= 0 || held < 0)
		return text;
	add(text, " for ");
	add_span(text, held);
	if (held < c->seconds) {
		add(text, " of ");
		add_span(text, c->seconds);
	}
	return text;
}
