/*
 * lsb: the manager of init scripts, as the Linux Standard Base describes them.
 *
 * A script is a program of root that accepts `status`, `restart`, `start` and `stop` and answers
 * with its exit status. init_status.c collects what the script and its pidfile say.
 */
#include "service/manager.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "process/spawn.h"
#include "service/managers/init_script.h"
#include "service/managers/init_status.h"
#include "service/managers/lsb_list.h"

#define INIT_DIR "/etc/init.d"

static const char *init_dir(const struct manager_request *request)
{
	return request->init_dir != NULL ? request->init_dir : INIT_DIR;
}

/* If the configuration asks for init scripts, the script itself is meant and not systemd's unit. */
static bool is_direct(const struct manager_request *request)
{
	return request->init_dir != NULL || request->manager == &manager_lsb;
}

static bool lsb_present(const struct manager_request *request)
{
#ifdef HAVE_SYSTEMD
	/* A running systemd has generated units from the scripts. A script that it does not know
	 * is not completely installed yet. If vigild ran that script, the daemon would become a
	 * child of vigild instead of a service of systemd. */
	if (!request->init_dir && access("/run/systemd/system", F_OK) == 0)
		return false;
#endif
	return access(init_dir(request), X_OK) == 0;
}

static void lsb_query(const struct manager_request *request, struct manager_reply *reply)
{
	char path[INIT_SCRIPT_PATH], verb[INIT_SCRIPT_VERB];
	struct evidence e;

	if (!init_script_find(init_dir(request), request->name, path, reply))
		return;
	init_status_gather(request, path, is_direct(request), verb, &e, reply);
	manager_conclude(reply, &e);
}

/* Whether another process runs the script right now, which must not be interrupted. Sets the
 * fault if so. Returns false if this cannot be determined. */
static bool is_busy(const char *path, struct manager_reply *reply)
{
	char verb[INIT_SCRIPT_VERB];
	pid_t runner = init_script_runner(path, verb);

	if (runner <= 0)
		return false;
	manager_fault(reply, -EBUSY, VIGIL_FAULT_REFUSED, "process %d runs its script for \"%s\"",
		(int)runner, verb);
	return true;
}

static void lsb_apply(enum manager_change change, const struct manager_request *request,
	struct manager_reply *reply)
{
	const char *verb = manager_change_name(change);
	struct spawn_result result;
	char path[INIT_SCRIPT_PATH];
	int code;

	if (!init_script_find(init_dir(request), request->name, path, reply)) {
		if (reply->status == VIGIL_SERVICE_ABSENT)
			manager_fault(reply, -ENOENT, VIGIL_FAULT_ABSENT, "no such file: %s", path);
		return;
	}
	if (is_busy(path, reply))
		return;
	code = init_status_run(request, path, verb, is_direct(request), true, &result, reply);
	if (code <= 0)
		return;
	if (code == 4)
		manager_fault(reply, -EACCES, VIGIL_FAULT_DENIED, "%s", "");
	else if (code == 5)
		manager_fault(reply, -ENOENT, VIGIL_FAULT_ABSENT, "%s", "");
	else
		manager_fault(reply, -EIO, VIGIL_FAULT_FAILED, "%s", "");
	manager_tail(reply->text, &result);
	if (!*reply->text)
		snprintf(reply->text, sizeof(reply->text),
			"the script exited with status %d for \"%s\"", code, verb);
}

/* OpenRC lists the scripts itself, where it runs the machine. */
static void lsb_list(struct listing *listing, uint64_t deadline)
{
	const struct manager_request any = {.name = ""};

	if (lsb_present(&any) && !manager_openrc.present(&any))
		lsb_list_scripts(&manager_lsb, INIT_DIR, listing, deadline);
}

static const char *const directories[] = {
	INIT_DIR, "/etc/rcS.d", "/etc/rc2.d", "/etc/rc3.d", "/etc/rc4.d", "/etc/rc5.d", NULL};

const struct manager manager_lsb = {
	.name = "lsb",
	.basis = BASIS_CHECKED,
	.present = lsb_present,
	.query = lsb_query,
	.apply = lsb_apply,
	.list = lsb_list,
	.directories = directories,
};
