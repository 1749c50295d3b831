/* module_verb: see module_verb.h. */
#include "module_tools/module_verb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "module_tools/module_new.h"
#include "module_tools/module_test.h"
#include "state/json_text.h"

static int new (const char *name, char *why, size_t size)
{
	int err = module_new_write(name, why, size);

	if (err != 0)
		return -EIO;
	printf("%s/ was created; next:\n\n  make -C %s check\n", name, name);
	return 0;
}

static int test(json_t *params, const char *file, bool json, char *why, size_t size)
{
	const char *text = json_text(params, "ticks");
	struct module_test test = {.module = json_text(params, "module"),
		.file = file,
		.options = json_object_get(params, "options"),
		.json = json};
	char *end;

	if (json_object_get(params, "ticks") != NULL) {
		test.ticks = strtol(text, &end, 10);
		if (end == text || *end != '\0' || test.ticks < 1 || test.ticks > 1000000) {
			snprintf(why, size,
				"invalid value \"%s\" for --ticks; use a number from 1 to 1000000",
				text);
			return -EINVAL;
		}
	}
	if (json_object_get(params, "for") != NULL &&
		(text_duration(json_text(params, "for"), &test.seconds) != 0 || test.seconds <= 0 ||
			test.seconds > 86400)) {
		snprintf(why, size, "invalid value \"%s\" for --for; use a time such as 10s",
			json_text(params, "for"));
		return -EINVAL;
	}
	return module_test_run(&test) == 0 ? 0 : -EIO;
}

int module_verb(json_t *params, const char *file, bool json, char *why, size_t size)
{
	const char *what = json_text(params, "what");

	why[0] = '\0';
	if (strcmp(what, "new") == 0)
		return new (json_text(params, "module"), why, size);
	if (strcmp(what, "test") == 0)
		return test(params, file, json, why, size);
	snprintf(why, size, "unknown verb \"module %s\"; use module new or module test", what);
	return -EINVAL;
}
