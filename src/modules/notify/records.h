/*
 * records: the record of each watched address: its words, and what the recipients were sent.
 *
 * A record has the word that has lasted (settled), the present word (now), and the problem that was
 * sent and has not ended (told). Problems are kept in the store (records_kept.c), so that a restart
 * of vigild neither repeats what was sent nor forgets to send the recovery. While a problem lasts,
 * records_remind.c repeats it.
 */
#ifndef RECORDS_H
#define RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include <vigil/vigil.h>

#include "news.h"
#include "send.h"

#define RECORD_WORD 8192 /* bytes of a word; a longer word is cut */
#define RECORD_TIME 40

/* Whether vigil still tries to solve the problem. A higher value is worse. */
enum record_end { RECORD_OPEN, RECORD_GAVE_UP, RECORD_FAILED };

/* Records that wait for the same delay, in the order in which they began to wait. */
struct record_line {
	struct records *records;
	double delay;
	TAILQ_HEAD(, record) waiting;
};

struct record {
	const char *pointer; /* points to text below; must be first, because the tree compares it */
	struct records *all;
	LIST_ENTRY(record) link;
	struct record_line *line; /* the line in which it waits; NULL: none */
	TAILQ_ENTRY(record) wait;
	double due;

	enum news_kind kind;
	char *settled;           /* owned; NULL: no word has settled yet */
	char *now;               /* owned; NULL: no word is known at present */
	char since[RECORD_TIME]; /* when the settled word began, RFC 3339 */
	bool held;               /* a change waits for the end of a pause */
	/* owned; the problem that was sent last; NULL: none, or it has ended */
	char *told;
	enum record_end told_end;
	json_t *kept; /* owned; its entry in the store; NULL: none */
	/* loaded from the store, and no word has confirmed or replaced it since */
	bool restored;
	double told_at;      /* when the problem was sent last, by vigil_now */
	double absent_since; /* if no word is known: since when, by vigil_now */
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

/* Processes the present word of an address. vague: the word only means that the value is not known
 * (absent, a stale number); such a word counts only if the options name it, and a stale number also
 * if both options are empty. value: the value of the address; borrowed; NULL: there is only the
 * word. */
void records_see(struct records *all, const char *pointer, enum news_kind kind, const char *word,
	bool vague, const json_t *value);
/* Tries again to send the changes that waited for the end of a pause. */
void records_resumed(struct records *all);

/* --- for records_kept.c and records_remind.c ---------------------------------------------------
 */

/* Returns the record of an address, and creates it if it does not exist. NULL: there are too many
 * records or there is no memory. */
struct record *record_of(struct records *all, const char *pointer);
/* Copies the name of the daemon that an address is about: NAME of /daemons/NAME and /runs/NAME,
 * otherwise "". */
void record_subject(const char *pointer, char *name, size_t size);
bool record_is_paused(const struct record *r);
/* Returns the present value of the record's address; borrowed. NULL: there is none. */
const json_t *record_present_value(const struct record *r);
/* Queues the present word as a change of the type `event`. `from` is the word before. */
void record_send(struct record *r, const char *event, const char *from, const json_t *value);

/* Updates the stored entry of the record, which may have changed. */
void kept_change(struct record *r);
/* Writes all entries to the state; arg is the struct records. */
void kept_write(void *arg);
/* Creates records from the entries in the store that still match the patterns. Returns 0 or
 * -errno. */
int kept_load(struct records *all, const char *const *patterns);

/* Starts the timer that repeats problems. Returns 0 or -errno. */
int remind_start(struct records *all);

#endif
