/*
 * last_death: adds the last death of a service to a change of the health of its daemon.
 *
 * The module service keeps it at /daemons/NAME/service_state/deaths. The output of the service
 * arrives there some time after its death, so it is read once when the change is queued, and again
 * when the change is sent.
 */
#ifndef LAST_DEATH_H
#define LAST_DEATH_H

#include <stdbool.h>

#include <vigil/vigil.h>

/* Sets the member `death` of a change, if it is about the health of a daemon whose service has
 * died. */
void last_death_add(vigil_daemon *d, json_t *change);
/* Replaces the death and the long text of the change, if more is known of the same death now.
 * Returns whether the change has changed. */
bool last_death_refresh(vigil_daemon *d, json_t *change);

#endif
