/*
 * systemd_inside: the units that are watched, for the files that share them: systemd_watch.c,
 * which holds what is known of them, and systemd_look.c and systemd_details.c, which ask.
 */
#ifndef SYSTEMD_INSIDE_H
#define SYSTEMD_INSIDE_H

#include <sys/queue.h>

#include "service/systemd_unit.h"
#include "service/systemd_watch.h"

/* sd-bus counts in microseconds from its own now, so it may be early by this. */
#define SYSTEMD_EDGE (5 * CLOCK_MS)

struct loop;
struct loop_timer;
struct systemd_line;
struct systemd_view;

/* Where the look at a unit stands. */
enum stage {
	STAGE_NONE,
	STAGE_QUEUED,  /* goes with the next message */
	STAGE_LISTED,  /* its row is awaited */
	STAGE_WAITING, /* its row is there; others' details are being asked for */
	STAGE_ASKING,  /* its details are awaited */
	STAGE_FAILED   /* to be told so */
};

/* A Get under way. */
struct detail_call {
	struct systemd_view *view;
	enum systemd_detail detail;
	sd_bus_slot *slot;
};

TAILQ_HEAD(view_list, systemd_view);

struct systemd_view {
	struct systemd_watch *watch;
	struct systemd_view_user user;
	char *unit, *path; /* an alias has the path of the unit that it stands for */
	LIST_ENTRY(systemd_view) bucket;
	TAILQ_ENTRY(systemd_view) link;

	/* as it was found last */
	vigil_service_status status;
	char load[16], active[16], sub[32]; /* "": another found it, so they are not known */
	char job[24];
	struct systemd_details details;
	bool sure;      /* that is how it is: nothing else was heard since */
	bool pid_sure;  /* systemd itself told which process it is, and of none since */
	bool signalled; /* systemd has told of a change, and nobody has looked since */

	/* the sign on its way to the user */
	bool sign_due;
	uint64_t sign_told; /* when the last one was */
	TAILQ_ENTRY(systemd_view) sign_link;

	/* the look */
	enum stage stage;
	bool asked; /* by the user; else it is our own */
	bool alive; /* its process lived when it was asked */
	bool moved; /* it changed between the row and the details */
	uint64_t began, timeout;
	struct view_list *list; /* that it waits in; NULL: none */
	TAILQ_ENTRY(systemd_view) look_link;
	struct batch *batch; /* that awaits its row */
	unsigned place;      /* in it */
	struct detail_call calls[SYSTEMD_DETAILS];
	unsigned awaited; /* of them */
	struct systemd_details incoming;
	int r; /* of the first that failed */
	sd_bus_error error;
};

LIST_HEAD(view_bucket, systemd_view);
TAILQ_HEAD(batch_list, batch);

struct systemd_watch {
	struct loop *loop;
	struct systemd_line *line;
	struct view_list all;
	size_t count;
	struct view_bucket *buckets; /* by path */
	size_t bucket_count;         /* a power of two */

	struct view_list signs;
	struct loop_timer *sign_timer;

	struct view_list queue, waiting, failed;
	struct loop_timer *gather;  /* sends the queue */
	struct loop_timer *overdue; /* tells those who waited too long */
	struct batch_list batches;  /* under way */
	unsigned asking;            /* views whose details are */
	uint64_t silent_since;      /* the first question after the last answer; 0: none */

	struct systemd_watch_counts counts;
};

/* Whether what systemd says differs from what is known; NULL and -1: it does not say. */
bool systemd_view_differs(
	const struct systemd_view *view, const char *active, const char *sub, pid_t pid);
/* Systemd says that it has changed: the user will be told, once until somebody looks. */
void systemd_view_signal(struct systemd_view *view);
/* A look has just found how it is: signs from before it are not news. */
void systemd_view_found(struct systemd_view *view, const char *path);

int systemd_look_open(struct systemd_watch *watch);
void systemd_look_close(struct systemd_watch *watch);
/* Looks at a unit: for its user, or to see whether it has changed. */
void systemd_look(struct systemd_view *view, bool asked, uint64_t timeout);
/* The line is down: who has asked is told to ask another way. */
void systemd_look_abandon(struct systemd_watch *watch);
/* Takes a view out of whatever look is under way. */
void systemd_look_cancel(struct systemd_view *view);

/* A question has gone out; an answer, perhaps an error, has come; there was none in time. */
void systemd_look_asked(struct systemd_watch *watch);
void systemd_look_heard(struct systemd_watch *watch, const sd_bus_error *error);
void systemd_look_late(struct systemd_watch *watch);
/* Until when its user waits. */
uint64_t systemd_look_due(const struct systemd_view *view);

/* Into a list (NULL: none), and out of the one that it waited in. */
void systemd_look_wait_in(struct systemd_view *view, struct view_list *list, enum stage stage);
/* The end of a look: NULL is no answer.  Its user is told. */
void systemd_look_end(struct systemd_view *view, const struct manager_reply *answer);
void systemd_look_fault(struct systemd_view *view, int r, const sd_bus_error *error);
/* As it is known to be by now. */
void systemd_look_answer(struct systemd_view *view);

/* Asks for a unit's details when it is its turn, which ends its look. */
void systemd_details_wait(struct systemd_view *view);
/* With those whose turn it is now. */
void systemd_details_go_on(struct systemd_watch *watch);
void systemd_details_cancel(struct systemd_view *view);
int systemd_details_open(struct systemd_watch *watch);
void systemd_details_close(struct systemd_watch *watch);

#endif
