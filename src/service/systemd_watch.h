/*
 * systemd_watch: the units that are watched, by signals and by looks that are asked for together.
 *
 * All of it is the loop thread's, and none of it blocks.  Where it cannot say how a unit is, it
 * says so, and a worker is to be asked instead.
 */
#ifndef SYSTEMD_WATCH_H
#define SYSTEMD_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "service/manager.h"

struct loop;
struct systemd_watch;
struct systemd_view;

struct systemd_watch_counts {
	uint64_t looks;    /* units asked about */
	uint64_t messages; /* and in how many calls */
	uint64_t details;  /* properties read */
	uint64_t signs;    /* changes that systemd told of, and that were news */
};

struct systemd_view_user {
	/* It is not any more as it was found: a look is due.  Never inside a call. */
	void (*on_sign)(void *arg);
	/* The answer to systemd_view_ask, lent for the call; NULL: ask another way.  Never inside
	 * a call. */
	void (*on_answer)(const struct manager_reply *answer, void *arg);
	void *arg;
};

#ifdef HAVE_SYSTEMD

/* NULL and errno. */
struct systemd_watch *systemd_watch_new(struct loop *loop);
/* All views must be closed. */
void systemd_watch_free(struct systemd_watch *watch);
void systemd_watch_counts(const struct systemd_watch *watch, struct systemd_watch_counts *counts);

/* The unit of a service that systemd runs.  NULL: no unit can have such a name. */
struct systemd_view *systemd_view_open(
	struct systemd_watch *watch, const char *service, const struct systemd_view_user *user);
/* Neither callback will run. */
void systemd_view_close(struct systemd_view *view);
/* What a look made elsewhere has found. */
void systemd_view_learn(
	struct systemd_view *view, vigil_service_status status, pid_t pid, uint32_t respawns);
/* What is known may be wrong: at the next look nothing is taken for granted. */
void systemd_view_doubt(struct systemd_view *view);
/* Whether it is as it was found last, since systemd would have told of a change. */
bool systemd_view_is_sure(const struct systemd_view *view);
/* Asks how it is, with whoever else asks now.  alive: its process, as it was found last, is in
 * sight and lives.  0; -EAGAIN: the line is not up. */
int systemd_view_ask(struct systemd_view *view, bool alive, uint64_t timeout);

#else

static inline struct systemd_watch *systemd_watch_new(struct loop *loop)
{
	return (struct systemd_watch *)0;
}

static inline void systemd_watch_free(struct systemd_watch *watch)
{
}

static inline void systemd_watch_counts(
	const struct systemd_watch *watch, struct systemd_watch_counts *counts)
{
	*counts = (struct systemd_watch_counts){0};
}

static inline struct systemd_view *systemd_view_open(
	struct systemd_watch *watch, const char *service, const struct systemd_view_user *user)
{
	return (struct systemd_view *)0;
}

static inline void systemd_view_close(struct systemd_view *view)
{
}

static inline void systemd_view_learn(
	struct systemd_view *view, vigil_service_status status, pid_t pid, uint32_t respawns)
{
}

static inline void systemd_view_doubt(struct systemd_view *view)
{
}

static inline bool systemd_view_is_sure(const struct systemd_view *view)
{
	return false;
}

static inline int systemd_view_ask(struct systemd_view *view, bool alive, uint64_t timeout)
{
	return -1;
}

#endif

#endif
