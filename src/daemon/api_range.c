/*
 * api_range: the thresholds of vigil.h, in the range format of Nagios plugins, rates, durations and
 * sizes.
 */
#include <vigil/vigil.h>

#include "base/text.h"
#include "config/config_vigil.h"
#include "config/range.h"

int vigil_range_read(const char *text, vigil_range *range)
{
	return range_parse(text, range);
}

bool vigil_range_alerts(const vigil_range *range, double value)
{
	bool within = value >= range->start && value <= range->end;

	return within == range->inside;
}

int vigil_rate_read(const char *text, unsigned *count, double *seconds)
{
	return config_vigil_rate(text, count, seconds);
}

int vigil_duration_read(const char *text, double *seconds)
{
	return text_duration(text, seconds);
}

int vigil_size_read(const char *text, int64_t *bytes)
{
	return text_size(text, bytes);
}
