/*
 * run: see run.h.
 *
 * systemd, runit and s6 identify each run. For a service with a process under another manager,
 * vigild identifies the run, because it sees the exit of the process. For all others, a restart
 * shows because vigild saw the service not running in between, issued the restart, or because the
 * manager counts it. Another pid alone shows none, because a daemon may hand over to a successor.
 */
#include "run.h"

#include <stdio.h>

#include "modules/policy/reply.h"

static bool is_restarted(const struct run *run, const vigil_service_reply *r)
{
	/* Then the manager may not have identified the new run yet. */
	if (run->issued && run->pid > 0 && r->pid > 0 && run->pid != r->pid)
		return true;
	if (run->id != 0 && r->run != 0)
		return run->id != r->run;
	return run->interrupted || r->respawns > run->respawns;
}

static void describe(struct run *run, const vigil_service_reply *r)
{
	if (run->pid > 0 && r->pid > 0 && run->pid != r->pid)
		snprintf(run->how, sizeof(run->how), "its pid changed from %d to %d", (int)run->pid,
			(int)r->pid);
	else if (run->interrupted)
		snprintf(run->how, sizeof(run->how), "it did not run in between");
	else
		snprintf(run->how, sizeof(run->how), "%.32s says so", r->manager);
}

/* Sets the start of a run that this check has found, or of another process in the same run. */
static void begin(
	struct run *run, const vigil_service_reply *r, double now, bool restarted, run_age_fn *age)
{
	double seconds = r->pid > 0 ? age(r->pid) : 0;

	run->started = seconds > 0 ? now - seconds : now;
	if (restarted)
		run->before = run->restarted;
	run->restarted = !restarted ? run->restarted : seconds > 0 ? run->started : run->checked;
}

static void observe_running(struct run *run, const vigil_service_reply *r, bool restarted)
{
	if (restarted)
		describe(run, r);
	run->seen = true;
	run->interrupted = run->issued = false;
	run->pid = r->pid;
	run->respawns = r->respawns;
	if (r->run != 0 || restarted)
		run->id = r->run;
}

bool run_observe(struct run *run, const vigil_service_reply *r, double now, run_age_fn *age)
{
	bool restarted = false;

	switch (r->status) {
	case VIGIL_SERVICE_RUNNING:
		restarted = run->seen && is_restarted(run, r);
		if (restarted || !run->seen || run->pid != r->pid)
			begin(run, r, now, restarted, age);
		observe_running(run, r, restarted);
		break;
	case VIGIL_SERVICE_ABSENT: *run = (struct run){.seen = false}; break;
	case VIGIL_SERVICE_UNKNOWN:
	case VIGIL_SERVICE_RELOADING: return false;
	default:
		if (reply_is_idle(r)) /* it has ended as intended; its next start is no restart */
			*run = (struct run){.seen = false};
		run->interrupted = run->seen;
	}
	run->checked = now;
	return restarted;
}

void run_interrupt(struct run *run, double began)
{
	run->interrupted = run->issued = run->seen;
	run->checked = began;
}
