/*
 * control_text: see control_text.h.  A long line is not copied into the buffers of the connections.
 * The last release frees it.
 */
#include "control/control_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "state/json_write.h"

char *control_dump(const json_t *object)
{
	struct json_writer writer = {.limit = SIZE_MAX};
	bool written;

	memory_untrusted_begin();
	written = json_write(&writer, object);
	if (!memory_untrusted_end() && written)
		return writer.text;
	free(writer.text);
	return NULL;
}

struct shared_text *shared_text_new(char *bytes)
{
	size_t length = bytes != NULL ? strlen(bytes) : 0;
	struct shared_text *text = bytes != NULL ? malloc(sizeof(*text)) : NULL;

	if (text == NULL) {
		free(bytes);
		return NULL;
	}
	bytes[length] = '\n'; /* replaces the NUL */
	*text = (struct shared_text){.uses = 1, .length = length + 1, .bytes = bytes};
	return text;
}

void shared_text_release(struct shared_text *text)
{
	if (text == NULL || --text->uses > 0)
		return;
	free(text->bytes);
	free(text);
}
