/* daemon_history: the implementation of daemon/daemon_history.h in vigil-module-host: vigild has
 * the history. */
#include "daemon/daemon_history.h"

#include <stdlib.h>

#include "base/memory.h"
#include "module_host/parent.h"

struct daemon_history {
	uint32_t lines; /* the number of the newest line */
};

uint32_t daemon_history_add(struct daemon_history **history, struct event_log *log,
	const char *name, const char *text, const json_t *detail)
{
	if (*history == NULL)
		*history = memory_zero(sizeof(**history));
	parent_tell(json_pack(
		"[s,I,s,O?]", "event", (json_int_t)++(*history)->lines, text, (json_t *)detail));
	return (*history)->lines;
}

bool daemon_history_rewrite(struct daemon_history *history, uint32_t line, const char *text)
{
	if (history == NULL || line > history->lines || history->lines - line >= DAEMON_HISTORY_MAX)
		return false;
	parent_tell(json_pack("[s,I,s]", "event_again", (json_int_t)line, text));
	return true;
}

json_t *daemon_history_account(
	struct daemon_history **history, const struct event_log *log, const char *name)
{
	return json_array();
}

void daemon_history_free(struct daemon_history *history)
{
	free(history);
}
