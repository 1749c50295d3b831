/*
 * series: an answer that is made while it is sent, a part for each daemon.
 */
#include "command/series.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "command/command.h"
#include "daemon/daemon.h"
#include "data/json_pieces.h"
#include "host/host.h"

/* So many are told of in a moment. */
#define MANY 100

struct series {
	struct host *host;
	const struct chapter *chapter;
	bool opened;                /* the chapter is */
	bool follows;               /* another part stands before the next */
	char name[80];              /* whom the last part was of; "": nobody yet */
	struct json_pieces *pieces; /* the rest of that part; NULL: it was told */
};

struct series *series_new(struct host *host, const struct chapter *chapters)
{
	struct series *series;

	if (host_daemon(host, MANY) == NULL)
		return NULL;
	series = memory_zero(sizeof(*series));
	series->host = host;
	series->chapter = chapters;
	return series;
}

struct series *series_of(json_t *value)
{
	static const struct chapter none[] = {{.next = NULL}};
	struct series *series = memory_zero(sizeof(*series));

	series->chapter = none;
	series->pieces = json_pieces_new(value);
	return series;
}

void series_free(struct series *series)
{
	if (series == NULL)
		return;
	json_pieces_free(series->pieces);
	free(series);
}

/* Begins a part: what precedes its pieces, "" where there is nothing to tell, NULL where there is
 * no memory. */
static char *part(struct series *series)
{
	const struct chapter *chapter = series->chapter;
	const char *comma = series->follows ? "," : "";
	json_t *told;

	memory_peer_begin();
	told = chapter->tell(series->host, series->name);
	if (memory_peer_end()) {
		json_decref(told);
		return NULL;
	}
	if (told == NULL)
		return memory_text("");
	series->pieces = json_pieces_new(told);
	series->follows = true;
	if (!chapter->keyed)
		return memory_text(comma);
	/* There is nothing in a name to be escaped. */
	return memory_format("%s\"%s\":", comma, series->name);
}

/* The next piece of the part; NULL when it was told. */
static char *rest_of_part(struct series *series, bool *failed)
{
	char *text = json_pieces_next(series->pieces, failed);

	if (text != NULL || *failed)
		return text;
	json_pieces_free(series->pieces);
	series->pieces = NULL;
	return NULL;
}

/* Before its parts, and where its parts go on with those before, nothing. */
static char *open_chapter(struct series *series)
{
	series->opened = true;
	series->name[0] = '\0';
	if (series->chapter->open == NULL)
		return memory_text("");
	series->follows = false;
	return memory_text(series->chapter->open);
}

char *series_next(struct series *series, bool *failed)
{
	const struct chapter *chapter = series->chapter;
	const char *name;
	char *text;

	*failed = false;
	if (series->pieces != NULL) {
		text = rest_of_part(series, failed);
		if (text != NULL || *failed)
			return text;
	}
	if (chapter->next == NULL)
		return NULL;
	if (!series->opened)
		return open_chapter(series);
	name = chapter->next(series->host, series->name);
	if (name == NULL) {
		series->chapter++;
		series->opened = false;
		return memory_text(chapter->close);
	}
	snprintf(series->name, sizeof(series->name), "%s", name);
	text = part(series);
	*failed = text == NULL;
	return text;
}

void series_answer(struct host *host, const struct chapter *chapters, struct command_reply *reply)
{
	const char *name;

	reply->series = reply->in_parts ? series_new(host, chapters) : NULL;
	if (reply->series != NULL)
		return;
	reply->result = json_array();
	for (; chapters->next != NULL; chapters++)
		for (name = ""; (name = chapters->next(host, name)) != NULL;)
			json_array_append_new(reply->result, chapters->tell(host, name));
}

const char *series_next_daemon(struct host *host, const char *name)
{
	struct vigil_daemon *d = host_daemon_after(host, name);

	return d != NULL ? daemon_name(d) : NULL;
}

const char *series_once(struct host *host, const char *name)
{
	return name[0] == '\0' ? "once" : NULL;
}
