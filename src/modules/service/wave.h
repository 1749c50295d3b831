/*
 * wave: restarts that follow the restart of another service (option `restart_with`).
 *
 * A running service must be restarted if a service that it names was restarted after this one was
 * started. Nothing else is remembered, so that one death causes one restart of each service: a
 * service that something has restarted in the meantime is newer, and several restarts of the named
 * service need one restart.
 */
#ifndef WAVE_H
#define WAVE_H

#include "peer.h"

/* Returns the peer whose restart is the latest reason to restart a running service that was started
 * at `started` and has that option; NULL: there is no reason. A peer that does not run at present
 * is no reason. */
struct peer *wave_cause(const struct dependency *restart_with, double started);

/* Returns whether the peer is being restarted or will be, itself or because of the services that it
 * is restarted with. A service that is restarted with it then waits, so that it is restarted once
 * and after all of them. A peer that has not been checked since that time, by vigil_now, may be
 * restarted too: the function starts a check of it. */
bool wave_is_pending(struct peer *peer, double since);

#endif
