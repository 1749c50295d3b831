/* store_loss: looks for the file by a timer; see store_loss.h. */
#include "persist/store_loss.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/degraded.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "persist/store_read.h"

#define INTERVAL (10 * CLOCK_SECOND)

struct store_loss {
	char *path;
	struct loop_timer *timer;
};

static void look(uint64_t missed, void *arg)
{
	struct store_loss *loss = arg;

	if (access(loss->path, F_OK) != 0) {
		degraded_clear(DEGRADED_LOSS);
		return;
	}
	degraded_set(DEGRADED_LOSS,
		"what vigil had stored could not be read at a start, so pauses and counters are "
		"lost; set them again, and remove %.80s, which is the file that could not be read",
		loss->path);
	loop_timer_rearm(loss->timer, INTERVAL);
}

struct store_loss *store_loss_open(struct loop *loop, const char *dir)
{
	struct store_loss *loss = memory_zero(sizeof(*loss));

	loss->path = memory_format("%s/" STORE_FILE_LOST, dir);
	loss->timer = loop_once(loop, look, loss);
	look(0, loss);
	return loss;
}

void store_loss_close(struct store_loss *loss)
{
	if (loss == NULL)
		return;
	loop_timer_free(loss->timer);
	free(loss->path);
	free(loss);
}
