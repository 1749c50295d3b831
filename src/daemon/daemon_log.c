/*
 * daemon_log: the lines that a daemon writes to the log, and their limit.
 *
 * A daemon that logs in each of its callbacks could write a hundred thousand lines a second.  Above
 * the limit of a period its lines are dropped and counted, and the number is logged when the period
 * has ended.
 */
#include "base/clock.h"
#include "base/log.h"
#include "daemon/daemon_internal.h"

#define PERIOD    (10 * CLOCK_SECOND)
#define LINES_MAX 1000

void daemon_log_end(struct vigil_daemon *d)
{
	unsigned dropped = d->log.dropped;

	d->log = (struct daemon_log){.began = clock_now()};
	if (dropped > 0)
		log_write(LEVEL_WARN, d->name,
			"%u lines of this daemon were not logged, because it logged more than %u "
			"in %u s",
			dropped, LINES_MAX, (unsigned)(PERIOD / CLOCK_SECOND));
}

static bool may_log(struct vigil_daemon *d)
{
	if (clock_now() - d->log.began >= PERIOD)
		daemon_log_end(d);
	if (d->log.lines < LINES_MAX) {
		d->log.lines++;
		return true;
	}
	if (d->log.dropped++ == 0)
		log_write(LEVEL_WARN, d->name,
			"this daemon logged more than %u lines in %u s; its further lines are "
			"dropped until then",
			LINES_MAX, (unsigned)(PERIOD / CLOCK_SECOND));
	return false;
}

void daemon_vlog(struct vigil_daemon *d, enum log_level level, const char *who, const char *format,
	va_list ap)
{
	if (level <= log_level() && may_log(d))
		log_vwrite(level, who, format, ap);
}

void daemon_log(
	struct vigil_daemon *d, enum log_level level, const char *who, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	daemon_vlog(d, level, who, format, ap);
	va_end(ap);
}
