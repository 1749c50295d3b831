/*
 * heap: a module that says how much of the heap is in use in whoever has loaded it, in bytes: the
 * least of some looks, ten a second, since what is at work comes and goes.
 *
 * What a process has of the system's memory tells little of that: the allocator keeps what was
 * given back, in pieces as they happen to lie.
 */
#include <malloc.h>

#include <vigil/vigil.h>

static size_t least;
static long looks;

static void on_tick(vigil_daemon *d, void *arg)
{
	struct mallinfo2 info = mallinfo2();
	size_t used = info.uordblks + info.hblkhd;

	if (looks++ == 0 || used < least)
		least = used;
	if (looks >= vigil_option_int(d, "looks")) {
		vigil_state_set(d, "in_use", json_integer((json_int_t)least));
		looks = 0;
	}
}

static int start(vigil_daemon *d)
{
	return vigil_every(d, 0.1, on_tick, NULL);
}

static const vigil_option options[] = {
	VIGIL_OPTION("looks", VIGIL_INT, "100", "how many the least is of", .min = 1, .max = 1000),
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "heap", .summary = "says how much of the heap is in use", .options = options,
	.start = start);
