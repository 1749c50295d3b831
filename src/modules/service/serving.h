/*
 * serving: whether a service that runs does its work within its limits.
 */
#ifndef SERVING_H
#define SERVING_H

#include <vigil/vigil.h>

struct serving;

/* By the daemon's options: probe and its kin, memory_max, cpu_max.  It is freed with the daemon.
 * on_news is called when a probe has changed what is to be said.  NULL where no option is given,
 * and where one of them is wrong: the start is then refused, with the reason. */
struct serving *serving_new(vigil_daemon *d, vigil_tick_fn *on_news, void *arg);

/* A check has found the service so. */
void serving_check(struct serving *serving, const vigil_service_reply *r);
/* The service is being restarted: what was held against it is forgotten. */
void serving_reset(struct serving *serving);

/* What is wrong with the running service; each text is NULL where that is not the case, and good
 * until the next call. */
struct verdict {
	const char *sick;     /* for longer than its tolerance: a reason to restart */
	const char *ailing;   /* within its tolerance */
	const char *unprobed; /* why vigild itself could not probe */
	bool proven;          /* nothing is wrong, and each test has been passed since the start */
};
void serving_judge(struct serving *serving, struct verdict *verdict);

#endif
