/*
 * pause_window: the recurring pauses of the option pause_during.
 *
 * Whether such a pause lasts follows from the option and the time of day alone, so nothing of it is
 * stored.  Only if an admin resumes a daemon inside a window, the end of that window is stored.  A
 * window with another end, because the option or the clock was changed, pauses the daemon again.
 */
#include <math.h>
#include <stdlib.h>

#include "base/calendar.h"
#include "config/option.h"
#include "daemon/daemon.h"
#include "host/pause_internal.h"
#include "persist/store.h"

#define RESUMED "resumed" /* the key in the store */

/* NULL: the daemon has no windows. */
static const struct option_value *windows_of(const struct vigil_daemon *d)
{
	const struct option_set *options = daemon_host_options(d);
	const struct option_value *value =
		options != NULL ? option_get(options, "pause_during") : NULL;

	return value != NULL && value->present ? value : NULL;
}

static void search(struct pauses *pauses, const struct calendar *calendar, time_t now)
{
	const struct calendar_rule rule = {.only = calendar};

	if (pauses->last.calendar != NULL && pauses->last.now == now &&
		calendar_equal(pauses->last.calendar, calendar))
		return;
	free(pauses->last.calendar);
	pauses->last.calendar = calendar_copy(calendar);
	pauses->last.now = now;
	pauses->last.inside = calendar_contains(calendar, now);
	pauses->last.change = calendar_next_change(&rule, now);
}

/* Returns whether the daemon was resumed in the window that ends then. */
static bool is_skipped(struct pauses *pauses, const char *name, double end)
{
	const json_t *resumed = store_get(pauses->store, PAUSE_SECTION, name, RESUMED);

	if (resumed == NULL)
		return false;
	return isinf(end) ? json_is_null(resumed)
			  : json_is_number(resumed) && json_number_value(resumed) == end;
}

static void forget_skip(struct pauses *pauses, const char *name)
{
	if (store_get(pauses->store, PAUSE_SECTION, name, RESUMED) != NULL)
		store_put(pauses->store, PAUSE_SECTION, name, RESUMED, NULL);
}

struct pause_window pause_window_at(struct pauses *pauses, const struct vigil_daemon *d, time_t now)
{
	const struct option_value *windows = windows_of(d);
	struct pause_window window = {.change = INFINITY};
	double end;

	if (windows == NULL) {
		forget_skip(pauses, daemon_name(d));
		return window;
	}
	search(pauses, windows->calendar, now);
	window.change = (double)pauses->last.change;
	window.text = windows->text;
	end = pauses->last.change - now < CALENDAR_FAR ? window.change : INFINITY;
	if (!pauses->last.inside)
		forget_skip(pauses, daemon_name(d));
	else if (!is_skipped(pauses, daemon_name(d), end))
		window.end = end;
	return window;
}

void pause_window_skip(struct pauses *pauses, const struct vigil_daemon *d, time_t now)
{
	const struct pause_window window = pause_window_at(pauses, d, now);

	if (window.end != 0)
		store_put_new(pauses->store, PAUSE_SECTION, daemon_name(d), RESUMED,
			isinf(window.end) ? json_null() : json_real(window.end));
}
