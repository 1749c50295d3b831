/* range: see range.h. */
#include "config/range.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Reads a plain decimal number that ends at `end`.  strtod alone would also accept hexadecimal
 * numbers, "inf" and "nan". */
static bool read_number(const char *text, const char *end, double *value)
{
	char *stop;

	if (text == end || strspn(text, "+-.0123456789eE") < (size_t)(end - text))
		return false;
	*value = strtod(text, &stop);
	return stop == end && isfinite(*value);
}

int range_parse(const char *text, vigil_range *range)
{
	const char *colon, *end;
	bool right = true;

	*range = (vigil_range){.start = 0, .end = INFINITY, .inside = text[0] == '@'};
	text += range->inside;
	colon = strchr(text, ':');
	end = text + strlen(text);
	if (text == end)
		return -EINVAL;
	if (colon != NULL && colon - text == 1 && text[0] == '~')
		range->start = -INFINITY;
	else if (colon != NULL && colon != text)
		right = read_number(text, colon, &range->start);
	if (colon == NULL)
		right = read_number(text, end, &range->end);
	else if (colon + 1 != end)
		right = right && read_number(colon + 1, end, &range->end);
	return right && range->start <= range->end ? 0 : -EINVAL;
}

bool range_equal(const vigil_range *a, const vigil_range *b)
{
	return a->start == b->start && a->end == b->end && a->inside == b->inside;
}
