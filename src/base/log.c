/*
 * log: one line an event, to one target.
 *
 * Two things make a log of a watchdog worth its name.  It can be believed: much of what is
 * logged was said by strangers (a plugin's output, a manager's diagnostic), so every line is
 * escaped before it goes anywhere, and no text can forge a line, hide one or move a terminal's
 * cursor.  And it never harms what it watches over: a full disk, a reader of a pipe that has
 * stopped reading, or a journal that hangs costs lines, never a stall of the loop.  Lines that
 * were lost are counted, and said as soon as something can be said again.
 *
 * Each target is a row of a table: how it is opened, and how one line is sent.  A line is at
 * most PIPE_BUF bytes and goes out in one call, so lines of two processes never mix.
 *
 * All of this belongs to the loop thread.  Before log_open, lines go to stderr.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
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
#define SD_JOURNAL_SUPPRESS_LOCATION /* this file is where each line would seem to come from */
#include <systemd/sd-journal.h>
#endif

#include "base/clock.h"
#include "base/degraded.h"
#include "base/memory.h"
#include "base/trust.h"

#define LINE_SIZE PIPE_BUF         /* a whole line with its time, level and end */
#define TEXT_SIZE (PIPE_BUF - 128) /* its text, escaped */
#define RAW_SIZE  PIPE_BUF         /* and before: larger, so what is cut is cut by text_escape */
#define IDENT     "vigild"
#define JOURNAL   "/run/systemd/journal/socket"

struct target {
	const char *name;
	/* A descriptor or -errno. */
	int (*open)(const char *path);
	/* text is "who: what", escaped.  0 or -errno: then the line is lost. */
	int (*send)(vigil_level level, const char *who, const char *text);
};

static int open_stderr(const char *path);
static int open_file(const char *path);
static int open_syslog(const char *path);
static int open_journal(const char *path);
static int send_plain(vigil_level level, const char *who, const char *text);
static int send_prefixed(vigil_level level, const char *who, const char *text);
static int send_syslog(vigil_level level, const char *who, const char *text);
static int send_journal(vigil_level level, const char *who, const char *text);

static const struct target plain = {"stderr", open_stderr, send_plain};
static const struct target prefixed = {"auto", open_stderr, send_prefixed};
static const struct target file = {"/", open_file, send_plain};
static const struct target others[] = {
	{"syslog", open_syslog, send_syslog},
	{"journal", open_journal, send_journal},
};

static struct {
	vigil_level level;
	const struct target *target;
	int fd;
	char *path;         /* as log_open was given it, to open a file anew */
	bool torn;          /* the last line lacks its end */
	unsigned long lost; /* lines, since the last that could be written */
	int why;            /* the errno of the newest of them */
	log_sink_fn *sink;
	void *sink_arg;
} out = {.level = VIGIL_INFO, .target = &plain, .fd = STDERR_FILENO};

static const char *const level_names[] = {
	[VIGIL_ERROR] = "error",
	[VIGIL_WARN] = "warning",
	[VIGIL_NOTICE] = "notice",
	[VIGIL_INFO] = "info",
	[VIGIL_DEBUG] = "debug",
};

/* --- levels ----------------------------------------------------------------------------------- */

/* Syslog's number: they go up in the same steps. */
static int priority(vigil_level level)
{
	return LOG_ERR + (int)level;
}

void log_set_level(vigil_level level)
{
	out.level = level > VIGIL_DEBUG ? VIGIL_DEBUG : level;
}

vigil_level log_level(void)
{
	return out.level;
}

int log_level_parse(const char *word, vigil_level *level)
{
	for (vigil_level l = VIGIL_ERROR; l <= VIGIL_DEBUG; l++) {
		if (strcmp(word, level_names[l]) == 0) {
			*level = l;
			return 0;
		}
	}
	return -EINVAL;
}

const char *log_level_name(vigil_level level)
{
	return level_names[level > VIGIL_DEBUG ? VIGIL_DEBUG : level];
}

/* --- stderr and files ------------------------------------------------------------------------- */

static int open_stderr(const char *path)
{
	return STDERR_FILENO;
}

/* O_NONBLOCK is for the opening alone: a FIFO in the file's place must not hold us up. */
static int open_file(const char *path)
{
	int fd = open(path,
		O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		0640);
	char why[TRUST_WHY];
	struct stat st = {0};
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		err = -EINVAL;
	else if (st.st_nlink > 1)
		err = -EMLINK;
	else if (trust_descriptor(fd, &st, path, NULL, why, sizeof(why)) != 0)
		err = -EPERM;
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

const char *log_trouble(int err)
{
	switch (err) {
	case -ELOOP: return "it is a symbolic link, and those are not followed";
	case -EMLINK: return "it is a hard link: another name has the same file";
	case -EINVAL: return "it is neither a target nor a regular file";
	case -EPERM:
		return "the file belongs neither to root nor to the user vigild runs as, or others "
		       "may write it; chown it and chmod go-w it";
	default: return strerror(-err);
	}
}

/* Whether a line can be sent without waiting.  stderr is shared with whoever gave it to us, so
 * it is not ours to make non-blocking; but a pipe that polls as writable takes PIPE_BUF. */
static bool ready(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, 0) > 0;
}

/* One write for one line.  Where the disk fills up in mid-line, the next one begins anew. */
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

static int send_plain(vigil_level level, const char *who, const char *text)
{
	char line[LINE_SIZE], when[CLOCK_TEXT];
	int n;

	n = snprintf(line, sizeof(line), "%s%s %-7s %s\n", out.torn ? "\n" : "", clock_text(when),
		log_level_name(level), text);
	return put(line, (size_t)n);
}

/* The journal takes what comes on stderr line by line, knows the time, and reads the level
 * from a prefix. */
static int send_prefixed(vigil_level level, const char *who, const char *text)
{
	char line[LINE_SIZE];
	int n = snprintf(line, sizeof(line), "<%d>%s\n", priority(level), text);

	return put(line, (size_t)n);
}

/* Whether stderr is the journal's: it names the stream it gave us by device and inode, so that
 * a stderr redirected since is not mistaken for it. */
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

/* syslog(3) would block when the other side has stopped reading; a socket of our own does not. */
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

/* At boot it may come up later than we do: the lines until then are counted, not refused. */
static int open_syslog(const char *path)
{
	int fd = open_socket(_PATH_LOG);

	if (fd < 0)
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return fd < 0 ? -errno : fd;
}

static int send_syslog(vigil_level level, const char *who, const char *text)
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
	/* The syslog daemon has come up or was restarted: its socket is another one now. */
	fd = open_socket(_PATH_LOG);
	if (fd < 0)
		return fd;
	close(out.fd);
	out.fd = fd;
	return send(out.fd, line, (size_t)n, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

#ifdef HAVE_SYSTEMD
/* libsystemd sends over a socket of its own.  Ours tells what it does not: whether there is a
 * journal at all (it drops lines silently where there is none), and whether it would block. */
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

static int send_journal(vigil_level level, const char *who, const char *text)
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

static int send_journal(vigil_level level, const char *who, const char *text)
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

int log_open(const char *name, vigil_level level)
{
	const struct target *target = find(name);
	int fd = target != NULL ? target->open(name) : -EINVAL;

	if (fd < 0)
		return fd;
	switch_to(target, fd, memory_text(name));
	log_set_level(level);
	return 0;
}

int log_reopen(void)
{
	int fd;

	if (out.target != &file)
		return 0;
	fd = open_file(out.path);
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

/* --- writing ---------------------------------------------------------------------------------- */

static void deliver(vigil_level level, const char *who, const char *text)
{
	char notice[160];
	int rc = 0;

	if (out.lost > 0) {
		snprintf(notice, sizeof(notice), "log: %lu line%s could not be written: %s",
			out.lost, out.lost == 1 ? "" : "s", strerror(out.why));
		rc = out.target->send(VIGIL_WARN, NULL, notice);
		if (rc == 0) {
			out.lost = 0;
			degraded_clear(DEGRADED_LOG);
		}
	}
	if (rc == 0)
		rc = out.target->send(level, who, text);
	if (rc < 0) {
		out.lost++;
		out.why = -rc;
		degraded_set(DEGRADED_LOG, "%lu line%s of the log could not be written: %s",
			out.lost, out.lost == 1 ? "" : "s", strerror(out.why));
	}
}

void log_vwrite(vigil_level level, const char *who, const char *format, va_list ap)
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

void log_write(vigil_level level, const char *who, const char *format, ...)
{
	va_list ap;

	if (level > out.level)
		return;
	va_start(ap, format);
	log_vwrite(level, who, format, ap);
	va_end(ap);
}
