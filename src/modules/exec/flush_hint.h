/*
 * flush_hint: how to make a program flush its output, for a stream from which nothing arrives.
 */
#ifndef FLUSH_HINT_H
#define FLUSH_HINT_H

#include <stdbool.h>

#include <vigil/vigil.h>

#define FLUSH_HINT 160

/* Writes a hint for the command of the daemon, which runs as this process, such as "run it with
 * python3 -u, or print with flush=True". Returns false if the program does not keep output in a
 * buffer, or if the command already prevents that. Do not call it for a process in uninterruptible
 * sleep, because the kernel may not answer. */
bool flush_hint(vigil_daemon *d, pid_t pid, char hint[FLUSH_HINT]);

#endif
