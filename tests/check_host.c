/* check_host: which daemons run, what a reload changes and what it leaves alone, and the end. */
#include "host/host.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/daemon.h"
#include "daemon/module.h"
#include "config/config.h"
#include "host/pause.h"
#include "loop/loop.h"
#include "scratch.h"
#include "state/state.h"
#include "suite.h"

#define PATIENCE (60 * CLOCK_SECOND)

static struct host *host;
static struct diagnostics diagnostics;
static json_t *result; /* of the last reload */
static char logged[512][256];
static unsigned logged_lines;

static void on_log(vigil_level level, const char *line, void *arg)
{
	ck_assert_uint_lt(logged_lines, sizeof(logged) / sizeof(*logged));
	snprintf(logged[logged_lines++], sizeof(logged[0]), "%s", line);
}

static unsigned log_holds(const char *text)
{
	unsigned count = 0;

	for (unsigned i = 0; i < logged_lines; i++)
		count += strstr(logged[i], text) != NULL;
	return count;
}

static void setup(void)
{
	ck_assert_ptr_nonnull(getenv("top_builddir"));
	scratch_setup();
	ck_assert_int_eq(mkdir(scratch_path("conf.d"), 0755), 0);
	log_set_sink(on_log, NULL);
	logged_lines = 0;
}

static void teardown(void)
{
	json_decref(result);
	diagnostics_clear(&diagnostics);
	host_free(host);
	log_set_sink(NULL, NULL);
	log_close();
	scratch_teardown();
}

/* --- configurations --------------------------------------------------------------------------- */

/* The main file begins anew, with these lines in [vigil], and no daemons beside it. */
static void config_vigil_lines(const char *lines)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -f %s/conf.d/*.conf", scratch);
	ck_assert_int_eq(system(command), 0);
	scratch_put("vigil.conf", 0644,
		"[vigil]\nmodules = %s/tests/modules, %s/src/modules\nstate_dir = %s\n%s",
		getenv("top_builddir"), getenv("top_builddir"), scratch_path("state"), lines);
}

/* A daemon in a file of its own, with these lines in its section. */
static void config_daemon_lines(const char *name, const char *lines)
{
	char file[64];

	snprintf(file, sizeof(file), "conf.d/%s.conf", name);
	scratch_put(file, 0644, "[daemons]\n%s = yes\n[daemon:%s]\n%s\n", name, name, lines);
}

/* One of the odd module. */
static void config_odd(const char *name, const char *lines)
{
	char more[512];

	snprintf(more, sizeof(more), "module = odd\njournal = %s\n%s", scratch_path("journal"),
		lines);
	config_daemon_lines(name, more);
}

static bool make(void)
{
	diagnostics_clear(&diagnostics);
	host = host_new(scratch_path("vigil.conf"), &diagnostics);
	ck_assert_int_eq(host == NULL, diagnostics.errors > 0);
	return host != NULL;
}

static void bring_up(void)
{
	ck_assert_msg(make(), "%s", diagnostics.count > 0 ? diagnostics.list[0].text : "");
	host_start(host);
}

static int reload(void)
{
	int err;

	diagnostics_clear(&diagnostics);
	json_decref(result);
	result = NULL;
	err = host_reload(host, &result, &diagnostics);
	ck_assert_int_eq(err == 0, diagnostics.errors == 0);
	ck_assert_int_eq(err == 0, result != NULL);
	return err;
}

/* What the last reload says of a key, as JSON; good until the next call. */
static const char *said(const char *key)
{
	static char *text;

	free(text);
	text = json_dumps(json_object_get(result, key), JSON_ENCODE_ANY | JSON_COMPACT);
	ck_assert_ptr_nonnull(text);
	return text;
}

/* --- what has happened ------------------------------------------------------------------------ */

/* The journal, or "" ; good until the next call. */
static const char *journal(void)
{
	static char text[8192];
	FILE *file = fopen(scratch_path("journal"), "r");
	size_t n = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;

	if (file != NULL)
		fclose(file);
	text[n] = '\0';
	return text;
}

static void forget_journal(void)
{
	unlink(scratch_path("journal"));
}

static unsigned journal_holds(const char *line)
{
	unsigned count = 0;

	for (const char *at = journal(); (at = strstr(at, line)) != NULL; at++)
		count++;
	return count;
}

static const char *stands_at(const char *pointer)
{
	static char *text;
	json_t *value = state_get(host_state(host), pointer);

	free(text);
	text = value != NULL ? json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_COMPACT)
			     : strdup("");
	json_decref(value);
	return text;
}

static void on_turned(uint64_t missed, void *arg)
{
	*(bool *)arg = true;
	loop_stop(host_loop(host));
}

static void turn_for(uint64_t ns)
{
	bool over = false;
	struct loop_timer *timer = loop_after(host_loop(host), ns, on_turned, &over);

	ck_assert_ptr_nonnull(timer);
	while (!over)
		ck_assert_int_eq(loop_run(host_loop(host)), 0);
	loop_timer_free(timer);
}

#define TURN_UNTIL(condition)                                              \
	do {                                                               \
		uint64_t turn_end = clock_now() + PATIENCE;                \
		while (!(condition)) {                                     \
			ck_assert_msg(clock_now() < turn_end, #condition); \
			turn_for(5 * CLOCK_MS);                            \
		}                                                          \
	} while (0)

/* --- start ------------------------------------------------------------------------------------ */

START_TEST(nothing_enabled_is_a_host)
{
	config_vigil_lines("");
	bring_up();
	ck_assert_ptr_null(host_daemon(host, 0));
	ck_assert_ptr_null(host_find(host, "any"));
	ck_assert_str_eq(stands_at("/runs"), "{}");
	ck_assert_str_eq(stands_at("/vigil/generation"), "1");
	ck_assert_str_eq(stands_at("/vigil/reloads"), "0");
	ck_assert_str_eq(stands_at("/vigil/version"), "\"" PACKAGE_VERSION "\"");
	ck_assert_int_eq(atoi(stands_at("/vigil/pid")), getpid());
	ck_assert_str_eq(stands_at("/vigil/workers/lost"), "0");
	ck_assert_str_ne(stands_at("/vigil/loop/lag_seconds/p99"), "");
	ck_assert_str_eq(stands_at("/vigil/none"), "");
	ck_assert_str_eq(stands_at("/runs/none"), "");
	host_free(NULL);
}
END_TEST

START_TEST(a_daemon_that_fails_takes_nothing_down)
{
	struct vigil_daemon *d;

	config_vigil_lines("");
	config_odd("a", "word = w");
	config_odd("b", "start = refuse\nword = b-word");
	config_odd("c", "start = error");
	config_odd("e", "");
	config_daemon_lines("d", "module = missing");
	bring_up();
	for (size_t i = 0; (d = host_daemon(host, i)) != NULL; i++) {
		ck_assert_int_eq(daemon_name(d)[0], (char)('a' + i)); /* in order */
		ck_assert_ptr_eq(host_find(host, daemon_name(d)), d);
	}
	ck_assert_str_eq(stands_at("/runs/a/status"), "\"running\"");
	ck_assert_str_eq(stands_at("/runs/e/status"), "\"running\"");
	ck_assert_str_eq(stands_at("/runs/b/status"), "\"failed\"");
	ck_assert_str_eq(stands_at("/runs/b/reason"), "\"the b-word is refused\"");
	ck_assert_str_eq(stands_at("/runs/c/reason"),
		"\"its start returned -6 (No such device or address)\"");
	ck_assert_ptr_nonnull(strstr(stands_at("/runs/d/reason"), "no such module"));
	ck_assert_str_eq(stands_at("/runs/d/module"), "\"missing\"");
	ck_assert_str_eq(stands_at("/daemons"), "{\"a\":{\"starts\":1},\"e\":{\"starts\":1}}");
	ck_assert_str_eq(journal(), "start a w\nstart b b-word\nstart c -\nstart e -\n");
	ck_assert_uint_eq(log_holds("is up with 5 daemons, 3 of them failed"), 1);
	/* and each ends as it ran */
	forget_journal();
	host_free(host);
	host = NULL;
	ck_assert_str_eq(journal(), "stop e -\nstop a w\n");
}
END_TEST

START_TEST(what_is_wrong_keeps_it_from_starting)
{
	config_vigil_lines("workers = none\n");
	ck_assert(!make());
	ck_assert_ptr_nonnull(strstr(diagnostics.list[0].text, "vigil.conf:4: "));
	config_vigil_lines("log = /none/such/place\n");
	ck_assert(!make());
	ck_assert_ptr_nonnull(strstr(diagnostics.list[0].text, "/none/such/place"));
	/* a module that is missing is wrong for -t alone */
	config_vigil_lines("");
	config_daemon_lines("d", "");
	diagnostics_clear(&diagnostics);
	ck_assert_int_eq(host_test(scratch_path("vigil.conf"), &diagnostics), -EINVAL);
	ck_assert_uint_eq(diagnostics.count, 1);
	ck_assert(make());
	config_vigil_lines("");
	config_odd("a", "");
	diagnostics_clear(&diagnostics);
	ck_assert_int_eq(host_test(scratch_path("vigil.conf"), &diagnostics), 0);
	ck_assert_str_eq(journal(), ""); /* it started nothing */
}
END_TEST

/* --- reload ----------------------------------------------------------------------------------- */

START_TEST(a_reload_says_what_it_did)
{
	config_vigil_lines("");
	config_odd("gone", "");
	config_odd("same", "word = s");
	config_odd("other", "word = before");
	config_odd("takes", "word = before\nreconfigure = yes");
	config_odd("broken", "start = refuse\nword = word");
	config_odd("mended", "start = error");
	bring_up();
	forget_journal();

	config_vigil_lines("");
	config_odd("new", "");
	config_odd("same", "word = s");
	config_odd("other", "word = after");
	config_odd("takes", "word = after\nreconfigure = yes");
	config_odd("broken", "start = refuse\nword = word");
	config_odd("mended", "");
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(said("stopped"), "[\"gone\"]");
	ck_assert_str_eq(said("started"), "[\"new\"]");
	ck_assert_str_eq(said("changed"), "[\"broken\",\"mended\",\"other\",\"takes\"]");
	ck_assert_str_eq(said("kept"), "1");
	ck_assert_str_eq(said("failed"), "{\"broken\":\"the word is refused\"}");
	ck_assert_str_eq(said("restart_needed"), "[]");
	ck_assert_str_eq(journal(), "stop gone -\nstart broken word\nstart mended -\nstart new -\n"
				    "reconfigure other after\nstop other before\n"
				    "start other after\nreconfigure takes after\n");
	ck_assert_str_eq(stands_at("/daemons/gone"), "");
	ck_assert_str_eq(stands_at("/runs/gone"), "");
	ck_assert_str_eq(stands_at("/daemons/same/starts"), "1");
	ck_assert_str_eq(stands_at("/vigil/generation"), "2");
	ck_assert_str_eq(stands_at("/vigil/reloads"), "1");
	ck_assert_uint_eq(
		log_holds("reloaded: 1 started, 1 stopped, 4 changed, 1 kept, 1 failed"), 1);

	/* the same again: only the failed one is tried */
	forget_journal();
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(said("kept"), "5");
	ck_assert_str_eq(said("changed"), "[\"broken\"]");
	ck_assert_str_eq(journal(), "start broken word\n");
}
END_TEST

START_TEST(another_module_is_another_daemon)
{
	config_vigil_lines("");
	config_odd("a", "");
	bring_up();
	forget_journal();
	config_vigil_lines("");
	config_daemon_lines("a", "module = exec\ncommand = /bin/true");
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(said("changed"), "[\"a\"]");
	ck_assert_str_eq(journal(), "stop a -\n");
	ck_assert_str_eq(stands_at("/runs/a/module"), "\"exec\"");
	/* missing now, it fails, and what ran is stopped */
	config_vigil_lines("");
	config_daemon_lines("a", "module = missing");
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(stands_at("/runs/a/status"), "\"failed\"");
	ck_assert_ptr_nonnull(strstr(said("failed"), "no such module"));
}
END_TEST

/* A timer that was made anew would fire within a second. */
START_TEST(the_unchanged_miss_no_tick_and_get_no_other)
{
	config_vigil_lines("");
	config_odd("kept", "interval = 1h");
	config_odd("quick", "interval = 20ms");
	config_odd("other", "interval = 1h\nword = 0");
	bring_up();
	TURN_UNTIL(journal_holds("tick kept") == 1 && journal_holds("tick other 0") == 1);
	for (int i = 1; i < 15; i++) {
		char lines[64];

		snprintf(lines, sizeof(lines), "interval = 1h\nword = %d", i);
		config_vigil_lines("");
		config_odd("kept", "interval = 1h");
		config_odd("quick", "interval = 20ms");
		config_odd("other", lines);
		ck_assert_int_eq(reload(), 0);
		ck_assert_str_eq(said("kept"), "2");
		turn_for(100 * CLOCK_MS);
	}
	TURN_UNTIL(journal_holds("tick other 14") == 1);
	ck_assert_uint_eq(journal_holds("tick kept"), 1);
	ck_assert_str_eq(stands_at("/runs/kept/ticks"), "1");
	ck_assert_str_eq(stands_at("/runs/kept/missed"), "0");
	/* all that were due, within what the machine allows: 70 in the turns above alone */
	ck_assert_int_ge(atoi(stands_at("/runs/quick/ticks")), 10);
	ck_assert_uint_eq(journal_holds("tick quick"), atoi(stands_at("/runs/quick/ticks")));
	ck_assert_int_ge(
		atoi(stands_at("/runs/quick/ticks")) + atoi(stands_at("/runs/quick/missed")), 60);
}
END_TEST

START_TEST(what_is_wrong_changes_nothing)
{
	static const char *const wrong[] = {"[daemon:a\n", "[daemon:a]\nwrod = x", "[vigil]\nx = 1",
		"[vigil]\nmodules = /nowhere\n[daemon:a]\ninterval = soon",
		"[vigil]\nlog = /none/x"};
	char modules[256];

	config_vigil_lines("");
	config_odd("a", "word = w");
	bring_up();
	forget_journal();
	snprintf(modules, sizeof(modules), "%s", modules_directories(host_modules(host))[0]);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		config_vigil_lines("log_level = debug\nrestart_rate = 1/1h\n");
		config_odd("a", "word = w");
		config_odd("b", "");
		scratch_put("conf.d/wrong.conf", 0644, "%s\n", wrong[i]);
		ck_assert_msg(reload() == -EINVAL, "%s", wrong[i]);
		ck_assert_ptr_nonnull(strstr(diagnostics.list[0].text, scratch));
		ck_assert_uint_gt(log_holds(diagnostics.list[0].text), 0);
		ck_assert_uint_eq(log_holds("the running daemons are unchanged"), i + 1);
		ck_assert_str_eq(journal(), "");
		ck_assert_ptr_null(host_find(host, "b"));
		ck_assert_str_eq(stands_at("/runs/a/status"), "\"running\"");
		ck_assert_str_eq(stands_at("/vigil/generation"), "1");
		ck_assert_int_eq(atoi(stands_at("/vigil/reload_errors")), (int)i + 1);
		ck_assert_str_eq(modules_directories(host_modules(host))[0], modules);
		ck_assert_int_eq(log_level(), VIGIL_INFO);
	}
	ck_assert_int_eq(unlink(scratch_path("conf.d/wrong.conf")), 0);
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(said("started"), "[\"b\"]");
	ck_assert_int_eq(log_level(), VIGIL_DEBUG);
}
END_TEST

/* --- what modules check ----------------------------------------------------------------------- */

START_TEST(a_check_that_refuses_keeps_it_from_starting)
{
	config_vigil_lines("");
	config_odd("a", "check = diagnose\nword = w");
	config_odd("b", "check = diagnose-only");
	config_odd("c", "check = silent");
	config_odd("d", "check = ok");
	ck_assert(!make());
	ck_assert_uint_eq(diagnostics.errors, 3);
	ck_assert_ptr_nonnull(
		strstr(diagnostics.list[0].text, "a.conf:7: word = \"w\": the word of a is wrong"));
	ck_assert_ptr_nonnull(strstr(diagnostics.list[1].text, "b.conf:3: the section is wrong"));
	ck_assert_ptr_nonnull(
		strstr(diagnostics.list[2].text, "c.conf:3: daemon \"c\": the check of "
						 "module odd returned -6"));
	ck_assert_uint_eq(journal_holds("check"), 4);
	ck_assert_uint_eq(journal_holds("start"), 0);
	diagnostics_clear(&diagnostics);
	ck_assert_int_eq(host_test(scratch_path("vigil.conf"), &diagnostics), -EINVAL);
	ck_assert_uint_eq(diagnostics.errors, 3);
}
END_TEST

START_TEST(a_check_that_refuses_changes_nothing_at_a_reload)
{
	config_vigil_lines("");
	config_odd("a", "word = w");
	bring_up();
	forget_journal();
	for (int i = 0; i < 3; i++) {
		static const char *const how[] = {"diagnose", "diagnose-only", "silent"};
		char lines[64];

		snprintf(lines, sizeof(lines), "check = %s", how[i]);
		config_vigil_lines("");
		config_odd("a", "word = w");
		config_odd("b", lines);
		config_odd("c", "");
		ck_assert_int_eq(reload(), -EINVAL);
		ck_assert_uint_eq(log_holds(diagnostics.list[0].text), 1);
		ck_assert_str_eq(stands_at("/runs/a/status"), "\"running\"");
		ck_assert_ptr_null(host_find(host, "c"));
	}
	/* not even where it is the running daemon's own option */
	config_vigil_lines("");
	config_odd("a", "word = w\ncheck = diagnose");
	ck_assert_int_eq(reload(), -EINVAL);
	ck_assert_str_eq(stands_at("/runs/a/status"), "\"running\"");
	ck_assert_uint_eq(journal_holds("stop") + journal_holds("start"), 0);
	ck_assert_str_eq(stands_at("/vigil/reload_errors"), "4");
	config_vigil_lines("");
	config_odd("a", "word = v\ncheck = ok");
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(said("changed"), "[\"a\"]");
}
END_TEST

START_TEST(a_note_is_logged_and_told)
{
	config_vigil_lines("");
	config_odd("a", "check = note\nword = w");
	bring_up();
	ck_assert_uint_eq(log_holds("a.conf:7: note: word = \"w\": the word looks wrong"), 1);
	ck_assert_int_eq(reload(), 0);
	ck_assert_uint_eq(log_holds("the word looks wrong"), 2);
	ck_assert_ptr_nonnull(strstr(said("notes"), "the word looks wrong"));
	ck_assert_str_eq(stands_at("/runs/a/status"), "\"running\"");
	config_vigil_lines("");
	config_odd("a", "word = w");
	ck_assert_int_eq(reload(), 0);
	ck_assert_ptr_null(json_object_get(result, "notes"));
}
END_TEST

START_TEST(a_careless_check_makes_nothing)
{
	config_vigil_lines("");
	config_odd("a", "check = careless\ninterval = 1h");
	bring_up();
	ck_assert_uint_eq(log_holds("the check of module odd calls vigil_every"), 1);
	ck_assert_uint_eq(log_holds("a candidate"), 0);
	ck_assert_str_eq(stands_at("/runs/a/errors"), "0");
	ck_assert_str_eq(stands_at("/daemons/a"), "{\"starts\":1}");
}
END_TEST

static void start_in_a_child(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		host_new(scratch_path("vigil.conf"), &diagnostics);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* A check that crashes vigild would do so at each start, and all other daemons would be down. */
START_TEST(a_check_that_crashes_is_named_and_held_back)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	config_vigil_lines("");
	config_odd("a", "check = abort");
	config_odd("b", "");
	for (int i = 0; i < 3; i++)
		start_in_a_child();
	ck_assert_uint_eq(journal_holds("check a"), 3);
	bring_up();
	ck_assert_uint_eq(
		log_holds("a: the previous vigild crashed in a callback of this daemon: signal 6"),
		1);
	ck_assert_uint_eq(journal_holds("check a"), 3);
	ck_assert_str_eq(stands_at("/runs/a/status"), "\"failed\"");
	ck_assert_ptr_nonnull(strstr(stands_at("/runs/a/reason"), "quarantined"));
	ck_assert_str_eq(stands_at("/runs/b/status"), "\"running\"");
	/* Let go, it is checked before it is started. */
	config_vigil_lines("");
	config_odd("a", "check = diagnose");
	config_odd("b", "");
	ck_assert_int_eq(reload(), 0);
	host_release(host, "a");
	ck_assert_str_eq(stands_at("/runs/a/status"), "\"failed\"");
	ck_assert_ptr_nonnull(strstr(stands_at("/runs/a/reason"), "the word of a is wrong"));
	ck_assert_uint_eq(journal_holds("start a"), 0);
}
END_TEST

/* What was built before there was a check has none, whatever lies behind its descriptor. */
START_TEST(an_older_module_has_no_check)
{
	config_vigil_lines("");
	config_daemon_lines("older", "");
	bring_up();
	ck_assert_str_eq(stands_at("/daemons/older/started"), "true");
}
END_TEST

START_TEST(what_waits_for_a_restart_is_said)
{
	char lines[512];

	config_vigil_lines("");
	bring_up();
	snprintf(lines, sizeof(lines), "socket = %s\ngroup = other\nworkers = 2\n",
		scratch_path("socket"));
	config_vigil_lines(lines);
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(said("restart_needed"), "[\"socket\",\"group\"]");
	ck_assert_uint_eq(log_holds("[vigil] group has changed"), 1);
	ck_assert_int_eq(config_vigil(host_config(host), "workers")->integer, 2);
	ck_assert_int_eq(reload(), 0);
}
END_TEST

START_TEST(a_level_set_by_hand_stays_until_the_file_says_another)
{
	config_vigil_lines("log_level = notice\n");
	bring_up();
	ck_assert_int_eq(log_level(), VIGIL_NOTICE);
	log_set_level(VIGIL_DEBUG);
	ck_assert_int_eq(reload(), 0);
	ck_assert_int_eq(log_level(), VIGIL_DEBUG);
	config_vigil_lines("log_level = warning\n");
	ck_assert_int_eq(reload(), 0);
	ck_assert_int_eq(log_level(), VIGIL_WARN);
}
END_TEST

static char told[32][64];
static unsigned told_count;

static void on_told(uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	ck_assert_uint_lt(told_count, 32);
	snprintf(told[told_count++], sizeof(told[0]), "%.30s %.20s", pointer,
		json_is_string(value) ? json_string_value(value)
		: value == NULL       ? "gone"
				      : "");
}

START_TEST(who_watches_hears_of_all_of_it)
{
	struct state_watch *watch;

	config_vigil_lines("");
	config_odd("a", "");
	bring_up();
	watch = state_watch(host_state(host), "/runs", on_told, NULL);
	ck_assert_ptr_nonnull(watch);
	told_count = 0;
	config_vigil_lines("");
	config_odd("b", "");
	ck_assert_int_eq(reload(), 0);
	ck_assert_uint_eq(told_count, 3);
	ck_assert_str_eq(told[0], "/runs/a/status stopping");
	ck_assert_str_eq(told[1], "/runs/b/status starting");
	ck_assert_str_eq(told[2], "/runs/b/status running");
	state_unwatch(watch);
}
END_TEST

/* --- the end ---------------------------------------------------------------------------------- */

static unsigned ended;

static void on_stopped(void *arg)
{
	ck_assert_ptr_eq(arg, &ended);
	ended++;
	loop_stop(host_loop(host));
}

START_TEST(what_is_kept_outlives_the_host)
{
	config_vigil_lines("");
	config_odd("a", "");
	config_odd("b", "");
	for (int i = 1; i <= 3; i++) {
		bring_up();
		ck_assert_int_eq(atoi(stands_at("/daemons/a/starts")), i);
		if (i == 1)
			pause_start(host_pauses(host), host_find(host, "b"), 3600, "disk", "");
		ck_assert_str_eq(stands_at("/runs/b/status"), "\"paused\"");
		ck_assert_str_eq(stands_at("/runs/a/status"), "\"running\"");
		ended = 0;
		host_stop(host, on_stopped, &ended);
		host_stop(host, on_stopped, &ended); /* is being stopped */
		ck_assert_int_eq(reload(), -EINVAL);
		TURN_UNTIL(ended > 0);
		ck_assert_uint_eq(ended, 1);
		ck_assert_ptr_null(host_daemon(host, 0));
		ck_assert_str_eq(stands_at("/daemons"), "{}");
		host_free(host);
		host = NULL;
	}
}
END_TEST

START_TEST(restarts_under_way_are_waited_for_and_children_ended)
{
	char lines[512];
	pid_t child;

	config_vigil_lines("");
	scratch_put("slow", 0755,
		"#!/bin/sh\n: >%s\nwhile [ ! -e %s ]; do sleep 0.02; done\n: >%s\n",
		scratch_path("begun"), scratch_path("go"), scratch_path("done"));
	snprintf(lines, sizeof(lines), "restart = %s", scratch_path("slow"));
	config_odd("a", lines);
	scratch_put(
		"child", 0755, "#!/bin/sh\necho $$ >%s\nexec sleep 1000\n", scratch_path("pid"));
	snprintf(lines, sizeof(lines), "child = %s", scratch_path("child"));
	config_odd("b", lines);
	bring_up();
	TURN_UNTIL(scratch_has("begun") && scratch_has("pid"));
	child = scratch_number("pid");
	ended = 0;
	host_stop(host, on_stopped, &ended);
	turn_for(50 * CLOCK_MS);
	ck_assert_uint_eq(ended, 0);
	ck_assert_ptr_nonnull(host_find(host, "a"));
	scratch_put("go", 0644, "now\n");
	TURN_UNTIL(ended == 1);
	ck_assert(scratch_has("done"));
	ck_assert_int_eq(kill(child, 0), -1);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* none is left */
	/* on a busy machine there are ticks in between */
	ck_assert_int_eq(strncmp(journal(), "start a -\nstart b -\n", 20), 0);
	ck_assert_ptr_nonnull(strstr(journal(), "stop b -\nstop a -\n"));
}
END_TEST

int main(void)
{
	TCase *tcase = suite_begin("host", setup, teardown);

	tcase_add_test(tcase, nothing_enabled_is_a_host);
	tcase_add_test(tcase, a_daemon_that_fails_takes_nothing_down);
	tcase_add_test(tcase, what_is_wrong_keeps_it_from_starting);
	tcase_add_test(tcase, a_reload_says_what_it_did);
	tcase_add_test(tcase, another_module_is_another_daemon);
	tcase_add_test(tcase, the_unchanged_miss_no_tick_and_get_no_other);
	tcase_add_test(tcase, what_is_wrong_changes_nothing);
	tcase_add_test(tcase, a_check_that_refuses_keeps_it_from_starting);
	tcase_add_test(tcase, a_check_that_refuses_changes_nothing_at_a_reload);
	tcase_add_test(tcase, a_note_is_logged_and_told);
	tcase_add_test(tcase, a_careless_check_makes_nothing);
	tcase_add_test(tcase, a_check_that_crashes_is_named_and_held_back);
	tcase_add_test(tcase, an_older_module_has_no_check);
	tcase_add_test(tcase, what_waits_for_a_restart_is_said);
	tcase_add_test(tcase, a_level_set_by_hand_stays_until_the_file_says_another);
	tcase_add_test(tcase, who_watches_hears_of_all_of_it);
	tcase_add_test(tcase, what_is_kept_outlives_the_host);
	tcase_add_test(tcase, restarts_under_way_are_waited_for_and_children_ended);
	return suite_end("host", tcase);
}
