/*
 * api_event: the events of a daemon, which are its history.
 *
 * As in api_report.c, the texts are escaped before they are kept.
 */
#include <errno.h>
#include <stdarg.h>

#include "daemon/candidate.h"
#include "daemon/daemon_history.h"
#include "daemon/daemon_internal.h"
#include "loop/loop.h"
#include "state/state.h"

static uint32_t add(vigil_daemon *d, const char *text, const json_t *detail)
{
	return daemon_history_add(&d->history, d->environment->events, d->name, text, detail);
}

void vigil_event(vigil_daemon *d, const char *format, ...)
{
	char text[DAEMON_TEXT];
	va_list ap;

	if (daemon_is_candidate(d, "vigil_event"))
		return;
	LOOP_ASSERT_OWNER();
	va_start(ap, format);
	daemon_format(text, format, ap);
	va_end(ap);
	add(d, text, NULL);
}

int vigil_event_detail(vigil_daemon *d, json_t *detail, const char *format, ...)
{
	char text[DAEMON_TEXT];
	int err = 0;
	va_list ap;

	if (daemon_is_candidate(d, "vigil_event_detail")) {
		json_decref(detail);
		return -EPERM;
	}
	LOOP_ASSERT_OWNER();
	va_start(ap, format);
	daemon_format(text, format, ap);
	va_end(ap);
	if (detail != NULL)
		err = json_value_check(detail, STATE_DEPTH_MAX);
	if (err == 0 &&
		json_dumpb(detail, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) > VIGIL_EVENT_DETAIL)
		err = -E2BIG;
	add(d, text, err == 0 ? detail : NULL);
	json_decref(detail);
	return err;
}

void vigil_event_repeat(vigil_daemon *d, uint32_t *line, const char *format, ...)
{
	char text[DAEMON_TEXT];
	va_list ap;

	if (daemon_is_candidate(d, "vigil_event_repeat"))
		return;
	LOOP_ASSERT_OWNER();
	va_start(ap, format);
	daemon_format(text, format, ap);
	va_end(ap);
	if (*line == 0 || !daemon_history_rewrite(d->history, *line, text))
		*line = add(d, text, NULL);
}
