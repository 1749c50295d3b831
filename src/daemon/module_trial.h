/*
 * module_trial: opens modules in another process before vigild opens them, and does not wait for
 * that.
 *
 * Opening a module runs its constructors, which may crash or hang.  While modules are tried, a plan
 * that needs a new one only lists its file, and is not to be used.  When the files have been
 * examined (module_examine.h), the plan is made again.  A file that was opened once is not examined
 * again, unless it has changed.  All struct modules of a program share the results.
 */
#ifndef MODULE_TRIAL_H
#define MODULE_TRIAL_H

#include <stdbool.h>

#include "daemon/module.h"

struct loop;

/* For modules_try.  Before modules are tried, it returns 0.  Then it returns 0 if the file was
 * opened without harm, -ENOEXEC with the reason if it was not, or -EAGAIN, and lists the file. */
module_trial_fn module_trial;
/* From now on modules are tried, or not any more. */
void module_trial_collect(bool collect);
bool module_trial_is_wanted(void);
/* Examines all files that are listed, and calls ready from the loop when that is done. */
void module_trial_ask(struct loop *loop, void (*ready)(void *arg), void *arg);
/* Forgets which modules have failed, so that they are tried again. */
void module_trial_settle(void);
/* Ends the process that examines, and forgets all results. */
void module_trial_cancel(void);

#endif
