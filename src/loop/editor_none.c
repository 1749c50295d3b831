/*
 * editor_none: what stands in for editor.c where libedit has no header: there is no editor, so
 * all else here is never called.
 */
#include "loop/editor.h"

struct editor *editor_open(const struct editor_spec *spec, const char **why)
{
	*why = "built without libedit";
	return NULL;
}

void editor_close(struct editor *editor)
{
}

void editor_begin(struct editor *editor)
{
}

void editor_feed(struct editor *editor, const char *bytes, size_t length)
{
}

size_t editor_waiting(const struct editor *editor)
{
	return 0;
}

enum editor_event editor_next(struct editor *editor, char **line)
{
	return EDITOR_END;
}

void editor_hide(struct editor *editor)
{
}

void editor_show(struct editor *editor)
{
}

void editor_drop(struct editor *editor)
{
}

void editor_resize(struct editor *editor)
{
}

void editor_leave(struct editor *editor)
{
}

void editor_return(struct editor *editor)
{
}
