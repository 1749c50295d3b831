/*
 * log: one line an event, to one target.
 *
 * Owned by the loop thread; workers never log.  Text of strangers may be passed as arguments:
 * what is written is escaped, so no line can forge another or reach a terminal's controls.
 */
#ifndef LOG_H
#define LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <vigil/vigil.h> /* vigil_level: the levels are the module author's too */

/* Opens the target: "auto" (the journal's form on stderr when stderr is the journal, else
 * plain stderr), "stderr", "syslog", "journal", or the path of a file, which is made 0640 and
 * never followed through a symbolic link.  0 or -errno; the old target stays when it fails.
 * -EINVAL: no target's name, or no regular file; -EMLINK: a file of several names, so that a
 * line might end up in another's; -ENOTSUP: built without the journal. */
int log_open(const char *target, vigil_level level);
/* What such an error means, in words. */
const char *log_trouble(int err);
/* Opens a file target anew, as after a rotation; nothing for others.  0 or -errno: the file that
 * was open stays open then. */
int log_reopen(void);
/* Back to stderr. */
void log_close(void);

void log_set_level(vigil_level level);
vigil_level log_level(void);
/* "error" "warning" "notice" "info" "debug"; -EINVAL for other words. */
int log_level_parse(const char *word, vigil_level *level);
const char *log_level_name(vigil_level level);

/* who: the daemon, "daemon/service" (the journal is told of both, a line names the daemon), or NULL
 * for the host itself.  Leaves errno alone.  Never
 * waits and never fails: lines that cannot be written are counted, and said when they can. */
void log_write(vigil_level level, const char *who, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void log_vwrite(vigil_level level, const char *who, const char *format, va_list ap)
	__attribute__((format(printf, 3, 0)));

#define log_error(...)  log_write(VIGIL_ERROR, NULL, __VA_ARGS__)
#define log_warn(...)   log_write(VIGIL_WARN, NULL, __VA_ARGS__)
#define log_notice(...) log_write(VIGIL_NOTICE, NULL, __VA_ARGS__)
#define log_info(...)   log_write(VIGIL_INFO, NULL, __VA_ARGS__)
#define log_debug(...)  log_write(VIGIL_DEBUG, NULL, __VA_ARGS__)

/* Where lines go instead of the target, such as above a prompt or into a test; NULL: back.
 * The line is "who: text", escaped, without time, level or end of line.  The sink must not log. */
typedef void log_sink_fn(vigil_level level, const char *line, void *arg);
void log_set_sink(log_sink_fn *sink, void *arg);

/* Copies length bytes of text to dst (size bytes, always NUL-terminated).  Written as \n, \t,
 * \r or \xHH: control characters, and bytes that are not UTF-8; as \u{XXXX}:
 * what Unicode adds of controls, ends of line, marks without width and turns of direction.
 * Escaping what is escaped already changes nothing.  Returns dst; what does not fit is cut
 * between two characters and ends in "...". */
char *text_escape(char *dst, size_t size, const char *text, size_t length);
/* The same, with the control characters in keep left as they are. */
char *text_escape_keep(char *dst, size_t size, const char *text, size_t length, const char *keep);

#endif
