/*
 * probe_expect: what a probe sends, and what it expects in the answer.
 *
 * probe_send and a plain probe_expect are bytes, in which \r \n \t \\ and \xNN stand for one byte.
 * A probe_expect that begins with ~ is a POSIX extended regular expression, which is matched
 * against each line of the answer.  Answers come from the network: the time of a match is
 * proportional to the length of the answer, whatever the answer contains.
 */
#ifndef PROBE_EXPECT_H
#define PROBE_EXPECT_H

#include <stdbool.h>
#include <stddef.h>

#define PROBE_BYTES 1024

struct probe_bytes {
	char bytes[PROBE_BYTES];
	size_t length;
};

/* Decodes the escapes of a text.  Returns 0, or -EINVAL with the reason in why. */
int probe_unescape(const char *text, struct probe_bytes *bytes, char *why, size_t size);

struct probe_expect;

/* Compiles a value of probe_expect.  Returns NULL with the reason in why if it is invalid. */
struct probe_expect *probe_expect_new(const char *text, char *why, size_t size);
void probe_expect_free(struct probe_expect *expect);

/* Returns whether the answer contains what is expected.  from: the length of the answer at the
 * last call that returned false for this answer; 0: there was none.  Calls for a growing answer
 * then cost no more than one call for all of it, except that the last line is matched again. */
bool probe_expect_found(
	const struct probe_expect *expect, const char *answer, size_t length, size_t from);

#endif
