/*
 * conditions: whether a condition of the option restart_when is a reason to restart the service.
 *
 * Each number is read when vigild announces that it has changed, and a timer ends when a condition
 * has held for its duration. What is known of each condition is kept at service_state/conditions.
 * The other functions accept the NULL that conditions_new may return.
 */
#ifndef CONDITIONS_H
#define CONDITIONS_H

#include "serving.h"

struct conditions;

/* Creates the conditions from the daemon's options, which are freed with the daemon. on_due is
 * called when one has held for its duration. Returns NULL if the option is not set, and if it is
 * invalid; the reason is then reported, and the start fails. */
struct conditions *conditions_new(vigil_daemon *d, vigil_tick_fn *on_due, void *arg);
/* Processes the result of a check. A condition has to hold for its whole duration while the service
 * runs, and again after each start of the service. */
void conditions_check(struct conditions *conditions, const vigil_service_reply *r);
/* Processes the reply to a restart, after which the service may have the same process as before. */
void conditions_restarted(struct conditions *conditions, const vigil_service_reply *r);
/* Adds what the conditions say to a verdict of serving_evaluate. */
void conditions_add(struct conditions *conditions, struct verdict *verdict);

#endif
