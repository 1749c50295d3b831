/*
 * watchdog: feeds the hardware watchdog while vigild and the chosen daemons work.
 *
 * The device resets the machine unless a tick feeds it within its timeout. Before it feeds, each
 * tick reads the lag of vigild's loop. In a process of its own, that read waits for vigild, so such
 * a daemon does not feed for a vigild that hangs. The value `boot` survives a reset and says why.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <vigil/vigil.h>

#define TEXT 512

struct watchdog {
	vigil_daemon *d;
	int fd, timeout;  /* in seconds, as the driver has set it */
	const char *flaw; /* what the driver cannot do; "": nothing */
	/* When the daemons of `needs` and the loop were not CRITICAL, by vigil_now. 0: not since a
	 * first OK, so it does not count. */
	double *met, lag_met;
	json_t *boot; /* owned; {id, armed, withheld, reset_reason} */
};

static const char *boot_text(const struct watchdog *w, const char *key)
{
	const char *text = json_string_value(json_object_get(w->boot, key));

	return text != NULL ? text : "";
}

static void set_boot(struct watchdog *w, const char *key, json_t *value)
{
	json_object_set_new(w->boot, key, value);
	vigil_state_set(w->d, "boot", json_deep_copy(w->boot));
}

/* Combines what the driver reports with what vigild saved in the last boot. "": no reset. */
static void find_reset_reason(const struct watchdog *w, int status, char text[TEXT])
{
	/* by the bits of WDIOF_OVERHEAT to WDIOF_POWEROVER */
	static const char *const causes[] = {"overheating", "a failed fan", "external relay 1",
		"external relay 2", "a low voltage", "the watchdog", "a high voltage"};
	const char *withheld = boot_text(w, "withheld");
	size_t n = 0;

	for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++)
		if (status & 1 << i)
			n += (size_t)snprintf(text + n, TEXT - n, "%s%s",
				n > 0 ? " and " : "the machine was reset by ", causes[i]);
	if (withheld[0] != '\0')
		snprintf(text + n, TEXT - n, "%s; vigild had stopped feeding it: %s",
			n > 0 ? "" : "the machine was probably reset by the watchdog", withheld);
	else if (n == 0 && json_is_true(json_object_get(w->boot, "armed")))
		strcpy(text, "vigild was not stopped before the machine was reset or lost power");
}

/* Reads what the last start has saved. If the machine was booted since, finds out why. */
static void begin_boot(struct watchdog *w, int status)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	const json_t *saved = vigil_state_get(w->d, "boot");
	char id[64] = "", reason[TEXT] = "";

	id[fd >= 0 && read(fd, id, 36) == 36 ? 36 : 0] = '\0';
	close(fd);
	w->boot = json_is_object(saved) ? json_deep_copy(saved) : json_object();
	if (strcmp(boot_text(w, "id"), id) != 0) {
		find_reset_reason(w, status, reason);
		if (reason[0] != '\0')
			vigil_event(w->d, "%s", reason);
		json_object_set_new(w->boot, "reset_reason", json_string(reason));
	}
	json_object_set_new(w->boot, "id", json_string(id));
	json_object_set_new(w->boot, "withheld", json_string(""));
	set_boot(w, "armed", json_true());
}

/* If the driver refuses a time, the device is used with the time that it has. */
static void set_up(struct watchdog *w, const struct watchdog_info *info)
{
	int before = (int)ceil(vigil_option_seconds(w->d, "pretimeout")), status = 0;

	w->timeout = (int)ceil(vigil_option_seconds(w->d, "timeout"));
	w->flaw = info->options & WDIOF_MAGICCLOSE ? "" : ", but a crash of vigild stops it";
	if (ioctl(w->fd, WDIOC_SETTIMEOUT, &w->timeout) != 0)
		ioctl(w->fd, WDIOC_GETTIMEOUT, &w->timeout);
	/* 0 ends the pre-timeout of an earlier configuration. */
	if (ioctl(w->fd, WDIOC_SETPRETIMEOUT, &before) != 0 && before > 0) {
		w->flaw = ", but its driver does not accept the pre-timeout";
		before = 0;
	}
	ioctl(w->fd, WDIOC_GETBOOTSTATUS, &status);
	vigil_state_set(w->d, "device",
		json_pack("{s:s%,s:i,s:i,s:i}", "identity", info->identity,
			strnlen((const char *)info->identity, sizeof(info->identity)),
			"timeout_seconds", w->timeout, "pretimeout_seconds", before, "boot_status",
			status));
	begin_boot(w, status);
}

static int open_device(struct watchdog *w)
{
	const char *device = vigil_option_text(w->d, "device");
	struct watchdog_info info = {0};

	w->fd = open(device, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (w->fd < 0)
		return vigil_fail(w->d, "%s cannot be opened: %s%s", device, strerror(errno),
			errno == EBUSY ? "; systemd has it open if RuntimeWatchdogSec is set" : "");
	if (ioctl(w->fd, WDIOC_GETSUPPORT, &info) != 0) {
		close(w->fd);
		return vigil_fail(w->d, "%s is not a watchdog", device);
	}
	set_up(w, &info);
	return 0;
}

/* Writes a text if a daemon has been CRITICAL for the tolerance, pauses not counted. name NULL: the
 * loop of vigild. */
static void look_at(struct watchdog *w, const char *name, double *met, char text[TEXT / 2])
{
	const char *level = "", *why = "";
	double lag, limit = vigil_option_seconds(w->d, "max_lag");
	bool paused = vigil_paused(w->d);
	char path[128], raw[TEXT];

	if (name == NULL) {
		lag = json_number_value(vigil_state_get(w->d, "/vigil/loop/lag_seconds/p99"));
		level = limit > 0 && lag > limit ? "CRITICAL" : "OK";
		snprintf(raw, sizeof(raw), "the loop of vigild was late by %.1f s", lag);
	} else {
		snprintf(path, sizeof(path), "/runs/%s/paused", name);
		paused |= json_is_true(vigil_state_get(w->d, path));
		snprintf(path, sizeof(path), "/runs/%s/health", name);
		/* level and why are in this answer, valid until the next vigil_state_get */
		json_unpack((json_t *)vigil_state_get(w->d, path), "{s:s,s:s}", "level", &level,
			"text", &why);
		snprintf(raw, sizeof(raw), "%s was CRITICAL: %.256s", name, why);
	}
	if (paused)
		*met = *met > 0 ? vigil_now() : 0;
	else if (strcmp(level, "OK") == 0 || (strcmp(level, "CRITICAL") != 0 && *met > 0))
		*met = vigil_now();
	else if (*met > 0 && vigil_now() - *met >= vigil_option_seconds(w->d, "tolerance"))
		vigil_sanitize(text, TEXT / 2, raw);
}

static void report(struct watchdog *w)
{
	const char *withheld = boot_text(w, "withheld"), *reset = boot_text(w, "reset_reason");
	struct timespec up;

	clock_gettime(CLOCK_BOOTTIME, &up);
	if (withheld[0] != '\0')
		vigil_health(w->d, VIGIL_CRITICAL, "the watchdog is not fed: %s", withheld);
	else if (reset[0] != '\0' &&
		 (double)up.tv_sec < vigil_option_seconds(w->d, "reset_warning"))
		vigil_health(w->d, VIGIL_WARNING, "%s", reset);
	else
		vigil_health(w->d, w->flaw[0] != '\0' ? VIGIL_WARNING : VIGIL_OK,
			"the watchdog is fed, timeout %d s%s", w->timeout, w->flaw);
}

static void on_tick(vigil_daemon *d, void *arg)
{
	struct watchdog *w = arg;
	const char *const *name = vigil_option_list(d, "needs");
	char fault[TEXT / 2] = "";
	bool fed;

	for (double *met = w->met; *name != NULL; name++)
		look_at(w, *name, met++, fault);
	look_at(w, NULL, &w->lag_met, fault);
	if (fault[0] == '\0' && write(w->fd, "", 1) != 1)
		strcpy(fault, "the device cannot be written");
	fed = fault[0] == '\0';
	if (fed != (boot_text(w, "withheld")[0] == '\0')) {
		set_boot(w, "withheld", json_string(fault));
		vigil_event(d, "feeding %s%s", fed ? "continues" : "stops: ", fault);
		vigil_log(d, VIGIL_ERROR, "feeding %s%s", fed ? "continues" : "stops: ", fault);
	}
	report(w);
}

static void stop(vigil_daemon *d)
{
	struct watchdog *w = vigil_data(d);

	/* This letter before the close stops the device, if its driver allows that. */
	if (write(w->fd, "V", 1) != 1)
		vigil_error(d, "the watchdog cannot be stopped: %s", strerror(errno));
	close(w->fd);
	json_object_set_new(w->boot, "withheld", json_string(""));
	set_boot(w, "armed", json_false());
	json_decref(w->boot);
}

static int start(vigil_daemon *d)
{
	struct watchdog *w = vigil_alloc(d, sizeof(*w));
	const char *const *names = vigil_option_list(d, "needs");
	size_t count = 0;
	int err = vigil_persist(d, "boot");

	while (names[count++] != NULL)
		;
	w->d = d;
	w->met = vigil_alloc(d, count * sizeof(*w->met));
	vigil_set_data(d, w);
	if (err != 0 || w->met == NULL || open_device(w) != 0)
		return -EINVAL;
	err = vigil_every(d, fmax(w->timeout / 4.0, 0.25), on_tick, w);
	if (err != 0)
		stop(d);
	return err;
}

static int check(vigil_daemon *d)
{
	bool less = vigil_option_seconds(d, "pretimeout") < vigil_option_seconds(d, "timeout");

	return less ? 0 : vigil_diagnose(d, "pretimeout", "must be less than timeout");
}

#define TIME(name_, value_, help_, min_, max_) \
	VIGIL_OPTION(name_, VIGIL_DURATION, value_, help_, .min = (min_), .max = (max_))

static const vigil_option options[] = {
	VIGIL_OPTION("device", VIGIL_PATH, "/dev/watchdog", "the device of the watchdog"),
	TIME("timeout", "60s", "the machine is reset if not fed for so long", 1, 65535),
	TIME("pretimeout", "0", "how long before that the kernel acts; 0: not", 0, 65535),
	VIGIL_OPTION("needs", VIGIL_LIST, NULL, "daemons that must not be CRITICAL",
		.flags = VIGIL_DAEMONS),
	TIME("max_lag", "10s", "the maximum lag of vigild's loop; 0: any", 0, 3600),
	TIME("tolerance", "5m", "how long needs and max_lag may be violated", 0, 86400),
	TIME("reset_warning", "1d", "how long a reset is a WARNING", 0, 31536000),
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "watchdog", .summary = "feeds the hardware watchdog of the machine",
	.options = options, .check = check, .start = start, .stop = stop);
