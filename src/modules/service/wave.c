/*
 * wave: see wave.h.
 *
 * The search does not use recursion, because a chain may be as long as the configuration. vigild
 * rejects cycles.
 */
#include "wave.h"

/* Start times of processes are counted in ticks of 10 ms. A service that was started so shortly
 * before another one was started together with it, such as by systemd. */
#define TOGETHER 0.02 /* seconds */

struct peer *wave_cause(const struct dependency *restart_with, double started)
{
	struct peer *latest = NULL;

	for (; restart_with != NULL && restart_with->name != NULL; restart_with++) {
		struct peer *peer = peer_find(restart_with->name);

		if (peer == NULL || peer->status.status != VIGIL_SERVICE_RUNNING ||
			peer->status.restarted <= started + TOGETHER)
			continue;
		if (latest == NULL || peer->status.restarted > latest->status.restarted)
			latest = peer;
	}
	return latest;
}

/* A peer that needs a restart and has not been checked since then will be restarted, unless it was
 * found that this may not happen. */
static bool is_due(const struct peer *peer)
{
	const struct peer_status *status = &peer->status;

	if (status->coming)
		return true;
	return status->status == VIGIL_SERVICE_RUNNING && !status->withheld &&
	       wave_cause(peer->restart_with, status->started) != NULL;
}

/* A manager may have restarted several services at once, and vigild has seen only some of that. */
static bool is_known(struct peer *peer, double since)
{
	if (peer->checked && peer->checked_at >= since)
		return true;
	peer->asked = true;
	peer->check(peer->arg);
	return false;
}

/* Adds a peer to the peers that the search has to visit, unless that happened before. */
static void add(struct peer **stack, struct peer *peer, unsigned visit)
{
	if (peer == NULL || peer->visit == visit)
		return;
	peer->visit = visit;
	peer->to_visit = *stack;
	*stack = peer;
}

bool wave_is_pending(struct peer *peer, double since)
{
	static unsigned visits;
	unsigned visit = ++visits;
	struct peer *stack = NULL;

	add(&stack, peer, visit);
	while ((peer = stack) != NULL) {
		const struct dependency *with = peer->restart_with;

		stack = peer->to_visit;
		if (is_due(peer) || !is_known(peer, since))
			return true;
		for (; with != NULL && with->name != NULL; with++)
			add(&stack, peer_find(with->name), visit);
		/* It waits, and is restarted when the other one is ready. */
		if (peer->awaits != NULL)
			add(&stack, peer_find(peer->awaits), visit);
	}
	return false;
}
