/* fixture_loop: captures log lines, runs a loop until a condition holds, and reads the state. */
#ifndef FIXTURE_LOOP_H
#define FIXTURE_LOOP_H

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/loop.h"
#include "state/state.h"

#define PATIENCE (60 * CLOCK_SECOND)
#define UNUSED   __attribute__((unused))

static char logged[512][512]; /* logged lines */
static unsigned logged_lines;

UNUSED static void on_log(enum log_level level, const char *line, void *arg)
{
	ck_assert_uint_lt(logged_lines, sizeof(logged) / sizeof(*logged));
	snprintf(logged[logged_lines++], sizeof(logged[0]), "%s", line);
}

/* Returns the number of logged lines that contain the text. */
UNUSED static unsigned log_holds(const char *text)
{
	unsigned count = 0;

	for (unsigned i = 0; i < logged_lines; i++)
		count += strstr(logged[i], text) != NULL;
	return count;
}

struct run {
	struct loop *loop;
	bool over;
};

static void on_run_over(uint64_t missed, void *arg)
{
	struct run *run = arg;

	run->over = true;
	loop_stop(run->loop);
}

/* Runs the loop for `ns` nanoseconds. */
UNUSED static void run_for(struct loop *loop, uint64_t ns)
{
	struct run run = {.loop = loop};
	struct loop_timer *timer = loop_after(loop, ns, on_run_over, &run);

	ck_assert_ptr_nonnull(timer);
	while (!run.over)
		ck_assert_int_eq(loop_run(loop), 0);
	loop_timer_free(timer);
}

/* Runs the loop until the condition is true. */
#define RUN_UNTIL(loop, condition)                                        \
	do {                                                              \
		uint64_t run_end = clock_now() + PATIENCE;                \
		while (!(condition)) {                                    \
			ck_assert_msg(clock_now() < run_end, #condition); \
			run_for(loop, 5 * CLOCK_MS);                      \
		}                                                         \
	} while (0)

/* Returns the value at the pointer as JSON text, valid until the next call; "": there is none. */
UNUSED static const char *state_text(struct state *state, const char *pointer)
{
	static char *text;
	json_t *value = state_get(state, pointer);

	free(text);
	text = value != NULL ? json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_COMPACT)
			     : strdup("");
	json_decref(value);
	return text;
}

#endif
