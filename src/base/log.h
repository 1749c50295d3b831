/*
 * log: writes one line for each event to one target.
 *
 * Only the loop thread calls these functions; workers never log.  Untrusted text may be passed as
 * an argument, because it is escaped: it cannot forge a line or send control characters to a
 * terminal.
 */
#ifndef LOG_H
#define LOG_H

#include <stdarg.h>
#include <stddef.h>

/* Equal to the levels of vigil.h, which daemon/api_report.c asserts. */
enum log_level { LEVEL_ERROR, LEVEL_WARN, LEVEL_NOTICE, LEVEL_INFO, LEVEL_DEBUG };

/* Opens the target.  "auto": stderr, in the format of the journal if stderr is the journal,
 * otherwise as plain text.  The others are "stderr", "syslog", "journal", and the path of a file.
 * A file is created with mode 0640, and a symbolic link is not followed.  Returns 0, or -errno, in
 * which case the old target stays open.  -EINVAL: neither the name of a target nor a regular file.
 * -EMLINK: the file has several hard links, so that vigild might write to another program's file.
 * -EPERM: an untrusted user owns or may write the file.  -ENOTSUP: vigild was built without the
 * journal. */
int log_open(const char *target, enum log_level level);
/* Returns the error that log_open would return for this target, or 0.  Nothing is created or
 * changed. */
int log_check(const char *target);
/* Returns the text of an error of log_open and of log_check. */
const char *log_trouble(int err);
/* Reopens the file of a file target, for example after a log rotation.  Does nothing for other
 * targets.  Returns 0, or -errno, in which case the old file stays open. */
int log_reopen(void);
/* Closes the target; lines go to stderr from then on. */
void log_close(void);

void log_set_level(enum log_level level);
enum log_level log_level(void);
/* Parses "error", "warning", "notice", "info" or "debug".  Returns -EINVAL for other words. */
int log_level_parse(const char *word, enum log_level *level);
const char *log_level_name(enum log_level level);

/* Writes one line.  who is a daemon, "daemon/service", or NULL for vigild itself.  The journal
 * stores both names; a line contains only that of the daemon.  The function does not change errno,
 * never blocks and never fails.  Lines that cannot be written are counted, and their number is
 * logged later. */
void log_write(enum log_level level, const char *who, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void log_vwrite(enum log_level level, const char *who, const char *format, va_list ap)
	__attribute__((format(printf, 3, 0)));

#define log_error(...)  log_write(LEVEL_ERROR, NULL, __VA_ARGS__)
#define log_warn(...)   log_write(LEVEL_WARN, NULL, __VA_ARGS__)
#define log_notice(...) log_write(LEVEL_NOTICE, NULL, __VA_ARGS__)
#define log_info(...)   log_write(LEVEL_INFO, NULL, __VA_ARGS__)
#define log_debug(...)  log_write(LEVEL_DEBUG, NULL, __VA_ARGS__)

/* Sends all lines to a function instead of the target, for example to print them above a prompt or
 * to check them in a test.  NULL: to the target again.  The line is "who: text", escaped, without
 * time, level and newline.  The sink must not log. */
typedef void log_sink_fn(enum log_level level, const char *line, void *arg);
void log_set_sink(log_sink_fn *sink, void *arg);

/* Sets a callback that is called after each line that could not be written, with the number of
 * lines that are lost so far and the errno of this one, and with 0 and 0 as soon as that number
 * was logged.  It must not log. */
typedef void log_lost_fn(unsigned long lost, int err);
void log_on_lost(log_lost_fn *fn);

#endif
