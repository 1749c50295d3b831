/*
 * editor_none: replaces editor.c in a build without libedit. editor_open returns NULL, so the other
 * functions are never called.
 */
#include "console/editor.h"

#include <stddef.h>

struct editor *editor_open(const struct editor_spec *spec, const char **why)
{
	*why = "built without libedit";
	return NULL;
}

void editor_close(struct editor *editor)
{
}

char *editor_read(struct editor *editor)
{
	return NULL;
}

void editor_hide(struct editor *editor)
{
}

void editor_show(struct editor *editor)
{
}

void editor_leave_line(struct editor *editor)
{
}

void editor_resize(struct editor *editor)
{
}

void editor_take_terminal(struct editor *editor, bool taken)
{
}
