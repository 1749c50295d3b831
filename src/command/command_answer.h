/*
 * command_answer: replies with a part for each daemon.
 */
#ifndef COMMAND_ANSWER_H
#define COMMAND_ANSWER_H

struct command_reply;
struct host;
struct section;

/* Fills in the reply with all parts, which have no keys: as a stream if the caller accepts one and
 * there are many daemons, otherwise as one array. */
void command_answer(struct host *host, const struct section *sections, struct command_reply *reply);
/* The same for a section of daemons, with the parts of those that the pattern matches.  If it
 * matches none, the reply has the error. */
void command_answer_for(struct host *host, const struct section *sections, const char *pattern,
	struct command_reply *reply);

#endif
