/*
 * plan_services: notes daemons that watch the same service.
 *
 * Two daemons that restart the same service interfere with each other.  A service has several
 * names: with and without ".service", and its systemd aliases, which are symbolic links.
 */
#include "host/plan_internal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"

#define SUFFIX   ".service"
#define UNIT_MAX (255 + sizeof(SUFFIX))

struct watched {
	const struct plan_daemon *pd;
	char unit[UNIT_MAX]; /* the name that the aliases point to, with its suffix */
};

/* --- names ------------------------------------------------------------------------------------ */

static bool has_suffix(const char *name)
{
	size_t n = strlen(name), s = strlen(SUFFIX);

	return n > s && strcmp(name + n - s, SUFFIX) == 0;
}

/* If the unit's file is a link to another unit, replaces the name with the name of that unit.
 * False: the directory has no such file. */
static bool follow_alias(const char *dir, char unit[UNIT_MAX])
{
	char path[PATH_MAX], real[PATH_MAX];
	const char *name;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, unit);
	if (lstat(path, &st) < 0)
		return false;
	if (!S_ISLNK(st.st_mode) || realpath(path, real) == NULL)
		return true;
	name = strrchr(real, '/') + 1;
	/* The name stays if the link points to /dev/null (a masked unit) or to a file of another
	 * type. */
	if (has_suffix(name) && strlen(name) < UNIT_MAX)
		strcpy(unit, name);
	return true;
}

static void find_unit(const char *service, const char *const *dirs, char unit[UNIT_MAX])
{
	snprintf(unit, UNIT_MAX, "%.255s%s", service, has_suffix(service) ? "" : SUFFIX);
	while (*dirs != NULL && !follow_alias(*dirs, unit))
		dirs++;
}

/* --- watched services ------------------------------------------------------------------------- */

static const char *text_of(const struct plan_daemon *pd, const char *option)
{
	const struct option_value *value = option_get(pd->options, option);

	return value != NULL && value->present ? value->text : "";
}

/* The service that the daemon watches.  NULL: it watches none, or none that a service manager
 * knows. */
static const char *service_of(const struct plan_daemon *pd)
{
	const struct option_value *value =
		pd->options != NULL ? option_get(pd->options, "service") : NULL;

	if (value == NULL || value->schema->type != VIGIL_NAME ||
		strcmp(text_of(pd, "manager"), "command") == 0)
		return NULL;
	return value->present ? value->text : pd->name;
}

static bool same_text(const struct watched *a, const struct watched *b, const char *option)
{
	return strcmp(text_of(a->pd, option), text_of(b->pd, option)) == 0;
}

/* Two services may have the same name if their managers or their directories differ. */
static bool same_place(const struct watched *a, const struct watched *b)
{
	return (same_text(a, b, "manager") || strcmp(text_of(a->pd, "manager"), "auto") == 0 ||
		       strcmp(text_of(b->pd, "manager"), "auto") == 0) &&
	       same_text(a, b, "init_dir") && same_text(a, b, "service_dir");
}

/* Sorts by unit, and daemons with the same unit by name. */
static int by_unit(const void *a, const void *b)
{
	const struct watched *x = a, *y = b;
	int order = strcmp(x->unit, y->unit);

	return order != 0 ? order : strcmp(x->pd->name, y->pd->name);
}

static void note(const struct plan *plan, const struct watched *first, const struct watched *second,
	struct diagnostics *diagnostics)
{
	const struct config_place place =
		config_place_of(config_find(plan->config, second->pd->name), "service");
	const char *one = service_of(first->pd), *other = service_of(second->pd);

	if (strcmp(one, other) == 0)
		diagnostic_note(diagnostics, place.file, place.line,
			"the daemons \"%s\" and \"%s\" watch the same service %s: one of them is "
			"enough",
			first->pd->name, second->pd->name, other);
	else
		diagnostic_note(diagnostics, place.file, place.line,
			"the daemons \"%s\" and \"%s\" watch the same service: %s and %s are both "
			"%s; one of them is enough",
			first->pd->name, second->pd->name, one, other, second->unit);
}

void plan_note_services(
	const struct plan *plan, const char *const *dirs, struct diagnostics *diagnostics)
{
	static const char *const systemd_dirs[] = {"/etc/systemd/system", "/run/systemd/system",
		"/usr/lib/systemd/system", "/lib/systemd/system", NULL};
	struct watched *list = memory_zero((plan->count + 1) * sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; i < plan->count; i++) {
		const char *service = service_of(&plan->daemons[i]);

		if (service == NULL)
			continue;
		list[count].pd = &plan->daemons[i];
		find_unit(service, dirs != NULL ? dirs : systemd_dirs, list[count++].unit);
	}
	qsort(list, count, sizeof(*list), by_unit);
	for (size_t i = 1; i < count; i++)
		if (strcmp(list[i - 1].unit, list[i].unit) == 0 &&
			same_place(&list[i - 1], &list[i]))
			note(plan, &list[i - 1], &list[i], diagnostics);
	free(list);
}
