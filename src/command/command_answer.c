/* command_answer: see command_answer.h. */
#include "command/command_answer.h"

#include "command/command.h"
#include "command/daemon_names.h"
#include "command/reply_stream.h"
#include "host/host.h"

static bool is_chosen(struct host *host, const char *name, const char *pattern)
{
	const struct vigil_daemon *d = host_find(host, name);

	return d != NULL && daemon_names_match(host, d, pattern);
}

/* pattern: NULL: all parts. */
static void answer(struct host *host, const struct section *sections, const char *pattern,
	struct command_reply *reply)
{
	const char *name;

	reply->stream = reply->in_parts ? reply_stream_new(host, sections) : NULL;
	if (reply->stream != NULL && pattern != NULL)
		reply_stream_choose(reply->stream, is_chosen, pattern);
	if (reply->stream != NULL)
		return;
	reply->result = json_array();
	for (; sections->next != NULL; sections++)
		for (name = ""; (name = sections->next(host, name)) != NULL;)
			if (pattern == NULL || is_chosen(host, name, pattern))
				json_array_append_new(reply->result, sections->render(host, name));
}

void command_answer(struct host *host, const struct section *sections, struct command_reply *reply)
{
	answer(host, sections, NULL, reply);
}

void command_answer_for(struct host *host, const struct section *sections, const char *pattern,
	struct command_reply *reply)
{
	if (daemon_names_count(host, pattern) > 0)
		answer(host, sections, pattern, reply);
	else
		daemon_names_fail(host, pattern, reply);
}
