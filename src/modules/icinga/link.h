/*
 * link: one HTTPS connection to the API of an Icinga 2 master, one request at a time.
 *
 * The peer's certificate is checked, its name too; nothing is sent to one that is not who it is
 * meant to be.  All of it is events on the host's loop, the look-up of the name included.
 */
#ifndef LINK_H
#define LINK_H

#include <stdbool.h>
#include <stddef.h>

#include <vigil/vigil.h>

struct link;

/* How a request has ended.  status: HTTP's, 0 where there was no answer, and then why says it;
 * with an answer, body is its beginning. */
typedef void link_answer_fn(int status, const char *why, const char *body, void *arg);

/* Whether the options say what to connect to and how: 0, or -EINVAL after vigil_diagnose. */
int link_check(vigil_daemon *d);

/* What it is to connect to and who it is stands in the daemon's options.  NULL, having refused
 * in words: a file that cannot be read, a certificate that does not fit its key. */
struct link *link_open(vigil_daemon *d, link_answer_fn *fn, void *arg);
void link_close(struct link *link);

bool link_is_busy(const struct link *link);
/* Posts JSON to the path.  0, and the answer follows from the loop; or -errno.  Not to be called
 * while an answer is being told. */
int link_post(struct link *link, const char *path, const char *json);

#endif
