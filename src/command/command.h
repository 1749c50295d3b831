/*
 * command: the table of verbs for the socket, the pipe, the console and vigilctl.
 *
 * Each row has the verb's usage, help, parameters and access.  The default access is none.  Access
 * is checked only by command_allowed, before the handler runs.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

struct host;
struct pending;
struct reply_stream;

enum access {
	ACCESS_NONE,  /* nobody: the default for a row without access */
	ACCESS_READ,  /* root, vigild's own user, members of `group` */
	ACCESS_WRITE, /* root and vigild's own user */
	ACCESS_ROOT,  /* root */
	ACCESS_LOCAL  /* not a method: vigilctl runs it locally */
};

/* The client that sends a request.  Filled in by the socket, the pipe or the console. */
struct peer {
	uid_t uid;
	bool reader; /* member of the group with read access */
};

/* The error codes of JSON-RPC, and vigild's own ones. */
enum command_error {
	COMMAND_PARSE = -32700,
	COMMAND_INVALID = -32600,
	COMMAND_NO_METHOD = -32601,
	COMMAND_PARAMS = -32602,
	COMMAND_INTERNAL = -32603,
	COMMAND_NOT_FOUND = -32001,
	COMMAND_DENIED = -32002,
	COMMAND_REFUSED = -32003,
	COMMAND_BUSY = -32004
};

struct command_reply {
	bool in_parts;               /* set by the caller: it accepts a stream */
	const struct peer *peer;     /* the client; set by command_run; NULL: unknown */
	struct reply_stream *stream; /* owned by the caller; NULL: no stream */
	struct pending *pending;     /* owned by the caller; NULL: the reply is complete */
	json_t *result;              /* a new reference; NULL: there is none (yet) */
	int code;                    /* enum command_error; 0: no error */
	char message[256];
	json_t *data; /* a new reference or NULL: {"complaints":[...]}, {"steps":[...]} */
};

/* A parameter: its name in "params", its type, and whether it is required.  On a command line, the
 * parameters are words in the order of the table, and an array takes all remaining words.  Options
 * are `--name VALUE`, or `-n VALUE` with the first letter of the name.  A `_` of the name is a `-`
 * on the command line.  An option of type JSON_TRUE is `--name` without a value; in JSON it may be
 * true or false. */
struct command_param {
	const char *name;
	json_type type;
	bool required;
	bool option;
	bool no_pipe; /* useless without the reply, so it is not allowed on the pipe */
};

#define COMMAND_OPTION_NAME 40

#define COMMAND_PARAMS_MAX 5

struct command {
	const char *verb;
	const char *usage; /* arguments, such as "[POINTER]" */
	const char *help;  /* one line */
	enum access access;
	bool pipe; /* also allowed on the pipe */
	struct command_param params[COMMAND_PARAMS_MAX];
	/* params: an object whose types have been checked. run is NULL for rows with ACCESS_LOCAL,
	 * and for `watch`, which the socket handles itself because a watch continues after the
	 * reply. */
	void (*run)(struct host *host, json_t *params, struct command_reply *reply);
};

/* The last row has no verb. */
extern const struct command commands[];
const struct command *command_find(const char *verb);
bool command_allowed(const struct command *command, const struct peer *peer);
/* Finds the verb and checks access and parameters.  NULL: the reply has the error. */
const struct command *command_admit(
	const struct peer *peer, const char *verb, json_t *params, struct command_reply *reply);
/* Checks with command_admit and runs the handler.  Afterwards exactly one of result, stream,
 * pending and code is set. */
void command_run(struct host *host, const struct peer *peer, const char *verb, json_t *params,
	struct command_reply *reply);
/* Frees the contents of a reply and zeroes it. */
void command_reply_clear(struct command_reply *reply);
/* Finds a parameter of a verb.  NULL: the verb has no parameter of this name. */
const struct command_param *command_param(const struct command *command, const char *name);
/* Writes the name of an option on the command line, such as "--dry-run", to name.  Returns name. */
const char *command_option_name(const struct command_param *param, char name[COMMAND_OPTION_NAME]);
/* Finds the option of a word such as "--dry-run".  NULL: the verb has no such option. */
const struct command_param *command_option(const struct command *command, const char *word);
/* Parses the words of a command line (ended by NULL).  Returns the parameters as an object, a new
 * reference, or NULL with the reason in why. */
json_t *command_params(const struct command *command, char *const *words, char *why, size_t size);
/* Fills in an error. */
void command_fail(struct command_reply *reply, enum command_error code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A text parameter.  NULL: it was not given. */
const char *command_text(json_t *params, const char *name);
/* The notification of a change that a watch sends over any interface,
 * {"revision","time","pointer","value"}: a new reference. value NULL: the value was removed. */
json_t *command_change(uint64_t revision, const char *pointer, json_t *value);
/* The verb that is most similar to a misspelt one.  NULL: none is similar. */
const char *command_suggest(const char *verb);

#endif
