/*
 * fuzz_condition: the conditions of restart_when, and the numbers that they are compared with.
 *
 * The text up to the first newline is the condition, and the rest is a JSON value.
 */
#include "fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "modules/service/condition.h"
#include "state/json_pointer.h"

/* A number is compared or there is a reason why not, and a stale one is never compared. */
static void comparison_holds(const struct condition *c, const json_t *value)
{
	char text[CONDITION_TEXT];
	const char *why = NULL;
	enum condition_result result;
	double number;

	FUZZ_HOLDS(condition_compare(c, value, true, &number, &why) == CONDITION_UNKNOWN);
	why = NULL;
	result = condition_compare(c, value, false, &number, &why);
	FUZZ_HOLDS((result == CONDITION_UNKNOWN) == (why != NULL));
	FUZZ_HOLDS((result == CONDITION_UNKNOWN) == !isfinite(number));
	FUZZ_HOLDS(strlen(condition_describe(c, number, 1, text)) < CONDITION_TEXT - 1);
	FUZZ_HOLDS(fuzz_is_clean(text));
}

void fuzz_condition(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *rest = strchr(text, '\n'), why[CONDITION_WHY] = "";
	struct condition condition;
	json_t *value;

	if (rest != NULL)
		*rest++ = '\0';
	if (condition_parse(&condition, text, why) == 0) {
		FUZZ_HOLDS(json_pointer_check(condition.pointer) == 0);
		FUZZ_HOLDS(condition.seconds >= 0 && isfinite(condition.limit));
		value = json_loads(rest != NULL ? rest : "1", JSON_DECODE_ANY, NULL);
		comparison_holds(&condition, value);
		json_decref(value);
	} else {
		FUZZ_HOLDS(why[0] != '\0');
	}
	free(text);
}
