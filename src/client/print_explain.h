/*
 * print_explain: prints the reply of the verb explain.
 */
#ifndef PRINT_EXPLAIN_H
#define PRINT_EXPLAIN_H

#include <jansson.h>

/* The result is one explanation, or an array of them. */
void print_explain(json_t *result);

#endif
