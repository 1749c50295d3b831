/*
 * link: HTTPS connections to the API of an Icinga 2 master.
 *
 * A few connections are kept open, and each carries one request at a time; while the master does not
 * answer there is only one.  Each new connection looks the master's name up and goes to the address
 * that answered last, or to the next one after a failure.  The master's certificate and its name are
 * checked before anything is sent.  All of it is events on the host's loop.
 */
#ifndef LINK_H
#define LINK_H

#include <stdbool.h>
#include <stddef.h>

#include <vigil/vigil.h>

struct link;

enum link_outcome {
	LINK_ANSWERED, /* text: the answer's body */
	LINK_RETRY,    /* no answer, but the request may be posted again at once: the master had
			* closed an idle connection, or has another address; text: why */
	LINK_FAILED    /* no answer at any address; text: why */
};

/* How a request has ended. */
struct link_answer {
	enum link_outcome outcome;
	int status;       /* HTTP's */
	const char *text; /* ends with a NUL; an answer's body may have others */
	size_t length;
};

/* The answer is lent for the call.  Posting the next request from here is fine. */
typedef void link_answer_fn(const struct link_answer *answer, void *request, void *arg);

/* Whether the options say what to connect to and how: 0, or -EINVAL after vigil_diagnose. */
int link_check(vigil_daemon *d);

/* Where to connect to, and the credentials, are in the daemon's options.  NULL after vigil_diagnose or
 * out of memory. */
struct link *link_open(vigil_daemon *d, link_answer_fn *fn, void *arg);
/* Requests under way get no answer. */
void link_close(struct link *link);

/* Whether a request may be posted now. */
bool link_is_free(const struct link *link);
/* Posts JSON, which is copied, to the path; the answer for `request` follows.  0 or -errno. */
int link_post(struct link *link, const char *path, const char *json, void *request);

/* Where the last answer came from, "127.0.0.1:5665"; "": there was none. */
const char *link_address(const struct link *link);
/* For the answer callback: the answer means that the master at this address takes nothing, for the
 * reason why.  Returns whether it has another address, which the next request goes to. */
bool link_reject(struct link *link, const char *why);

/* Reads the CA and the credentials again. */
void link_reload(struct link *link);
/* Why the files of the credentials cannot be used, so that the former ones are; NULL: they are used. */
const char *link_fault(const struct link *link);

#endif
