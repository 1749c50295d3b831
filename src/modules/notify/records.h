/*
 * records: what is known of each address that is watched, and what the recipients know of it.
 *
 * A record has the word that lasted (settled), the present one (now), and whether a problem was sent
 * and not ended (told).  Problems are kept in the store (kept.c), so that a restart of vigild neither repeats what
 * was sent nor forgets the recovery.  While a problem lasts, remind.c repeats it.
 */
#ifndef RECORDS_H
#define RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include <vigil/vigil.h>

#include "news.h"
#include "notify.h"

#define RECORD_WORD 8192 /* bytes of a word; what is longer is cut */
#define RECORD_TIME 40

/* Whether vigil still tries to solve the problem.  The higher value is the worse news. */
enum record_end { RECORD_OPEN, RECORD_GAVE_UP, RECORD_FAILED };

/* Records that wait for the same time, in the order they began to. */
struct record_line {
	struct records *records;
	double delay;
	TAILQ_HEAD(, record) waiting;
};

struct record {
	const char *pointer; /* first: what the tree compares; in text below */
	struct records *all;
	LIST_ENTRY(record) link;
	struct record_line *line; /* in which it waits; NULL: in none */
	TAILQ_ENTRY(record) wait;
	double due;

	enum news_kind kind;
	char *settled;           /* NULL: there was none yet */
	char *now;               /* NULL: nothing is known at present */
	char since[RECORD_TIME]; /* when the settled word began, RFC 3339 */
	bool held;               /* a change waits for the end of a pause */
	char *told;              /* the problem that was sent last; NULL: none, or it ended */
	enum record_end told_end;
	json_t *kept;        /* what the store has of it; NULL: nothing */
	bool restored;       /* it comes from the store, and nothing was seen since */
	double told_at;      /* when the problem was sent last, by vigil_now */
	double absent_since; /* by vigil_now, where nothing is known at present */
	char text[];
};

struct records {
	vigil_daemon *d;
	struct send *send;
	struct news_rule rule;
	double remind; /* 0: never */
	struct record_line lasting, paused, restarted;
	void *tree; /* by address */
	LIST_HEAD(, record) list;
	size_t count;
};

struct records *records_new(vigil_daemon *d, struct send *send);
void records_free(struct records *all);

/* What stands at an address.  vague: the word only says that nothing is known at present (absent, a
 * stale number); it counts where the options name it.  value is borrowed; NULL: the word is all. */
void records_see(struct records *all, const char *pointer, enum news_kind kind, const char *word,
	bool vague, const json_t *value);
/* Tries again to send what was held during a pause. */
void records_resumed(struct records *all);

/* --- for kept.c and remind.c ------------------------------------------------------------------ */

/* The record of an address, made where there is none.  NULL: there are too many. */
struct record *record_of(struct records *all, const char *pointer);
/* The daemon that an address is about: NAME of /daemons/NAME and /runs/NAME; else "". */
void record_subject(const char *pointer, char *name, size_t size);
bool record_is_paused(const struct record *r);
/* What stands there now; NULL: nothing. */
const json_t *record_present_value(const struct record *r);
/* Sends the present word as an event; from is the word before. */
void record_send(struct record *r, const char *event, const char *from, const json_t *value);

/* What must outlive vigild may have changed. */
void kept_change(struct record *r);
/* Writes all of it; arg is the records. */
void kept_write(void *arg);
/* Makes records of what the store has and the patterns still mean. */
int kept_load(struct records *all, const char *const *patterns);

/* Repeats problems that last; also begins the timer. */
int remind_start(struct records *all);

#endif
