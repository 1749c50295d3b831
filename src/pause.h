/*
 * pause: maintenance: which daemons are to withhold action, and until when.
 *
 * Kept in the store, so a pause outlives the host; it ends by itself when its time has come.
 */
#ifndef PAUSE_H
#define PAUSE_H

struct loop;
struct store;
struct host;
struct pauses;
struct vigil_daemon;

struct pauses *pauses_new(struct host *host, struct loop *loop, struct store *store);
void pauses_free(struct pauses *pauses);

/* For so many seconds (0: until it is resumed); reason may be "". */
void pause_begin(struct pauses *pauses, struct vigil_daemon *d, double seconds, const char *reason);
void pause_end(struct pauses *pauses, struct vigil_daemon *d);
/* A daemon has been made: what the store says of its name holds for it. */
void pause_restore(struct pauses *pauses, struct vigil_daemon *d);

#endif
