/*
 * certdir: watches the certificates in a directory and warns before one of them expires.
 *
 * inotify reports changes of the directory on a descriptor, and vigild calls on_inotify when that
 * descriptor is readable.  A timer checks the directory as well, because a certificate expires
 * without a change of its file.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <vigil/vigil.h>

#define DAY     86400.0
#define SETTLE  0.2 /* seconds to wait for more changes before the directory is read */
#define CHANGES (IN_CLOSE_WRITE | IN_MOVE | IN_DELETE | IN_MOVE_SELF | IN_ONLYDIR)

struct certdir {
	int inotify; /* the descriptor of inotify */
	int watch;   /* inotify's number of the directory; -1: it is not watched */
	const char *directory, *files;
	double warn, critical; /* seconds */
};

/* What a check has found. */
struct findings {
	json_t *certificates, *perfdata;
	double first;    /* seconds until the first certificate expires; INFINITY: there is none */
	char name[256];  /* the file of that certificate */
	char wrong[256]; /* a file without a certificate; "": none */
};

/* --- one certificate -------------------------------------------------------------------------- */

/* Returns the seconds until the first certificate in a file expires, or NAN if it has none. */
static double time_left(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a FIFO must not block */
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	X509 *certificate;
	double left = NAN;
	int days, seconds;

	if (file == NULL)
		return NAN;
	certificate = PEM_read_X509(file, NULL, NULL, NULL);
	if (certificate != NULL &&
		ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) == 1)
		left = days * DAY + seconds;
	X509_free(certificate);
	ERR_clear_error(); /* OpenSSL keeps its errors for the thread, which all daemons share */
	fclose(file);
	return left;
}

/* Returns an entry of perfdata.  The ranges are those of Nagios: "14:" alerts below 14. */
static json_t *perfdata_entry(const struct certdir *c, json_int_t days)
{
	char warn[32], critical[32];

	snprintf(warn, sizeof warn, "%.0f:", c->warn / DAY);
	snprintf(critical, sizeof critical, "%.0f:", c->critical / DAY);
	return json_pack("{sI ss ss}", "value", days, "warn", warn, "crit", critical);
}

static void add_file(const struct certdir *c, struct findings *f, const char *file)
{
	char path[4096], name[256];
	json_int_t days;
	double left;

	snprintf(path, sizeof path, "%s/%s", c->directory, file);
	vigil_sanitize(name, sizeof name, file); /* a key of the state must be UTF-8 */
	left = time_left(path);
	if (isnan(left)) {
		memcpy(f->wrong, name, sizeof name);
		return;
	}
	if (left < f->first) {
		f->first = left;
		memcpy(f->name, name, sizeof name);
	}
	/* Whole days, so that the state changes once a day and not with every check. */
	days = (json_int_t)floor(left / DAY);
	json_object_set_new(f->certificates, name, json_pack("{sI}", "days", days));
	json_object_set_new(f->perfdata, name, perfdata_entry(c, days));
}

/* --- the directory ---------------------------------------------------------------------------- */

static void report(vigil_daemon *d, const struct certdir *c, const struct findings *f)
{
	vigil_health_level level = f->first < c->critical ? VIGIL_CRITICAL
				   : f->first < c->warn   ? VIGIL_WARNING
							  : VIGIL_OK;
	double days = floor(f->first / DAY);

	if (f->wrong[0] != '\0' && level != VIGIL_CRITICAL)
		vigil_health(d, VIGIL_WARNING, "%s contains no certificate", f->wrong);
	else if (isinf(f->first))
		vigil_health(d, VIGIL_UNKNOWN, "%s has no file %s", c->directory, c->files);
	else if (f->first < 0)
		vigil_health(d, level, "%s has expired", f->name);
	else
		vigil_health(
			d, level, "%s expires in %.0f day%s", f->name, days, days == 1 ? "" : "s");
}

static void check(vigil_daemon *d, void *arg)
{
	struct certdir *c = arg;
	struct findings f = {.first = INFINITY};
	struct dirent *entry;
	DIR *directory;

	/* The directory may have been created or replaced since the last check. */
	if (c->watch < 0)
		c->watch = inotify_add_watch(c->inotify, c->directory, CHANGES);
	directory = opendir(c->directory);
	if (directory == NULL) {
		vigil_state_set(d, "stale", json_true()); /* the numbers are not current */
		vigil_health(d, VIGIL_UNKNOWN, "%s: %s", c->directory, strerror(errno));
		return;
	}
	f.certificates = json_object();
	f.perfdata = json_object();
	while ((entry = readdir(directory)) != NULL)
		if (fnmatch(c->files, entry->d_name, FNM_PERIOD) == 0)
			add_file(c, &f, entry->d_name);
	closedir(directory);
	/* These calls take over the references.  They replace the whole objects, so that files
	 * that were removed are no longer in the state. */
	vigil_state_set(d, "certificates", f.certificates);
	vigil_state_set(d, "perfdata", f.perfdata);
	vigil_state_unset(d, "stale");
	report(d, c, &f);
}

/* Not check itself, because vigil_cancel would then also remove the periodic timer. */
static void on_settled(vigil_daemon *d, void *arg)
{
	check(d, arg);
}

static void on_inotify(vigil_daemon *d, int fd, unsigned what, void *arg)
{
	struct certdir *c = arg;
	_Alignas(struct inotify_event) char buffer[4096];
	const struct inotify_event *e;
	ssize_t n;

	(void)what;
	/* All that is there is read, because the descriptor stays readable otherwise. */
	while ((n = read(fd, buffer, sizeof buffer)) > 0)
		for (char *p = buffer; p < buffer + n; p += sizeof *e + e->len) {
			e = (const struct inotify_event *)p;
			if (e->mask & IN_MOVE_SELF) /* the path may now lead elsewhere */
				inotify_rm_watch(fd, e->wd);
			if (e->mask & IN_IGNORED && e->wd == c->watch)
				c->watch = -1;
		}
	/* Files are often replaced several at a time, so each change restarts the timer. */
	vigil_cancel(d, on_settled, c);
	vigil_after(d, SETTLE, on_settled, c);
}

/* --- the module ------------------------------------------------------------------------------- */

static int check_options(vigil_daemon *d)
{
	if (vigil_option_seconds(d, "critical") > vigil_option_seconds(d, "warn"))
		return vigil_diagnose(d, "critical", "must not be longer than warn");
	return 0;
}

static int start(vigil_daemon *d)
{
	struct certdir *c = vigil_alloc(d, sizeof *c);

	c->directory = vigil_option_text(d, "directory");
	c->files = vigil_option_text(d, "files");
	c->warn = vigil_option_seconds(d, "warn");
	c->critical = vigil_option_seconds(d, "critical");
	c->watch = -1;
	c->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (c->inotify < 0)
		return vigil_fail(d, "inotify cannot be used: %s", strerror(errno));
	vigil_set_data(d, c);
	vigil_watch_fd(d, c->inotify, VIGIL_READ, on_inotify, c);
	/* vigild remembers a failure of these two calls, so start need not check both. */
	return vigil_every(d, vigil_option_seconds(d, "interval"), check, c);
}

/* vigild frees the timers and c.  The descriptor belongs to the module. */
static void stop(vigil_daemon *d)
{
	struct certdir *c = vigil_data(d);

	vigil_unwatch_fd(d, c->inotify);
	close(c->inotify);
}

static const vigil_option options[] = {
	VIGIL_OPTION("directory", VIGIL_PATH, NULL, "the directory with the certificates",
		.flags = VIGIL_REQUIRED),
	VIGIL_OPTION("files", VIGIL_TEXT, "*.pem", "a glob of the files in it"),
	VIGIL_OPTION("interval", VIGIL_DURATION, "1h", "the time between two checks", .min = 0.1,
		.max = 86400),
	VIGIL_OPTION("warn", VIGIL_DURATION, "14d", "WARNING if a certificate expires sooner"),
	VIGIL_OPTION("critical", VIGIL_DURATION, "3d", "CRITICAL if a certificate expires sooner"),
	VIGIL_OPTION_END};

VIGIL_MODULE(.name = "certdir", .summary = "warns before certificates expire", .options = options,
	.start = start, .stop = stop, .check = check_options);
