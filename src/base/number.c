/*
 * number: see number.h.  A double always keeps 15 significant digits, and 17 digits always identify
 * a double.  Therefore the shortest text is found by trying 15, 16 and 17 digits.  Only subnormal
 * numbers, which have fewer bits, may need fewer digits.
 */
#include "base/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns the fewest significant digits that identify the value. */
static int digits_of(double value)
{
	int digits = fabs(value) < DBL_MIN ? 1 : DBL_DIG;
	char text[48];

	for (; digits < DBL_DECIMAL_DIG; digits++) {
		snprintf(text, sizeof(text), "%.*e", digits - 1, value);
		if (strtod(text, NULL) == value)
			break;
	}
	return digits;
}

/* Copies the digits of a mantissa such as "-1.25", without trailing zeros.  Returns their
 * number. */
static size_t take_digits(char digits[48], const char *mantissa)
{
	size_t n = 0;

	for (; *mantissa != '\0'; mantissa++)
		if (*mantissa >= '0' && *mantissa <= '9')
			digits[n++] = *mantissa;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = '\0';
	return n;
}

/* Writes the number 0.DIGITS * 10^point in plain notation. */
static void put_plain(char *text, const char *digits, size_t n, int point)
{
	if (point <= 0) {
		*text++ = '0';
		*text++ = '.';
		memset(text, '0', (size_t)-point);
		strcpy(text - point, digits);
		return;
	}
	for (size_t i = 0; i < n || i < (size_t)point; i++) {
		if (i == (size_t)point)
			*text++ = '.';
		*text++ = i < n ? digits[i] : '0';
	}
	*text = '\0';
}

char *number_format(char text[NUMBER_TEXT], double value)
{
	char written[48], digits[48], *exponent, *out = text;
	size_t n;

	if (!isfinite(value)) {
		strcpy(text, isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
		return text;
	}
	snprintf(written, sizeof(written), "%.*e", digits_of(value) - 1, value);
	exponent = strchr(written, 'e');
	*exponent++ = '\0';
	n = take_digits(digits, written);
	if (signbit(value))
		*out++ = '-';
	put_plain(out, digits, n, value == 0 ? 1 : atoi(exponent) + 1);
	return text;
}

/* --- JSON ------------------------------------------------------------------------------------- */

/* Writes the real number `from`, which has that length, in its shortest form to `to`.  Returns the
 * new length. */
static size_t put_real(char *to, const char *from, size_t length)
{
	double value = strtod(from, NULL);
	char shorter[48];
	size_t n;

	snprintf(shorter, sizeof(shorter), "%.*g", digits_of(value), value);
	if (strpbrk(shorter, ".e") == NULL)
		strcat(shorter, ".0"); /* so that it remains a real number */
	n = strlen(shorter);
	if (n >= length) {
		memmove(to, from, length);
		return length;
	}
	memcpy(to, shorter, n);
	return n;
}

/* Returns the length of the JSON string at text, including its quotes. */
static size_t string_length(const char *text)
{
	const char *p = text + 1;

	while (*p != '\0' && *p != '"')
		p += 1 + (*p == '\\' && p[1] != '\0');
	return (size_t)(p - text) + (*p == '"');
}

void number_shorten_json(char *json)
{
	static const char number[] = "+-.0123456789eE";
	const char *from = json;
	char *to = json;

	while (*from != '\0') {
		size_t length = *from == '"' ? string_length(from) : strcspn(from, "\"-0123456789");

		if (length == 0) {
			length = strspn(from, number);
			if (strcspn(from, ".eE") < length) {
				to += put_real(to, from, length);
				from += length;
				continue;
			}
		}
		memmove(to, from, length);
		to += length;
		from += length;
	}
	*to = '\0';
}
