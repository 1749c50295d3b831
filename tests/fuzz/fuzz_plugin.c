/*
 * fuzz_plugin: what programs print: the output of a plugin, and the JSON of a stream.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "modules/exec/merge.h"
#include "modules/exec/nagios.h"

/* A status line may have tabs. */
static bool is_clean_line(char *line)
{
	for (char *p = line; *p != '\0'; p++)
		if (*p == '\t')
			*p = ' ';
	return fuzz_is_clean(line);
}

void fuzz_nagios(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), item[16384];
	struct nagios parsed;
	const char *label;
	json_t *entry;

	FUZZ_HOLDS(nagios_parse(text, size, &parsed) == 0);
	FUZZ_HOLDS(is_clean_line(parsed.output));
	json_object_foreach(parsed.perfdata.items, label, entry) {
		FUZZ_HOLDS(fuzz_is_clean(label));
		FUZZ_HOLDS(json_is_object(entry));
		vigil_perfdata(item, sizeof(item), label, entry);
		FUZZ_HOLDS(strpbrk(item, "|\n") == NULL);
	}
	FUZZ_HOLDS(fuzz_is_clean(parsed.perfdata.first));
	nagios_clear(&parsed);
	FUZZ_HOLDS(nagios_parse_text(text, size, &parsed) == 0);
	FUZZ_HOLDS(is_clean_line(parsed.output));
	nagios_clear(&parsed);
	free(text);
}

void fuzz_stream(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), why[128] = "", *dumped;
	struct lenient changed;
	json_t *object = merge_read(text, size, why, sizeof(why), &changed);

	FUZZ_HOLDS(fuzz_is_clean(changed.text));
	FUZZ_HOLDS((changed.count > 0) == (changed.text[0] != '\0'));

	if (object != NULL) {
		FUZZ_HOLDS(json_is_object(object));
		dumped = json_dumps(object, 0);
		FUZZ_HOLDS(dumped != NULL);
		free(dumped);
	} else {
		FUZZ_HOLDS(why[0] != '\0' && fuzz_is_clean(why));
	}
	json_decref(object);
	free(text);
}
