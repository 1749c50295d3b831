/*
 * check_service_death: how a death is described, and what several sources say about one death or
 * two.
 */
#include "service/death.h"

#include <signal.h>
#include <string.h>

#include "suite.h"

static struct death death(enum death_kind kind)
{
	return death_of(kind);
}

/* --- in words --------------------------------------------------------------------------------- */

static const struct {
	struct death death;
	const char *text;
} texts[] = {
	{{.kind = DEATH_END, .exit_status = 1, .ran = 12}, "exited with status 1 after 12 s"},
	{{.kind = DEATH_END, .exit_status = 0, .ran = -1}, "exited with status 0"},
	{{.kind = DEATH_END, .exit_status = -1, .signal = SIGSEGV, .ran = 0.004, .core = true},
		"killed by SIGSEGV after 4 ms, core dumped"},
	{{.kind = DEATH_END, .exit_status = -1, .signal = SIGKILL, .ran = 2.5},
		"killed by SIGKILL after 2.5 s"},
	{{.kind = DEATH_END, .exit_status = -1, .signal = SIGKILL, .ran = 192, .oom = true},
		"killed by the OOM killer after 3m12s"},
	{{.kind = DEATH_END, .exit_status = 1, .ran = 60, .oom = true},
		"exited with status 1 after 1m00s; the OOM killer killed a process of it"},
	{{.kind = DEATH_END, .exit_status = -1, .ran = -1}, "it ended, and nothing shows how"},
	{{.kind = DEATH_END, .exit_status = -1, .ran = 7},
		"it ended after 7.0 s, and nothing shows how"},
	{{.kind = DEATH_END, .exit_status = -1, .ran = -1, .detail = "its pidfile is stale"},
		"it ended, and nothing shows how; its pidfile is stale"},
	{{.kind = DEATH_END, .exit_status = -1, .signal = SIGABRT, .ran = 5, .result = "watchdog"},
		"it sent no watchdog signal in time: killed by SIGABRT after 5.0 s"},
	{{.kind = DEATH_END, .exit_status = -1, .signal = SIGTERM, .ran = 90, .result = "timeout"},
		"it exceeded a time limit: killed by SIGTERM after 1m30s"},
	{{.kind = DEATH_END, .exit_status = 2, .ran = 0.5, .result = "start-limit-hit"},
		"exited with status 2 after 0.5 s; systemd does not start it again "
		"(start-limit-hit)"},
	{{.kind = DEATH_START,
		 .exit_status = -1,
		 .signal = SIGTERM,
		 .ran = 90,
		 .result = "timeout"},
		"could not be started: its start timed out: killed by SIGTERM after 1m30s"},
	{{.kind = DEATH_START,
		 .exit_status = 203,
		 .ran = 0.01,
		 .word = "EXEC",
		 .detail = "/x does not exist"},
		"could not be started: 203/EXEC (/x does not exist)"},
	{{.kind = DEATH_START, .exit_status = 217, .ran = 0.01, .word = "USER"},
		"could not be started: 217/USER"},
	{{.kind = DEATH_START, .exit_status = -1, .ran = -1},
		"could not be started: no process of it ran"},
	{{.kind = DEATH_REQUESTED, .exit_status = -1, .signal = SIGTERM, .ran = 3},
		"stopped on request: killed by SIGTERM after 3.0 s"},
	{{.kind = DEATH_SKIPPED, .exit_status = -1, .ran = -1, .result = DEATH_CONDITION},
		"not started: one of its conditions is not met"},
	{{.kind = DEATH_SKIPPED, .exit_status = -1, .ran = -1, .result = DEATH_ASSERT},
		"not started: one of its assertions is not met"},
	{{.kind = DEATH_SKIPPED, .exit_status = -1, .ran = -1, .result = DEATH_DEPENDENCY},
		"not started: a unit that it needs could not be started"},
	{{.kind = DEATH_SKIPPED,
		 .exit_status = -1,
		 .ran = -1,
		 .result = DEATH_DEPENDENCY,
		 .detail = "db.service, which it needs, is failed"},
		"not started: db.service, which it needs, is failed"},
};

START_TEST(each_death_is_described)
{
	char text[DEATH_TEXT];

	ck_assert_str_eq(death_describe(&texts[_i].death, text), texts[_i].text);
}
END_TEST

START_TEST(a_wait_status_says_how_a_process_ended)
{
	struct death end = death(DEATH_END);

	death_set_wait_status(&end, -1);
	ck_assert(!death_is_explained(&end));
	death_set_wait_status(&end, 7 << 8);
	ck_assert(death_is_explained(&end));
	ck_assert_int_eq(end.exit_status, 7);
	ck_assert_int_eq(end.signal, 0);
	end = death(DEATH_END);
	death_set_wait_status(&end, SIGSEGV | 0x80);
	ck_assert_int_eq(end.exit_status, -1);
	ck_assert_int_eq(end.signal, SIGSEGV);
	ck_assert(end.core);
	end = death(DEATH_END);
	death_set_wait_status(&end, SIGKILL);
	ck_assert_int_eq(end.signal, SIGKILL);
	ck_assert(!end.core);
}
END_TEST

START_TEST(only_a_stop_that_ended_well_is_wanted)
{
	struct death end = death(DEATH_REQUESTED);

	end.signal = SIGTERM;
	ck_assert(death_is_wanted(&end));
	end.core = true;
	ck_assert(!death_is_wanted(&end));
	end.core = false;
	end.signal = SIGKILL;
	ck_assert(!death_is_wanted(&end));
	end.signal = 0;
	end.exit_status = 143;
	ck_assert(death_is_wanted(&end));
	end.exit_status = 1;
	ck_assert(!death_is_wanted(&end));
	end.exit_status = 0;
	ck_assert(death_is_wanted(&end));
	end.kind = DEATH_END;
	ck_assert(!death_is_wanted(&end));
}
END_TEST

/* --- several sources -------------------------------------------------------------------------- */

static struct death killed(pid_t pid, double ended, int signal)
{
	struct death end = death(DEATH_END);

	end.pid = pid;
	end.ended = ended;
	end.signal = signal;
	return end;
}

START_TEST(two_sources_speak_about_one_death)
{
	struct death known = {.kind = DEATH_NONE}, kernel = killed(7, 1000.3, 0),
		     manager = killed(7, 1000, SIGSEGV);
	uint64_t id;

	kernel.oom = true;
	manager.ran = 12;
	ck_assert(death_merge(&known, &kernel));
	id = known.id;
	ck_assert_uint_ne(id, 0);
	ck_assert(death_merge(&known, &manager));
	ck_assert_uint_eq(known.id, id);
	ck_assert_int_eq(known.signal, SIGSEGV);
	ck_assert(known.oom);
	ck_assert_double_eq(known.ran, 12);
	ck_assert_double_eq(known.ended, 1000.3);
	manager.pid = 0; /* a supervisor does not say which process it was */
	ck_assert(death_merge(&known, &manager));
	ck_assert_uint_eq(known.id, id);
}
END_TEST

START_TEST(the_next_death_has_another_id)
{
	struct death known = {.kind = DEATH_NONE}, first = killed(7, 1000, SIGKILL),
		     second = killed(8, 1000.2, SIGKILL), third = killed(0, 1002, SIGKILL);
	uint64_t ids[3];

	death_merge(&known, &first);
	ids[0] = known.id;
	death_merge(&known, &second);
	ids[1] = known.id;
	ck_assert_int_eq(known.pid, 8);
	death_merge(&known, &third);
	ids[2] = known.id;
	ck_assert(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
	ck_assert(!death_merge(&known, &first)); /* old news */
	ck_assert_uint_eq(known.id, ids[2]);
}
END_TEST

START_TEST(the_next_vigild_finds_the_same_id)
{
	struct death known = {.kind = DEATH_NONE}, again = {.kind = DEATH_NONE},
		     end = killed(7, 1796029386.558486, SIGKILL);

	death_merge(&known, &end);
	death_merge(&again, &end);
	ck_assert_uint_eq(known.id, again.id);
}
END_TEST

START_TEST(a_start_that_was_skipped_is_a_death_of_another_kind)
{
	struct death known = {.kind = DEATH_NONE}, end = killed(7, 1000, SIGKILL),
		     skipped = death(DEATH_SKIPPED), detail;
	uint64_t id;

	death_merge(&known, &end);
	id = known.id;
	skipped.ended = 1000.1;
	strcpy(skipped.result, DEATH_CONDITION);
	ck_assert(death_merge(&known, &skipped));
	ck_assert_uint_ne(known.id, id);
	ck_assert_int_eq(known.kind, DEATH_SKIPPED);
	ck_assert_int_eq(known.signal, 0);
	id = known.id;
	detail = skipped;
	detail.ended = 0;
	strcpy(detail.detail, "its condition is not met");
	ck_assert(death_merge(&known, &detail));
	ck_assert_uint_eq(known.id, id);
	ck_assert(death_merge(&known, &skipped)); /* does not take the detail away */
	ck_assert_str_eq(known.detail, "its condition is not met");
	ck_assert(!death_is_dependency(&known));
}
END_TEST

START_TEST(a_vague_death_is_used_until_another_is_known)
{
	struct death known = {.kind = DEATH_NONE}, vague = death(DEATH_END),
		     end = killed(7, 1000, SIGKILL);

	vague.vague = true;
	ck_assert(death_merge(&known, &vague));
	ck_assert(death_merge(&known, &end));
	ck_assert_int_eq(known.signal, SIGKILL);
	ck_assert(!known.vague);
	ck_assert(!death_merge(&known, &vague));
	vague.kind = DEATH_NONE;
	ck_assert(!death_merge(&known, &vague));
}
END_TEST

SUITE("service_death", NULL, NULL)
{
	LOOP_TEST(each_death_is_described, COUNT(texts));
	TEST(a_wait_status_says_how_a_process_ended);
	TEST(only_a_stop_that_ended_well_is_wanted);
	TEST(two_sources_speak_about_one_death);
	TEST(the_next_death_has_another_id);
	TEST(the_next_vigild_finds_the_same_id);
	TEST(a_start_that_was_skipped_is_a_death_of_another_kind);
	TEST(a_vague_death_is_used_until_another_is_known);
}
