/*
 * module_test_print: prints the output of `vigilctl module test`.
 */
#ifndef MODULE_TEST_PRINT_H
#define MODULE_TEST_PRINT_H

#include <jansson.h>

/* Prints the description of a module,
 * {"name","summary","path","abi","options":[{"name","type","default","required","help"}]}. */
void module_test_print_module(json_t *what);
/* Prints the value of /runs/NAME with its "state". */
void module_test_print_run(json_t *account);

#endif
