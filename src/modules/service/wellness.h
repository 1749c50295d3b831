/*
 * wellness: whether a service that runs does its work, and whether it may be restarted yet.
 */
#ifndef WELLNESS_H
#define WELLNESS_H

#include <vigil/vigil.h>

struct wellness;

/* By the daemon's options: probe and its kin, memory_max, cpu_max, after.  Ends with the
 * daemon.  NULL where none is given, which is well; and where one of them makes no sense: the start
 * is then refused, with the reason. */
struct wellness *wellness_new(vigil_daemon *d);

/* A look has found the service so. */
void wellness_look(struct wellness *wellness, const vigil_service_reply *r);
/* It is being restarted: what was held against it is forgotten. */
void wellness_forget(struct wellness *wellness);

/* Why it is to be restarted although it runs, in words; NULL: it is well. */
#define WELLNESS_TEXT 256
const char *wellness_unwell(const struct wellness *wellness, char words[WELLNESS_TEXT]);
/* The daemon whose service must run first, and does not; NULL: none. */
const char *wellness_before(const struct wellness *wellness);

#endif
