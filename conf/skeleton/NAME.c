/*
 * @NAME@: say here what it is for.
 *
 * All callbacks run on one thread, one after the other, and must not block: what takes long is
 * asked for (vigil_spawn, vigil_service_query ...) and answered by a callback.  Whatever is made
 * here ends with the daemon; there is nothing to free.  See vigil.h(3) and vigil-module(7).
 */
#include <vigil/vigil.h>

/* One for each daemon: there may be several of this module, each with options of its own. */
struct watch {
	json_int_t value;
	json_int_t limit;
};

static void on_tick(vigil_daemon *d, void *arg)
{
	struct watch *w = arg;

	w->value++;
	vigil_state_set(d, "value", json_integer(w->value)); /* at /daemons/NAME/value */
	if (w->value > w->limit)
		vigil_health(d, VIGIL_WARNING, "%lld is more than %lld", (long long)w->value,
			(long long)w->limit);
	else
		vigil_health(d, VIGIL_OK, "%lld so far", (long long)w->value);
}

static int start(vigil_daemon *d)
{
	struct watch *w = vigil_alloc(d, sizeof *w);

	w->limit = vigil_option_int(d, "limit");
	return vigil_every(d, vigil_option_seconds(d, "interval"), on_tick, w);
}

/* The configuration is checked against these before anything is started. */
static const vigil_option options[] = {VIGIL_OPTION("interval", VIGIL_DURATION, "5s",
					       "time between two ticks", .min = 0.1, .max = 86400),
	VIGIL_OPTION("limit", VIGIL_INT, "1000000", "more than that is a warning", .min = 0,
		.max = 1e15),
	VIGIL_OPTION_END};

VIGIL_MODULE(.name = "@NAME@", .summary = "say here what it is for, in a line", .options = options,
	.start = start);
