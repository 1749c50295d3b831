/* pressure: see pressure.h. */
#include "pressure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_percent(double value)
{
	return isfinite(value) && value >= 0 && value <= 100;
}

/* Parses the line that begins with the word. */
static bool read_line(const char *text, const char *word, struct pressure_share *share)
{
	size_t n = strlen(word);

	while (text != NULL && (strncmp(text, word, n) != 0 || text[n] != ' ')) {
		text = strchr(text, '\n');
		text = text != NULL ? text + 1 : NULL;
	}
	return text != NULL &&
	       sscanf(text + n, " avg10=%lf avg60=%lf avg300=%lf", &share->avg10, &share->avg60,
		       &share->avg300) == 3 &&
	       is_percent(share->avg10) && is_percent(share->avg60) && is_percent(share->avg300);
}

const char *pressure_parse(const char *text, struct pressure *pressure)
{
	if (!read_line(text, "some", &pressure->some))
		return "the line `some` is missing or invalid";
	pressure->has_full = read_line(text, "full", &pressure->full);
	return NULL;
}
