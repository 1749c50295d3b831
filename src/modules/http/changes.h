/*
 * changes: each change of the state as it happens, by server-sent events.
 */
#ifndef CHANGES_H
#define CHANGES_H

#include "site.h"

/* Makes what the site needs for it; freed with the daemon. */
void changes_open(struct site *site);

/* Tells whoever asks of the changes at and below the pointer visit->rest, until it hangs up. */
void changes_reply(const struct visit *visit);

#endif
