/*
 * api_report: the log lines and errors that a daemon reports.  Health is in api_health.c, events
 * are in api_event.c.
 *
 * Modules pass on text from untrusted sources.  Every text that is kept is escaped here, once, so
 * that it is valid UTF-8 without control characters and any program may print it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"
#include "loop/loop.h"

/* Enough for the longest daemon name, a slash and the longest service name. */
#define WHO_TEXT 384

char *vigil_sanitize(char *clean, size_t size, const char *text)
{
	return text_escape(clean, size, text, strlen(text));
}

char *vigil_sanitize_lines(char *clean, size_t size, const char *text)
{
	return text_escape_keep(clean, size, text, strlen(text), "\n\t");
}

const char *vigil_name(vigil_daemon *d)
{
	return d->name;
}

/* Returns the subject of a log line: the daemon's name, followed by /SERVICE if it opened a
 * service. */
static const char *who(const vigil_daemon *d, char name[WHO_TEXT])
{
	if (d->service == NULL)
		return d->name;
	snprintf(name, WHO_TEXT, "%s/%s", d->name, d->service);
	return name;
}

_Static_assert((int)VIGIL_ERROR == (int)LEVEL_ERROR && (int)VIGIL_WARN == (int)LEVEL_WARN &&
		       (int)VIGIL_NOTICE == (int)LEVEL_NOTICE &&
		       (int)VIGIL_INFO == (int)LEVEL_INFO && (int)VIGIL_DEBUG == (int)LEVEL_DEBUG,
	"the levels of vigil.h are those of the log");

void vigil_log(vigil_daemon *d, vigil_level level, const char *format, ...)
{
	char name[WHO_TEXT];
	va_list ap;

	if (daemon_is_candidate(d, "vigil_log"))
		return;
	LOOP_ASSERT_OWNER();
	va_start(ap, format);
	daemon_vlog(d, (enum log_level)level, who(d, name), format, ap);
	va_end(ap);
}

void vigil_error(vigil_daemon *d, const char *format, ...)
{
	char name[WHO_TEXT];
	va_list ap;

	if (daemon_is_candidate(d, "vigil_error"))
		return;
	LOOP_ASSERT_OWNER();
	va_start(ap, format);
	daemon_keep_text(&d->counts.last_error, format, ap);
	va_end(ap);
	d->counts.errors++;
	daemon_log(d, LEVEL_ERROR, who(d, name), "%s", d->counts.last_error);
}

int vigil_fail(vigil_daemon *d, const char *format, ...)
{
	char text[DAEMON_TEXT];
	va_list ap;

	if (daemon_is_candidate(d, "vigil_fail"))
		return -EPERM;
	va_start(ap, format);
	daemon_format(text, format, ap);
	va_end(ap);
	return daemon_refuse(d, EINVAL, "%s", text);
}

bool vigil_paused(vigil_daemon *d)
{
	if (daemon_is_candidate(d, "vigil_paused"))
		return false;
	return d->paused;
}
