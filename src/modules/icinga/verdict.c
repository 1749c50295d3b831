/* verdict: reads from a reply of the master what happened to the result; see verdict.h. */
#include "verdict.h"

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include <vigil/vigil.h>

#define WORDS_MAX 256 /* bytes of the master's message */

static bool is_success(double code)
{
	return code >= 200 && code < 300;
}

/* A proxy in front of a master that is down answers, too, even with 200 or 404, but not in the
 * format of Icinga.  A master that is reloading answers 503 about each object: "Action skipped:
 * Shutting down."  A 500 about an object is no such answer, because one that is permanent would
 * stop the queue. */
static enum verdict verdict_of(int status, const json_t *answer, const json_t *result)
{
	const json_t *code = json_object_get(result, "code");

	if (json_number_value(code) == 503)
		return VERDICT_NO_MASTER;
	if (json_is_number(code))
		return is_success(status) && is_success(json_number_value(code)) ? VERDICT_TAKEN
										 : VERDICT_REFUSED;
	if ((status == 404 || status == 400) && json_is_number(json_object_get(answer, "error")))
		return VERDICT_REFUSED;
	return VERDICT_NO_MASTER;
}

/* The code of the result, if it is one of HTTP. */
static int code_of(int status, const json_t *result)
{
	double code = json_number_value(json_object_get(result, "code"));

	return code >= 100 && code < 1000 ? (int)code : status;
}

enum verdict verdict_read(
	int status, const char *body, size_t length, int *code, char text[VERDICT_TEXT])
{
	json_t *answer = json_loadb(body, length, JSON_REJECT_DUPLICATES, NULL);
	const json_t *result = json_array_get(json_object_get(answer, "results"), 0);
	const char *words =
		json_string_value(json_object_get(result != NULL ? result : answer, "status"));
	enum verdict verdict = verdict_of(status, answer, result);
	char clean[WORDS_MAX];

	if (words == NULL)
		words = verdict == VERDICT_NO_MASTER ? "the answer is not from Icinga"
						     : "without a reason";
	snprintf(text, VERDICT_TEXT, "the master answers %d: %s", status,
		vigil_sanitize(clean, sizeof(clean), words));
	*code = code_of(status, result);
	json_decref(answer);
	return verdict;
}
