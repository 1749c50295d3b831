/*
 * options: see options.h.
 */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/probe/probe_check.h"
#include "modules/probe/probe_options.h"

const vigil_option remote_options[] = {
	VIGIL_OPTION("probe", VIGIL_COMMAND, NULL,
		"one target, whose name is that of the daemon: tcp:// tls:// http:// https:// "
		"unix: or a command"),
	VIGIL_OPTION("targets", VIGIL_LIST, NULL,
		"many targets with the same options: NAME TARGET, separated by commas"),
	PROBE_OPTIONS,
	VIGIL_OPTION("probe_failures", VIGIL_INT, "3",
		"how many failures in a row make a target CRITICAL", .min = 1, .max = 1000),
	VIGIL_OPTION("parallel", VIGIL_INT, "10", "how many targets are probed at the same time",
		.min = 1, .max = 100),
	VIGIL_OPTION_END,
};

/* --- names ------------------------------------------------------------------------------------ */

/* Returns the length of the name at the beginning of a text; 0: there is none. The names are those
 * that daemons may have, so that they need no escapes in a JSON Pointer. */
static size_t name_length(const char *text)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_",
			  others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789_.@-";

	return strspn(text, first) > 0 ? strspn(text, others) : 0;
}

const char *remote_split(const char *element, char name[REMOTE_NAME])
{
	size_t n = name_length(element), blanks = strspn(element + n, " \t");

	if (n == 0 || n >= REMOTE_NAME || blanks == 0 || element[n + blanks] == '\0')
		return NULL;
	memcpy(name, element, n);
	name[n] = '\0';
	return element + n + blanks;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Checks that no two targets have the same name. */
static int check_unique(vigil_daemon *d, size_t count)
{
	const char *const *list = vigil_option_list(d, "targets");
	char(*names)[REMOTE_NAME] = vigil_alloc(d, count * sizeof(*names));
	const char **sorted = vigil_alloc(d, count * sizeof(*sorted));

	for (size_t i = 0; i < count; i++) {
		remote_split(list[i], names[i]);
		sorted[i] = names[i];
	}
	qsort(sorted, count, sizeof(*sorted), compare);
	for (size_t i = 1; i < count; i++)
		if (strcmp(sorted[i - 1], sorted[i]) == 0)
			return vigil_diagnose(
				d, "targets", "two targets have the name \"%s\"", sorted[i]);
	return 0;
}

/* --- the check -------------------------------------------------------------------------------- */

static int check_target(vigil_daemon *d, const char *element, bool *blind)
{
	char name[REMOTE_NAME];
	const char *target = remote_split(element, name);

	if (target == NULL)
		return vigil_diagnose(d, "targets",
			"its element \"%.128s\" is not NAME TARGET, such as web1 "
			"https://example.org/health",
			element);
	return probe_check_target(d, "targets", name, target, blind);
}

static int check_targets(vigil_daemon *d)
{
	const char *const *list = vigil_option_list(d, "targets");
	bool blind = false;
	size_t count = 0;

	for (; list[count] != NULL; count++) {
		if (count == REMOTE_TARGETS)
			return vigil_diagnose(d, "targets",
				"has more than %d targets; use several daemons", REMOTE_TARGETS);
		if (check_target(d, list[count], &blind) != 0)
			return -EINVAL;
	}
	if (blind)
		probe_check_note_blind(d, "targets");
	return check_unique(d, count);
}

/* Notes that the probes of one round may last longer than the interval. */
static void note_slow(vigil_daemon *d)
{
	const char *const *list = vigil_option_list(d, "targets");
	double interval = vigil_option_seconds(d, "probe_interval"), worst;
	size_t count = 0;

	while (list[count] != NULL)
		count++;
	worst = (double)count * vigil_option_seconds(d, "probe_timeout") /
		(double)vigil_option_int(d, "parallel");
	if (worst > interval)
		vigil_note(d, "targets",
			"if no target answers, the probes take %.0f s, which is longer than the "
			"probe_interval of %.0f s; raise parallel or probe_interval",
			worst, interval);
}

int remote_check(vigil_daemon *d)
{
	bool one = vigil_option_list(d, "probe")[0] != NULL;
	bool many = vigil_option_list(d, "targets")[0] != NULL;

	if (one && many)
		return vigil_diagnose(
			d, "targets", "set either probe, for one target, or targets, and not both");
	if (!one && !many)
		return vigil_diagnose(d, NULL,
			"set probe, such as https://example.org/health, or targets, such as web1 "
			"https://example.org/health");
	if (one)
		return probe_check(d);
	if (check_targets(d) != 0)
		return -EINVAL;
	note_slow(d);
	return 0;
}
