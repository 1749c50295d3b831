/*
 * files_child: runs the program vigil-files, reads its lines, and notices when it hangs.
 *
 * A program that hangs in an access to a file is left alone at first: when the server of the file
 * system answers again, it goes on. After ABANDON seconds it is ended and started again.
 */
#include "files.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define LINE_MAX_BYTES ((size_t)4 * 1024 * 1024)
#define BACKOFF        1.0  /* seconds until the next start, doubling */
#define BACKOFF_MAX    60.0 /* seconds; a program that ran so long has no setbacks */
#define START_WITHIN   1.0
#define ABANDON        600.0 /* seconds */
/* Seconds. A timer is later than this only if vigild was stopped or the machine was suspended. */
#define LATE 0.5

static void on_start(vigil_daemon *d, void *arg);

/* --- silence ---------------------------------------------------------------------------------- */

static void on_silence(vigil_daemon *d, void *arg);

static void await(struct files *f, double seconds)
{
	vigil_cancel(f->d, on_silence, f);
	vigil_after(f->d, fmax(seconds, 0.01), on_silence, f);
}

static void on_silence(vigil_daemon *d, void *arg)
{
	struct files *f = arg;
	double silent = vigil_now() - fmax(f->heard, f->asked_at);
	char at[512], text[FILES_TEXT];

	(void)d;
	if (f->child == NULL || !f->asked)
		return;
	if (silent < f->timeout) {
		await(f, f->timeout - silent);
		return;
	}
	if (!f->hangs && silent > f->timeout + LATE) {
		/* vigild itself did not run, and has not read what the program printed since. */
		f->asked_at = vigil_now() - f->timeout + LATE;
		await(f, LATE);
		return;
	}
	vigil_sanitize(at, sizeof(at), f->at);
	snprintf(text, sizeof(text),
		"%s%s does not answer for %.0f s: its file system hangs, or it "
		"is too large",
		at[0] != '\0' ? "" : "the program vigil-files", at, silent);
	if (!f->hangs)
		vigil_event(f->d, "%s", text);
	f->hangs = true;
	files_report_unknown(f, text);
	if (silent > ABANDON)
		vigil_child_terminate(f->child);
	else
		await(f, f->timeout);
}

void files_ask(struct files *f)
{
	if (f->child == NULL)
		return;
	files_report_health(f); /* alarms may be over */
	if (f->asked || !f->heard_any)
		return;
	f->asked = true;
	f->asked_at = vigil_now();
	kill(vigil_child_pid(f->child), SIGUSR1);
	await(f, f->timeout);
}

/* --- lines ------------------------------------------------------------------------------------ */

static void on_line(vigil_daemon *d, vigil_child *child, const char *line, size_t length, void *arg)
{
	struct files *f = arg;
	json_t *object = json_loadb(line, length, 0, NULL);
	const char *at = json_string_value(json_object_get(object, "at"));

	(void)child;
	if (f->hangs)
		vigil_event(d, "the program vigil-files answers again");
	f->hangs = false;
	f->heard_any = true;
	f->heard = vigil_now();
	if (at != NULL)
		snprintf(f->at, sizeof(f->at), "%s", at);
	else if (json_object_get(object, "path") != NULL)
		files_take_report(f, object);
	else if (json_object_get(object, "done") != NULL)
		f->asked = false;
	else
		vigil_error(d, "the program vigil-files printed a line that is not valid");
	json_decref(object);
}

/* --- start and exit --------------------------------------------------------------------------- */

static void start_later(struct files *f, const char *why)
{
	double delay = fmin(BACKOFF * exp2(fmin(f->setbacks, 16)), BACKOFF_MAX);
	char text[FILES_TEXT];

	f->setbacks++;
	snprintf(text, sizeof(text), "%.800s; the next start is in %g s", why, delay);
	files_report_unknown(f, text);
	vigil_after(f->d, delay, on_start, f);
}

static void on_exit_told(vigil_daemon *d, vigil_child *child, const vigil_child_exit *e, void *arg)
{
	struct files *f = arg;
	char text[FILES_TEXT], errors[256];

	(void)child;
	f->child = NULL;
	f->asked = f->hangs = false;
	if (e->seconds >= BACKOFF_MAX)
		f->setbacks = 0;
	vigil_sanitize(errors, sizeof(errors), e->errors);
	if (e->given_up)
		snprintf(text, sizeof(text),
			"the program vigil-files (process %d) hangs and cannot be killed",
			(int)e->pid);
	else if (WIFSIGNALED(e->status))
		snprintf(text, sizeof(text), "the program vigil-files was ended by signal %d",
			WTERMSIG(e->status));
	else
		snprintf(text, sizeof(text),
			"the program vigil-files ended with exit status %d%s%s",
			WEXITSTATUS(e->status), errors[0] != '\0' ? ": " : "", errors);
	vigil_event(d, "%s", text);
	start_later(f, text);
}

static void spawn(struct files *f, const char *input)
{
	char path[4096], why[512] = "";
	const char *argv[] = {vigil_helper_path(path, sizeof(path), "vigil-files"), NULL};
	vigil_child_spec spec = {.size = sizeof(spec),
		.argv = argv,
		.user = vigil_option_text(f->d, "user"),
		.output_max = LINE_MAX_BYTES,
		.on_line = on_line,
		.on_exit = on_exit_told,
		.arg = f,
		.input = input,
		.input_length = strlen(input),
		.keep_stderr = true,
		.why = why,
		.why_size = sizeof(why)};
	char text[FILES_TEXT];

	f->child = vigil_spawn(f->d, &spec);
	if (f->child != NULL) {
		f->heard_any = false;
		f->asked = true; /* it scans all paths at its start */
		f->at[0] = '\0';
		f->asked_at = vigil_now();
		await(f, f->timeout);
		return;
	}
	snprintf(text, sizeof(text), "cannot start %.300s: %s", path, why);
	start_later(f, text);
}

static void on_slot(vigil_daemon *d, void *arg)
{
	struct files *f = arg;
	json_t *list = files_watchlist(f);
	char *input = json_dumps(list, JSON_COMPACT);

	(void)d;
	/* The slot is only for the start, because the program keeps running. */
	vigil_slot_free(f->slot);
	f->slot = NULL;
	json_decref(list);
	if (input != NULL)
		spawn(f, input);
	else
		start_later(f, "the options are not valid UTF-8");
	free(input);
}

static void on_start(vigil_daemon *d, void *arg)
{
	struct files *f = arg;

	if (f->slot == NULL)
		f->slot = vigil_slot_request(d, START_WITHIN, on_slot, f);
}

int files_start_child(struct files *f)
{
	/* From the loop, because a failure is to be retried and must not fail the daemon. */
	return vigil_after(f->d, 0, on_start, f);
}
