/*
 * evidence: weighs what all witnesses say about a service.
 *
 * The rules, in their order:
 *
 * 1. What vigild could not look at is unknown.
 * 2. Work in progress is what the manager says it is, and what a running script makes of it.
 * 3. A process that is known to be dead outranks a manager that says "running": from a record,
 *    from a check (most scripts call a zombie running), or because it watches another process.
 *    If somebody was seen stopping the service, that was no crash.
 * 4. A death that vigild saw, and a control group that lost its last process, outrank a
 *    "running" that no living process backs.  A mere record of a start, whose pidfile is not
 *    there, is unknown.
 * 5. A manager that says "down" and a process of the service that lives contradict each other:
 *    that is unknown, and no reason for a restart.
 * 6. A service that a check finds down with a stale pidfile has crashed, unless somebody was seen
 *    stopping it.  A manager that watches the process, or records that it stopped it, knows
 *    better.
 *
 * Only "stopped" and "failed" justify a restart, and not while the service is idle or held.
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

/* The manager's own words are reason enough. */
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

/* --- somebody runs its script ----------------------------------------------------------------- */

/* Whether the script that runs is about to take the service down, as "stop" and "force-stop". */
static bool is_stopping(const struct evidence *e)
{
	return strstr(e->runner_verb, "stop") != NULL;
}

/* Somebody runs its script.  False: nobody does. */
static bool judge_runner(const struct evidence *e, struct verdict *verdict)
{
	if (e->runner_error != 0) {
		conclude(verdict, VIGIL_SERVICE_UNKNOWN,
			"it is down, and /proc does not show whether somebody runs its script: %s",
			strerror(-e->runner_error));
		return true;
	}
	if (e->runner == 0)
		return false;
	conclude(verdict, is_stopping(e) ? VIGIL_SERVICE_STOPPING : VIGIL_SERVICE_STARTING,
		"process %d runs its script for \"%s\"", (int)e->runner, e->runner_verb);
	return true;
}

/* --- the manager says that it runs ------------------------------------------------------------ */

static void judge_unbacked(const struct evidence *e, struct verdict *verdict)
{
	if (e->died > 0)
		conclude(verdict, VIGIL_SERVICE_FAILED,
			"process %d has ended, and nothing names another (%s still says %s)",
			(int)e->died, e->witness, e->said[0] != '\0' ? e->said : "running");
	else
		conclude(verdict, VIGIL_SERVICE_FAILED,
			"its control group has no process any more (%s still says %s)", e->witness,
			e->said[0] != '\0' ? e->said : "running");
}

static void judge_up(const struct evidence *e, struct verdict *verdict)
{
	bool unbacked = e->process != PROCESS_ALIVE && (e->died > 0 || e->emptied);

	if ((e->process == PROCESS_DEAD || unbacked) && judge_runner(e, verdict))
		return;
	if ((e->process == PROCESS_DEAD || unbacked) && e->stop_seen)
		conclude(verdict, VIGIL_SERVICE_STOPPED, "it was stopped, though %s says %s",
			e->witness, e->said[0] != '\0' ? e->said : "running");
	else if (e->process == PROCESS_DEAD)
		conclude(verdict, VIGIL_SERVICE_FAILED, "process %d %s", (int)e->pid, e->why);
	else if (unbacked)
		judge_unbacked(e, verdict);
	else if (e->process == PROCESS_DISTRUSTED || e->why[0] != '\0')
		conclude(verdict, VIGIL_SERVICE_RUNNING, "%s", e->why);
	else if (e->process == PROCESS_ALIVE && e->basis == BASIS_RECORD)
		conclude(verdict, VIGIL_SERVICE_RUNNING, "%s", ""); /* the process says it all */
	else if (e->process == PROCESS_UNNAMED && e->basis == BASIS_RECORD && e->place_known)
		conclude(verdict, VIGIL_SERVICE_UNKNOWN,
			"%s says %s, but there is no pidfile to show that it runs", e->witness,
			e->said[0] != '\0' ? e->said : "started");
	else
		believe(e, verdict, VIGIL_SERVICE_RUNNING);
}

/* --- the manager says that it does not run ---------------------------------------------------- */

static void judge_down(const struct evidence *e, struct verdict *verdict)
{
	bool checked = e->basis == BASIS_CHECKED;

	if (judge_runner(e, verdict))
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

/* --- the manager has no word ------------------------------------------------------------------ */

/* Of a script that knows no status, only a process can tell; without one, where it is known that
 * the pidfile would be.  An answer that failed says nothing, but a dead process is dead. */
static void judge_none(const struct evidence *e, struct verdict *verdict)
{
	struct evidence down = *e;

	down.word = WORD_DOWN;
	down.basis = BASIS_CHECKED;
	down.said = "";
	if (e->process == PROCESS_DEAD)
		judge_down(&down, verdict);
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
		judge_down(&down, verdict);
}

void evidence_judge(const struct evidence *e, struct verdict *verdict)
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
	case WORD_NONE: judge_none(e, verdict); break;
	case WORD_UP: judge_up(e, verdict); break;
	case WORD_DOWN:
	case WORD_FAILED: judge_down(e, verdict); break;
	default: believe(e, verdict, plain[e->word]);
	}
	if (e->process == PROCESS_ALIVE)
		verdict->pid = e->pid;
	verdict->restart = vigil_service_is_down(verdict->status) && e->hold == NULL &&
			   (e->idle == NULL || verdict->status != VIGIL_SERVICE_STOPPED);
}

/* --- for people ------------------------------------------------------------------------------- */

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
		n = add(text, size, n, "; its control group has no process any more");
	if (e->runner > 0)
		n = add(text, size, n, "; process %d runs its script for \"%s\"", (int)e->runner,
			e->runner_verb);
	if (e->stop_seen)
		n = add(text, size, n, "; somebody was seen stopping it");
	if (e->hold != NULL)
		n = add(text, size, n, "; %s", e->hold);
	if (e->idle != NULL)
		add(text, size, n, "; %s", e->idle);
}
