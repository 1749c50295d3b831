/*
 * isolate_module: modules that are not loaded into vigild, because their daemons have processes of
 * their own.
 *
 * The descriptor of such a module has the options of the real one, which a process has described.
 * Its functions are those of vigild (isolate.h), but for check, which asks a process.  Descriptions
 * and results of checks are kept: as long as the file, the options and the user are the same, no
 * process is started for them.  All struct modules of a program share them.
 */
#ifndef ISOLATE_MODULE_H
#define ISOLATE_MODULE_H

#include <stdbool.h>

#include <jansson.h>
#include <vigil/vigil.h>

struct loop;
struct modules;
struct option_set;
struct option_value;

/* Where the module of an isolated daemon is, for the process that runs it. */
const char *isolate_module_dir(const vigil_module *descriptor);

/* Makes the modules describe isolated ones.  behaviour: its functions start, stop, reconfigure and
 * resumed are used for all daemons; static. */
void isolate_module_install(struct modules *modules, const vigil_module *behaviour);

/* --- without waiting -------------------------------------------------------------------------- */

/* While it collects, a plan starts no process.  It lists what it would have to ask, and is not to
 * be used if anything is listed. */
void isolate_module_collect(bool collect);
bool isolate_module_is_wanted(void);
/* Asks for all that is listed, and calls ready from the loop when the answers are known.  Then a
 * plan finds them. */
void isolate_module_ask(struct loop *loop, void (*ready)(void *arg), void *arg);
/* Forgets which processes did not answer, so that they are asked again. */
void isolate_module_settle(void);
/* Ends the processes that are being asked, and forgets the list. */
void isolate_module_cancel(void);

/* An option of config_daemon_schema; NULL: it has no value. */
const struct option_value *isolate_option(const struct option_set *options, const char *name);
/* The options isolate_user (NULL: none) and isolate_memory (0: none). */
const char *isolate_user_of(const struct option_set *options);
double isolate_memory_of(const struct option_set *options);
/* Returns the configured options of a daemon, [[KEY, VALUE] ...].  A new reference. */
json_t *isolate_module_options(const struct option_set *options);

#endif
