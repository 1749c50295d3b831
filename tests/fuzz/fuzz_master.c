/*
 * fuzz_master: what the master answers to the icinga module: HTTP, and the JSON in it.
 *
 * The bytes are read whole and one at a time.  An answer without an end must be given up after a
 * bounded number of bytes. The only answer that counts as success is that in which Icinga says that
 * it took the result.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "modules/icinga/answer.h"
#include "modules/icinga/verdict.h"

struct outcome {
	enum answer_result result;
	size_t taken;
};

static struct outcome read_in_steps(struct answer *a, const uint8_t *data, size_t size, size_t step)
{
	struct outcome o = {.result = ANSWER_MORE};
	size_t length, taken;

	answer_start(a);
	while (o.taken < size && o.result == ANSWER_MORE) {
		length = size - o.taken < step ? size - o.taken : step;
		o.result = answer_read(a, (const char *)data + o.taken, length, &taken);
		FUZZ_HOLDS(taken <= length);
		FUZZ_HOLDS(taken == length || o.result != ANSWER_MORE);
		o.taken += taken;
	}
	return o;
}

/* Repeats the answer without end; reading ends within the limits. */
static void is_bounded(struct answer *a, const uint8_t *data, size_t size)
{
	size_t total = 0, taken;
	enum answer_result result = ANSWER_MORE;

	while (result == ANSWER_MORE && size > 0) {
		result = answer_read(a, (const char *)data, size, &taken);
		total += taken;
		FUZZ_HOLDS(total <= ANSWER_LINES_MAX + ANSWER_BODY_MAX + 2 * size);
	}
}

static void text_holds(int status, const char *body, size_t length)
{
	char text[VERDICT_TEXT];
	int code;
	enum verdict verdict = verdict_read(status, body, length, &code, text);
	json_t *answer = json_loadb(body, length, 0, NULL), *result;

	FUZZ_HOLDS(fuzz_is_clean(text) && strncmp(text, "the master answers ", 19) == 0);
	FUZZ_HOLDS(answer != NULL || verdict == VERDICT_NO_MASTER);
	FUZZ_HOLDS(code == status || (code >= 100 && code < 1000));
	result = json_array_get(json_object_get(answer, "results"), 0);
	if (verdict == VERDICT_TAKEN) {
		double own = json_number_value(json_object_get(result, "code"));

		FUZZ_HOLDS(status / 100 == 2 && own >= 200 && own < 300);
	}
	json_decref(answer);
}

static void answer_holds(struct answer *a)
{
	static struct answer *again;
	size_t length, same, taken;
	const char *body = answer_body(a, &length);
	int status = answer_status(a);
	char head[128];

	FUZZ_HOLDS(status >= 200 && status < 600);
	FUZZ_HOLDS(length <= ANSWER_BODY_MAX && body[length] == '\0');
	text_holds(status, body, length);
	again = again != NULL ? again : answer_new();
	FUZZ_HOLDS(again != NULL);
	answer_start(again);
	snprintf(head, sizeof(head),
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n", status,
		length);
	if (answer_read(again, head, strlen(head), &taken) == ANSWER_MORE)
		FUZZ_HOLDS(answer_read(again, body, length, &taken) == ANSWER_DONE);
	FUZZ_HOLDS(answer_status(again) == status);
	FUZZ_HOLDS(length == 0 || memcmp(answer_body(again, &same), body, length) == 0);
}

void fuzz_master(const uint8_t *data, size_t size)
{
	static struct answer *whole, *bytes;
	struct outcome at_once, by_byte;
	size_t length, same, taken;

	whole = whole != NULL ? whole : answer_new();
	bytes = bytes != NULL ? bytes : answer_new();
	FUZZ_HOLDS(whole != NULL && bytes != NULL);
	at_once = read_in_steps(whole, data, size, size);
	by_byte = read_in_steps(bytes, data, size, 1);
	FUZZ_HOLDS(at_once.result == by_byte.result);
	if (at_once.result == ANSWER_MORE) {
		is_bounded(whole, data, size);
		at_once.result = answer_end(bytes);
		FUZZ_HOLDS(at_once.result == ANSWER_DONE || at_once.result == ANSWER_WRONG);
		FUZZ_HOLDS(!answer_keeps_connection(bytes));
	} else if (at_once.result == ANSWER_DONE) {
		const char *body = answer_body(bytes, &length);

		FUZZ_HOLDS(at_once.taken == by_byte.taken);
		FUZZ_HOLDS(
			memcmp(body, answer_body(whole, &same), length + 1) == 0 && same == length);
		FUZZ_HOLDS(answer_read(bytes, "x", 1, &taken) == ANSWER_DONE && taken == 0);
	}
	if (at_once.result == ANSWER_DONE)
		answer_holds(bytes);
	/* The bytes are also read as JSON without HTTP around it. */
	text_holds(
		size > 0 ? 200 + data[0] : 200, (const char *)data + (size > 0), size - (size > 0));
}
