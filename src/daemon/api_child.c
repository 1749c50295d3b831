/*
 * api_child: the child processes of vigil.h.
 *
 * Each vigil_child wraps a child of the loop (process/child.h) and belongs to a daemon, from its
 * start until the on_exit callback has returned.  If the daemon stops before that, child_free
 * terminates the process and no callback of the module is called any more.  Each user name that a
 * daemon uses for its children is looked up only once for that daemon, because a lookup may query
 * the network and would block the loop at every tick.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/degraded.h"
#include "base/memory.h"
#include "base/signal_name.h"
#include "base/trust_command.h"
#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"
#include "process/child.h"
#include "process/program.h"
#include "process/run_as.h"
#include "process/spawn_environment.h"
#include "process/task_limit.h"

#define TIMEOUT_MAX    (366 * 86400.0)
#define OUTPUT_HIGHEST (64 * 1024 * 1024)

struct vigil_child {
	struct resource resource; /* must be the first member */
	struct child *child;
	vigil_child_line_fn *on_line;
	vigil_child_late_fn *on_late;
	vigil_child_eof_fn *on_eof;
	vigil_child_errors_fn *on_errors;
	vigil_child_exit_fn *on_exit;
	void *arg;
};

struct known_user {
	struct resource resource; /* must be the first member */
	char *name;
	struct run_as *user;
};

static void handle_free(struct resource *resource)
{
	vigil_child *handle = (vigil_child *)resource;

	child_free(handle->child);
	free(handle);
}

/* A child with an on_line callback may run as long as its daemon, so it is not counted as
 * waiting. */
static bool handle_waits(const struct resource *resource)
{
	return ((const vigil_child *)resource)->on_line == NULL;
}

static const struct resource_kind handle_kind = {.free = handle_free, .waits = handle_waits};

static void known_user_free(struct resource *resource)
{
	struct known_user *known = (struct known_user *)resource;

	run_as_free(known->user);
	free(known->name);
	free(known);
}

static const struct resource_kind known_user_kind = {.free = known_user_free};

static void on_line(struct child *child, const char *line, size_t length, void *arg)
{
	vigil_child *handle = arg;
	struct vigil_daemon *d = handle->resource.daemon;
	uint64_t entered = daemon_enter(d, "line of a child");

	handle->on_line(d, handle, line, length, handle->arg);
	daemon_leave(d, entered);
}

static void on_exit_told(struct child *child, const vigil_child_exit *e, void *arg)
{
	vigil_child *handle = arg;
	struct vigil_daemon *d = handle->resource.daemon;
	uint64_t entered = daemon_enter(d, "exit of a child");

	/* The handle stays valid until the callback returns, even if the callback stops the
	 * daemon. */
	daemon_detach(&handle->resource);
	handle->on_exit(d, handle, e, handle->arg);
	daemon_leave(d, entered);
	handle_free(&handle->resource);
}

static void call_back(vigil_child *handle, vigil_child_late_fn *fn)
{
	struct vigil_daemon *d = handle->resource.daemon;
	uint64_t entered = daemon_enter(d, "child");

	fn(d, handle, handle->arg);
	daemon_leave(d, entered);
}

static void on_late(struct child *child, void *arg)
{
	call_back(arg, ((vigil_child *)arg)->on_late);
}

static void on_eof(struct child *child, void *arg)
{
	call_back(arg, ((vigil_child *)arg)->on_eof);
}

static void on_errors(struct child *child, const char *errors, void *arg)
{
	vigil_child *handle = arg;
	struct vigil_daemon *d = handle->resource.daemon;
	uint64_t entered = daemon_enter(d, "stderr of a child");

	handle->on_errors(d, handle, errors, handle->arg);
	daemon_leave(d, entered);
}

/* While the daemon starts, the failure becomes the reason why the daemon failed.  Later only the
 * module reports it, because a missing program is missing at every tick, and vigild would log the
 * same line at each one. */
static vigil_child *refuse(vigil_daemon *d, const vigil_child_spec *spec, int err, const char *what,
	const char *which, const char *why)
{
	if (d->status == DAEMON_STARTING)
		daemon_refuse(d, err, "%s \"%s\": %s", what, which, why);
	if (spec->why != NULL)
		snprintf(spec->why, spec->why_size, "%s", why);
	errno = err;
	return NULL;
}

/* Copies the spec of a module into the layout of this header.  A module that was built with an
 * older header has a shorter spec; the missing members are zero. */
static vigil_child_spec take_spec(const vigil_child_spec *given)
{
	vigil_child_spec spec = {0};

	if (given != NULL && given->size >= sizeof(size_t))
		memcpy(&spec, given, given->size < sizeof(spec) ? given->size : sizeof(spec));
	return spec;
}

/* Returns what is wrong with the spec, or NULL. */
static const char *mistake(const vigil_child_spec *spec)
{
	if (spec->size == 0)
		return "no size";
	if (spec->argv == NULL || spec->argv[0] == NULL || spec->argv[0][0] == '\0')
		return "no program";
	if (spec->on_exit == NULL)
		return "no on_exit";
	if (!(spec->timeout >= 0 && spec->timeout <= TIMEOUT_MAX))
		return "a timeout out of range";
	if (spec->output_max > OUTPUT_HIGHEST)
		return "an output_max out of range";
	if (spec->input_length > OUTPUT_HIGHEST || (spec->input == NULL && spec->input_length > 0))
		return "an input out of range";
	for (const char *const *entry = spec->environment; entry && *entry; entry++)
		if (strchr(*entry, '=') == NULL || (*entry)[0] == '=')
			return "an environment that is not all NAME=VALUE";
	return NULL;
}

static int find_user(vigil_daemon *d, const char *name, const struct run_as **user)
{
	struct resource *resource;
	struct known_user *known;
	struct run_as *found;
	int err;

	TAILQ_FOREACH(resource, &d->resources, link) {
		known = (struct known_user *)resource;
		if (resource->kind == &known_user_kind && strcmp(known->name, name) == 0) {
			*user = known->user;
			return 0;
		}
	}
	err = run_as_find(name, &found);
	if (err != 0)
		return err;
	known = memory_zero(sizeof(*known));
	known->name = memory_text(name);
	known->user = found;
	daemon_attach(d, &known->resource, &known_user_kind);
	*user = found;
	return 0;
}

int vigil_find_program(const char *program, char *why, size_t size)
{
	const char *dirs = trust_own_path();
	char found[PATH_MAX];
	int err = 0;

	if (program[0] == '/' || strchr(program, '/') == NULL)
		err = trust_find_program(program, dirs, NULL, found);
	if (err == -ENOENT && program[0] == '/')
		snprintf(why, size, "no such program: %.200s", program);
	else if (err == -ENOENT)
		snprintf(why, size, "no such program in PATH: \"%.100s\" (PATH is %.200s)", program,
			dirs);
	else if (err == -EACCES)
		snprintf(why, size, "%.200s is not executable; run chmod +x on it", program);
	else if (err != 0)
		snprintf(why, size, "%.200s cannot be executed: %s", program, strerror(-err));
	return err;
}

static int check_trust(const vigil_child_spec *spec, const struct trust_user *user, bool other_user,
	char program[PATH_MAX], char *why, size_t size)
{
	const char *path = spawn_environment_path(spec->environment, other_user);
	const struct trust_command command = {.argv = spec->argv,
		.path = other_user ? path : NULL, /* NULL: vigild's own PATH, as posix_spawnp */
		.inner_path = path,
		.directory = spec->directory,
		.user = user};

	return trust_command(&command, program, why, size);
}

char *vigil_signal_name(char text[VIGIL_SIGNAL_TEXT], int signal)
{
	char name[SIGNAL_NAME];

	snprintf(text, VIGIL_SIGNAL_TEXT, "%s", signal_name(signal, name));
	return text;
}

char *vigil_helper_path(char *path, size_t size, const char *name)
{
	char *found = program_path(PKGLIBDIR, name);

	snprintf(path, size, "%s", found);
	free(found);
	return path;
}

int vigil_check_command(const vigil_child_spec *given, char *why, size_t size)
{
	vigil_child_spec spec = take_spec(given);
	char program[PATH_MAX];
	struct run_as *user = NULL;
	int err = -EINVAL;

	snprintf(why, size, "no program is given");
	if (spec.argv == NULL || spec.argv[0] == NULL)
		return err;
	if (spec.user != NULL && run_as_find(spec.user, &user) != 0)
		user = NULL; /* the check of the user reports an unknown user */
	err = check_trust(&spec, user != NULL ? run_as_ids(user) : NULL,
		user != NULL && run_as_is_other(user), program, why, size);
	run_as_free(user);
	return program[0] != '\0' ? err : 0; /* a missing program is not reported here */
}

static struct child_spec inner_spec(const vigil_daemon *d, const vigil_child_spec *spec)
{
	return (struct child_spec){.spawn = {.argv = spec->argv,
					   .environment = spec->environment,
					   .directory = spec->directory,
					   .merge_stderr = spec->merge_stderr,
					   .keep_stderr = spec->keep_stderr,
					   .input = spec->input,
					   .input_length = spec->input_length},
		.timeout = clock_from_seconds(spec->timeout),
		.output_max = spec->output_max,
		.on_line = spec->on_line != NULL ? on_line : NULL,
		.on_late = spec->on_late != NULL ? on_late : NULL,
		.on_eof = spec->on_eof != NULL ? on_eof : NULL,
		.on_errors = spec->on_errors != NULL ? on_errors : NULL,
		.on_exit = on_exit_told,
		.end_session = spec->end_session,
		.owner = d->name};
}

static vigil_child *new_handle(const vigil_child_spec *spec)
{
	vigil_child *handle = memory_zero(sizeof(*handle));

	handle->on_line = spec->on_line;
	handle->on_late = spec->on_late;
	handle->on_eof = spec->on_eof;
	handle->on_errors = spec->on_errors;
	handle->on_exit = spec->on_exit;
	handle->arg = spec->arg;
	return handle;
}

vigil_child *vigil_spawn(vigil_daemon *d, const vigil_child_spec *given)
{
	vigil_child_spec spec = take_spec(given);
	struct child_spec inner;
	char program[PATH_MAX], why[TRUST_WHY];
	const char *wrong;
	vigil_child *handle;
	int err;

	if (daemon_is_candidate(d, "vigil_spawn"))
		return NULL;
	wrong = mistake(&spec);
	if (wrong != NULL) {
		daemon_refuse(d, EINVAL, "vigil_spawn: invalid spec: %s", wrong);
		return NULL;
	}
	inner = inner_spec(d, &spec);
	if (child_given_up(d->name) > 0)
		return refuse(d, &spec, EBUSY, "cannot start", spec.argv[0], strerror(EBUSY));
	err = spec.user != NULL ? find_user(d, spec.user, &inner.user) : 0;
	if (err != 0)
		return refuse(d, &spec, -err, "user", spec.user, strerror(-err));
	err = check_trust(&spec, inner.user != NULL ? run_as_ids(inner.user) : NULL,
		inner.user != NULL && run_as_is_other(inner.user), program, why, sizeof(why));
	if (err != 0) {
		degraded_started(err);
		return refuse(d, &spec, -err, "cannot start", spec.argv[0], why);
	}
	/* Only such children may leave processes behind and thereby fill the task limit. */
	if (spec.end_session && task_limit_refuses(why, sizeof(why)))
		return refuse(d, &spec, EAGAIN, "cannot start", spec.argv[0], why);
	inner.spawn.program = program;
	handle = new_handle(&spec);
	inner.arg = handle;
	err = child_start(d->environment->loop, &inner, &handle->child);
	if (err != 0) {
		free(handle);
		return refuse(d, &spec, -err, "cannot start", spec.argv[0], strerror(-err));
	}
	daemon_attach(d, &handle->resource, &handle_kind);
	return handle;
}

pid_t vigil_child_pid(const vigil_child *child)
{
	return child != NULL ? child_pid(child->child) : 0;
}

pid_t vigil_child_given_up(vigil_daemon *d)
{
	if (daemon_is_candidate(d, "vigil_child_given_up"))
		return 0;
	return child_given_up(d->name);
}

void vigil_child_terminate(vigil_child *child)
{
	if (child != NULL)
		child_terminate(child->child);
}

int vigil_open_secret(const char *path, char *why, size_t size)
{
	return trust_open_secret(path, why, size);
}
