/*
 * control_pipe: the pipe: one verb on each line, without a reply.
 */
#ifndef CONTROL_PIPE_H
#define CONTROL_PIPE_H

struct host;
struct control_pipe;

/* NULL and errno on failure, which has been logged. */
struct control_pipe *control_pipe_open(struct host *host, const char *path);
/* Closes and removes the pipe. */
void control_pipe_close(struct control_pipe *pipe);

#endif
