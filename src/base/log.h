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
#include <stdbool.h>
#include <stddef.h>

#include <vigil/vigil.h> /* for vigil_level, which modules use as well */

/* Opens the target.  "auto": stderr, in the format of the journal if stderr is the journal,
 * otherwise as plain text.  The others are "stderr", "syslog", "journal", and the path of a file.
 * A file is created with mode 0640, and a symbolic link is not followed.  Returns 0, or -errno, in
 * which case the old target stays open.  -EINVAL: neither the name of a target nor a regular file.
 * -EMLINK: the file has several hard links, so that vigild might write to another program's file.
 * -EPERM: an untrusted user owns or may write the file.  -ENOTSUP: vigild was built without the
 * journal. */
int log_open(const char *target, vigil_level level);
/* Returns the text of an error of log_open. */
const char *log_trouble(int err);
/* Reopens the file of a file target, for example after a log rotation.  Does nothing for other
 * targets.  Returns 0, or -errno, in which case the old file stays open. */
int log_reopen(void);
/* Closes the target; lines go to stderr from then on. */
void log_close(void);

void log_set_level(vigil_level level);
vigil_level log_level(void);
/* Parses "error", "warning", "notice", "info" or "debug".  Returns -EINVAL for other words. */
int log_level_parse(const char *word, vigil_level *level);
const char *log_level_name(vigil_level level);

/* Writes one line.  who is a daemon, "daemon/service", or NULL for vigild itself.  The journal
 * stores both names; a line contains only that of the daemon.  The function does not change errno,
 * never blocks and never fails.  Lines that cannot be written are counted, and their number is
 * logged later. */
void log_write(vigil_level level, const char *who, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void log_vwrite(vigil_level level, const char *who, const char *format, va_list ap)
	__attribute__((format(printf, 3, 0)));

#define log_error(...)  log_write(VIGIL_ERROR, NULL, __VA_ARGS__)
#define log_warn(...)   log_write(VIGIL_WARN, NULL, __VA_ARGS__)
#define log_notice(...) log_write(VIGIL_NOTICE, NULL, __VA_ARGS__)
#define log_info(...)   log_write(VIGIL_INFO, NULL, __VA_ARGS__)
#define log_debug(...)  log_write(VIGIL_DEBUG, NULL, __VA_ARGS__)

/* Sends all lines to a function instead of the target, for example to print them above a prompt or
 * to check them in a test.  NULL: to the target again.  The line is "who: text", escaped, without
 * time, level and newline.  The sink must not log. */
typedef void log_sink_fn(vigil_level level, const char *line, void *arg);
void log_set_sink(log_sink_fn *sink, void *arg);

/* Copies length bytes of text to dst (size bytes, always NUL-terminated) and escapes it.  Control
 * characters and invalid UTF-8 become \n, \t, \r or \xHH.  The control characters of Unicode, line
 * separators, zero-width characters and directional marks become \u{XXXX}.  Escaping an escaped
 * text changes nothing.  If the result does not fit, it is truncated between two characters and
 * ends in "...".  Returns dst. */
char *text_escape(char *dst, size_t size, const char *text, size_t length);
/* The same, but the control characters in keep are not escaped. */
char *text_escape_keep(char *dst, size_t size, const char *text, size_t length, const char *keep);

#endif
