/*
 * command: one table of verbs, for the socket, the pipe, the console and vigilctl.
 *
 * A row says the verb's usage, help, arguments and access; the default access is none.  The
 * doors check access before a handler is reached, by command_allowed, and nowhere else.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

struct host;
struct reply_stream;

enum access {
	ACCESS_NONE,  /* nobody: a row that forgets its access is closed */
	ACCESS_READ,  /* root, the host's own user, members of `group` */
	ACCESS_WRITE, /* root and the host's own user */
	ACCESS_ROOT,  /* root */
	ACCESS_LOCAL  /* not a method: vigilctl does it itself */
};

/* Who asks; filled by the door. */
struct peer {
	uid_t uid;
	bool reader; /* a member of the group that may read */
};

/* JSON-RPC's codes, and ours. */
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
	bool in_parts;               /* set by who asks: it takes a stream */
	const struct peer *peer;     /* who asks; set by command_run; NULL: not known */
	struct reply_stream *stream; /* the caller's; else NULL */
	json_t *result;              /* a new reference; NULL: failed, or a stream */
	int code;                    /* enum command_error when failed */
	char message[256];
	json_t *data; /* a new reference or NULL: {"complaints":[...]} */
};

/* A parameter: its name in "params", its type, whether it must be there.  On a command line they
 * are words in the table's order, an array all that are left; options are `--name VALUE` or by
 * their first letter `-n VALUE`, or `--name` alone for a JSON_TRUE, which stands for either truth. */
struct command_param {
	const char *name;
	json_type type;
	bool required;
	bool option;
};

#define COMMAND_PARAMS_MAX 4

struct command {
	const char *verb;
	const char *usage; /* its arguments, "[POINTER]" */
	const char *help;  /* one line */
	enum access access;
	bool pipe; /* the pipe takes it too */
	struct command_param params[COMMAND_PARAMS_MAX];
	/* params: an object with the types checked.  NULL for LOCAL rows, and for `watch`, which
	 * the socket answers itself since it goes on. */
	void (*run)(struct host *host, json_t *params, struct command_reply *reply);
};

/* Ended by a row without a verb. */
extern const struct command commands[];
const struct command *command_find(const char *verb);
bool command_allowed(const struct command *command, const struct peer *peer);
/* Finds the verb and checks access and parameters; NULL with the reply failed. */
const struct command *command_admit(
	const struct peer *peer, const char *verb, json_t *params, struct command_reply *reply);
/* Admits and runs.  Exactly one of result, stream and code is set after. */
void command_run(struct host *host, const struct peer *peer, const char *verb, json_t *params,
	struct command_reply *reply);
/* Frees what a reply holds. */
void command_reply_clear(struct command_reply *reply);
/* The row of a parameter; NULL where the verb has none of that name. */
const struct command_param *command_param(const struct command *command, const char *name);
/* The parameters of a command line: words, ended by NULL.  An object, a new reference; NULL
 * with the reason in why. */
json_t *command_params(const struct command *command, char *const *words, char *why, size_t size);
/* What a watch tells of a change, at every door: {"revision","time","pointer","value"}, a new
 * reference.  value NULL: removed. */
json_t *command_change(uint64_t revision, const char *pointer, json_t *value);
/* The verb most like a misspelt one, or NULL. */
const char *command_suggest(const char *verb);

#endif
