/*
 * content: passes the lines of a log to a function, also those of a compressed one, and computes
 * the checksum of a file or a directory.
 */
#ifndef CONTENT_H
#define CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "sha256.h"

#define CONTENT_PIECE 65536
/* Bytes of a line that a regular expression sees. The rest of a longer line is skipped. */
#define CONTENT_LINE 8192

/* Gets one line without its newline. `line` is NUL-terminated, and a NUL in it is replaced. */
typedef void content_line_fn(char *line, size_t length, void *arg);

struct content {
	content_line_fn *fn;
	void *arg;
	bool skipping; /* inside a line that is too long */
};

/* Passes the lines of a file from *offset on, and moves *offset behind the last whole line. Reads
 * at most `budget` bytes; *more: there may be further lines. With `end`, text after the last
 * newline is a line, too. Returns 0 or -errno. */
int content_file(struct content *c, int fd, off_t *offset, size_t budget, bool end, bool *more);
/* Passes all lines of a pipe. Returns 0 or -errno. */
int content_pipe(struct content *c, int fd);

/* Returns whether the name is that of a compressed file that can be read. */
bool content_is_packed(const char *name);
/* Starts the program that unpacks the open file of that name. Returns a descriptor to read from,
 * and *pid, or -errno. The caller calls content_end_unpack with both. */
int content_unpack(const char *name, int fd, pid_t *pid);
void content_end_unpack(int fd, pid_t pid);

/* Sets a function that is called for each piece of a file that is read; NULL: none. */
void content_on_piece(void (*fn)(void));

/* Computes the checksum of an open file. Returns 0 or -errno. */
int content_sum(int fd, char text[SHA256_TEXT]);
/* The same for the entries of a directory: name, type, mode, owner, size and time of modification
 * of each. -E2BIG: it has more than 65536 entries. */
int content_sum_directory(const char *path, char text[SHA256_TEXT]);

#endif
