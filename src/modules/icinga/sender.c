/*
 * sender: decides which result is sent to the master next; see sender.h.
 */
#include "sender.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api_client.h"
#include "backlog.h"
#include "phase.h"
#include "spool.h"
#include "verdict.h"

#define PATH         "/v1/actions/process-check-result"
#define REQUESTS_MAX 16

#define SOON  0.2 /* seconds; figures that change within this time are written together */
#define LATER 1.0 /* seconds between two updates of the figures while results wait */

/* A request in flight: a change, which has an entry in the spool, or a repetition. */
struct request {
	char *service; /* NULL: unused */
	struct spool_entry *entry;
	char *name; /* of the object of a repetition */
	bool changed;
	double since;
};

struct sender {
	struct sender_spec spec;
	vigil_daemon *d;
	struct objects *objects;
	struct spool *spool;
	struct api_client *link;
	struct request requests[REQUESTS_MAX];
	struct backlog backlog;

	double backoff_max;
	unsigned failures;
	bool waiting;    /* a timer will try again */
	bool accounting; /* a timer will write the figures */
	char tried[256]; /* which addresses failed, as it was logged last */
};

/* --- figures ---------------------------------------------------------------------------------- */

/* What was parsed from a line of the spool. */
struct parsed {
	double time;
	char service[];
};

static const struct parsed *parse(struct spool_entry *entry)
{
	json_t *result;
	const char *service;
	struct parsed *parsed;

	if (entry->data != NULL)
		return entry->data;
	result = json_loads(entry->line, 0, NULL);
	service = json_string_value(json_object_get(result, "service"));
	parsed = service != NULL ? calloc(1, sizeof(*parsed) + strlen(service) + 1) : NULL;
	if (parsed != NULL) {
		strcpy(parsed->service, service);
		parsed->time = json_number_value(json_object_get(result, "execution_end"));
	}
	json_decref(result);
	return entry->data = parsed;
}

static double wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Returns for how many seconds the oldest result has waited. */
static double oldest_age(struct sender *s)
{
	struct spool_entry *entry = spool_oldest(s->spool);
	const struct parsed *parsed = entry != NULL ? parse(entry) : NULL;
	const struct object *due = objects_first_due(s->objects);
	double age = 0;

	if (parsed != NULL)
		age = wall_clock() - parsed->time;
	if (due != NULL)
		age = fmax(age, vigil_now() - due->due_since);
	return fmax(age, 0);
}

void sender_account(struct sender *s)
{
	if (s->backlog.store_error != 0)
		backlog_probed(&s->backlog, spool_probe(s->spool));
	backlog_account(&s->backlog, &(struct backlog_figures){
					     .changes = spool_waiting(s->spool),
					     .repetitions = objects_due(s->objects),
					     .replaced = objects_replaced(s->objects),
					     .dropped = spool_dropped(s->spool),
					     .oldest = oldest_age(s),
					     .address = api_client_address(s->link),
					     .fault = api_client_fault(s->link),
				     });
}

static void on_account(vigil_daemon *d, void *arg)
{
	struct sender *s = arg;

	s->accounting = false;
	sender_account(s);
	if (spool_waiting(s->spool) + objects_due(s->objects) > 0 || s->backlog.store_error != 0)
		s->accounting = vigil_after(d, LATER, on_account, s) == 0;
}

static void account_soon(struct sender *s)
{
	if (!s->accounting)
		s->accounting = vigil_after(s->d, SOON, on_account, s) == 0;
}

/* --- the next request ------------------------------------------------------------------------- */

static bool in_flight(const struct sender *s, const char *service)
{
	for (size_t i = 0; i < REQUESTS_MAX; i++)
		if (s->requests[i].service != NULL && strcmp(s->requests[i].service, service) == 0)
			return true;
	return false;
}

static struct request *unused_request(struct sender *s)
{
	for (size_t i = 0; i < REQUESTS_MAX; i++)
		if (s->requests[i].service == NULL)
			return &s->requests[i];
	return NULL;
}

static void request_clear(struct request *r)
{
	free(r->service);
	free(r->name);
	*r = (struct request){0};
}

/* Fills the request in with the first change of an object that has no result in flight.  Returns
 * its text, borrowed from the spool; NULL: there is none. */
static const char *next_change(struct sender *s, struct request *r)
{
	struct spool_entry *entry = spool_next(s->spool, NULL);
	const struct parsed *parsed;

	while (entry != NULL) {
		parsed = parse(entry);
		if (parsed == NULL) { /* it is not a result: the file was changed by others */
			spool_take(s->spool, entry);
			spool_done(s->spool, entry);
			entry = spool_next(s->spool, NULL);
			continue;
		}
		if (!in_flight(s, parsed->service))
			break;
		entry = spool_next(s->spool, entry);
	}
	if (entry == NULL)
		return NULL;
	r->service = strdup(parsed->service);
	if (r->service == NULL)
		return NULL;
	r->entry = entry;
	spool_take(s->spool, entry);
	return entry->line;
}

/* Fills the request in and returns its text, which the caller frees; NULL: the object has a result
 * in flight, or out of memory. */
static char *repeat(
	struct sender *s, struct object *object, const json_t *result, struct request *r)
{
	const char *service = json_string_value(json_object_get(result, "service"));
	char *text;

	if (in_flight(s, service))
		return NULL;
	text = json_dumps(result, JSON_COMPACT);
	r->service = strdup(service);
	r->name = strdup(object->name);
	if (text == NULL || r->service == NULL || r->name == NULL) {
		request_clear(r);
		free(text);
		return NULL;
	}
	r->since = object->due_since;
	r->changed = object->changed;
	object->changed = false;
	object->told = vigil_now();
	objects_unwant(s->objects, object);
	return text;
}

/* Fills the request in with the present result of the first object that is due and has no result in
 * flight.  Returns its text, which the caller frees; NULL: there is none. */
static char *next_repetition(struct sender *s, struct request *r)
{
	struct object *object = objects_first_due(s->objects), *next;
	char *text = NULL;

	for (; object != NULL && text == NULL; object = next) {
		json_t *result = s->spec.make(object, s->spec.arg);

		next = objects_next_due(object);
		if (result != NULL)
			text = repeat(s, object, result, r);
		else
			objects_unwant(s->objects, object);
		json_decref(result);
	}
	return text;
}

static size_t changes_in_flight(const struct sender *s)
{
	size_t count = 0;

	for (size_t i = 0; i < REQUESTS_MAX; i++)
		count += s->requests[i].entry != NULL;
	return count;
}

/* Posts the next result.  Returns false if there is none or it cannot be posted. */
static bool post_next(struct sender *s)
{
	struct request *r = unused_request(s);
	char *made = NULL;
	const char *text;
	int err;

	if (r == NULL)
		return false;
	text = next_change(s, r);
	if (text == NULL && spool_waiting(s->spool) == changes_in_flight(s))
		text = made = next_repetition(s, r);
	if (text == NULL)
		return false;
	err = api_client_post(s->link, PATH, text, r);
	free(made);
	if (err == 0)
		return true;
	vigil_error(s->d, "a result cannot be sent: %s", strerror(-err));
	if (r->entry != NULL)
		spool_again(s->spool, r->entry);
	request_clear(r);
	return false;
}

void sender_pump(struct sender *s)
{
	while (!s->waiting && api_client_is_free(s->link) && post_next(s))
		;
	account_soon(s);
}

void sender_put_change(struct sender *s, struct object *object, const json_t *result)
{
	char *line = json_dumps(result, JSON_COMPACT);
	int err = line != NULL ? spool_put(s->spool, line) : -ENOMEM;

	free(line);
	backlog_stored(&s->backlog, err);
	object->changed = err != 0;
	if (err != 0) {
		objects_want(s->objects, object, vigil_now());
		return;
	}
	object->told = vigil_now();
	objects_unwant(s->objects, object);
}

/* --- replies ---------------------------------------------------------------------------------- */

static void on_again(vigil_daemon *d, void *arg)
{
	struct sender *s = arg;

	s->waiting = false;
	sender_pump(s);
}

/* Makes the result of a request that was not answered wait again. */
static void put_back(struct sender *s, struct request *r)
{
	struct object *object = r->name != NULL ? objects_find(s->objects, r->name) : NULL;

	if (r->entry != NULL)
		spool_again(s->spool, r->entry);
	else if (object != NULL)
		objects_want_again(s->objects, object, r->since);
	if (object != NULL)
		object->changed |= r->changed;
	request_clear(r);
}

/* Stops sending for a while, because the master does not answer or accepts nothing.  Requests that
 * were in flight at the same time fail together, and count as one failure. */
static void retreat(struct sender *s, const char *why)
{
	double delay = phase_retry(s->spec.host, s->failures, s->backoff_max);

	if (s->waiting)
		return;
	if (s->failures++ == 0) {
		vigil_error(s->d, "%s; results wait in %s", why, s->spec.queue);
		vigil_event(s->d, "%s", why);
	} else if (strcmp(why, s->backlog.away) != 0) {
		vigil_log(s->d, VIGIL_WARN, "%s; results wait", why);
	}
	s->waiting = vigil_after(s->d, delay, on_again, s) == 0;
	backlog_away(&s->backlog, why);
	sender_account(s);
}

/* Logs that one of several addresses failed, unless the last such message was the same. */
static void try_next(struct sender *s, const char *why)
{
	if (why[0] == '\0' || strcmp(why, s->tried) == 0)
		return;
	snprintf(s->tried, sizeof(s->tried), "%s", why);
	vigil_log(s->d, VIGIL_INFO, "no answer: %s; trying again at once", why);
}

/* After an outage, the repetitions of OK wait for their phases, because the master is busy with the
 * connections and the changes of all its hosts. */
static void recover(struct sender *s)
{
	if (s->failures > 0) {
		objects_postpone(s->objects);
		vigil_log(s->d, VIGIL_NOTICE, "the master takes results again at %s; %zu wait",
			api_client_address(s->link),
			spool_waiting(s->spool) + objects_due(s->objects));
		vigil_event(
			s->d, "the master takes results again at %s", api_client_address(s->link));
	}
	s->failures = 0;
	backlog_away(&s->backlog, NULL);
}

/* Frees a request that was answered, and its entry in the spool. */
static void settle(struct sender *s, struct request *r)
{
	if (r->entry != NULL)
		spool_done(s->spool, r->entry);
	request_clear(r);
	recover(s);
}

static void on_status(struct sender *s, const struct api_answer *answer, struct request *r)
{
	char text[VERDICT_TEXT], why[700];
	int code;
	enum verdict verdict =
		verdict_read(answer->status, answer->text, answer->length, &code, text);

	if (verdict == VERDICT_TAKEN) {
		backlog_sent(&s->backlog, r->service);
		settle(s, r);
	} else if (verdict == VERDICT_REFUSED) {
		backlog_refused(&s->backlog, r->service, r->entry == NULL, code, text);
		settle(s, r);
	} else {
		snprintf(why, sizeof(why), "%s: %s", api_client_address(s->link), text);
		put_back(s, r);
		if (api_client_reject(s->link, text))
			try_next(s, why);
		else
			retreat(s, why);
	}
}

static void on_answer(const struct api_answer *answer, void *request, void *arg)
{
	struct sender *s = arg;
	char why[512];

	if (answer->outcome == API_ANSWERED) {
		on_status(s, answer, request);
	} else {
		put_back(s, request);
		if (answer->outcome == API_RETRY) {
			try_next(s, answer->text);
		} else {
			snprintf(why, sizeof(why), "%s: %s", vigil_option_text(s->d, "url"),
				answer->text);
			retreat(s, why);
		}
	}
	sender_pump(s);
}

/* --- opening and closing ---------------------------------------------------------------------- */

void sender_forget(struct sender *s, const char *service)
{
	backlog_forget(&s->backlog, service);
	account_soon(s);
}

void sender_reload(struct sender *s)
{
	api_client_reload(s->link);
}

struct sender *sender_open(const struct sender_spec *spec)
{
	vigil_daemon *d = spec->d;
	struct sender *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->spec = *spec;
	s->d = d;
	s->objects = spec->objects;
	s->backoff_max = vigil_option_seconds(d, "backoff_max");
	backlog_init(&s->backlog, d, spec->queue);
	s->link = api_client_open(d, on_answer, s);
	if (s->link != NULL)
		s->spool = spool_open(spec->queue, vigil_option_int(d, "queue_max"));
	if (s->spool != NULL)
		return s;
	if (s->link != NULL)
		vigil_fail(d, "queue: %s: %s", spec->queue, strerror(errno));
	sender_close(s);
	return NULL;
}

void sender_close(struct sender *s)
{
	if (s == NULL)
		return;
	vigil_cancel(s->d, on_again, s);
	vigil_cancel(s->d, on_account, s);
	if (s->link != NULL)
		api_client_close(s->link);
	spool_close(s->spool);
	for (size_t i = 0; i < REQUESTS_MAX; i++)
		request_clear(&s->requests[i]);
	backlog_clear(&s->backlog);
	free(s);
}
