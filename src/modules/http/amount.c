/* amount: formats numbers with their units; see amount.h. */
#include "amount.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

char *amount_text(char text[AMOUNT_TEXT], double number, const char *unit)
{
	static const char *const scales[] = {"", "k", "M", "G", "T", "P", "E"};
	const size_t last = sizeof(scales) / sizeof(*scales) - 1;
	/* KB and similar units are scaled already, and a percentage is never scaled. */
	double from = strcmp(unit, "B") == 0 || strcmp(unit, "b") == 0 ? 1000 : 1e5;
	size_t scale = 0;

	while (scale < last && fabs(number) >= from && (strlen(unit) <= 1 && *unit != '%')) {
		number /= 1000;
		from = 1000;
		scale++;
	}
	/* For a large number %g would write an exponent. */
	snprintf(text, AMOUNT_TEXT, fabs(number) >= 1000 ? "%.0f%s%s%.16s" : "%.4g%s%s%.16s",
		number, unit[0] != '\0' || scale > 0 ? " " : "", scales[scale], unit);
	return text;
}

char *amount_span(char text[AMOUNT_TEXT], double seconds)
{
	static const struct {
		double seconds;
		const char *unit;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t i = 0;

	while (i < sizeof(units) / sizeof(*units) - 1 && seconds < 2 * units[i].seconds &&
		fabs(seconds - units[i].seconds) > 0.01 * units[i].seconds)
		i++;
	snprintf(text, AMOUNT_TEXT, "%.3g %s", seconds / units[i].seconds, units[i].unit);
	return text;
}
