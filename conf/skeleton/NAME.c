/*
 * @NAME@: describe the module here.
 *
 * All callbacks run on one thread, one after the other, and must not block.  For an operation that
 * takes long, call a function such as vigil_spawn or vigil_service_query, and handle the result in
 * its callback.  vigild frees all objects that these functions create when the daemon stops.  See
 * vigil.h(3) and vigil-module(7).
 */
#include <vigil/vigil.h>

/* The data of one daemon.  Several daemons of this module may exist, each with its own options. */
struct counter {
	json_int_t value;
	json_int_t limit;
};

static void on_tick(vigil_daemon *d, void *arg)
{
	struct counter *c = arg;

	c->value++;
	vigil_state_set(d, "value", json_integer(c->value)); /* at /daemons/NAME/value */
	if (c->value > c->limit)
		vigil_health(d, VIGIL_WARNING, "%lld is more than %lld", (long long)c->value,
			(long long)c->limit);
	else
		vigil_health(d, VIGIL_OK, "%lld so far", (long long)c->value);
}

static int start(vigil_daemon *d)
{
	struct counter *c = vigil_alloc(d, sizeof *c);

	c->limit = vigil_option_int(d, "limit");
	return vigil_every(d, vigil_option_seconds(d, "interval"), on_tick, c);
}

/* vigild checks the configuration against this table before it starts any daemon. */
static const vigil_option options[] = {
	VIGIL_OPTION("interval", VIGIL_DURATION, "5s", "the time between two ticks", .min = 0.1,
		.max = 86400),
	VIGIL_OPTION("limit", VIGIL_INT, "1000000", "the health is WARNING above this value",
		.min = 0, .max = 1e15),
	VIGIL_OPTION_END};

VIGIL_MODULE(.name = "@NAME@", .summary = "describe the module here in one line",
	.options = options, .start = start);
