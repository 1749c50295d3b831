/*
 * death_output: see death_output.h.
 *
 * journald takes the last lines of a service from a socket some time after the service has ended,
 * and nothing tells that it has taken all. So the journal is read a moment later, and again until
 * two readings are equal. What journald takes after a process has ended has the pid and the unit,
 * and no invocation id.
 */
#include "death_output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "death.h"
#include "modules/policy/recent.h"

#define JOURNAL_DELAY 0.5 /* seconds */
#define JOURNAL_AGAIN 1.0
#define JOURNAL_TRIES 5
#define TIMEOUT       2.0
#define WITHIN        1.0

#define GROUP "add the user of vigild to the group systemd-journal"

static void on_begin(vigil_daemon *d, void *arg);
static void on_deadline(vigil_daemon *d, void *arg);

/* --- the end ---------------------------------------------------------------------------------- */

static void release(struct death_output *output)
{
	vigil_cancel(output->d, on_begin, output);
	vigil_cancel(output->d, on_deadline, output);
	vigil_slot_free(output->slot);
	output->slot = NULL;
	output->waiting = false;
}

static void finish(struct death_output *output)
{
	json_t *lines = output->lines;

	release(output);
	output->lines = NULL;
	json_decref(output->before);
	output->before = NULL;
	output->fn(lines, output->note, true, output->arg);
}

/* Sets the note, unless an earlier one says more. */
static void note(struct death_output *output, const char *text, const char *more)
{
	if (output->note[0] == '\0')
		snprintf(output->note, sizeof(output->note), "%s%s", text, more);
}

static void on_deadline(vigil_daemon *d, void *arg)
{
	struct death_output *output = arg;

	if (output->child != NULL) {
		vigil_child_terminate(output->child);
		note(output, "its output could not be read in time", "");
	} else if (output->slot != NULL) {
		note(output,
			"its output was not read, because other programs of vigil took all slots "
			"(exec_max)",
			"");
	}
	finish(output);
}

/* --- the child -------------------------------------------------------------------------------- */

/* The first line of vigil-files says where the file ends, or why it is not read. */
static void take_head(struct death_output *output, const char *line, size_t length)
{
	json_t *head = json_loadb(line, length, 0, NULL);

	if (death_member(head, "end")[0] != '\0')
		snprintf(output->mark, sizeof(output->mark), "%s", death_member(head, "end"));
	note(output, death_member(head, "note"), "");
	output->has_head = true;
	json_decref(head);
}

static void on_line(vigil_daemon *d, vigil_child *child, const char *line, size_t length, void *arg)
{
	struct death_output *output = arg;

	if (!output->waiting)
		return;
	if (output->journal[0] == '\0' && !output->has_head)
		take_head(output, line, length);
	else
		death_add_line(output->lines, line, length);
}

/* Reads the journal again if this reading found other lines than the one before. */
static bool read_again(struct death_output *output)
{
	json_t *lines = output->lines;
	bool settled = output->before != NULL && json_equal(output->before, lines);

	if (settled || output->hurry || ++output->tries >= JOURNAL_TRIES ||
		vigil_after(output->d, JOURNAL_AGAIN, on_begin, output) != 0)
		return false;
	json_decref(output->before);
	output->before = lines;
	output->lines = json_array();
	if (json_array_size(lines) > 0)
		output->fn(json_copy(lines), "", false, output->arg);
	return true;
}

/* Says why the journal has no lines. Returns true if it is read again. */
static bool judge_journal(struct death_output *output, const vigil_child_exit *e)
{
	bool failed = !WIFEXITED(e->status) || WEXITSTATUS(e->status) != 0;
	const char *said = e->errors;
	char line[160];

	if (!failed && read_again(output))
		return true;
	if (json_array_size(output->lines) > 0)
		return false;
	if (strstr(said, "insufficient permissions") != NULL) {
		note(output, "its output could not be read: vigild may not read the journal; ",
			GROUP);
	} else if (failed) {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(said, "\n"), said);
		note(output, "its output could not be read: journalctl failed: ", line);
	} else if (geteuid() != 0) {
		note(output,
			"the journal has no output of it that vigild may read; if it printed any, ",
			GROUP);
	} else {
		note(output, "the journal has no output of it", "");
	}
	return false;
}

static void on_exit_told(vigil_daemon *d, vigil_child *child, const vigil_child_exit *e, void *arg)
{
	struct death_output *output = arg;

	output->child = NULL;
	vigil_slot_free(output->slot);
	output->slot = NULL;
	if (!output->waiting)
		return;
	if (e->timed_out || e->given_up)
		note(output, "its output could not be read within 2 s", "");
	else if (output->journal[0] != '\0' && judge_journal(output, e))
		return;
	else if (output->journal[0] == '\0' && !output->has_head)
		note(output, "its output could not be read: vigil-files failed", "");
	finish(output);
}

static void spawn(struct death_output *output, const char *const *argv)
{
	char why[200] = "";

	output->child = vigil_spawn(output->d, &(vigil_child_spec){.size = sizeof(vigil_child_spec),
						       .argv = argv,
						       .timeout = TIMEOUT,
						       .output_max = 2 * DEATH_LINE,
						       .on_line = on_line,
						       .on_exit = on_exit_told,
						       .arg = output,
						       .keep_stderr = true,
						       .why = why,
						       .why_size = sizeof(why)});
	if (output->child != NULL)
		return;
	if (errno == ENOENT)
		snprintf(why, sizeof(why), "%.80s is not installed", argv[0]);
	note(output, "its output could not be read: ", why);
	finish(output);
}

static void on_slot(vigil_daemon *d, void *arg)
{
	struct death_output *output = arg;
	const char *journal[16] = {
		"journalctl", "-n", "20", "-o", "cat", "--no-pager", "--quiet", output->journal};
	char helper[256];

	if (output->journal[0] == '\0') {
		spawn(output, (const char *const[]){
				      vigil_helper_path(helper, sizeof(helper), "vigil-files"),
				      "last", output->log_file, output->mark, output->since, NULL});
		return;
	}
	if (output->unit[0] != '\0')
		memcpy(journal + 8, (const char *[]){"+", output->unit, output->pid, output->boot},
			4 * sizeof(*journal));
	spawn(output, journal);
}

static void on_begin(vigil_daemon *d, void *arg)
{
	struct death_output *output = arg;

	output->slot = vigil_slot_request(d, WITHIN, on_slot, output);
	if (output->slot == NULL)
		finish(output);
}

/* --- interface -------------------------------------------------------------------------------- */

void death_output_open(struct death_output *output, vigil_daemon *d, death_output_fn *fn, void *arg)
{
	*output = (struct death_output){.d = d, .fn = fn, .arg = arg};
}

void death_output_close(struct death_output *output)
{
	release(output);
	json_decref(output->lines);
	json_decref(output->before);
	output->lines = output->before = NULL;
}

bool death_output_is_invocation(const char *text)
{
	return strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32;
}

void death_output_hurry(struct death_output *output)
{
	output->hurry = true;
	if (!output->waiting || output->child != NULL || output->before == NULL)
		return;
	json_decref(output->lines);
	output->lines = output->before;
	output->before = NULL;
	finish(output);
}

static bool begin(struct death_output *output, double delay)
{
	if (output->waiting || output->child != NULL)
		return false;
	output->lines = json_array();
	output->tries = 0;
	output->has_head = output->hurry = false;
	output->note[0] = '\0';
	output->waiting = true;
	vigil_after(output->d, DEATH_OUTPUT_TIME, on_deadline, output);
	vigil_after(output->d, delay, on_begin, output);
	return true;
}

/* Sets the match of the boot, because pids are used again. Returns false if the boot is not known.
 */
static bool set_boot(struct death_output *output)
{
	const char *id = recent_boot_id();
	size_t used = (size_t)sprintf(output->boot, "_BOOT_ID=");

	for (; *id != '\0' && used + 1 < sizeof(output->boot); id++)
		if (*id != '-')
			output->boot[used++] = *id;
	output->boot[used] = '\0';
	return death_output_is_invocation(output->boot + strlen("_BOOT_ID="));
}

bool death_output_read_journal(struct death_output *output, const struct death_output_run *run)
{
	if (output->waiting || output->child != NULL)
		return false;
	snprintf(output->journal, sizeof(output->journal), "_SYSTEMD_INVOCATION_ID=%s",
		run->invocation);
	output->unit[0] = '\0';
	if (run->unit[0] != '\0' && run->pid > 0 && set_boot(output))
		snprintf(output->unit, sizeof(output->unit), "_SYSTEMD_UNIT=%s", run->unit);
	snprintf(output->pid, sizeof(output->pid), "_PID=%d", (int)run->pid);
	return begin(output, JOURNAL_DELAY);
}

bool death_output_read_file(struct death_output *output, const char *path, double started)
{
	if (output->waiting || output->child != NULL)
		return false;
	output->journal[0] = '\0';
	output->log_file = path;
	snprintf(output->since, sizeof(output->since), "%.3f", started > 0 ? started : 0);
	return begin(output, 0);
}
