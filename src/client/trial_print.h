/*
 * trial_print: what `vigilctl module test` prints of a module and of its run.
 */
#ifndef TRIAL_PRINT_H
#define TRIAL_PRINT_H

#include <jansson.h>

/* {"name","summary","path","abi","options":[{"name","type","default","required","help"}]} */
void trial_print_module(json_t *what);
/* The account of the daemon at /runs/NAME, with its "state". */
void trial_print_run(json_t *account);

#endif
