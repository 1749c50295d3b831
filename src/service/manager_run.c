/*
 * manager_run: identifies the runs of a service whose manager does not, such as of an init script.
 */
#include "service/manager.h"

void manager_end_run(struct manager_reply *reply)
{
	if (reply->status != VIGIL_SERVICE_RUNNING && reply->status != VIGIL_SERVICE_RELOADING &&
		reply->status != VIGIL_SERVICE_UNKNOWN)
		reply->memory.run = 0;
}

void manager_follow_run(struct manager_reply *reply, const struct process_identity *last)
{
	struct manager_memory *memory = &reply->memory;
	const struct process_identity *now = &memory->last;
	bool another = now->pid != last->pid || now->ticks != last->ticks;
	bool exited = last->pid > 0 && memory->died == last->pid;

	if (now->pid == 0)
		return;
	if (memory->run == 0 || (another && exited && now->ticks >= memory->died_ticks))
		memory->run = now->ticks << 24 | (uint64_t)now->pid;
	if (reply->run == 0)
		reply->run = memory->run;
}
