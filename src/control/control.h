/*
 * control: the Unix socket and the pipe, over which clients run verbs.
 */
#ifndef CONTROL_H
#define CONTROL_H

struct control;
struct control_work;
struct host;

/* Opens the socket and the pipe that the host's configuration names.  Refuses when another
 * vigild answers there; removes a socket that nobody answers on.  NULL and errno (EADDRINUSE:
 * another vigild is there), having logged why. */
struct control *control_open(struct host *host);
/* Closes all connections and removes socket and pipe. */
void control_close(struct control *control);

/* What the connections of its socket have in common; control's. */
struct control_work *control_clients(const struct control *control);

#endif
