/*
 * client_hang: says why vigild does not answer.
 */
#ifndef CLIENT_HANG_H
#define CLIENT_HANG_H

#include <stddef.h>

struct client;

/* Returns the text of an error of client_ask.  If vigild did not answer in time and the caller may
 * read its crash marker, the text names the daemon whose callback runs.  Returns text. */
char *client_hang_error(const struct client *client, int err, char *text, size_t size);

#endif
