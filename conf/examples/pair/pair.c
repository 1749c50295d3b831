/*
 * pair: two services of which exactly one runs, the active one.
 *
 * If the active service goes down, the daemon starts the other one, which is then the active one.
 * If both run, it stops the one that is not active.  `vigilctl call NAME switch` makes the other
 * one active.
 *
 * The daemon starts a service only if it knows that the other one is down.  A service manager that
 * does not answer is no reason to start anything.
 */
#include <errno.h>
#include <string.h>

#include <vigil/vigil.h>

struct side {
	vigil_service *service;
	const char *name;
	vigil_service_status status;
};

struct pair {
	vigil_daemon *d;
	struct side sides[2];
	int active;       /* 0 or 1 */
	bool was_running; /* the active service was running since it became active */
	int unanswered;   /* queries of the present check */
	bool acting;      /* a start or a stop is in progress */
	bool switching;   /* it belongs to the verb switch */
};

static void set_active(struct pair *p, int active)
{
	p->active = active;
	p->was_running = false;
	vigil_state_set(p->d, "active", json_string(p->sides[active].name));
}

static void set_status(struct pair *p, struct side *side, vigil_service_status status)
{
	side->status = status;
	vigil_state_set(p->d, side == &p->sides[0] ? "first" : "second",
		json_pack("{ss ss}", "service", side->name, "status",
			vigil_service_status_name(status)));
}

/* --- starts and stops ------------------------------------------------------------------------- */

/* Answers the verb, if the start or the stop belongs to it. */
static void end_switch(struct pair *p, int error, const char *text)
{
	if (p->switching)
		vigil_call_done(p->d, "switch", error, json_string(text));
	p->switching = false;
}

static void on_started(vigil_service *service, const vigil_service_reply *r, void *arg)
{
	struct pair *p = arg;

	(void)service;
	p->acting = false;
	set_status(p, &p->sides[p->active], r->status);
	if (r->error == 0) {
		vigil_event(p->d, "%s was started and is active", r->name);
	} else {
		vigil_event(p->d, "%s cannot be started: %s", r->name, r->text);
		set_active(p, 1 - p->active); /* the next check starts the other one */
	}
	end_switch(p, r->error, r->error != 0 ? r->text : "the other service is active now");
}

static void start_active(struct pair *p)
{
	int error = vigil_service_start(p->sides[p->active].service, on_started, p);

	p->acting = error == 0;
	if (error != 0)
		end_switch(p, error, "the start cannot be requested");
}

static void on_stopped(vigil_service *service, const vigil_service_reply *r, void *arg)
{
	struct pair *p = arg;

	(void)service;
	p->acting = false;
	if (r->error == 0)
		vigil_event(p->d, "%s was stopped", r->name);
	else
		vigil_error(p->d, "%s cannot be stopped: %s", r->name, r->text);
	if (!p->switching)
		return;
	if (r->error != 0) {
		end_switch(p, r->error, r->text);
		return;
	}
	set_active(p, 1 - p->active);
	start_active(p);
}

static int stop_service(struct pair *p, int side)
{
	int error = vigil_service_stop(p->sides[side].service, on_stopped, p);

	p->acting = error == 0;
	return error;
}

/* `vigilctl call NAME switch [SERVICE]`.  After VIGIL_VERB_STARTED, vigilctl waits for
 * vigil_call_done. */
static int on_switch(vigil_daemon *d, const char *const *arguments, json_t **answer, void *arg)
{
	struct pair *p = arg;
	int error;

	(void)d;
	if (arguments[0] != NULL && strcmp(arguments[0], p->sides[p->active].name) == 0) {
		*answer = json_string("this service is active already");
		return 0;
	}
	if (arguments[0] != NULL && strcmp(arguments[0], p->sides[1 - p->active].name) != 0) {
		*answer = json_string("this service does not belong to the pair");
		return -EINVAL;
	}
	if (p->acting)
		return -EALREADY;
	error = stop_service(p, p->active);
	p->switching = error == 0;
	return error == 0 ? VIGIL_VERB_STARTED : error;
}

/* --- checks ----------------------------------------------------------------------------------- */

static bool runs(const struct side *side)
{
	return side->status == VIGIL_SERVICE_RUNNING;
}

/* The service neither runs nor is down: it is starting, its manager does not answer, and so on. */
static bool is_undecided(const struct side *side)
{
	return !runs(side) && !vigil_service_is_down(side->status);
}

static void report_undecided(struct pair *p, const struct side *side)
{
	bool unknown =
		side->status == VIGIL_SERVICE_UNKNOWN || side->status == VIGIL_SERVICE_ABSENT;

	vigil_health(p->d, unknown ? VIGIL_UNKNOWN : VIGIL_WARNING, "%s is %s", side->name,
		vigil_service_status_name(side->status));
}

/* Both services are down.  If the active one has run before, the other one takes over. */
static void recover(struct pair *p)
{
	vigil_health(
		p->d, VIGIL_CRITICAL, "neither %s nor %s runs", p->sides[0].name, p->sides[1].name);
	if (vigil_paused(p->d))
		return;
	if (p->was_running)
		set_active(p, 1 - p->active);
	start_active(p);
}

static void decide(struct pair *p)
{
	struct side *active, *standby;

	if (!runs(&p->sides[p->active]) && runs(&p->sides[1 - p->active]))
		set_active(p, 1 - p->active); /* an admin, or the machine, has started it */
	active = &p->sides[p->active];
	standby = &p->sides[1 - p->active];
	if (is_undecided(active) || is_undecided(standby)) {
		report_undecided(p, is_undecided(active) ? active : standby);
	} else if (runs(active) && runs(standby)) {
		vigil_health(p->d, VIGIL_CRITICAL, "%s and %s run", active->name, standby->name);
		if (!vigil_paused(p->d))
			stop_service(p, 1 - p->active);
	} else if (runs(active)) {
		p->was_running = true;
		vigil_health(p->d, VIGIL_OK, "%s runs, %s stands by", active->name, standby->name);
	} else {
		recover(p);
	}
}

static void on_status(vigil_service *service, const vigil_service_reply *r, void *arg)
{
	struct pair *p = arg;

	set_status(p, &p->sides[service != p->sides[0].service], r->status);
	/* During a start or a stop the result may be out of date. */
	if (--p->unanswered == 0 && !p->acting)
		decide(p);
}

static void check(vigil_daemon *d, void *arg)
{
	struct pair *p = arg;

	(void)d;
	if (p->unanswered > 0 || p->acting)
		return;
	for (int i = 0; i < 2; i++)
		if (vigil_service_query(p->sides[i].service, on_status, p) == 0)
			p->unanswered++;
		else
			p->sides[i].status = VIGIL_SERVICE_UNKNOWN;
}

/* --- the module ------------------------------------------------------------------------------- */

static int check_options(vigil_daemon *d)
{
	if (strcmp(vigil_option_text(d, "first"), vigil_option_text(d, "second")) == 0)
		return vigil_diagnose(d, "second", "is the same service as first");
	return 0;
}

static void open_side(vigil_daemon *d, struct side *side, const char *option)
{
	side->name = vigil_option_text(d, option);
	side->status = VIGIL_SERVICE_UNKNOWN;
	side->service =
		vigil_service_open(d, &(vigil_service_spec){.size = sizeof(vigil_service_spec),
					      .name = side->name,
					      .manager = vigil_option_text(d, "manager"),
					      .init_dir = vigil_option_text(d, "init_dir")});
}

static int start(vigil_daemon *d)
{
	struct pair *p = vigil_alloc(d, sizeof *p);
	const char *active;

	p->d = d;
	open_side(d, &p->sides[0], "first");
	open_side(d, &p->sides[1], "second");
	/* The state contains the value that was stored before vigild was restarted, if any. */
	vigil_persist(d, "active");
	active = json_string_value(vigil_state_get(d, "active"));
	set_active(p, active != NULL && strcmp(active, p->sides[1].name) == 0);
	vigil_on_call(d, "switch", "[SERVICE]: makes the other service active", on_switch, p);
	/* If one of these calls has failed, vigild marks the daemon failed. */
	return vigil_every(d, vigil_option_seconds(d, "interval"), check, p);
}

static const vigil_option options[] = {
	VIGIL_OPTION("first", VIGIL_NAME, NULL, "the service that is started first",
		.flags = VIGIL_REQUIRED),
	VIGIL_OPTION("second", VIGIL_NAME, NULL, "the other service", .flags = VIGIL_REQUIRED),
	VIGIL_OPTION("interval", VIGIL_DURATION, "5s", "the time between two checks", .min = 0.1,
		.max = 86400),
	VIGIL_OPTION("manager", VIGIL_TEXT, "auto", "the service manager"),
	VIGIL_OPTION("init_dir", VIGIL_PATH, NULL, "the directory of the init scripts"),
	VIGIL_OPTION_END};

VIGIL_MODULE(.name = "pair", .summary = "keeps exactly one of two services running",
	.options = options, .start = start, .check = check_options);
