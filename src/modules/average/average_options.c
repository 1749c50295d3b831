/*
 * average_options: reads and checks the options: the windows, the sources, and the ranges.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "average.h"

static int read_window(struct average *a, const char *name, double *longest)
{
	double seconds;

	if (vigil_duration_read(name, &seconds) != 0 || seconds < a->interval ||
		seconds > 366 * 86400.0)
		return vigil_diagnose(a->d, "windows",
			"its element \"%s\" is not a duration such as 5m, or it is shorter than "
			"the interval",
			name);
	if (a->window_count == WINDOWS_MAX)
		return vigil_diagnose(
			a->d, "windows", "too many elements: the maximum is %d", WINDOWS_MAX);
	a->windows[a->window_count++] =
		(struct window){.name = name, .steps = (size_t)ceil(seconds / a->interval)};
	*longest = fmax(*longest, seconds);
	return 0;
}

static int read_windows(struct average *a, double *longest)
{
	const char *const *name = vigil_option_list(a->d, "windows");
	int err = *name == NULL ? vigil_diagnose(a->d, "windows", "is empty") : 0;

	for (; *name != NULL && err == 0; name++)
		err = read_window(a, *name, longest);
	return err;
}

/* Returns whether each ~ of a JSON Pointer is part of ~0 or ~1. */
static bool has_valid_escapes(const char *pointer)
{
	while ((pointer = strchr(pointer, '~')) != NULL)
		if (*++pointer != '0' && *pointer != '1')
			return false;
	return true;
}

/* Parses "LABEL=/pointer", or a pointer whose last step is the label. */
static int read_source(struct average *a, const char *text)
{
	struct source *source = &a->sources[a->count];
	const char *pointer = strchr(text, '/'), *label = text;
	size_t length = pointer != NULL ? (size_t)(pointer - text) : 0;

	if (pointer == NULL || (length > 0 && text[length - 1] != '='))
		return vigil_diagnose(a->d, "source",
			"its element \"%s\" is neither an address such as /runs/x/ticks nor "
			"LABEL=/address",
			text);
	if (strpbrk(pointer, " \t\"'*") != NULL)
		return vigil_diagnose(a->d, "source",
			"its element \"%s\" is not the address of one number: it contains a blank, "
			"a quote or "
			"a *",
			text);
	if (!has_valid_escapes(pointer))
		return vigil_diagnose(a->d, "source",
			"its element \"%s\" has a ~ that is not followed by 0 or 1 (~0 is ~, ~1 is "
			"/)",
			text);
	if (length == 0) {
		label = strrchr(text, '/') + 1;
		length = strlen(label) + 1;
	}
	if (length < 2 || length > sizeof(source->label) ||
		memchr(label, '/', length - 1) != NULL || memchr(label, '~', length - 1) != NULL)
		return vigil_diagnose(
			a->d, "source", "its element \"%s\" needs a label: LABEL=/address", text);
	snprintf(source->label, sizeof(source->label), "%.*s", (int)length - 1, label);
	source->pointer = pointer;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->sources[i].label, source->label) == 0)
			return vigil_diagnose(a->d, "source",
				"duplicate label \"%s\"; give one of them another label: "
				"LABEL=/address",
				source->label);
	a->count++;
	return 0;
}

static int read_sources(struct average *a)
{
	const char *const *text = vigil_option_list(a->d, "source");
	int err = *text == NULL ? vigil_diagnose(a->d, "source", "is empty") : 0;

	for (; *text != NULL && err == 0; text++)
		err = a->count < SOURCES_MAX
			      ? read_source(a, *text)
			      : vigil_diagnose(a->d, "source",
					"too many elements: the maximum is %d", SOURCES_MAX);
	return err;
}

static int check_memory(const struct average *a, double longest)
{
	double steps = ceil(longest / a->interval);
	double bytes = steps * (double)a->count * sizeof(double);
	double most = vigil_option_number(a->d, "memory_max");

	if (bytes <= most)
		return 0;
	return vigil_diagnose(a->d, "memory_max",
		"samples of %zu sources for %g s need %.0f bytes, and memory_max is %.0f: take a "
		"longer interval, shorter windows or fewer sources",
		a->count, longest, bytes, most);
}

static int read_tested_window(struct average *a)
{
	const char *window = vigil_option_text(a->d, "window");

	for (a->tested = 0; window != NULL; a->tested++) {
		if (a->tested == a->window_count)
			return vigil_diagnose(a->d, "window", "is not among the windows");
		if (strcmp(a->windows[a->tested].name, window) == 0)
			break;
	}
	return 0;
}

int average_read_options(struct average *a, double *longest)
{
	int windows = read_windows(a, longest);
	int sources = read_sources(a);

	a->has_warning = vigil_option_range(a->d, "warning", &a->warning);
	a->has_critical = vigil_option_range(a->d, "critical", &a->critical);
	if (windows == 0)
		windows = read_tested_window(a);
	if (windows == 0 && sources == 0)
		windows = check_memory(a, *longest);
	return windows == 0 && sources == 0 ? 0 : -EINVAL;
}
