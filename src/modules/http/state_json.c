/*
 * state_json: see state_json.h.  A small value is written whole.  A large array or object is
 * written member by member, because to write it at once would block the loop thread.  The keys of
 * an object are copied when it is entered, because daemons write to the state between two pieces.
 * A member that is removed in between is left out, and one that is added is not written.  So each
 * piece shows the state at some time during the reply.
 *
 * The whole state and /runs are never read at once, because vigild computes the account of each
 * daemon at /runs when it is read.  Their members are read one at a time.
 */
#include "state_json.h"

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "html.h"
#include "names.h"
#include "reply.h"
#include "state_reader.h"

#define SMALL     (16 * 1024) /* bytes of one piece, estimated */
#define RUNS_NAME "runs"
#define RUNS      "/" RUNS_NAME
#define DEPTH     32 /* twice the depth of a value; what is deeper is written whole */

struct level {
	json_t *container;   /* NULL: its members are read from the state */
	const char *pointer; /* of such a container; static */
	json_t *keys;        /* an object: an array of its keys; an array: NULL */
	size_t next, count;
	bool some; /* a member has been written */
};

struct dump {
	struct server *server;
	const char *accounts; /* "" or RUNS is to be written; NULL: a value */
	json_t *whole;        /* that value; a reference */
	struct level levels[DEPTH];
	unsigned depth;
};

static void level_clear(struct level *level)
{
	json_decref(level->container);
	json_decref(level->keys);
	*level = (struct level){0};
}

static void state_json_free(void *arg)
{
	struct dump *dump = arg;

	while (dump->depth > 0)
		level_clear(&dump->levels[--dump->depth]);
	json_decref(dump->whole);
	free(dump);
}

/* Estimates the bytes of the value's text.  Stops soon after the sum exceeds limit. */
static size_t weigh(const json_t *value, size_t limit)
{
	size_t weight = json_is_string(value) ? json_string_length(value) + 3 : 8, i;
	const char *key;
	json_t *child;

	for (i = 0; i < json_array_size(value) && weight <= limit; i++)
		weight += weigh(json_array_get(value, i), limit - weight);
	json_object_foreach((json_t *)value, key, child) {
		if (weight > limit)
			break;
		weight += strnlen(key, limit) + 4;
		weight += weight <= limit ? weigh(child, limit - weight) : 0;
	}
	return weight;
}

static void write_value(struct evbuffer *out, const json_t *value)
{
	char *text = vigil_json_text(value);

	html_put(out, "%r", text != NULL ? text : "null"); /* NULL: out of memory */
	free(text);
}

static json_t *keys_of(json_t *object)
{
	json_t *keys = json_array(), *child;
	const char *key;

	json_object_foreach(object, key, child) {
		json_array_append_new(keys, json_string(key));
	}
	return keys;
}

/* Writes the value if it is small, or begins to write its members. */
static void enter(struct dump *dump, struct evbuffer *out, json_t *value)
{
	struct level *level;
	bool is_object = json_is_object(value);

	if ((!is_object && !json_is_array(value)) || dump->depth == DEPTH ||
		weigh(value, SMALL) <= SMALL) {
		write_value(out, value);
		return;
	}
	level = &dump->levels[dump->depth++];
	level->container = json_incref(value);
	level->keys = is_object ? keys_of(value) : NULL;
	level->count = is_object ? json_array_size(level->keys) : json_array_size(value);
	evbuffer_add(out, is_object ? "{" : "[", 1);
}

/* Begins to write an object whose members are read one at a time.  Takes the reference to keys. */
static void enter_read(struct dump *dump, struct evbuffer *out, const char *pointer, json_t *keys)
{
	struct level *level = &dump->levels[dump->depth++];

	level->pointer = pointer;
	level->keys = keys;
	level->count = json_array_size(keys);
	evbuffer_add(out, "{", 1);
}

/* Begins to write the whole state ("") or the accounts at /runs. */
static void enter_accounts(struct dump *dump, struct evbuffer *out, const char *pointer)
{
	enter_read(dump, out, pointer,
		pointer[0] != '\0' ? names_read(dump->server)
				   : json_pack("[s,s,s]", "daemons", "vigil", RUNS_NAME));
}

static void leave(struct dump *dump, struct evbuffer *out)
{
	struct level *level = &dump->levels[--dump->depth];

	evbuffer_add(out, json_is_array(level->container) ? "]" : "}", 1);
	level_clear(level);
}

static json_t *read_member(struct dump *dump, const struct level *level, const json_t *key)
{
	const char *name = json_string_value(key);
	char pointer[READER_POINTER];

	if (level->keys == NULL)
		return json_array_get(level->container, level->next);
	if (level->container != NULL)
		return json_object_get(level->container, name);
	strcpy(pointer, level->pointer);
	return reader_step(pointer, name) ? (json_t *)vigil_state_get(dump->server->d, pointer)
					  : NULL;
}

static void write_member(struct dump *dump, struct evbuffer *out, struct level *level)
{
	json_t *key = json_array_get(level->keys, level->next), *child;
	bool accounts = level->pointer != NULL && level->pointer[0] == '\0' &&
			strcmp(json_string_value(key), RUNS_NAME) == 0;

	child = accounts ? NULL : read_member(dump, level, key);
	level->next++;
	if (child == NULL && !accounts)
		return;
	evbuffer_add(out, ",", level->some ? 1 : 0);
	level->some = true;
	if (key != NULL) {
		write_value(out, key);
		evbuffer_add(out, ":", 1);
	}
	if (accounts)
		enter_accounts(dump, out, RUNS);
	else
		enter(dump, out, child);
}

static bool on_slice(struct evbuffer *out, void *arg)
{
	struct dump *dump = arg;
	struct level *level = dump->depth > 0 ? &dump->levels[dump->depth - 1] : NULL;

	if (level == NULL && dump->accounts != NULL)
		enter_accounts(dump, out, dump->accounts);
	else if (level == NULL)
		enter(dump, out, dump->whole);
	else if (level->next == level->count)
		leave(dump, out);
	else
		write_member(dump, out, level);
	if (dump->depth > 0)
		return true;
	evbuffer_add(out, "\n", 1);
	return false;
}

static bool has_valid_escapes(const char *pointer)
{
	while ((pointer = strchr(pointer, '~')) != NULL)
		if (*++pointer != '0' && *pointer != '1')
			return false;
	return true;
}

void state_json_reply(const struct request *request)
{
	/* "/" alone would be the member with the empty name, but the client means the whole
	 * state. */
	const char *pointer = strcmp(request->rest, "/") == 0 ? "" : request->rest;
	const char *accounts = pointer[0] == '\0' ? "" : strcmp(pointer, RUNS) == 0 ? RUNS : NULL;
	const json_t *value =
		accounts == NULL ? vigil_state_get(request->server->d, pointer) : NULL;
	struct dump *dump;

	if (value == NULL && accounts == NULL) {
		reply_error(request, 404,
			has_valid_escapes(pointer) ? "no value at this pointer"
						   : "the pointer has a ~ that is not followed by "
						     "0 or 1 (~0 is ~, ~1 is /)",
			json_pack("{s:s%}", "pointer", pointer, strlen(pointer)));
		return;
	}
	dump = calloc(1, sizeof(*dump));
	if (dump == NULL) {
		reply_error(request, 503, "out of memory", NULL);
		return;
	}
	dump->server = request->server;
	dump->accounts = accounts;
	dump->whole = json_incref((json_t *)value);
	reply_sliced(request, "application/json", on_slice, state_json_free, dump);
}
