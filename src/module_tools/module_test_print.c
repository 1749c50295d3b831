/* module_test_print: see module_test_print.h. */
#include "module_tools/module_test_print.h"

#include <stdio.h>

#include "client/print_text.h"

void module_test_print_module(json_t *what)
{
	size_t index;
	json_t *o;

	printf("Module was loaded\n\n%-8s  %s: %s\n%-8s  %s\n%-8s  %d\n", "module",
		json_string_value(json_object_get(what, "name")),
		json_string_value(json_object_get(what, "summary")), "file",
		json_string_value(json_object_get(what, "path")), "abi",
		(int)json_integer_value(json_object_get(what, "abi")));
	json_array_foreach(json_object_get(what, "options"), index, o) {
		const char *value = json_string_value(json_object_get(o, "default"));

		printf("%-8s  %-16s %-9s %-12s %s\n", index == 0 ? "options" : "",
			json_string_value(json_object_get(o, "name")),
			json_string_value(json_object_get(o, "type")),
			json_is_true(json_object_get(o, "required")) ? "(required)" : value,
			json_string_value(json_object_get(o, "help")));
	}
}

void module_test_print_run(json_t *account)
{
	json_t *health = json_object_get(account, "health"), *event;
	json_t *seconds = json_object_get(account, "callback_seconds");
	double ticks = json_number_value(json_object_get(account, "ticks"));
	size_t index;

	printf("\n%-8s  %.0f, callbacks %.3f ms in all, %.3f ms at most\n", "ticks", ticks,
		json_number_value(json_object_get(seconds, "total")) * 1e3,
		json_number_value(json_object_get(seconds, "max")) * 1e3);
	if (json_is_object(health))
		printf("%-8s  %s: %s\n", "health",
			json_string_value(json_object_get(health, "level")),
			json_string_value(json_object_get(health, "text")));
	json_array_foreach(json_object_get(account, "history"), index, event)
		printf("%-8s  %s\n", index == 0 ? "history" : "",
			json_string_value(json_object_get(event, "text")));
	printf("%s\n", "state");
	print_json(json_object_get(account, "state"));
}
