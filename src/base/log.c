/*
 * log: see log.h.  Much of the text that vigild logs is untrusted, such as the output of a plugin
 * or the diagnostic of a service manager.  Therefore every line is escaped before it is written,
 * and no text can forge a line, hide a line or move the cursor of a terminal.  Logging never blocks
 * the loop: if the disk is full, the reader of a pipe has stopped or the journal hangs, lines are
 * lost.  Lost lines are counted, and their number is logged as soon as the target accepts a line
 * again.
 *
 * Each target has a function that opens it and a function that sends one line.  A line has at most
 * PIPE_BUF bytes and is written by one call, so lines of two processes are never mixed.
 *
 * Only the loop thread calls these functions.  Before log_open, lines go to stderr.
 */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <paths.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syslog.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_SYSTEMD
#define SD_JOURNAL_SUPPRESS_LOCATION /* otherwise each entry would have the location of this file */
#include <systemd/sd-journal.h>
#endif

#include "base/clock.h"
#include "base/log_internal.h"
#include "base/memory.h"
#include "base/text.h"

#define LINE_SIZE PIPE_BUF         /* a line with time, level and newline */
#define TEXT_SIZE (PIPE_BUF - 128) /* its escaped text */
#define RAW_SIZE  PIPE_BUF         /* unescaped; larger, so that text_escape makes the cut */
#define IDENT     "vigild"
#define JOURNAL   "/run/systemd/journal/socket"

struct target {
	const char *name;
	/* Returns a descriptor, or -errno. */
	int (*open)(const char *path);
	/* text is "who: what", escaped.  Returns 0, or -errno if the line is lost. */
	int (*send)(enum log_level level, const char *who, const char *text);
};

static int open_stderr(const char *path);
static int open_syslog(const char *path);
static int open_journal(const char *path);
static int send_plain(enum log_level level, const char *who, const char *text);
static int send_prefixed(enum log_level level, const char *who, const char *text);
static int send_syslog(enum log_level level, const char *who, const char *text);
static int send_journal(enum log_level level, const char *who, const char *text);

static const struct target plain = {"stderr", open_stderr, send_plain};
static const struct target prefixed = {"auto", open_stderr, send_prefixed};
static const struct target file = {"/", log_file_open, send_plain};
static const struct target others[] = {
	{"syslog", open_syslog, send_syslog},
	{"journal", open_journal, send_journal},
};

static struct {
	enum log_level level;
	const struct target *target;
	int fd;
	char *path;         /* as given to log_open, to reopen a file */
	bool torn;          /* the last line was not written completely */
	unsigned long lost; /* lines lost since the last line that was written */
	int why;            /* the errno of the latest lost line */
	log_lost_fn *on_lost;
	log_sink_fn *sink;
	void *sink_arg;
} out = {.level = LEVEL_INFO, .target = &plain, .fd = STDERR_FILENO};

static const char *const level_names[] = {
	[LEVEL_ERROR] = "error",
	[LEVEL_WARN] = "warning",
	[LEVEL_NOTICE] = "notice",
	[LEVEL_INFO] = "info",
	[LEVEL_DEBUG] = "debug",
};

/* --- levels ----------------------------------------------------------------------------------- */

/* Returns the syslog priority.  Both scales have the same steps. */
static int priority(enum log_level level)
{
	return LOG_ERR + (int)level;
}

void log_set_level(enum log_level level)
{
	out.level = level > LEVEL_DEBUG ? LEVEL_DEBUG : level;
}

enum log_level log_level(void)
{
	return out.level;
}

int log_level_parse(const char *word, enum log_level *level)
{
	for (enum log_level l = LEVEL_ERROR; l <= LEVEL_DEBUG; l++) {
		if (strcmp(word, level_names[l]) == 0) {
			*level = l;
			return 0;
		}
	}
	return -EINVAL;
}

const char *log_level_name(enum log_level level)
{
	return level_names[level > LEVEL_DEBUG ? LEVEL_DEBUG : level];
}

/* --- stderr and files ------------------------------------------------------------------------- */

static int open_stderr(const char *path)
{
	return STDERR_FILENO;
}

/* Returns true if a line can be sent without blocking.  vigild does not make stderr non-blocking,
 * because other processes share it.  A pipe that polls as writable accepts PIPE_BUF bytes. */
static bool ready(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, 0) > 0;
}

/* Writes one line by one call.  If the disk becomes full within a line, the next line begins with a
 * newline. */
static int put(const char *line, size_t length)
{
	ssize_t n;

	if (!ready(out.fd))
		return -EAGAIN;
	do
		n = write(out.fd, line, length);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if ((size_t)n == length) {
		out.torn = false;
		return 0;
	}
	out.torn = out.torn || n > 0;
	return -ENOSPC;
}

static int send_plain(enum log_level level, const char *who, const char *text)
{
	char line[LINE_SIZE], when[CLOCK_TEXT];
	int n;

	n = snprintf(line, sizeof(line), "%s%s %-7s %s\n", out.torn ? "\n" : "", clock_text(when),
		log_level_name(level), text);
	return put(line, (size_t)n);
}

/* The journal reads stderr line by line, adds the time itself, and reads the level from a
 * prefix. */
static int send_prefixed(enum log_level level, const char *who, const char *text)
{
	char line[LINE_SIZE];
	int n = snprintf(line, sizeof(line), "<%d>%s\n", priority(level), text);

	return put(line, (size_t)n);
}

/* Returns true if stderr is the journal.  JOURNAL_STREAM contains the device and inode of the
 * stream that the journal gave to vigild.  A stderr that was redirected since then has other
 * numbers. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;
	char end;

	if (stream == NULL || sscanf(stream, "%llu:%llu%c", &device, &inode, &end) != 2)
		return false;
	return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

/* --- syslog and the journal ------------------------------------------------------------------- */

/* vigild uses its own socket, because syslog(3) blocks when the syslog daemon has stopped
 * reading. */
static int open_socket(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd, rc;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/* At boot the syslog daemon may start after vigild.  Lines until then are counted as lost, and this
 * function does not fail. */
static int open_syslog(const char *path)
{
	int fd = open_socket(_PATH_LOG);

	if (fd < 0)
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return fd < 0 ? -errno : fd;
}

static int send_syslog(enum log_level level, const char *who, const char *text)
{
	char line[LINE_SIZE], when[32];
	time_t now = time(NULL);
	struct tm tm;
	int n, fd;

	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%b %e %T", &tm);
	n = snprintf(line, sizeof(line), "<%d>%s %s[%ld]: %s", LOG_DAEMON | priority(level), when,
		IDENT, (long)getpid(), text);
	if (send(out.fd, line, (size_t)n, MSG_NOSIGNAL) >= 0)
		return 0;
	if (errno == EAGAIN || errno == ENOBUFS)
		return -errno;
	/* The syslog daemon has started or was restarted, so it has a new socket. */
	fd = open_socket(_PATH_LOG);
	if (fd < 0)
		return fd;
	close(out.fd);
	out.fd = fd;
	return send(out.fd, line, (size_t)n, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

#ifdef HAVE_SYSTEMD
/* libsystemd sends over its own socket and silently drops lines if there is no journal.  vigild's
 * socket shows whether there is a journal, and whether sending would block. */
static int open_journal(const char *path)
{
	return open_socket(JOURNAL);
}

static void add_field(struct iovec *field, char *buf, size_t size, const char *name,
	const char *value, size_t length)
{
	size_t n = (size_t)snprintf(buf, size, "%s=%.*s", name, (int)length, value);

	field->iov_base = buf;
	field->iov_len = n < size ? n : size - 1;
}

static int send_journal(enum log_level level, const char *who, const char *text)
{
	static const char identifier[] = "SYSLOG_IDENTIFIER=" IDENT;
	char number[16], message[LINE_SIZE], daemon[128], service[320];
	const char *slash = who ? strchr(who, '/') : NULL;
	struct iovec fields[5];
	int n = 0;

	if (!ready(out.fd))
		return -EAGAIN;
	fields[n].iov_base = (void *)identifier;
	fields[n++].iov_len = sizeof(identifier) - 1;
	fields[n].iov_base = number;
	fields[n++].iov_len =
		(size_t)snprintf(number, sizeof(number), "PRIORITY=%d", priority(level));
	add_field(&fields[n++], message, sizeof(message), "MESSAGE", text, strlen(text));
	if (who)
		add_field(&fields[n++], daemon, sizeof(daemon), "VIGIL_DAEMON", who,
			slash ? (size_t)(slash - who) : strlen(who));
	if (slash)
		add_field(&fields[n++], service, sizeof(service), "VIGIL_SERVICE", slash + 1,
			strlen(slash + 1));
	return sd_journal_sendv(fields, n);
}
#else
static int open_journal(const char *path)
{
	return -ENOTSUP;
}

static int send_journal(enum log_level level, const char *who, const char *text)
{
	return -ENOTSUP;
}
#endif

/* --- the target ------------------------------------------------------------------------------- */

static const struct target *find(const char *name)
{
	size_t i;

	if (strcmp(name, "auto") == 0)
		return stderr_is_journal() ? &prefixed : &plain;
	if (strcmp(name, plain.name) == 0)
		return &plain;
	if (name[0] == '/')
		return &file;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(name, others[i].name) == 0)
			return &others[i];
	return NULL;
}

static void switch_to(const struct target *target, int fd, char *path)
{
	if (out.fd != STDERR_FILENO)
		close(out.fd);
	free(out.path);
	out.target = target;
	out.fd = fd;
	out.path = path;
	out.torn = false;
}

int log_open(const char *name, enum log_level level)
{
	const struct target *target = find(name);
	int fd = target != NULL ? target->open(name) : -EINVAL;

	if (fd < 0)
		return fd;
	switch_to(target, fd, memory_text(name));
	log_set_level(level);
	return 0;
}

int log_check(const char *name)
{
	const struct target *target = find(name);
	int fd;

	if (target == NULL)
		return -EINVAL;
	if (target == &file)
		return log_file_check(name);
	fd = target->open(name);
	if (fd > STDERR_FILENO)
		close(fd);
	return fd < 0 ? fd : 0;
}

int log_reopen(void)
{
	int fd;

	if (out.target != &file)
		return 0;
	fd = log_file_open(out.path);
	if (fd < 0)
		return fd;
	close(out.fd);
	out.fd = fd;
	out.torn = false;
	return 0;
}

void log_close(void)
{
	switch_to(&plain, STDERR_FILENO, NULL);
	out.lost = 0;
}

void log_set_sink(log_sink_fn *sink, void *arg)
{
	out.sink = sink;
	out.sink_arg = arg;
}

void log_on_lost(log_lost_fn *fn)
{
	out.on_lost = fn;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void deliver(enum log_level level, const char *who, const char *text)
{
	char notice[160];
	int rc = 0;

	if (out.lost > 0) {
		snprintf(notice, sizeof(notice), "log: %lu line%s could not be written: %s",
			out.lost, out.lost == 1 ? "" : "s", strerror(out.why));
		rc = out.target->send(LEVEL_WARN, NULL, notice);
		if (rc == 0) {
			out.lost = 0;
			if (out.on_lost != NULL)
				out.on_lost(0, 0);
		}
	}
	if (rc == 0)
		rc = out.target->send(level, who, text);
	if (rc < 0) {
		out.lost++;
		out.why = -rc;
		if (out.on_lost != NULL)
			out.on_lost(out.lost, out.why);
	}
}

void log_vwrite(enum log_level level, const char *who, const char *format, va_list ap)
{
	char raw[RAW_SIZE], text[TEXT_SIZE];
	int saved = errno, n;
	size_t begin = 0, end;

	if (level > out.level)
		return;
	if (who)
		begin = (size_t)snprintf(raw, sizeof(raw),
			"%.*s: ", (int)(strcspn(who, "/") < 512 ? strcspn(who, "/") : 512), who);
	n = vsnprintf(raw + begin, sizeof(raw) - begin, format, ap);
	end = n < 0 ? begin : begin + (size_t)n;
	if (end > sizeof(raw) - 1)
		end = sizeof(raw) - 1;
	while (end > begin && raw[end - 1] == '\n')
		end--;
	text_escape(text, sizeof(text), raw, end);
	if (out.sink)
		out.sink(level, text, out.sink_arg);
	else
		deliver(level, who, text);
	errno = saved;
}

void log_write(enum log_level level, const char *who, const char *format, ...)
{
	va_list ap;

	if (level > out.level)
		return;
	va_start(ap, format);
	log_vwrite(level, who, format, ap);
	va_end(ap);
}
