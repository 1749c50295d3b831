/*
 * api_client: HTTPS connections to the API of an Icinga 2 master.
 *
 * A few connections are kept open, and each carries one request at a time; while the master does not
 * answer there is only one.  Each new connection looks the master's name up and goes to the address
 * that answered last, or to the next one after a failure.  The master's certificate and its name are
 * checked before anything is sent.  All of it is events on the host's loop.
 */
#ifndef API_CLIENT_H
#define API_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <vigil/vigil.h>

struct api_client;

enum api_client_outcome {
	LINK_ANSWERED, /* text: the answer's body */
	LINK_RETRY,    /* no answer, but the request may be posted again at once: the master had
			* closed an idle connection, or has another address; text: why */
	LINK_FAILED    /* no answer at any address; text: why */
};

/* How a request has ended. */
struct link_answer {
	enum api_client_outcome outcome;
	int status;       /* HTTP's */
	const char *text; /* ends with a NUL; an answer's body may have others */
	size_t length;
};

/* The answer is lent for the call.  Posting the next request from here is fine. */
typedef void api_client_answer_fn(const struct link_answer *answer, void *request, void *arg);

/* Whether the options say what to connect to and how: 0, or -EINVAL after vigil_diagnose. */
int api_client_check(vigil_daemon *d);

/* Where to connect to, and the credentials, are in the daemon's options.  NULL after vigil_diagnose or
 * out of memory. */
struct api_client *api_client_open(vigil_daemon *d, api_client_answer_fn *fn, void *arg);
/* Requests under way get no answer. */
void api_client_close(struct api_client *link);

/* Whether a request may be posted now. */
bool api_client_is_free(const struct api_client *link);
/* Posts JSON, which is copied, to the path; the answer for `request` follows.  0 or -errno. */
int api_client_post(struct api_client *link, const char *path, const char *json, void *request);

/* Where the last answer came from, "127.0.0.1:5665"; "": there was none. */
const char *api_client_address(const struct api_client *link);
/* For the answer callback: the answer means that the master at this address takes nothing, for the
 * reason why.  Returns whether it has another address, which the next request goes to. */
bool api_client_reject(struct api_client *link, const char *why);

/* Reads the CA and the credentials again. */
void api_client_reload(struct api_client *link);
/* Why the files of the credentials cannot be used, so that the former ones are; NULL: they are used. */
const char *api_client_fault(const struct api_client *link);

#endif
