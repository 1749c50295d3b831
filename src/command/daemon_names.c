/*
 * daemon_names: finds the daemons that a request names.
 */
#include "command/daemon_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/option.h"
#include "command/command_internal.h"
#include "daemon/daemon.h"
#include "host/host.h"
#include "service/service.h"

#define GROUP '@'

const char *daemon_names_service(const struct vigil_daemon *d)
{
	const struct option_value *value =
		daemon_options(d) != NULL ? option_get(daemon_options(d), "service") : NULL;

	if (daemon_service(d) != NULL)
		return daemon_service(d);
	return value != NULL && value->schema->type == VIGIL_NAME ? value->text : NULL;
}

static bool is_service(const struct vigil_daemon *d, const char *name)
{
	const char *service = daemon_names_service(d);
	size_t length = service_bare_length(name);

	return service != NULL && length == service_bare_length(service) &&
	       strncmp(service, name, length) == 0;
}

static bool is_in_group(const struct vigil_daemon *d, const char *group)
{
	const char *const *groups =
		daemon_options(d) != NULL ? option_list(daemon_options(d), "group") : NULL;

	for (; groups != NULL && *groups != NULL; groups++)
		if (text_glob(group, *groups))
			return true;
	return false;
}

bool daemon_names_is_pattern(const char *text)
{
	return text[0] == GROUP || strpbrk(text, "*?") != NULL;
}

bool daemon_names_match(struct host *host, const struct vigil_daemon *d, const char *pattern)
{
	const struct vigil_daemon *named = host_find(host, pattern);

	if (pattern[0] == GROUP)
		return is_in_group(d, pattern + 1);
	if (named != NULL)
		return d == named;
	return text_glob(pattern, daemon_name(d)) || is_service(d, pattern) ||
	       (daemon_names_service(d) != NULL && text_glob(pattern, daemon_names_service(d)));
}

size_t daemon_names_count(struct host *host, const char *pattern)
{
	struct vigil_daemon *d;
	size_t count = 0;

	for (size_t i = 0; (d = host_daemon(host, i)) != NULL; i++)
		count += daemon_names_match(host, d, pattern);
	return count;
}

void daemon_names_fail(struct host *host, const char *name, struct command_reply *reply)
{
	struct vigil_daemon *d;
	struct text_suggest suggest;

	if (name[0] == GROUP) {
		command_fail(reply, COMMAND_NOT_FOUND,
			"no daemon is in the group \"%.64s\"; see the option group", name + 1);
		return;
	}
	text_suggest_init(&suggest, name);
	for (size_t i = 0; (d = host_daemon(host, i)) != NULL; i++) {
		text_suggest_add(&suggest, daemon_name(d));
		if (daemon_names_service(d) != NULL)
			text_suggest_add(&suggest, daemon_names_service(d));
	}
	if (text_suggest_get(&suggest) != NULL)
		command_fail(reply, COMMAND_NOT_FOUND,
			"no such daemon \"%.64s\"; did you mean \"%s\"?", name,
			text_suggest_get(&suggest));
	else
		command_fail(reply, COMMAND_NOT_FOUND, "no such daemon \"%.64s\"", name);
}

/* The next daemon from *index on that watches the service.  NULL: none. */
static struct vigil_daemon *next_watcher(struct host *host, const char *service, size_t *index)
{
	struct vigil_daemon *d;

	while ((d = host_daemon(host, (*index)++)) != NULL)
		if (is_service(d, service))
			return d;
	return NULL;
}

struct vigil_daemon *daemon_names_find(
	struct host *host, const char *name, struct command_reply *reply)
{
	struct vigil_daemon *d = host_find(host, name), *second;
	size_t index = 0;

	if (d != NULL)
		return d;
	d = next_watcher(host, name, &index);
	if (d == NULL) {
		daemon_names_fail(host, name, reply);
		return NULL;
	}
	second = next_watcher(host, name, &index);
	if (second == NULL)
		return d;
	command_fail(reply, COMMAND_PARAMS,
		"several daemons watch the service \"%.64s\", such as \"%s\" and \"%s\"; name one "
		"daemon",
		name, daemon_name(d), daemon_name(second));
	return NULL;
}

/* Sets the flags of the daemons that match.  Returns whether there is one. */
static bool choose(struct host *host, const char *name, bool *chosen)
{
	struct vigil_daemon *d;
	bool found = false;

	for (size_t i = 0; (d = host_daemon(host, i)) != NULL; i++) {
		if (!daemon_names_match(host, d, name))
			continue;
		chosen[i] = true;
		found = true;
	}
	return found;
}

bool *daemon_names_choose(struct host *host, json_t *names, struct command_reply *reply)
{
	size_t count = 0, index;
	bool *chosen;
	json_t *name;

	if (json_array_size(names) == 0) {
		command_fail(reply, COMMAND_PARAMS, "name at least one daemon");
		return NULL;
	}
	while (host_daemon(host, count) != NULL)
		count++;
	chosen = memory_zero(count + 1);
	json_array_foreach(names, index, name) {
		if (json_is_string(name) && choose(host, json_string_value(name), chosen))
			continue;
		daemon_names_fail(host, json_is_string(name) ? json_string_value(name) : "", reply);
		free(chosen);
		return NULL;
	}
	return chosen;
}
