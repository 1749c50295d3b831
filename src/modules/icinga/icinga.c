/*
 * icinga: sends the health of the other daemons to an Icinga 2 master, as passive check results.
 *
 * The result of a daemon is made (result.c) when its health changes, and once an interval at a
 * phase that depends on its name (objects.c).  A change of the state waits in a queue on disk
 * (spool.c) until the master has answered it.  A repetition is made when it is sent.  sender.c
 * decides what is sent next, and api_client.c keeps the connections.
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

#include "api_client.h"
#include "objects.h"
#include "result.h"
#include "sender.h"
#include <vigil/vigil.h>

/* Seconds; phases that are closer than this share a wake-up. */
#define PHASES 0.25

struct icinga {
	vigil_daemon *d;
	const char *const *submit;
	struct result_names names;
	char host[256];
	double interval;
	char queue[PATH_MAX];
	struct objects *objects;
	struct sender *sender;
	double phase_at;       /* when on_phase is called next */
	json_int_t generation; /* of the configuration */
};

/* --- results ---------------------------------------------------------------------------------- */

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

/* Publishes the number of values that a result does not contain at left_out/NAME, and logs it if it
 * has changed. */
static void put_left_out(struct icinga *x, const char *name, const struct result_left_out *left_out)
{
	json_int_t count = (json_int_t)left_out->unfit + left_out->over;
	char path[160];

	snprintf(path, sizeof(path), "left_out/%s", name);
	if (count == json_integer_value(vigil_state_get(x->d, path)))
		return;
	if (count == 0) {
		vigil_state_unset(x->d, path);
		return;
	}
	vigil_state_set(x->d, path, json_integer(count));
	vigil_log(x->d, VIGIL_WARN,
		"%s: performance data not sent: %lld (%u have a label with a bar or no number, %u "
		"are beyond %u KiB)",
		name, (long long)count, left_out->unfit, left_out->over,
		RESULT_PERFDATA_MAX / 1024);
}

/* Returns a new reference, because what vigil_state_get returns is only valid until its next
 * call. */
static json_t *state_at(struct icinga *x, const char *root, const char *name, const char *rest)
{
	char pointer[160];

	snprintf(pointer, sizeof(pointer), "%s%s%s", root, name, rest);
	return json_incref((json_t *)vigil_state_get(x->d, pointer));
}

static json_t *make(struct icinga *x, const char *name, const json_t *health)
{
	json_t *data = state_at(x, "/daemons/", name, ""), *result;
	struct result_left_out left_out = {0};

	result = result_make(&x->names, name, health, data, wall_clock(), &left_out);
	if (result != NULL)
		put_left_out(x, name, &left_out);
	json_decref(data);
	return result;
}

static json_t *on_make(struct object *object, void *arg)
{
	struct icinga *x = arg;
	json_t *health = state_at(x, "/runs/", object->name, "/health");
	json_t *result = make(x, object->name, health);

	if (result != NULL)
		object->level = result_level(health);
	json_decref(health);
	return result;
}

/* --- phases ----------------------------------------------------------------------------------- */

static void on_phase(vigil_daemon *d, void *arg);

static void arm_phase(struct icinga *x, double delay)
{
	vigil_cancel(x->d, on_phase, x);
	if (vigil_after(x->d, delay, on_phase, x) == 0)
		x->phase_at = vigil_now() + delay;
}

/* Adds a daemon, and submits it at once unless it is OK. */
static void add(struct icinga *x, const char *name)
{
	json_t *health = state_at(x, "/runs/", name, "/health");
	struct object *object = objects_add(x->objects, name, vigil_now());

	if (object != NULL && json_is_object(health) && result_level(health) > 0)
		objects_want(x->objects, object, vigil_now());
	json_decref(health);
}

/* Adds all daemons.  on_change does not report daemons that were started before this one, and those
 * whose first change was dropped because there were too many. */
static void add_all(struct icinga *x)
{
	json_t *names = json_incref((json_t *)vigil_state_get(x->d, "/vigil/daemons")), *value;
	const char *name;
	size_t index;

	json_array_foreach(names, index, value) {
		name = json_string_value(value);
		if (is_submitted(x, name) && objects_find(x->objects, name) == NULL)
			add(x, name);
	}
	json_decref(names);
}

/* Detects a reload: the credentials are read again, and there may be new daemons. */
static void look_for_reload(struct icinga *x)
{
	json_int_t generation = json_integer_value(vigil_state_get(x->d, "/vigil/generation"));

	if (generation == x->generation)
		return;
	if (x->generation != 0)
		sender_reload(x->sender);
	x->generation = generation;
	add_all(x);
}

static void on_phase(vigil_daemon *d, void *arg)
{
	struct icinga *x = arg;
	double now = vigil_now();

	look_for_reload(x);
	arm_phase(x, fmax(PHASES, objects_advance(x->objects, now) - now));
	sender_pump(x->sender);
}

static void on_tick(vigil_daemon *d, void *arg)
{
	struct icinga *x = arg;

	look_for_reload(x);
	sender_account(x->sender);
	sender_pump(x->sender);
}

/* --- changes ---------------------------------------------------------------------------------- */

static void forget(struct icinga *x, const char *name)
{
	char *service = result_service(&x->names, name), path[160];

	objects_remove(x->objects, name);
	snprintf(path, sizeof(path), "left_out/%s", name);
	vigil_state_unset(x->d, path);
	if (service != NULL)
		sender_forget(x->sender, service);
	free(service);
}

/* Sends a changed health.  A different state is a change.  A different text with the same state is
 * also sent at once, but as a repetition, because many plugins have numbers in their text.  The
 * first OK waits for its phase, because a start is not a change, and all hosts of a site may have
 * been started at the same time. */
static void take_health(struct icinga *x, struct object *object, const json_t *health)
{
	int level = result_level(health), before = object->level;
	json_t *result;

	object->level = level;
	if (level == 0 && before <= 0 && object->told == 0)
		return;
	if (level == before) {
		objects_want(x->objects, object, vigil_now());
		return;
	}
	result = make(x, object->name, health);
	if (result != NULL)
		sender_put_change(x->sender, object, result);
	json_decref(result);
}

/* Called for each change in /runs; only those of /runs/NAME/health matter.  value NULL: the daemon
 * was removed. */
static void on_change(vigil_daemon *d, const char *pointer, const json_t *value, void *arg)
{
	struct icinga *x = arg;
	static const char root[] = "/runs/";
	const char *begin = pointer + strlen(root), *end;
	struct object *object;
	char name[128];

	if (strncmp(pointer, root, strlen(root)) != 0)
		return;
	end = strchr(begin, '/');
	if (end == NULL || strcmp(end, "/health") != 0)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(end - begin), begin);
	if (!is_submitted(x, name))
		return;
	if (value == NULL) {
		forget(x, name);
		return;
	}
	object = objects_add(x->objects, name, vigil_now());
	if (object == NULL || !json_is_object(value))
		return;
	take_health(x, object, value);
	if (x->phase_at > vigil_now() + 1) /* the phase of a new object may come earlier */
		arm_phase(x, 1);
	sender_pump(x->sender);
}

/* --- start and stop --------------------------------------------------------------------------- */

static int read_options(struct icinga *x)
{
	vigil_daemon *d = x->d;
	const char *host = vigil_option_text(d, "host");
	const char *queue = vigil_option_text(d, "queue");

	if (host != NULL)
		snprintf(x->host, sizeof(x->host), "%s", host);
	else if (gethostname(x->host, sizeof(x->host) - 1) < 0)
		return vigil_fail(d, "the host name of this machine is not known; set host");
	if (queue != NULL)
		snprintf(x->queue, sizeof(x->queue), "%s", queue);
	else
		snprintf(x->queue, sizeof(x->queue), LOCALSTATEDIR "/lib/vigil/%s.queue",
			vigil_name(d));
	x->submit = vigil_option_list(d, "submit");
	x->interval = vigil_option_seconds(d, "interval");
	x->names = (struct result_names){.host = x->host,
		.service = vigil_option_text(d, "service"),
		.ttl = vigil_option_given(d, "ttl") ? vigil_option_seconds(d, "ttl")
						    : 3 * x->interval};
	return 0;
}

/* Checks the name of the Host object.  It may be any text without the characters that Icinga
 * forbids. */
static int check_host(vigil_daemon *d)
{
	const char *host = vigil_option_text(d, "host");

	if (host != NULL && strpbrk(host, "!\"") != NULL)
		return vigil_diagnose(
			d, "host", "Icinga does not allow a \"!\" or a quote in a name");
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
				"digits and _ . @ -; separate elements with commas",
				*glob);
	return err;
}

/* Checks the directory of the queue.  The file is created if it is missing, its directory is
 * not. */
static int check_queue(vigil_daemon *d)
{
	const char *queue = vigil_option_text(d, "queue");
	char dir[PATH_MAX];

	if (queue == NULL)
		return 0;
	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(queue, '/') - queue) + 1, queue);
	if (access(dir, F_OK) < 0)
		return vigil_diagnose(d, "queue", "no such directory: %s", dir);
	return 0;
}

/* Reports all errors with vigil_diagnose, and then returns -EINVAL. */
static int check(vigil_daemon *d)
{
	int host = check_host(d), submit = check_submit(d), queue = check_queue(d);

	return api_client_check(d) == 0 && host == 0 && submit == 0 && queue == 0 ? 0 : -EINVAL;
}

static void let_go(struct icinga *x)
{
	sender_close(x->sender);
	objects_free(x->objects);
}

static int begin(struct icinga *x)
{
	vigil_daemon *d = x->d;
	int err = read_options(x);

	if (err != 0)
		return err;
	x->objects = objects_new(x->host, x->interval, vigil_now());
	if (x->objects == NULL)
		return -ENOMEM;
	x->sender = sender_open(&(struct sender_spec){.d = d,
		.queue = x->queue,
		.host = x->host,
		.objects = x->objects,
		.make = on_make,
		.arg = x});
	if (x->sender == NULL)
		return -EINVAL;
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
	err = begin(x);
	if (err != 0) {
		let_go(x);
		return err;
	}
	vigil_set_data(d, x);
	arm_phase(x, PHASES);
	sender_account(x->sender);
	return 0;
}

static void stop(vigil_daemon *d)
{
	struct icinga *x = vigil_data(d);

	if (x != NULL)
		let_go(x);
}

static const vigil_option options[] = {
	VIGIL_OPTION("url", VIGIL_TEXT, NULL, "the URL of the master's API, https://HOST:5665",
		.flags = VIGIL_REQUIRED),
	VIGIL_OPTION("tls_name", VIGIL_TEXT, NULL,
		"the name in the master's certificate, if it is not the host in url"),
	VIGIL_OPTION("ca", VIGIL_PATH, "/var/lib/icinga2/certs/ca.crt",
		"the file with the certificates of the trusted CA, in PEM format"),
	VIGIL_OPTION("user", VIGIL_TEXT, NULL, "the ApiUser"),
	VIGIL_OPTION(
		"password_file", VIGIL_PATH, NULL, "the file with the password of the ApiUser"),
	VIGIL_OPTION("certificate", VIGIL_PATH, NULL,
		"the file with a client certificate, instead of a user"),
	VIGIL_OPTION("key", VIGIL_PATH, NULL, "the file with the key of the client certificate"),
	VIGIL_OPTION("submit", VIGIL_LIST, "*", "the daemons whose results are sent, as globs"),
	VIGIL_OPTION("host", VIGIL_TEXT, NULL,
		"the name of the Host object; unset: the name of this machine"),
	VIGIL_OPTION("service", VIGIL_TEXT, "{daemon}",
		"the name of the Service objects; {daemon} is replaced by the daemon's name"),
	VIGIL_OPTION("interval", VIGIL_DURATION, "60s",
		"the time between two results of a daemon that has not changed", .min = 1,
		.max = 86400),
	VIGIL_OPTION("ttl", VIGIL_DURATION, NULL,
		"how long a result is valid; unset: three intervals", .min = 1, .max = 31536000),
	VIGIL_OPTION("timeout", VIGIL_DURATION, "10s", "how long a request may take", .min = 1,
		.max = 3600),
	VIGIL_OPTION("connections", VIGIL_INT, "4",
		"the maximum number of connections to the master", .min = 1, .max = 16),
	VIGIL_OPTION("backoff_max", VIGIL_DURATION, "60s",
		"the maximum delay before the next try; it begins with 1s and doubles", .min = 1,
		.max = 86400),
	VIGIL_OPTION("queue", VIGIL_PATH, NULL,
		"the file in which changes wait; unset: " LOCALSTATEDIR "/lib/vigil/NAME.queue"),
	VIGIL_OPTION("queue_max", VIGIL_SIZE, "16MiB",
		"the maximum size of the queue; beyond it the oldest changes are dropped",
		.min = 4096, .max = 1099511627776),
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "icinga", .summary = "sends passive check results to an Icinga 2 master",
	.options = options, .start = start, .stop = stop, .check = check);
