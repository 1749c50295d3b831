/*
 * fixture_system: a part of the module system with a fake vigil.h, and with a tree of files in the
 * scratch directory instead of /proc and /sys. The functions of system.c only record their calls.
 */
#ifndef FIXTURE_SYSTEM_H
#define FIXTURE_SYSTEM_H

#include "fake_vigil.h"
#include "modules/system/system.h"
#include "scratch.h"
#include "suite.h"

static struct system machine;
static char evaluated[4096]; /* "WHAT VALUE;" for each comparison of this tick */

char *system_read(struct system *s, const char *path, const char **why)
{
	static char text[8192];
	FILE *file = fopen(scratch_path(path + 1), "r");
	size_t n = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;

	*why = file != NULL ? NULL : "it cannot be read";
	text[n] = '\0';
	if (file != NULL)
		fclose(file);
	return file != NULL ? text : NULL;
}

void system_raise(struct system *s, vigil_health_level level, const char *format, ...)
{
	if (level <= s->level)
		return;
	s->level = level;
	FAKE_FORMAT(s->reason);
}

void system_evaluate(struct system *s, int which, const char *what, double value, const char *unit)
{
	size_t used = strlen(evaluated);

	snprintf(evaluated + used, sizeof(evaluated) - used, "%s %g;", what, value);
}

void system_leave_out(struct system *s, int which, const char *what, const char *why)
{
	s->left_out++;
}

/* Writes a line into a file of the tree. */
__attribute__((unused)) static void put(const char *path, const char *text)
{
	scratch_make_parents(path);
	scratch_put(path, 0644, "%s\n", text);
}

__attribute__((unused)) static void begin_tick(void)
{
	machine.level = VIGIL_OK;
	machine.reason[0] = '\0';
	machine.left_out = 0;
	evaluated[0] = '\0';
}

static void setup(void)
{
	scratch_setup();
	fake_begin();
	machine = (struct system){.d = &fake.daemon, .root = scratch};
	begin_tick();
}

static void teardown(void)
{
	fake_end();
	scratch_teardown();
}

#endif
