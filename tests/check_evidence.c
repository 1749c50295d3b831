/*
 * check_evidence: all combinations of evidence about a service, and a table of cases from practice.
 */
#include "service/evidence.h"

#include <errno.h>
#include <string.h>

#include "suite.h"

/* --- all combinations ------------------------------------------------------------------------- */

static const struct evidence nothing = {
	.witness = "the manager", .said = "", .named_by = "the pidfile", .runner_verb = ""};

/* The boolean inputs, as bits. */
enum {
	MUTE = 1 << 0,
	PLACE_KNOWN = 1 << 1,
	DIED = 1 << 2,
	EMPTIED = 1 << 3,
	STOP_SEEN = 1 << 4,
	RUNNER = 1 << 5,
	RUNNER_STOPS = 1 << 6,
	RUNNER_HIDDEN = 1 << 7,
	OWN_ERROR = 1 << 8,
	HELD = 1 << 9,
	IDLE = 1 << 10,
	PIDFILE_SEEN = 1 << 11,
	SUCCEEDED = 1 << 12,
	ALL_BITS = 1 << 13
};

static struct evidence combine(
	enum evidence_word word, enum evidence_basis basis, enum evidence_process process, int bits)
{
	struct evidence e = nothing;

	e.word = word;
	e.basis = basis;
	e.process = process;
	e.pid = process == PROCESS_ALIVE || process == PROCESS_DEAD ? 100 : 0;
	if (process == PROCESS_DEAD || process == PROCESS_DISTRUSTED)
		strcpy(e.why, process == PROCESS_DEAD ? "has ended" : "the pidfile is a link");
	if (bits & OWN_ERROR)
		strcpy(e.why, "vigild could not look");
	e.mute = bits & MUTE;
	e.place_known = bits & PLACE_KNOWN;
	e.pidfile_seen = bits & PIDFILE_SEEN;
	e.died = bits & DIED ? 99 : 0;
	e.emptied = bits & EMPTIED;
	e.stop_seen = bits & STOP_SEEN;
	e.runner = bits & RUNNER ? 55 : 0;
	e.runner_verb = bits & RUNNER_STOPS ? "stop" : "restart";
	e.runner_error = bits & RUNNER_HIDDEN ? -EACCES : 0;
	e.own_error = bits & OWN_ERROR ? -EMFILE : 0;
	e.hold = bits & HELD ? "it is masked" : NULL;
	e.idle = bits & IDLE ? "started by x.timer" : NULL;
	e.succeeded = bits & SUCCEEDED;
	return e;
}

/* ck_assert writes to a file each time, which takes minutes for a million combinations. */
#define PROVE(holds)                                \
	do {                                        \
		if (!(holds))                       \
			ck_abort_msg("%s", #holds); \
	} while (0)

static void prove(const struct evidence *e)
{
	struct verdict verdict;
	bool down;

	evidence_evaluate(e, &verdict);
	down = vigil_service_is_down(verdict.status);

	/* only a service that is down is restarted, and not if it is held or an idle unit */
	PROVE(!verdict.restart || down);
	PROVE(!verdict.restart || e->hold == NULL);
	PROVE(!verdict.restart || e->idle == NULL || verdict.status == VIGIL_SERVICE_FAILED);
	PROVE(verdict.restart || !down || e->hold != NULL || e->idle != NULL);

	/* if vigild could not query something, the status is unknown with a text */
	PROVE(e->own_error == 0 || verdict.status == VIGIL_SERVICE_UNKNOWN);
	PROVE(verdict.status != VIGIL_SERVICE_UNKNOWN || verdict.text[0] != '\0' ||
		(e->word == WORD_NONE && !e->mute));

	/* a service with a live process is never down */
	PROVE(!down || e->process != PROCESS_ALIVE);
	/* a service with a dead process is never running */
	PROVE(verdict.status != VIGIL_SERVICE_RUNNING || e->process != PROCESS_DEAD);
	/* a reported exit is not overruled by the manager's word alone */
	PROVE(verdict.status != VIGIL_SERVICE_RUNNING || e->died == 0 ||
		e->process == PROCESS_ALIVE);
	PROVE(verdict.status != VIGIL_SERVICE_RUNNING || !e->emptied ||
		e->process == PROCESS_ALIVE || e->word == WORD_NONE);
	/* while someone runs the script, or may be running it, the service is not down */
	PROVE(!down || (e->runner == 0 && e->runner_error == 0));
	/* a stop by an admin is not a failure, except if the manager itself checked that it
	 * failed */
	PROVE(verdict.status != VIGIL_SERVICE_FAILED || !e->stop_seen ||
		(e->word == WORD_FAILED && e->basis != BASIS_CHECKED));
	/* a stop is unclear only if neither the manager, a pidfile nor vigild would know better */
	PROVE(verdict.unclear_stop ==
		(verdict.status == VIGIL_SERVICE_STOPPED && e->basis == BASIS_CHECKED &&
			!e->stop_seen && !e->place_known && !e->pidfile_seen));
	/* work is done only if nothing runs any more, and not if nobody knows whether it ran */
	PROVE(!verdict.done || verdict.pid == 0);
	PROVE(!verdict.done || verdict.status == VIGIL_SERVICE_RUNNING || e->succeeded);
	PROVE(!verdict.done || verdict.status == VIGIL_SERVICE_RUNNING || e->idle != NULL);
	PROVE(!verdict.done || verdict.status == VIGIL_SERVICE_STOPPED ||
		(verdict.status == VIGIL_SERVICE_RUNNING && e->basis != BASIS_WATCHED));
}

START_TEST(no_combination_of_evidence_leads_to_a_wrong_restart)
{
	unsigned long count = 0;
	struct evidence e;

	for (enum evidence_word word = 0; word < WORDS; word++)
		for (enum evidence_basis basis = 0; basis < BASES; basis++)
			for (enum evidence_process process = 0; process < PROCESSES; process++)
				for (int bits = 0; bits < ALL_BITS; bits++, count++) {
					e = combine(word, basis, process, bits);
					prove(&e);
				}
	printf("# %lu combinations of evidence\n", count);
	ck_assert_uint_eq(count, (unsigned long)WORDS * BASES * PROCESSES * ALL_BITS);
}
END_TEST

/* --- cases from practice ---------------------------------------------------------------------- */

static const struct {
	const char *what;
	struct evidence e;
	vigil_service_status status;
	const char *text; /* a part of the text; NULL: any */
} rows[] = {
	{"an umbrella unit whose daemon vigild saw die",
		{.witness = "systemd",
			.said = "active (exited)",
			.word = WORD_UP,
			.basis = BASIS_RECORD,
			.died = 812},
		VIGIL_SERVICE_FAILED,
		"process 812 has ended, and no other process is known (systemd still says active "
		"(exited))"},
	{"a wrapped script whose control group is empty",
		{.witness = "systemd",
			.said = "active (exited)",
			.word = WORD_UP,
			.basis = BASIS_RECORD,
			.emptied = true},
		VIGIL_SERVICE_FAILED, "its control group is empty"},
	{"a oneshot that never left a process",
		{.witness = "systemd",
			.said = "active (exited): systemd tracks no process of it",
			.word = WORD_UP,
			.basis = BASIS_RECORD},
		VIGIL_SERVICE_RUNNING, "systemd tracks no process of it"},
	{"an OpenRC daemon that removed its pidfile and ended",
		{.witness = "OpenRC",
			.said = "",
			.word = WORD_UP,
			.basis = BASIS_RECORD,
			.place_known = true,
			.died = 71},
		VIGIL_SERVICE_FAILED, "process 71 has ended"},
	{"a record of a start whose pidfile is not there",
		{.witness = "OpenRC",
			.said = "",
			.word = WORD_UP,
			.basis = BASIS_RECORD,
			.place_known = true},
		VIGIL_SERVICE_UNKNOWN, "there is no pidfile to show that it runs"},
	{"a script without status whose pidfile names a dead process",
		{.witness = "the script",
			.said = "the script has no \"status\" action",
			.word = WORD_NONE,
			.basis = BASIS_CHECKED,
			.mute = true,
			.process = PROCESS_DEAD,
			.pid = 44},
		VIGIL_SERVICE_FAILED, "process 44 has ended"},
	{"a script that exits 1 while the pidfile names a living process",
		{.witness = "the script",
			.said = "",
			.word = WORD_FAILED,
			.basis = BASIS_CHECKED,
			.process = PROCESS_ALIVE,
			.pid = 45},
		VIGIL_SERVICE_UNKNOWN,
		"the script says failed, but process 45, which the pidfile names, is alive"},
	{"an admin's stop that leaves the pidfile behind",
		{.witness = "the script",
			.said = "",
			.word = WORD_DOWN,
			.basis = BASIS_CHECKED,
			.process = PROCESS_DEAD,
			.pid = 46,
			.stop_seen = true},
		VIGIL_SERVICE_STOPPED, NULL},
	{"an admin's stop, after which the script calls the zombie running",
		{.witness = "the script",
			.said = "",
			.word = WORD_UP,
			.basis = BASIS_CHECKED,
			.process = PROCESS_DEAD,
			.pid = 47,
			.stop_seen = true},
		VIGIL_SERVICE_STOPPED, "it was stopped, though the script says running"},
	{"the same without an admin: a crash",
		{.witness = "the script",
			.said = "",
			.word = WORD_DOWN,
			.basis = BASIS_CHECKED,
			.process = PROCESS_DEAD,
			.pid = 46},
		VIGIL_SERVICE_FAILED, "process 46 has ended"},
	{"a script that an admin runs at this moment",
		{.witness = "the script",
			.said = "",
			.word = WORD_DOWN,
			.basis = BASIS_CHECKED,
			.runner = 9,
			.runner_verb = "stop"},
		VIGIL_SERVICE_STOPPING, "process 9 runs its script for \"stop\""},
	{"no descriptor left to look at the pidfile",
		{.witness = "the script",
			.said = "",
			.word = WORD_DOWN,
			.basis = BASIS_CHECKED,
			.own_error = -EMFILE,
			.why = "vigild could not read the pidfile: Too many open files"},
		VIGIL_SERVICE_UNKNOWN, "vigild could not read the pidfile: Too many open files"},
};

static struct evidence whole(const struct evidence *row)
{
	struct evidence e = *row;

	e.named_by = "the pidfile";
	if (e.process == PROCESS_DEAD)
		strcpy(e.why, "has ended");
	if (e.runner_verb == NULL)
		e.runner_verb = "";
	if (e.said == NULL)
		e.said = "";
	return e;
}

START_TEST(each_case_is_judged_by_its_rule)
{
	struct evidence e = whole(&rows[_i].e);
	struct verdict verdict;
	char text[256];

	evidence_evaluate(&e, &verdict);
	ck_assert_msg(verdict.status == rows[_i].status, "%s: %s", rows[_i].what, verdict.text);
	if (rows[_i].text != NULL)
		ck_assert_msg(strstr(verdict.text, rows[_i].text) != NULL, "%s: \"%s\"",
			rows[_i].what, verdict.text);
	evidence_describe(&e, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, e.witness));
}
END_TEST

START_TEST(a_description_fits_into_any_buffer)
{
	struct evidence e = combine(WORD_UP, BASIS_RECORD, PROCESS_DEAD,
		DIED | EMPTIED | RUNNER | STOP_SEEN | HELD | IDLE);
	char text[512];

	for (size_t size = 1; size < sizeof(text); size++) {
		memset(text, 'x', sizeof(text));
		evidence_describe(&e, text, size);
		ck_assert_uint_lt(strlen(text), size);
	}
	ck_assert_str_eq(text,
		"the manager says running; the pidfile names process 100, which has ended; vigild "
		"saw process 99 end; its control group is empty; process 55 runs its script for "
		"\"restart\"; it was stopped on request; it is masked; started by x.timer");
}
END_TEST

static const struct {
	const char *what;
	struct evidence e;
	const char *text; /* the whole description */
} ends[] = {
	{"systemd reports a clean stop",
		{.witness = "systemd", .said = "dead", .word = WORD_DOWN, .basis = BASIS_WATCHED},
		"systemd says dead; it was stopped cleanly or not started"},
	{"systemd reports a crash",
		{.witness = "systemd",
			.said = "signal",
			.word = WORD_FAILED,
			.basis = BASIS_WATCHED},
		"systemd says signal; it crashed or could not start"},
	{"runsv wants it down", {.witness = "runsv", .word = WORD_DOWN, .basis = BASIS_WATCHED},
		"runsv says stopped; it was stopped cleanly or not started"},
	{"OpenRC has recorded a stop",
		{.witness = "OpenRC", .word = WORD_DOWN, .basis = BASIS_RECORD},
		"OpenRC says stopped; it was stopped cleanly or not started"},
	{"OpenRC has found a crash",
		{.witness = "OpenRC",
			.said = "crashed",
			.word = WORD_FAILED,
			.basis = BASIS_CHECKED},
		"OpenRC says crashed; it crashed or could not start"},
	{"a script exits with 3, and its pidfile does not exist",
		{.witness = "the script",
			.word = WORD_DOWN,
			.basis = BASIS_CHECKED,
			.place_known = true},
		"the script says stopped; it was stopped cleanly or not started"},
	{"a script exits with 3, and its pidfile existed while it ran",
		{.witness = "the script",
			.word = WORD_DOWN,
			.basis = BASIS_CHECKED,
			.pidfile_seen = true},
		"the script says stopped; it was stopped cleanly or not started"},
	{"a script exits with 3, and vigild saw it stop the service",
		{.witness = "the script",
			.word = WORD_DOWN,
			.basis = BASIS_CHECKED,
			.stop_seen = true},
		"the script says stopped; it was stopped on request; it was stopped cleanly or "
		"not started"},
	{"a script exits with 3, and has no pidfile",
		{.witness = "the script", .word = WORD_DOWN, .basis = BASIS_CHECKED},
		"the script says stopped; nothing shows whether it was stopped cleanly or crashed"},
	{"a script exits with 1",
		{.witness = "the script", .word = WORD_FAILED, .basis = BASIS_CHECKED},
		"the script says failed; it crashed or could not start"},
	{"a unit that is meant to be down",
		{.witness = "systemd",
			.said = "dead",
			.word = WORD_DOWN,
			.basis = BASIS_WATCHED,
			.idle = "started by x.timer"},
		"systemd says dead; started by x.timer"},
	{"a service that runs", {.witness = "systemd", .word = WORD_UP, .basis = BASIS_WATCHED},
		"systemd says running"},
};

START_TEST(the_description_says_whether_it_was_a_clean_stop_or_a_crash)
{
	struct evidence e = whole(&ends[_i].e);
	struct verdict verdict;
	char text[256];

	evidence_evaluate(&e, &verdict);
	evidence_describe(&e, text, sizeof(text));
	evidence_describe_end(&e, &verdict, text, sizeof(text));
	ck_assert_msg(strcmp(text, ends[_i].text) == 0, "%s: \"%s\"", ends[_i].what, text);
	evidence_describe(&e, text, 20);
	evidence_describe_end(&e, &verdict, text, 20);
	ck_assert_uint_lt(strlen(text), 20);
}
END_TEST

SUITE("evidence", NULL, NULL)
{
	TEST(no_combination_of_evidence_leads_to_a_wrong_restart);
	LOOP_TEST(each_case_is_judged_by_its_rule, COUNT(rows));
	LOOP_TEST(the_description_says_whether_it_was_a_clean_stop_or_a_crash, COUNT(ends));
	TEST(a_description_fits_into_any_buffer);
}
