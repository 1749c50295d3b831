/*
 * run_group: a control group for each run of a program that may leave processes behind.
 *
 * Where vigild may make control groups (version 2), a run has one: what is left in it when the run has
 * ended is killed, also a process that has begun a session of its own.  Elsewhere there are none, and
 * session_end ends what is left in the session.
 *
 * No program that may start a service, such as a restart script, gets a group: the service is to stay.
 */
#ifndef RUN_GROUP_H
#define RUN_GROUP_H

#include <stdbool.h>

struct loop;
struct run_group;

/* Finds out whether groups can be made, and ends what an earlier vigild has left in its groups.  step: the
 * program vigil-enter; NULL: it is looked for.  Never fatal.  The loop's thread. */
void run_groups_open(struct loop *loop, const char *step);
/* Ends all that is in the groups, at most for a second, and removes them. */
void run_groups_close(void);

/* A group for one run of the program, an absolute path.  owner: in whose name it is logged that something
 * was left behind; copied.  NULL where there can be none.  Any thread. */
struct run_group *run_group_new(const char *owner, const char *program);
/* The file that the run writes itself to, and the program that does so, good as long as the group. */
const char *run_group_procs(const struct run_group *group);
const char *run_group_step(const struct run_group *group);
/* For a script of a service that could not be started for want of tasks: kills the run that holds the most of
 * them, which is logged when it has ended.  Returns false where no run holds more than a few.  Any thread. */
bool run_groups_relieve(void);
/* The run has ended, or never began: kills what is left of it, and frees the group.  NULL is nothing.
 * Any thread. */
void run_group_end(struct run_group *group);

#endif
