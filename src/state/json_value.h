/*
 * json_value: checks values before they are kept or used.
 *
 * The checks walk through a value without recursion, because a module or a client can nest it so
 * deeply that recursion would overflow the stack.
 */
#ifndef JSON_VALUE_H
#define JSON_VALUE_H

#include <stdbool.h>

#include <jansson.h>

/* Whether a value is an object or an array. */
static inline bool json_is_container(const json_t *value)
{
	return json_is_object(value) || json_is_array(value);
}

/* Returns the length of the key at an iterator of an object.  Since jansson 2.14 a key may contain
 * NUL characters. */
size_t json_key_length(void *iter);

/* Returns the nesting depth of a value: 0 for a scalar, 1 for {}.  Stops if the value is deeper
 * than limit (at most 64), and then returns limit + 1. */
int json_depth(const json_t *value, int limit);

/* Checks whether a value can be written as JSON and read again.  jansson has functions that accept
 * any bytes as a string or as a key, and it cannot write such a value.  Returns 0; -E2BIG: deeper
 * than limit (at most 64); -EILSEQ: a string or a key is not UTF-8, or a key has a NUL character;
 * or -EDOM: a number is not finite.  A string may have NUL characters; who reads it needs
 * JSON_ALLOW_NUL. */
int json_value_check(const json_t *value, int limit);
/* Returns the reason for an error of json_value_check, such as "it is nested too deeply". */
const char *json_value_problem(int err);

#endif
