/*
 * control_pipe: the pipe: one verb a line, nothing answered.
 */
#ifndef CONTROL_PIPE_H
#define CONTROL_PIPE_H

struct host;
struct control_pipe;

/* NULL and errno, having logged why. */
struct control_pipe *control_pipe_open(struct host *host, const char *path);
/* Removes it. */
void control_pipe_close(struct control_pipe *pipe);

#endif
