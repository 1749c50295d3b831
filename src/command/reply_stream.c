/* reply_stream: see reply_stream.h. */
#include "command/reply_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "daemon/daemon.h"
#include "host/host.h"
#include "state/json_pieces.h"

/* Up to this number of daemons, a reply is generated at once. */
#define MANY 100

struct reply_stream {
	struct host *host;
	const struct section *section;
	bool opened;                       /* the text before the section was sent */
	bool follows;                      /* the next part needs a comma */
	char name[80];                     /* name of the last part; "": none yet */
	reply_stream_chosen_fn *is_chosen; /* NULL: all names have parts */
	char *pattern;                     /* for is_chosen, owned */
	struct json_pieces *pieces;        /* rest of that part, owned; NULL: it was sent */
};

struct reply_stream *reply_stream_new(struct host *host, const struct section *sections)
{
	struct reply_stream *stream;

	if (host_daemon(host, MANY) == NULL)
		return NULL;
	stream = memory_zero(sizeof(*stream));
	stream->host = host;
	stream->section = sections;
	return stream;
}

struct reply_stream *reply_stream_of(json_t *value)
{
	static const struct section none[] = {{.next = NULL}};
	struct reply_stream *stream = memory_zero(sizeof(*stream));

	stream->section = none;
	stream->pieces = json_pieces_new(value);
	return stream;
}

void reply_stream_choose(
	struct reply_stream *stream, reply_stream_chosen_fn *is_chosen, const char *pattern)
{
	stream->is_chosen = is_chosen;
	stream->pattern = memory_text(pattern);
}

void reply_stream_free(struct reply_stream *stream)
{
	if (stream == NULL)
		return;
	free(stream->pattern);
	json_pieces_free(stream->pieces);
	free(stream);
}

static bool is_left_out(const struct reply_stream *stream)
{
	return stream->is_chosen != NULL &&
	       !stream->is_chosen(stream->host, stream->name, stream->pattern);
}

/* Starts a part.  Returns the text before its pieces; "": the part is empty; NULL: out of
 * memory. */
static char *part(struct reply_stream *stream)
{
	const struct section *section = stream->section;
	const char *comma = stream->follows ? "," : "";
	json_t *told;

	memory_untrusted_begin();
	told = section->render(stream->host, stream->name);
	if (memory_untrusted_end()) {
		json_decref(told);
		return NULL;
	}
	if (told == NULL)
		return memory_text("");
	stream->pieces = json_pieces_new(told);
	stream->follows = true;
	if (!section->keyed)
		return memory_text(comma);
	/* The name of a daemon contains no character that needs escaping. */
	return memory_format("%s\"%s\":", comma, stream->name);
}

/* The next piece of the current part.  NULL: the part is complete, or *failed is set. */
static char *rest_of_part(struct reply_stream *stream, bool *failed)
{
	char *text = json_pieces_next(stream->pieces, failed);

	if (text != NULL || *failed)
		return text;
	json_pieces_free(stream->pieces);
	stream->pieces = NULL;
	return NULL;
}

/* Starts a section.  Returns its opening text, or "" if the section goes on with the previous
 * list. */
static char *open_section(struct reply_stream *stream)
{
	stream->opened = true;
	stream->name[0] = '\0';
	if (stream->section->open == NULL)
		return memory_text("");
	stream->follows = false;
	return memory_text(stream->section->open);
}

char *reply_stream_next(struct reply_stream *stream, bool *failed)
{
	const struct section *section = stream->section;
	const char *name;
	char *text;

	*failed = false;
	if (stream->pieces != NULL) {
		text = rest_of_part(stream, failed);
		if (text != NULL || *failed)
			return text;
	}
	if (section->next == NULL)
		return NULL;
	if (!stream->opened)
		return open_section(stream);
	name = section->next(stream->host, stream->name);
	if (name == NULL) {
		stream->section++;
		stream->opened = false;
		return memory_text(section->close);
	}
	snprintf(stream->name, sizeof(stream->name), "%s", name);
	text = is_left_out(stream) ? memory_text("") : part(stream);
	*failed = text == NULL;
	return text;
}

const char *reply_stream_next_daemon(struct host *host, const char *name)
{
	struct vigil_daemon *d = host_daemon_after(host, name);

	return d != NULL ? daemon_name(d) : NULL;
}

const char *reply_stream_once(struct host *host, const char *name)
{
	return name[0] == '\0' ? "once" : NULL;
}
