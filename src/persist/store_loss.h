/*
 * store_loss: vigild is degraded while state.json.lost exists, which store_read has left because it
 * could read neither state.json nor state.json.old.
 *
 * Pauses, counters and histories are lost then, so a service may be restarted in the middle of its
 * maintenance, and a human must know that.  The file stays over restarts of vigild, until somebody
 * removes it.
 */
#ifndef STORE_LOSS_H
#define STORE_LOSS_H

struct loop;
struct store_loss;

/* Looks for the file now, and every ten seconds until it is removed.  dir is copied. */
struct store_loss *store_loss_open(struct loop *loop, const char *dir);
void store_loss_close(struct store_loss *loss); /* NULL: does nothing */

#endif
