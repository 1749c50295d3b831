/* series: see series.h. */
#include "series.h"

#include <math.h>

void series_init(struct series *s, double *samples, size_t room)
{
	*s = (struct series){.samples = samples, .room = room};
}

void series_push(struct series *s, double sample)
{
	s->samples[s->next % s->room] = sample;
	s->next++;
	if (s->count < s->room)
		s->count++;
}

/* Adds one sample to a summary whose member `mean` is still a sum. */
static void take(struct summary *sum, double sample)
{
	if (isnan(sample))
		return;
	if (sum->samples == 0 || sample < sum->min)
		sum->min = sample;
	if (sum->samples == 0 || sample > sum->max)
		sum->max = sample;
	sum->mean += sample;
	sum->samples++;
}

/* Returns the mean of samples whose sum overflows a double. */
static double mean_of_huge(const struct series *s, size_t first, size_t end, size_t samples)
{
	double mean = 0;

	for (size_t i = first; i < end; i++)
		if (!isnan(s->samples[i % s->room]))
			mean += s->samples[i % s->room] / (double)samples;
	return mean;
}

/* Returns the statistics of the steps from `first` up to but without `end`, counted since the
 * beginning. */
static struct summary summarize(const struct series *s, size_t first, size_t end)
{
	struct summary sum = {0};

	for (size_t i = first; i < end; i++)
		take(&sum, s->samples[i % s->room]);
	if (sum.samples == 0)
		return sum;
	sum.mean = isfinite(sum.mean) ? sum.mean / (double)sum.samples
				      : mean_of_huge(s, first, end, sum.samples);
	/* The sum is rounded, but the mean of equal samples must not differ from them. */
	sum.mean = fmin(fmax(sum.mean, sum.min), sum.max);
	return sum;
}

struct summary series_summary(const struct series *s, size_t steps)
{
	if (steps > s->count)
		steps = s->count;
	return summarize(s, s->next - steps, s->next);
}

size_t series_points(const struct series *s, size_t each, double *points, size_t most)
{
	size_t oldest = s->next - s->count, end = (s->next + each - 1) / each, first, n = 0;

	first = end > most ? end - most : 0;
	if (first < oldest / each)
		first = oldest / each;
	for (size_t point = first; point < end; point++) {
		size_t from = point * each, to = from + each;
		struct summary sum =
			summarize(s, from > oldest ? from : oldest, to < s->next ? to : s->next);

		points[n++] = sum.samples > 0 ? sum.mean : NAN;
	}
	return n;
}
