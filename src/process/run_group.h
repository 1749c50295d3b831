/*
 * run_group: creates a control group for each run of a program that may leave processes behind.
 *
 * Where vigild may create control groups (version 2), a run gets its own.  When the run has ended,
 * the processes that are left in the group are killed, including those that have started a new
 * session.  Where vigild may not, session_end kills what is left in the session.
 *
 * A program that may start a service, such as a restart script, gets no group, because the service
 * must go on running.
 */
#ifndef RUN_GROUP_H
#define RUN_GROUP_H

#include <stdbool.h>

struct loop;
struct run_group;

/* Finds out whether groups can be created, and kills the processes that an earlier vigild left in
 * its groups.  step: the path of the program vigil-enter; NULL: it is searched for.  A failure is
 * not fatal.  Loop thread only. */
void run_groups_open(struct loop *loop, const char *step);
/* Kills all processes in the groups, waits for their end for at most a second, and removes the
 * groups. */
void run_groups_close(void);

/* Creates a group for a run of the program.  program: an absolute path.  owner: the daemon for the
 * log; copied; NULL: the program is logged.  Returns NULL when there is no group.  Any thread. */
struct run_group *run_group_new(const char *owner, const char *program);
/* The file to which the run writes its pid, and the program that does that; valid as long as the
 * group. */
const char *run_group_procs(const struct run_group *group);
const char *run_group_step(const struct run_group *group);
/* Makes room for a script of a service that could not be started because too many tasks run.  Kills
 * the run with the most processes.  That is logged when the loop thread ends that run, but not when
 * a worker does.  Returns false when no run has more than 8 processes.  Any thread. */
bool run_groups_relieve(void);
/* Ends the group of a run that has ended or has not been started: kills the processes that are left
 * in it, and frees the group.  NULL is allowed.  Any thread. */
void run_group_end(struct run_group *group);

#endif
