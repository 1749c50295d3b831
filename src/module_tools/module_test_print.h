/*
 * module_test_print: what `vigilctl module test` prints of a module and of its run.
 */
#ifndef MODULE_TEST_PRINT_H
#define MODULE_TEST_PRINT_H

#include <jansson.h>

/* {"name","summary","path","abi","options":[{"name","type","default","required","help"}]} */
void module_test_print_module(json_t *what);
/* The account of the daemon at /runs/NAME, with its "state". */
void module_test_print_run(json_t *account);

#endif
