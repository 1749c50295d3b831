/*
 * api_client: HTTPS connections to the API of an Icinga 2 master.
 *
 * A few connections stay open, and each has one request at a time in flight.  While the master does
 * not answer, only one connection is used.  Before a connection is made, the master's name is
 * looked up.  The connection goes to the address that answered last, or to the next one after a
 * failure.  The master's certificate and its name are verified before a request is sent.
 * Everything runs as events in vigild's loop.
 */
#ifndef API_CLIENT_H
#define API_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <vigil/vigil.h>

struct api_client;

enum api_client_outcome {
	API_ANSWERED, /* text: the body of the reply */
	API_RETRY,    /* no reply, but the request may be posted again at once: the master had
			* closed an idle connection, or has another address; text: the reason */
	API_FAILED    /* no reply from any address; text: the reason */
};

/* The result of a request. */
struct api_answer {
	enum api_client_outcome outcome;
	int status;       /* the HTTP status */
	const char *text; /* ends with a NUL; the body of a reply may contain others */
	size_t length;
};

/* Called with the result of a request.  The answer is borrowed until the callback returns.  The
 * callback may post the next request. */
typedef void api_client_answer_fn(const struct api_answer *answer, void *request, void *arg);

/* Checks the options of the connection and the files of the credentials.  Returns 0, or -EINVAL
 * after vigil_diagnose. */
int api_client_check(vigil_daemon *d);

/* Reads the address and the credentials from the daemon's options.  Returns NULL after
 * vigil_diagnose or if out of memory. */
struct api_client *api_client_open(vigil_daemon *d, api_client_answer_fn *fn, void *arg);
/* Closes all connections.  fn is not called for requests in flight. */
void api_client_close(struct api_client *link);

/* Returns whether a request may be posted now. */
bool api_client_is_free(const struct api_client *link);
/* Posts JSON, which is copied, to the path, which is borrowed.  fn is called later with `request`.
 * Returns 0, or -EBUSY or -ENOMEM; then fn is not called. */
int api_client_post(struct api_client *link, const char *path, const char *json, void *request);

/* Returns the address of the last reply, "127.0.0.1:5665"; "": there was none. */
const char *api_client_address(const struct api_client *link);
/* To be called from fn, if the reply means that the master at this address accepts no results.
 * why: the reason.  Returns whether the master has another address; the next request goes there. */
bool api_client_reject(struct api_client *link, const char *why);

/* Reads the CA and the credentials again. */
void api_client_reload(struct api_client *link);
/* Returns why the files of the credentials cannot be used, while the previous ones stay in use;
 * NULL: they are in use. */
const char *api_client_fault(const struct api_client *link);

#endif
