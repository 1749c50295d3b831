/*
 * log: one line an event, to one target.
 *
 * Owned by the loop thread.  A line is put together in one buffer and handed over in one call,
 * so lines of several writers never mix.  A target that fails (a full disk) costs the line, not
 * the host: how many were lost is said in the first line that gets through again.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-journal.h>
#endif

#include "clock.h"

#define LOG_LINE 2048

typedef void put_fn(vigil_level level, const char *who, const char *text);

static struct {
	put_fn *put;
	vigil_level level;
	int fd; /* the file's; -1: none */
	char *path;
	uint64_t lost;
	log_sink_fn *sink;
	void *sink_arg;
} the_log = {.level = VIGIL_INFO, .fd = -1};

static const struct {
	const char *name;
	int priority; /* syslog's */
} levels[] = {
	[VIGIL_ERROR] = {"error", LOG_ERR},
	[VIGIL_WARN] = {"warning", LOG_WARNING},
	[VIGIL_NOTICE] = {"notice", LOG_NOTICE},
	[VIGIL_INFO] = {"info", LOG_INFO},
	[VIGIL_DEBUG] = {"debug", LOG_DEBUG},
};

#define LEVELS (sizeof(levels) / sizeof(*levels))

/* --- levels ---------------------------------------------------------------------------------------- */

void log_set_level(vigil_level level)
{
	the_log.level = level;
}

vigil_level log_level(void)
{
	return the_log.level;
}

const char *log_level_name(vigil_level level)
{
	return (unsigned)level < LEVELS ? levels[level].name : "error";
}

int log_level_parse(const char *word, vigil_level *level)
{
	for (unsigned i = 0; i < LEVELS; i++) {
		if (strcmp(levels[i].name, word) == 0) {
			*level = (vigil_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* --- targets ------------------------------------------------------------------------------------------ */

static void write_line(int fd, const char *line, int length)
{
	ssize_t n;

	do {
		n = write(fd, line, (size_t)length);
	} while (n < 0 && errno == EINTR);
	if (n != length)
		the_log.lost++;
	else
		the_log.lost = 0;
}

static void put_plain_fd(int fd, vigil_level level, const char *who, const char *text)
{
	char line[LOG_LINE + 256], now[CLOCK_TEXT], lost[64] = "";
	int n;

	if (the_log.lost > 0)
		snprintf(lost, sizeof(lost), "(%ju lines were lost before this one) ",
			(uintmax_t)the_log.lost);
	n = snprintf(line, sizeof(line), "%s %-7s %s%s%s%s\n", clock_text(now),
		log_level_name(level), lost, who != NULL ? who : "", who != NULL ? ": " : "", text);
	if (n >= (int)sizeof(line)) {
		n = (int)sizeof(line) - 1;
		line[n - 1] = '\n';
	}
	write_line(fd, line, n);
}

static void put_stderr(vigil_level level, const char *who, const char *text)
{
	put_plain_fd(STDERR_FILENO, level, who, text);
}

static void put_file(vigil_level level, const char *who, const char *text)
{
	put_plain_fd(the_log.fd, level, who, text);
}

/* What the journal makes of a line on stderr: "<N>" is its priority; it knows the time itself. */
static void put_prefixed(vigil_level level, const char *who, const char *text)
{
	char line[LOG_LINE + 128];
	int n = snprintf(line, sizeof(line), "<%d>%s%s%s\n", levels[level].priority,
		who != NULL ? who : "", who != NULL ? ": " : "", text);

	if (n >= (int)sizeof(line)) {
		n = (int)sizeof(line) - 1;
		line[n - 1] = '\n';
	}
	write_line(STDERR_FILENO, line, n);
}

static void put_syslog(vigil_level level, const char *who, const char *text)
{
	syslog(levels[level].priority, "%s%s%s", who != NULL ? who : "", who != NULL ? ": " : "",
		text);
}

#ifdef HAVE_SYSTEMD
static void put_journal(vigil_level level, const char *who, const char *text)
{
	if (who != NULL)
		sd_journal_send("PRIORITY=%d", levels[level].priority, "SYSLOG_IDENTIFIER=vigild",
			"VIGIL_DAEMON=%s", who, "MESSAGE=%s: %s", who, text, NULL);
	else
		sd_journal_send("PRIORITY=%d", levels[level].priority, "SYSLOG_IDENTIFIER=vigild",
			"MESSAGE=%s", text, NULL);
}
#endif

/* Whether stderr is the journal itself: the service manager says which file that is. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t dev, ino;
	struct stat st;

	return stream != NULL && sscanf(stream, "%ju:%ju", &dev, &ino) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

static int open_file(const char *path)
{
	int fd = open(
		path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	struct stat st;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EINVAL;
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

static void set_target(put_fn *put, int fd, const char *path)
{
	if (the_log.fd >= 0)
		close(the_log.fd);
	free(the_log.path);
	the_log.put = put;
	the_log.fd = fd;
	the_log.path = path != NULL ? strdup(path) : NULL;
}

int log_open(const char *target, vigil_level level)
{
	int fd;

	if (strcmp(target, "auto") == 0) {
		set_target(stderr_is_journal() ? put_prefixed : put_stderr, -1, NULL);
	} else if (strcmp(target, "stderr") == 0) {
		set_target(put_stderr, -1, NULL);
	} else if (strcmp(target, "syslog") == 0) {
		openlog("vigild", LOG_PID | LOG_NDELAY, LOG_DAEMON);
		set_target(put_syslog, -1, NULL);
	} else if (strcmp(target, "journal") == 0) {
#ifdef HAVE_SYSTEMD
		set_target(put_journal, -1, NULL);
#else
		return -ENOTSUP;
#endif
	} else {
		fd = target[0] == '/' ? open_file(target) : -EINVAL;
		if (fd < 0)
			return fd;
		set_target(put_file, fd, target);
	}
	the_log.level = level;
	return 0;
}

int log_reopen(void)
{
	int fd;

	if (the_log.path == NULL)
		return 0;
	fd = open_file(the_log.path);
	if (fd < 0)
		return fd;
	close(the_log.fd);
	the_log.fd = fd;
	return 0;
}

void log_close(void)
{
	if (the_log.put == put_syslog)
		closelog();
	set_target(NULL, -1, NULL);
}

/* --- writing --------------------------------------------------------------------------------------------- */

void log_set_sink(log_sink_fn *sink, void *arg)
{
	the_log.sink = sink;
	the_log.sink_arg = arg;
}

static void put_sink(vigil_level level, const char *who, const char *text)
{
	char line[LOG_LINE + 128];

	snprintf(line, sizeof(line), "%s%s%s", who != NULL ? who : "", who != NULL ? ": " : "",
		text);
	the_log.sink(level, line, the_log.sink_arg);
}

void log_vwrite(vigil_level level, const char *who, const char *format, va_list ap)
{
	char raw[LOG_LINE], text[LOG_LINE], name[128];
	int n;

	if (level > the_log.level)
		return;
	n = vsnprintf(raw, sizeof(raw), format, ap);
	if (n < 0)
		return;
	log_escape(text, sizeof(text), raw, strlen(raw));
	if (who != NULL)
		who = log_escape(name, sizeof(name), who, strlen(who));
	if ((unsigned)level >= LEVELS)
		level = VIGIL_ERROR;
	if (the_log.sink != NULL)
		put_sink(level, who, text);
	else if (the_log.put != NULL)
		the_log.put(level, who, text);
	else
		put_stderr(level, who, text);
}

void log_write(vigil_level level, const char *who, const char *format, ...)
{
	va_list ap;

	if (level > the_log.level)
		return;
	va_start(ap, format);
	log_vwrite(level, who, format, ap);
	va_end(ap);
}
