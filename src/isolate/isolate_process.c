/*
 * isolate_process: the process of an isolated daemon: its start, the watchdog, and its end.
 *
 * The process is killed when a callback does not return, when it does not answer, and when it sends
 * what it must not send.  Whatever the reason, the daemon fails when the process has ended, and the
 * host decides whether to start it again.
 */
#include "isolate/isolate_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/reason.h"
#include "base/text.h"
#include "daemon/daemon.h"
#include "isolate/isolate_module.h"
#include "isolate/isolate_query.h"
#include "loop/loop.h"
#include "persist/store.h"
#include "process/child.h"
#include "process/process.h"
#include "process/program.h"
#include "process/run_as.h"
#include "process/session_end.h"
#include "service/manager.h"
#include "state/state.h"

#define UNREAD_MAX    (64 * 1024 * 1024)   /* bytes that may wait for the process */
#define SHARE         (CLOCK_SECOND / 10)  /* of each second, for its messages */
#define SHARE_OF_ALL  (CLOCK_SECOND / 5)   /* for those of all processes */
#define SHARE_OF_EACH (CLOCK_SECOND / 100) /* of which each may use so much in any case */
#define LINES_MAX     600                  /* in a minute */
#define WATCH_MIN     (100 * CLOCK_MS)
#define WATCH_MAX     (5 * CLOCK_SECOND)
#define PRINTED_MAX   160
#define DEFAULT_LIMIT (30 * CLOCK_SECOND)

/* --- sending ---------------------------------------------------------------------------------- */

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct isolated *p = arg;

	if (isolate_link_write(&p->link) == -EAGAIN)
		event_add(p->writable, NULL);
	/* After another error the process is ending, and its exit follows. */
}

void isolate_send(struct isolated *p, json_t *message)
{
	if (p->link.fd < 0 || p->killed != NULL) {
		json_decref(message);
		return;
	}
	isolate_link_add(&p->link, message);
	if (isolate_link_waiting(&p->link) > UNREAD_MAX)
		isolate_kill(p, "it does not read what vigild sends to it");
	/* The messages of one turn of the loop are written at once. */
	else if (p->writable != NULL)
		event_active(p->writable, EV_WRITE, 0);
}

void isolate_kill(struct isolated *p, const char *format, ...)
{
	va_list ap;

	if (p->killed == NULL) {
		va_start(ap, format);
		daemon_keep_text(&p->killed, format, ap);
		va_end(ap);
	}
	if (p->child != NULL)
		spawn_kill(child_pid(p->child), SIGKILL);
}

/* --- receiving -------------------------------------------------------------------------------- */

bool isolate_may_write(struct isolated *p)
{
	uint64_t minute = clock_now() / (60 * CLOCK_SECOND);

	if (minute != p->minute) {
		if (p->dropped > 0)
			log_write(LEVEL_WARN, p->name,
				"%u lines of its process were dropped, because it wrote more than "
				"%d in a minute",
				p->dropped, LINES_MAX);
		p->minute = minute;
		p->lines = p->dropped = 0;
	}
	if (p->lines < LINES_MAX) {
		p->lines++;
		return true;
	}
	p->dropped++;
	return false;
}

int isolate_take(struct isolated *p, isolate_message_fn *apply)
{
	int n = p->more ? 1 : isolate_link_read(&p->link), err;
	json_t *message;

	if (n <= 0)
		return n;
	p->heard = clock_now();
	p->more = false;
	while (!p->more && (message = isolate_link_next(&p->link, &err)) != NULL) {
		if (!apply(p, message))
			err = -EPROTO;
		json_decref(message);
		if (err != 0)
			break;
		p->more = clock_now() - p->heard > SHARE;
	}
	return err != 0 ? err : n;
}

void isolate_take_rest(struct isolated *p, isolate_message_fn *apply)
{
	uint64_t until = clock_now() + CLOCK_SECOND;

	while (clock_now() < until && isolate_take(p, apply) > 0)
		;
}

/* Returns what has been spent in the present second, with the time since began. */
static uint64_t spend(uint64_t *second, uint64_t spent, uint64_t began, uint64_t now)
{
	if (now / CLOCK_SECOND != *second)
		spent = 0;
	*second = now / CLOCK_SECOND;
	return spent + (now - began);
}

/* A process that keeps vigild busy is not read for the rest of the second. */
static void account(struct isolated *p, uint64_t began)
{
	struct isolate *all = p->isolate;
	uint64_t now = clock_now();

	p->spent = spend(&p->second, p->spent, began, now);
	all->spent = spend(&all->second, all->spent, began, now);
	if (p->spent < SHARE_OF_EACH || (p->spent < SHARE && all->spent < SHARE_OF_ALL))
		return;
	event_del(p->readable);
	p->slowed = true;
	loop_timer_rearm(p->watchdog, (p->second + 1) * CLOCK_SECOND - now);
	if (!p->slow_told)
		log_write(LEVEL_WARN, p->name,
			"its process sends more than vigild can handle in the part of its time "
			"that "
			"it has for that");
	p->slow_told = true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct isolated *p = arg;
	uint64_t began = clock_now();
	int n = isolate_take(p, isolate_apply);

	if (n == -EPROTO) {
		isolate_kill(p, "it sent what is not a valid message");
	} else if (n == 0 || (n < 0 && n != -EAGAIN)) {
		/* It is ending, or it has only closed the socket. */
		event_del(p->readable);
		p->closed = true;
		loop_timer_rearm(p->watchdog, CLOCK_SECOND);
		return;
	}
	account(p, began);
}

/* --- the watchdog ----------------------------------------------------------------------------- */

static uint64_t watch_interval(const struct isolated *p)
{
	uint64_t interval = p->timeout / 4;

	return interval < WATCH_MIN ? WATCH_MIN : interval > WATCH_MAX ? WATCH_MAX : interval;
}

static void check_callback(struct isolated *p, uint64_t now)
{
	uint64_t entered = p->ends.page->entered;
	char callback[4 * ISOLATE_CALLBACK];

	if (entered != 0 && entered < now && now - entered > p->timeout)
		isolate_kill(p, "its callback %s did not return within %.3g s",
			isolate_page_callback(p->ends.page, callback, sizeof(callback)),
			clock_to_seconds(p->timeout));
}

static void check_answer(struct isolated *p, uint64_t now)
{
	uint64_t silent = now - p->heard;

	if (p->pinged != 0 && now - p->pinged > p->timeout + WATCH_MAX) {
		isolate_kill(p, "it did not answer for %.3g s", clock_to_seconds(silent));
	} else if (silent > p->timeout / 2 && p->pinged == 0) {
		p->pinged = now;
		isolate_send(p, json_pack("[s]", "ping"));
	}
}

static void on_watchdog(uint64_t missed, void *arg)
{
	struct isolated *p = arg;
	uint64_t now = clock_now();

	loop_timer_rearm(p->watchdog, watch_interval(p));
	if (p->child == NULL)
		return; /* it waits for the end of an earlier process */
	p->ends.page->level = (int32_t)log_level();
	if (p->slowed && now / CLOCK_SECOND != p->second) {
		p->slowed = false;
		event_add(p->readable, NULL);
		if (p->more)
			event_active(p->readable, EV_READ, 0);
	}
	if (isolate_keeps_slot(p, now))
		isolate_kill(p, "it keeps a slot for a program, and runs no program");
	if (p->closed)
		isolate_kill(p, "it closed its connection to vigild");
	check_callback(p, now);
	check_answer(p, now);
}

void isolate_watch(struct isolated *p)
{
	const struct option_set *options = p->resource.daemon->host_options;
	const struct option_value *timeout = isolate_option(options, "isolate_timeout");

	p->timeout = timeout != NULL ? clock_from_seconds(timeout->number) : DEFAULT_LIMIT;
	p->memory = isolate_memory_of(options);
	p->watchdog = loop_once(p->isolate->loop, on_watchdog, p);
	loop_timer_rearm(p->watchdog, watch_interval(p));
}

/* --- its end ---------------------------------------------------------------------------------- */

/* Kills the programs that it has started.  They were its children when it reported them; the time
 * of their start tells them from other processes with the same number. */
static void end_children(struct isolated *p)
{
	struct process process;
	const char *text;
	json_t *ticks;

	json_object_foreach(p->children, text, ticks) {
		pid_t pid = (pid_t)atol(text);

		if (process_read(pid, &process) != 0 ||
			process.ticks != (uint64_t)json_integer_value(ticks))
			continue;
		spawn_kill(pid, SIGKILL);
		session_end(p->isolate->loop, pid, p->name, "", UINT64_MAX);
	}
	json_object_clear(p->children);
}

void isolate_close_link(struct isolated *p)
{
	if (p->readable != NULL)
		event_free(p->readable);
	if (p->writable != NULL)
		event_free(p->writable);
	p->readable = p->writable = NULL;
	isolate_link_close(&p->link);
}

void isolate_destroy(struct isolated *p)
{
	LIST_REMOVE(p, among);
	isolate_forget_services(p);
	isolate_forget_slots(p);
	state_unwatch(p->paused);
	loop_timer_free(p->watchdog);
	end_children(p);
	child_free(p->child);
	isolate_close_link(p);
	isolate_ends_close(&p->ends);
	option_set_unref(p->taken);
	option_set_unref(p->offered);
	json_decref(p->kept);
	json_decref(p->children);
	json_decref(p->verbs);
	free(p->killed);
	free(p->failed);
	free(p->printed);
	free(p->name);
	free(p);
}

/* Writes why the process has ended.  Returns whether that is a crash. */
static bool describe(const struct isolated *p, int status, char *text, size_t size)
{
	char how[256];

	if (p->failed != NULL)
		snprintf(text, size, "%s", p->failed);
	else if (p->killed != NULL)
		snprintf(text, size, "its process was killed: %s", p->killed);
	else
		snprintf(text, size, "its process %s%s%s%s",
			isolate_describe_end(how, sizeof(how), status, p->ends.page, p->memory),
			p->printed != NULL ? "; it printed \"" : "",
			p->printed != NULL ? p->printed : "", p->printed != NULL ? "\"" : "");
	return p->failed == NULL;
}

static void end_verbs(struct isolated *p, const char *why)
{
	const char *verb;
	json_t *value;

	json_object_foreach(p->verbs, verb, value) {
		if (!json_is_true(value))
			continue;
		if (daemon_has_verb(p->resource.daemon, verb))
			vigil_verb_done(p->resource.daemon, verb, -EIO, why);
		else
			vigil_call_done(p->resource.daemon, verb, -EIO, json_string(why));
	}
}

/* Ends the daemon, which frees p, and reports that to the host. */
static void report_end(struct isolated *p, bool crashed, const char *why)
{
	double lived = p->launched != 0 ? clock_to_seconds(clock_now() - p->launched) : 0;
	struct vigil_daemon *d = p->resource.daemon;
	struct isolate *isolate = p->isolate;

	end_verbs(p, why);
	daemon_end(d, "%s", why);
	isolate->ended(d, crashed, lived, isolate->arg);
}

static void on_exit_of(struct child *child, const vigil_child_exit *e, void *arg)
{
	struct isolated *p = arg;
	char why[DAEMON_TEXT];
	bool crashed;

	isolate_take_rest(p, isolate_apply); /* what it has sent before its end */
	crashed = describe(p, e->status, why, sizeof(why));
	child_free(p->child);
	p->child = NULL;
	report_end(p, crashed, why);
}

static void on_line(struct child *child, const char *line, size_t length, void *arg)
{
	struct isolated *p = arg;
	char clean[PRINTED_MAX];

	if (length == 0)
		return;
	text_escape(clean, sizeof(clean), line, length);
	free(p->printed);
	p->printed = memory_text(clean);
	if (isolate_may_write(p))
		log_write(LEVEL_NOTICE, p->name, "printed: %s", clean);
}

/* --- its start -------------------------------------------------------------------------------- */

static json_t *start_message(const struct isolated *p)
{
	const struct vigil_daemon *d = p->resource.daemon;
	json_t *kept = json_object_get(store_section(p->isolate->store, "kept"), p->name);

	return json_pack("[s,{s:s,s:s,s:s,s:o,s:f,s:O*,s:s,s:b,s:i}]", "start", "dir",
		isolate_module_dir(d->descriptor), "module", d->module, "daemon", p->name,
		"options", isolate_module_options(d->options), "memory", p->memory, "kept", kept,
		"managers", manager_names(), "paused", d->paused, "level", (int)log_level());
}

static int start_program(struct isolated *p, const char *user)
{
	char *program = program_path(PKGLIBDIR, ISOLATE_PROGRAM);
	const char *argv[] = {program, p->resource.daemon->module, p->name, NULL};
	struct child_spec spec = {.spawn = {.argv = argv,
					  .program = program,
					  .merge_stderr = true,
					  .socket = p->ends.theirs,
					  .page = p->ends.page_fd},
		.output_max = 4096,
		.on_line = on_line,
		.on_exit = on_exit_of,
		.end_session = true,
		.owner = p->name,
		.arg = p};
	struct run_as *as = NULL;
	char text[DAEMON_TEXT];
	const struct reason why = {text, sizeof(text)};
	int err = isolate_query_user(user, &as, &why);

	spec.user = as;
	if (err == 0) {
		err = child_start(p->isolate->loop, &spec, &p->child);
		if (err != 0)
			reason_set(&why, err, "%s cannot be started: %s", program, strerror(-err));
	}
	run_as_free(as);
	free(program);
	return err == 0 ? 0 : daemon_refuse(p->resource.daemon, -err, "%s", text);
}

int isolate_launch(struct isolated *p)
{
	struct event_base *base = loop_base(p->isolate->loop);
	int err = isolate_ends_open(&p->ends);

	if (err != 0)
		return daemon_refuse(
			p->resource.daemon, -err, "no process can be started: %s", strerror(-err));
	isolate_link_open(&p->link, p->ends.ours);
	p->ends.page->level = (int32_t)log_level();
	p->launched = p->heard = clock_now();
	err = start_program(p, isolate_user_of(p->resource.daemon->host_options));
	if (err != 0)
		return err;
	isolate_ends_started(&p->ends);
	p->readable = event_new(base, p->link.fd, EV_READ | EV_PERSIST, on_readable, p);
	p->writable = event_new(base, p->link.fd, EV_WRITE, on_writable, p);
	event_add(p->readable, NULL);
	isolate_send(p, start_message(p));
	return 0;
}

void isolate_launch_waiting(struct isolate *isolate, const char *name)
{
	struct isolated *p;

	LIST_FOREACH(p, &isolate->live, among)
		if (p->launched == 0 && strcmp(p->name, name) == 0)
			break;
	if (p == NULL || isolate_launch(p) == 0)
		return;
	report_end(p, true, "its process could not be started");
}
