/* system_growth: reports when each disk will be full at the present rate. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "growth.h"
#include "system.h"

struct disk {
	char *point;
	struct growth growth;
	bool seen; /* in this tick */
};

struct system_growth {
	struct disk *disks;
	size_t count, room;
	double warning, critical; /* seconds; 0: not judged */
};

static struct disk *disk_of(struct system_growth *g, const char *point)
{
	struct disk *disks;
	char *copy;

	for (size_t i = 0; i < g->count; i++)
		if (strcmp(g->disks[i].point, point) == 0)
			return &g->disks[i];
	if (g->count == g->room) {
		disks = realloc(g->disks, (2 * g->room + 8) * sizeof(*disks));
		if (disks == NULL)
			return NULL;
		g->disks = disks;
		g->room = 2 * g->room + 8;
	}
	copy = strdup(point);
	if (copy == NULL)
		return NULL;
	g->disks[g->count] = (struct disk){.point = copy};
	return &g->disks[g->count++];
}

static void judge(struct system *s, const char *point, double seconds)
{
	vigil_health_level level = VIGIL_OK;

	if (seconds < s->growth->critical)
		level = VIGIL_CRITICAL;
	else if (seconds < s->growth->warning)
		level = VIGIL_WARNING;
	if (level == VIGIL_OK)
		return;
	if (seconds >= 5400)
		system_raise(s, level, "%.120s will be full in %.1f h at the present rate", point,
			seconds / 3600);
	else
		system_raise(s, level, "%.120s will be full in %.0f min at the present rate", point,
			seconds / 60);
}

void system_growth_add(
	struct system *s, const char *point, double used, double available, json_t *value)
{
	struct disk *disk = disk_of(s->growth, point);
	double rate, seconds;

	if (disk == NULL)
		return;
	disk->seen = true;
	growth_add(&disk->growth, vigil_now(), used);
	rate = growth_rate(&disk->growth);
	if (rate <= 0)
		return;
	seconds = available / rate;
	json_object_set_new(value, "growth_bytes_per_hour", json_real(round(rate * 3600)));
	json_object_set_new(value, "full_seconds", json_real(round(seconds)));
	judge(s, point, seconds);
}

void system_growth_end(struct system *s)
{
	struct system_growth *g = s->growth;

	for (size_t i = 0; i < g->count;)
		if (g->disks[i].seen) {
			g->disks[i++].seen = false;
		} else {
			free(g->disks[i].point);
			g->disks[i] = g->disks[--g->count];
		}
}

void system_growth_start(struct system *s)
{
	s->growth = vigil_alloc(s->d, sizeof(*s->growth));
	s->growth->warning = vigil_option_seconds(s->d, "full_warning");
	s->growth->critical = vigil_option_seconds(s->d, "full_critical");
}

void system_growth_stop(struct system *s)
{
	struct system_growth *g = s->growth;

	for (size_t i = 0; g != NULL && i < g->count; i++)
		free(g->disks[i].point);
	if (g != NULL)
		free(g->disks);
}
