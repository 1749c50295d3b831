/*
 * heap: a module that reports how much of the heap of its process is in use, in bytes: the least of
 * some measurements, ten a second, because work in progress comes and goes.
 *
 * The memory that a process has from the system says little about that, because the allocator keeps
 * memory that was freed.
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
