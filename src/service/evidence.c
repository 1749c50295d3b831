/*
 * evidence: derives the status of a service from what several sources say about it.
 *
 * The rules, in the order of their priority:
 *
 * 1. If vigild lacked the resources to check the service, the status is unknown.
 * 2. A transition (starting, stopping, reloading) is taken from the manager. If the service is
 *    found down while somebody runs its script, the argument of the script decides between
 *    starting and stopping.
 * 3. A process that is known to be dead outranks a manager that says "running". The manager may
 *    repeat a record, its check may be wrong (most scripts take a zombie for a running process),
 *    or it may watch another process. If vigild saw somebody stop the service, that was no
 *    crash.
 * 4. An exit that vigild saw, and a control group that became empty, outrank a "running" if no
 *    living process confirms it. If the manager only recorded a start and the pidfile does not
 *    exist, the status is unknown.
 * 5. If the manager says "down" and a process of the service is alive, the two contradict each
 *    other. The status is unknown, and vigild does not restart the service.
 * 6. If a check finds a service down and its pidfile is stale, the service has crashed, unless
 *    vigild saw somebody stop it. This does not apply to a manager that watches the process or
 *    that records that it stopped the process, because its report is more reliable than the
 *    pidfile.
 *
 * Only "stopped" and "failed" justify a restart. A service that is held is not restarted. An
 * idle service is restarted only if it has failed.
 */
#include "service/evidence.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void conclude(struct verdict *verdict, vigil_service_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void conclude(struct verdict *verdict, vigil_service_status status, const char *format, ...)
{
	va_list ap;

	verdict->status = status;
	va_start(ap, format);
	vsnprintf(verdict->text, sizeof(verdict->text), format, ap);
	va_end(ap);
}

/* The text of the manager's report is a sufficient reason. */
static void believe(const struct evidence *e, struct verdict *verdict, vigil_service_status status)
{
	conclude(verdict, status, "%s", e->said);
}

static void contradict(const struct evidence *e, struct verdict *verdict)
{
	conclude(verdict, VIGIL_SERVICE_UNKNOWN,
		"%s says %s%s%s, but process %d, which %s names, is alive", e->witness,
		e->word == WORD_FAILED ? "failed" : "stopped", e->said[0] != '\0' ? ": " : "",
		e->said, (int)e->pid, e->named_by);
}

/* --- a process runs its script ---------------------------------------------------------------- */

/* Whether the running script is about to stop the service: its argument is "stop" or
 * "force-stop". */
static bool is_stopping(const struct evidence *e)
{
	return strstr(e->runner_verb, "stop") != NULL;
}

/* Derives the status from a process that runs the script, or from the error of the search for
 * one. Returns false if there is no such process. */
static bool evaluate_runner(const struct evidence *e, struct verdict *verdict)
{
	if (e->runner_error != 0) {
		conclude(verdict, VIGIL_SERVICE_UNKNOWN,
			"it is down, and /proc does not show whether its script is running: %s",
			strerror(-e->runner_error));
		return true;
	}
	if (e->runner == 0)
		return false;
	conclude(verdict, is_stopping(e) ? VIGIL_SERVICE_STOPPING : VIGIL_SERVICE_STARTING,
		"process %d runs its script for \"%s\"", (int)e->runner, e->runner_verb);
	return true;
}

/* --- the manager says that the service runs --------------------------------------------------- */

static void evaluate_unbacked(const struct evidence *e, struct verdict *verdict)
{
	if (e->died > 0)
		conclude(verdict, VIGIL_SERVICE_FAILED,
			"process %d has ended, and no other process is known (%s still says %s)",
			(int)e->died, e->witness, e->said[0] != '\0' ? e->said : "running");
	else
		conclude(verdict, VIGIL_SERVICE_FAILED,
			"its control group is empty (%s still says %s)", e->witness,
			e->said[0] != '\0' ? e->said : "running");
}

static void evaluate_up(const struct evidence *e, struct verdict *verdict)
{
	bool unbacked = e->process != PROCESS_ALIVE && (e->died > 0 || e->emptied);

	if ((e->process == PROCESS_DEAD || unbacked) && evaluate_runner(e, verdict))
		return;
	if ((e->process == PROCESS_DEAD || unbacked) && e->stop_seen)
		conclude(verdict, VIGIL_SERVICE_STOPPED, "it was stopped, though %s says %s",
			e->witness, e->said[0] != '\0' ? e->said : "running");
	else if (e->process == PROCESS_DEAD)
		conclude(verdict, VIGIL_SERVICE_FAILED, "process %d %s", (int)e->pid, e->why);
	else if (unbacked)
		evaluate_unbacked(e, verdict);
	else if (e->process == PROCESS_DISTRUSTED || e->why[0] != '\0')
		conclude(verdict, VIGIL_SERVICE_RUNNING, "%s", e->why);
	else if (e->process == PROCESS_ALIVE && e->basis == BASIS_RECORD)
		/* the living process is reason enough */
		conclude(verdict, VIGIL_SERVICE_RUNNING, "%s", "");
	else if (e->process == PROCESS_UNNAMED && e->basis == BASIS_RECORD && e->place_known)
		conclude(verdict, VIGIL_SERVICE_UNKNOWN,
			"%s says %s, but there is no pidfile to show that it runs", e->witness,
			e->said[0] != '\0' ? e->said : "started");
	else
		believe(e, verdict, VIGIL_SERVICE_RUNNING);
}

/* --- the manager says that the service is down ------------------------------------------------ */

static void evaluate_down(const struct evidence *e, struct verdict *verdict)
{
	bool checked = e->basis == BASIS_CHECKED;

	if (evaluate_runner(e, verdict))
		return;
	if (e->process == PROCESS_ALIVE)
		contradict(e, verdict);
	else if (e->process == PROCESS_DEAD && checked && !e->stop_seen)
		conclude(verdict, VIGIL_SERVICE_FAILED, "process %d %s", (int)e->pid, e->why);
	else if (e->word == WORD_DOWN || (e->stop_seen && checked))
		believe(e, verdict, VIGIL_SERVICE_STOPPED);
	else
		believe(e, verdict, VIGIL_SERVICE_FAILED);
}

/* --- the manager gave no status --------------------------------------------------------------- */

/* If the script does not know "status", only a process shows the status. Without a process, the
 * absence of the pidfile shows that the service is down, provided that the path of the pidfile
 * is known. A failed status command says nothing about the service, but a dead process still
 * shows that the service is down. */
static void evaluate_none(const struct evidence *e, struct verdict *verdict)
{
	struct evidence down = *e;

	down.word = WORD_DOWN;
	down.basis = BASIS_CHECKED;
	down.said = "";
	if (e->process == PROCESS_DEAD)
		evaluate_down(&down, verdict);
	else if (!e->mute)
		believe(e, verdict, VIGIL_SERVICE_UNKNOWN);
	else if (e->process == PROCESS_ALIVE)
		conclude(verdict, VIGIL_SERVICE_RUNNING, "%s", "");
	else if (e->process == PROCESS_DISTRUSTED)
		conclude(verdict, VIGIL_SERVICE_UNKNOWN, "%s, and %s", e->said, e->why);
	else if (!e->place_known)
		conclude(verdict, VIGIL_SERVICE_UNKNOWN,
			"%s, and it is not known where the pidfile is", e->said);
	else if (e->died > 0 && !e->stop_seen && e->runner == 0 && e->runner_error == 0)
		conclude(verdict, VIGIL_SERVICE_FAILED, "process %d has ended", (int)e->died);
	else
		evaluate_down(&down, verdict);
}

/* A check of the present status finds a crashed service and a stopped one equally down. Only a
 * pidfile that a crash leaves behind, or a stop that vigild saw, distinguishes the two. */
static bool is_unclear(const struct evidence *e)
{
	return e->basis == BASIS_CHECKED && !e->stop_seen && !e->place_known && !e->pidfile_seen;
}

/* A supervisor that watches a process reports "running" only while there is one. */
static bool is_done(const struct evidence *e, const struct verdict *verdict)
{
	if (verdict->status == VIGIL_SERVICE_STOPPED)
		return e->idle != NULL && e->succeeded;
	return verdict->status == VIGIL_SERVICE_RUNNING && verdict->pid == 0 &&
	       e->basis != BASIS_WATCHED;
}

void evidence_evaluate(const struct evidence *e, struct verdict *verdict)
{
	static const vigil_service_status plain[WORDS] = {
		[WORD_ABSENT] = VIGIL_SERVICE_ABSENT,
		[WORD_STARTING] = VIGIL_SERVICE_STARTING,
		[WORD_STOPPING] = VIGIL_SERVICE_STOPPING,
		[WORD_RELOADING] = VIGIL_SERVICE_RELOADING,
	};

	*verdict = (struct verdict){.status = VIGIL_SERVICE_UNKNOWN};
	if (e->own_error != 0) {
		conclude(verdict, VIGIL_SERVICE_UNKNOWN, "%s", e->why);
		return;
	}
	switch (e->word) {
	case WORD_NONE: evaluate_none(e, verdict); break;
	case WORD_UP: evaluate_up(e, verdict); break;
	case WORD_DOWN:
	case WORD_FAILED: evaluate_down(e, verdict); break;
	default: believe(e, verdict, plain[e->word]);
	}
	if (e->process == PROCESS_ALIVE)
		verdict->pid = e->pid;
	verdict->unclear_stop = verdict->status == VIGIL_SERVICE_STOPPED && is_unclear(e);
	verdict->done = is_done(e, verdict);
	verdict->restart = vigil_service_is_down(verdict->status) && e->hold == NULL &&
			   (e->idle == NULL || verdict->status != VIGIL_SERVICE_STOPPED);
}

/* --- the text for people ---------------------------------------------------------------------- */

static size_t add(char *text, size_t size, size_t n, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static size_t add(char *text, size_t size, size_t n, const char *format, ...)
{
	va_list ap;
	int more;

	va_start(ap, format);
	more = vsnprintf(text + n, size - n, format, ap);
	va_end(ap);
	n += more > 0 ? (size_t)more : 0;
	return n < size ? n : size - 1;
}

static const char *word_name(enum evidence_word word)
{
	static const char *const names[WORDS] = {
		[WORD_NONE] = "nothing",
		[WORD_ABSENT] = "not installed",
		[WORD_UP] = "running",
		[WORD_DOWN] = "stopped",
		[WORD_FAILED] = "failed",
		[WORD_STARTING] = "starting",
		[WORD_STOPPING] = "stopping",
		[WORD_RELOADING] = "reloading",
	};

	return names[word];
}

void evidence_describe(const struct evidence *e, char *text, size_t size)
{
	size_t n = e->mute ? add(text, size, 0, "%s", e->said)
			   : add(text, size, 0, "%s says %s", e->witness,
				     e->said[0] != '\0' ? e->said : word_name(e->word));

	if (e->process == PROCESS_ALIVE)
		n = add(text, size, n, "; %s names process %d, which is alive%s%s", e->named_by,
			(int)e->pid, e->why[0] != '\0' ? "; " : "", e->why);
	else if (e->process == PROCESS_DEAD)
		n = add(text, size, n, "; %s names process %d, which %s", e->named_by, (int)e->pid,
			e->why);
	else if (e->process == PROCESS_DISTRUSTED)
		n = add(text, size, n, "; %s", e->why);
	if (e->died > 0 && e->died != e->pid)
		n = add(text, size, n, "; vigild saw process %d end", (int)e->died);
	if (e->emptied)
		n = add(text, size, n, "; its control group is empty");
	if (e->runner > 0)
		n = add(text, size, n, "; process %d runs its script for \"%s\"", (int)e->runner,
			e->runner_verb);
	if (e->stop_seen)
		n = add(text, size, n, "; it was stopped on request");
	if (e->hold != NULL)
		n = add(text, size, n, "; %s", e->hold);
	if (e->idle != NULL)
		add(text, size, n, "; %s", e->idle);
}

void evidence_describe_end(
	const struct evidence *e, const struct verdict *verdict, char *text, size_t size)
{
	const char *end = NULL;

	if (verdict->status == VIGIL_SERVICE_FAILED)
		end = "it crashed or could not start";
	else if (verdict->unclear_stop)
		end = "nothing shows whether it was stopped cleanly or crashed";
	else if (verdict->status == VIGIL_SERVICE_STOPPED && e->hold == NULL && e->idle == NULL)
		end = "it was stopped cleanly or not started";
	if (end != NULL)
		add(text, size, strlen(text), "; %s", end);
}
