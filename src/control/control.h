/*
 * control: the Unix socket and the pipe, over which clients run verbs.
 */
#ifndef CONTROL_H
#define CONTROL_H

struct control;
struct control_work;
struct host;

/* Opens the socket and the pipe of the host's configuration.  Fails if another vigild answers on
 * the socket; removes a socket on which no process answers.  NULL and errno (EADDRINUSE: another
 * vigild is running) on failure, which has been logged. */
struct control *control_open(struct host *host);
/* Closes all connections and removes the socket and the pipe. */
void control_close(struct control *control);

/* The state that the connections of the socket share; borrowed, owned by control. */
struct control_work *control_clients(const struct control *control);

#endif
