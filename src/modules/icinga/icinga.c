/*
 * icinga: sends what daemons have to say to an Icinga 2 master, as passive check results.
 *
 * A result takes one way: made (result.c) when a daemon's health has changed, or every interval;
 * put at the end of a queue on disk (spool.c); taken from its front and posted (link.c), the next
 * after the answer to the one before.  While the master is away the queue grows, up to its bound,
 * and what is in it keeps the time at which it was true.
 */
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "link.h"
#include "result.h"
#include "spool.h"
#include <vigil/vigil.h>

#define PATH "/v1/actions/process-check-result"

#define MISSING_MAX 1000 /* of those that the master lacks, so many are named */

/* Changes that come together are looked at together. */
#define SOON 0.2

struct icinga {
	vigil_daemon *d;
	const char *const *submit;
	struct result_names names;
	char host[256];
	double interval, backoff_max;
	char queue[PATH_MAX];
	struct spool *spool;
	uint64_t posted; /* which of the queue is on its way, */
	char *posting;   /* and a copy of it */
	struct link *link;

	json_t *changed; /* daemons to be looked at, by name */
	bool looking;    /* a timer will look at them */
	bool waiting;    /* a timer will try again */
	unsigned failures;
	json_int_t sent, refused;
	bool sick;            /* the queue cannot be written */
	bool lacking, lacked; /* the master has not all services: since the last tick, before it */
};

static void pump(struct icinga *x);

/* --- accounts ----------------------------------------------------------------------------------------- */

static void account(struct icinga *x)
{
	vigil_state_set(x->d, "sent", json_integer(x->sent));
	vigil_state_set(x->d, "refused", json_integer(x->refused));
	vigil_state_set(x->d, "waiting", json_integer((json_int_t)spool_waiting(x->spool)));
	vigil_state_set(x->d, "dropped", json_integer((json_int_t)spool_dropped(x->spool)));
}

/* --- sending ------------------------------------------------------------------------------------------- */

static void on_again(vigil_daemon *d, void *arg)
{
	struct icinga *x = arg;

	x->waiting = false;
	pump(x);
}

/* The master is away, or does not want us: all waits. */
static void retreat(struct icinga *x, vigil_health_level level, const char *why)
{
	double delay = fmin(exp2(fmin(x->failures, 16)), x->backoff_max);

	if (x->failures++ == 0) {
		vigil_error(x->d, "%s; results wait in %s", why, x->queue);
		vigil_event(x->d, "%s", why);
	}
	vigil_health(x->d, level, "%s; %zu results wait", why, spool_waiting(x->spool));
	x->waiting = vigil_after(x->d, delay, on_again, x) == 0;
}

static void advance(struct icinga *x)
{
	bool recovered = x->failures > 0;

	if (recovered) {
		vigil_log(x->d, VIGIL_NOTICE, "the master takes results again; %zu wait",
			spool_waiting(x->spool));
		vigil_event(x->d, "the master takes results again");
	}
	x->failures = 0;
	if (spool_number(x->spool) == x->posted)
		spool_drop_first(x->spool); /* unless it has given way meanwhile */
	if (!x->sick && !x->lacking && !x->lacked)
		vigil_health(x->d, VIGIL_OK, "the master takes results");
	else if (recovered && !x->sick)
		vigil_health(x->d, VIGIL_WARNING, "the master takes results, but not all");
}

/* A result that the master will not take, since it lacks the object, or has a newer one: said once
 * for each object, and not tried again. */
static void refuse(struct icinga *x, const char *why)
{
	json_t *result = json_loads(x->posting != NULL ? x->posting : "", 0, NULL);
	const char *name = json_string_value(json_object_get(result, "service"));
	json_t *missing = json_copy((json_t *)vigil_state_get(x->d, "missing"));

	x->refused++;
	x->lacking = true;
	vigil_health(x->d, VIGIL_WARNING, "the master refuses \"%s\": %s", name ? name : "", why);
	if (missing == NULL)
		missing = json_object();
	if (name != NULL && json_object_get(missing, name) == NULL &&
		json_object_size(missing) < MISSING_MAX) {
		vigil_log(x->d, VIGIL_WARN, "the master refuses \"%s\": %s", name, why);
		json_object_set_new(missing, name, vigil_time());
		vigil_state_set(x->d, "missing", json_incref(missing));
	}
	json_decref(missing);
	json_decref(result);
}

/* What the master made of it.  An answer with `results`, or of 404, is about this one object; any
 * other about whether it takes anything at all. */
static void on_answer(int status, const char *why, const char *body, void *arg)
{
	struct icinga *x = arg;
	json_t *answer = json_loads(body, 0, NULL);
	const json_t *results = json_object_get(answer, "results");
	const char *words = json_string_value(json_object_get(
		json_array_size(results) > 0 ? json_array_get(results, 0) : answer, "status"));
	char text[512];

	snprintf(text, sizeof(text), "the master answers %d%s%.200s", status,
		words != NULL ? ": " : "", words != NULL ? words : "");
	if (status == 0) {
		snprintf(text, sizeof(text), "%s: %.300s", vigil_option_text(x->d, "url"), why);
		retreat(x, VIGIL_CRITICAL, text);
	} else if (status / 100 == 2) {
		x->sent++;
		advance(x);
	} else if (status == 404 || status == 400 || json_array_size(results) > 0) {
		refuse(x, status == 404 ? "it has no such service" : text);
		advance(x);
	} else {
		retreat(x, VIGIL_CRITICAL, text);
	}
	json_decref(answer);
	account(x);
	/* From the loop: the link is still being used by whoever called this. */
	if (!x->waiting)
		x->waiting = vigil_after(x->d, 0, on_again, x) == 0;
}

/* Sends the first that waits, unless one is on its way or it is not yet time to try again. */
static void pump(struct icinga *x)
{
	const char *first = spool_first(x->spool);
	int err;

	if (first == NULL || x->waiting || link_is_busy(x->link))
		return;
	free(x->posting);
	x->posting = strdup(first);
	x->posted = spool_number(x->spool);
	err = link_post(x->link, PATH, first);
	if (err != 0)
		retreat(x, VIGIL_CRITICAL, strerror(-err));
}

/* --- results --------------------------------------------------------------------------------------------- */

static double wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool is_submitted(const struct icinga *x, const char *name)
{
	if (strcmp(name, vigil_name(x->d)) == 0)
		return false;
	for (const char *const *glob = x->submit; *glob != NULL; glob++)
		if (fnmatch(*glob, name, FNM_NOESCAPE) == 0)
			return true;
	return false;
}

static void enqueue(struct icinga *x, json_t *result)
{
	char *line = json_dumps(result, JSON_COMPACT);
	int err = line != NULL ? spool_put(x->spool, line) : -ENOMEM;

	free(line);
	if (err != 0 && !x->sick)
		vigil_error(x->d, "%s cannot be written: %s", x->queue, strerror(-err));
	if (err != 0)
		vigil_health(
			x->d, VIGIL_CRITICAL, "%s cannot be written: %s", x->queue, strerror(-err));
	x->sick = err != 0;
}

/* In the state at left_out/NAME while there are some, and in the log when their number changes. */
static void put_left_out(struct icinga *x, const char *name, unsigned count)
{
	char path[128];
	json_int_t before;

	snprintf(path, sizeof(path), "left_out/%s", name);
	before = json_integer_value(vigil_state_get(x->d, path));
	if (count == before)
		return;
	if (count == 0) {
		vigil_state_unset(x->d, path);
		return;
	}
	vigil_state_set(x->d, path, json_integer(count));
	vigil_log(x->d, VIGIL_WARN,
		"%s: performance data not sent: %u (too many values, a label with a bar, or no "
		"number)",
		name, count);
}

static void submit(struct icinga *x, const char *name)
{
	char pointer[128];
	unsigned left_out;
	json_t *account_of, *data, *result;

	/* Copies: what is lent first is gone with the second look. */
	snprintf(pointer, sizeof(pointer), "/runs/%s", name);
	account_of = json_deep_copy(vigil_state_get(x->d, pointer));
	if (account_of == NULL)
		return;
	snprintf(pointer, sizeof(pointer), "/daemons/%s/perfdata", name);
	data = json_pack("{s:O?}", "perfdata", vigil_state_get(x->d, pointer));
	result = result_make(&x->names, name, account_of, data, wall_clock(), &left_out);
	put_left_out(x, name, left_out);
	if (result != NULL)
		enqueue(x, result);
	json_decref(result);
	json_decref(data);
	json_decref(account_of);
}

static void on_soon(vigil_daemon *d, void *arg)
{
	struct icinga *x = arg;
	json_t *changed = x->changed, *value;
	const char *name;

	x->looking = false;
	x->changed = json_object();
	json_object_foreach(changed, name, value) submit(x, name);
	json_decref(changed);
	account(x);
	pump(x);
}

/* /runs/NAME/health and its like. */
static void on_change(vigil_daemon *d, const char *pointer, const json_t *value, void *arg)
{
	struct icinga *x = arg;
	const char *begin = pointer + strlen("/runs/");
	char name[128];

	if (strncmp(pointer, "/runs/", strlen("/runs/")) != 0)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(begin, "/"), begin);
	if (!is_submitted(x, name))
		return;
	json_object_set_new(x->changed, name, json_true());
	if (!x->looking)
		x->looking = vigil_after(d, SOON, on_soon, x) == 0;
}

static void on_tick(vigil_daemon *d, void *arg)
{
	struct icinga *x = arg;
	json_t *all = json_copy((json_t *)vigil_state_get(d, "/runs")), *value;
	const char *name;

	x->lacked = x->lacking;
	x->lacking = false;
	json_object_foreach(all, name, value)
	{
		if (is_submitted(x, name))
			submit(x, name);
	}
	json_decref(all);
	account(x);
	pump(x);
}

/* --- life --------------------------------------------------------------------------------------------------- */

static int read_options(struct icinga *x)
{
	vigil_daemon *d = x->d;
	const char *host = vigil_option_text(d, "host");
	const char *queue = vigil_option_text(d, "queue");

	if (host != NULL)
		snprintf(x->host, sizeof(x->host), "%s", host);
	else if (gethostname(x->host, sizeof(x->host) - 1) < 0)
		return vigil_refuse(d, "this machine has no name; set host");
	if (queue != NULL)
		snprintf(x->queue, sizeof(x->queue), "%s", queue);
	else
		snprintf(x->queue, sizeof(x->queue), LOCALSTATEDIR "/lib/vigil/%s.queue",
			vigil_name(d));
	x->submit = vigil_option_list(d, "submit");
	x->interval = vigil_option_seconds(d, "interval");
	x->backoff_max = vigil_option_seconds(d, "backoff_max");
	x->names = (struct result_names){.host = x->host,
		.service = vigil_option_text(d, "service"),
		.ttl = vigil_option_given(d, "ttl") ? vigil_option_seconds(d, "ttl")
						    : 3 * x->interval};
	return 0;
}

/* A name of a Host object, which may be any text, but not what only looks like one. */
static int check_host(vigil_daemon *d)
{
	const char *host = vigil_option_text(d, "host");

	if (host != NULL && strpbrk(host, "!\"") != NULL)
		return vigil_diagnose(d, "host", "Icinga has no names with a \"!\" or a quote");
	return 0;
}

static int check_submit(vigil_daemon *d)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.@-*?[]!";
	int err = 0;

	for (const char *const *glob = vigil_option_list(d, "submit"); *glob != NULL; glob++)
		if ((*glob)[strspn(*glob, allowed)] != '\0')
			err = vigil_diagnose(d, "submit",
				"its element \"%.80s\" can match no daemon: names have letters, "
				"digits "
				"and _ . @ -; separate elements by commas",
				*glob);
	return err;
}

/* The file is made where it is missing, its directory is not. */
static int check_queue(vigil_daemon *d)
{
	const char *queue = vigil_option_text(d, "queue");
	char dir[PATH_MAX];

	if (queue == NULL)
		return 0;
	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(queue, '/') - queue) + 1, queue);
	if (access(dir, F_OK) < 0)
		return vigil_diagnose(d, "queue", "there is no directory %s", dir);
	return 0;
}

/* All that is wrong is diagnosed, and then it is -EINVAL. */
static int check(vigil_daemon *d)
{
	int host = check_host(d), submit = check_submit(d), queue = check_queue(d);

	return link_check(d) == 0 && host == 0 && submit == 0 && queue == 0 ? 0 : -EINVAL;
}

static void let_go(struct icinga *x)
{
	if (x->link != NULL)
		link_close(x->link);
	spool_close(x->spool);
	free(x->posting);
	json_decref(x->changed);
}

static int begin(struct icinga *x)
{
	vigil_daemon *d = x->d;
	int err = read_options(x);

	if (err != 0)
		return err;
	x->link = link_open(d, on_answer, x);
	if (x->link == NULL)
		return -EINVAL;
	x->spool = spool_open(x->queue, vigil_option_int(d, "queue_max"));
	if (x->spool == NULL)
		return vigil_refuse(d, "queue: %s: %s", x->queue, strerror(errno));
	err = vigil_on_change(d, "/runs", on_change, x);
	if (err == 0)
		err = vigil_every(d, x->interval, on_tick, x);
	return err;
}

static int start(vigil_daemon *d)
{
	struct icinga *x = vigil_alloc(d, sizeof(*x));
	int err;

	x->d = d;
	x->changed = json_object();
	err = begin(x);
	if (err != 0) {
		let_go(x);
		return err;
	}
	vigil_set_data(d, x);
	account(x);
	vigil_health(d, VIGIL_OK, "nothing sent yet");
	return 0;
}

static void stop(vigil_daemon *d)
{
	struct icinga *x = vigil_data(d);

	if (x != NULL)
		let_go(x);
}

static const vigil_option options[] = {
	VIGIL_OPTION("url", VIGIL_TEXT, NULL, "the master's API, https://HOST:5665",
		.flags = VIGIL_REQUIRED),
	VIGIL_OPTION("tls_name", VIGIL_TEXT, NULL,
		"the name in its certificate, where that is not the host of the url"),
	VIGIL_OPTION("ca", VIGIL_PATH, "/var/lib/icinga2/certs/ca.crt",
		"whom to trust: certificates in PEM form"),
	VIGIL_OPTION("user", VIGIL_TEXT, NULL, "the ApiUser"),
	VIGIL_OPTION("password_file", VIGIL_PATH, NULL, "where that user's password stands"),
	VIGIL_OPTION("certificate", VIGIL_PATH, NULL, "instead of a user: a client certificate"),
	VIGIL_OPTION("key", VIGIL_PATH, NULL, "and its key"),
	VIGIL_OPTION("submit", VIGIL_LIST, "*", "the daemons to tell of; globs"),
	VIGIL_OPTION(
		"host", VIGIL_TEXT, NULL, "the name of the Host object; unset, this machine's"),
	VIGIL_OPTION("service", VIGIL_TEXT, "{daemon}",
		"the name of the Service objects; {daemon} stands for the daemon's"),
	VIGIL_OPTION("interval", VIGIL_DURATION, "60s",
		"between two results of a daemon that has not changed", .min = 1, .max = 86400),
	VIGIL_OPTION("ttl", VIGIL_DURATION, NULL,
		"how long a result is good; unset, three intervals", .min = 1, .max = 31536000),
	VIGIL_OPTION("timeout", VIGIL_DURATION, "10s", "how long the master may take to answer",
		.min = 1, .max = 3600),
	VIGIL_OPTION("backoff_max", VIGIL_DURATION, "60s",
		"the longest delay before the master is tried again; it doubles from 1s", .min = 1,
		.max = 86400),
	VIGIL_OPTION("queue", VIGIL_PATH, NULL,
		"where results wait while the master is away; unset, NAME.queue beside vigil's "
		"state"),
	VIGIL_OPTION("queue_max", VIGIL_SIZE, "16MiB", "the most that waits; the oldest gives way",
		.min = 4096, .max = 1099511627776),
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "icinga", .summary = "sends passive check results to an Icinga 2 master",
	.options = options, .start = start, .stop = stop, .check = check);
