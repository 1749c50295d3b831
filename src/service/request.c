/* request: see request.h. */
#include "service/request.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define QUERY_TIMEOUT   10.0
#define RESTART_TIMEOUT 90.0
#define TIMEOUT_MAX     86400.0

char **request_argv(const char *const *argv)
{
	char **copy;

	if (argv == NULL)
		return NULL;
	copy = text_copy_list(argv);
	return copy != NULL ? copy : memory_zero(sizeof(*copy));
}

void request_copy(struct manager_request *to, const struct manager_request *from)
{
	*to = (struct manager_request){
		.name = memory_text(from->name),
		.manager = from->manager,
		.init_dir = memory_text(from->init_dir),
		.service_dir = memory_text(from->service_dir),
		.pidfile = memory_text(from->pidfile),
		.status_command = request_argv((const char *const *)from->status_command),
		.restart_command = request_argv((const char *const *)from->restart_command),
		.start_command = request_argv((const char *const *)from->start_command),
		.stop_command = request_argv((const char *const *)from->stop_command),
		.reload_command = request_argv((const char *const *)from->reload_command),
		.reset_failed = from->reset_failed,
		.query_timeout = from->query_timeout,
		.restart_timeout = from->restart_timeout,
		.memory = from->memory,
		.simple = from->simple,
		.heard = from->heard,
		.unexecuted = from->unexecuted,
		.down = from->down,
		.accepted = from->accepted,
	};
	memcpy(to->heard_result, from->heard_result, sizeof(to->heard_result));
}

void request_clear(struct manager_request *request)
{
	free(request->name);
	free(request->init_dir);
	free(request->service_dir);
	free(request->pidfile);
	free(request->status_command);
	free(request->restart_command);
	free(request->start_command);
	free(request->stop_command);
	free(request->reload_command);
}

static bool equal_argv(char **a, char **b)
{
	return text_equal_lists((const char *const *)a, (const char *const *)b);
}

bool request_equal(const struct manager_request *a, const struct manager_request *b)
{
	return text_equal(a->name, b->name) && a->manager == b->manager &&
	       text_equal(a->init_dir, b->init_dir) && text_equal(a->service_dir, b->service_dir) &&
	       text_equal(a->pidfile, b->pidfile) && a->reset_failed == b->reset_failed &&
	       a->query_timeout == b->query_timeout && a->restart_timeout == b->restart_timeout &&
	       equal_argv(a->status_command, b->status_command) &&
	       equal_argv(a->restart_command, b->restart_command) &&
	       equal_argv(a->start_command, b->start_command) &&
	       equal_argv(a->stop_command, b->stop_command) &&
	       equal_argv(a->reload_command, b->reload_command);
}

static double timeout_or(double seconds, double otherwise)
{
	return seconds > 0 ? fmin(seconds, TIMEOUT_MAX) : otherwise;
}

int request_from_spec(struct manager_request *request, const vigil_service_spec *given)
{
	vigil_service_spec spec = {0};
	bool automatic;
	struct manager_request borrowed;

	/* A module that was compiled with an older header has a shorter struct. */
	memcpy(&spec, given, given->size < sizeof(spec) ? given->size : sizeof(spec));
	automatic = spec.manager == NULL || strcmp(spec.manager, "auto") == 0;
	borrowed = (struct manager_request){.name = (char *)spec.name,
		.manager = automatic ? NULL : manager_find(spec.manager),
		.init_dir = (char *)spec.init_dir,
		.service_dir = (char *)spec.service_dir,
		.pidfile = (char *)spec.pidfile,
		.status_command = (char **)spec.status_command,
		.restart_command = (char **)spec.restart_command,
		.start_command = (char **)spec.start_command,
		.stop_command = (char **)spec.stop_command,
		.reload_command = (char **)spec.reload_command,
		.reset_failed = spec.reset_failed,
		.query_timeout = timeout_or(spec.query_timeout, QUERY_TIMEOUT),
		.restart_timeout = timeout_or(spec.restart_timeout, RESTART_TIMEOUT)};
	if (spec.name == NULL || !text_is_service_name(spec.name))
		return -EINVAL;
	if (!automatic && borrowed.manager == NULL)
		return -ENOTSUP;
	request_copy(request, &borrowed);
	return 0;
}
