/*
 * probe_conn: one attempt of a probe at one address, from the connection to the verdict.
 *
 * It connects, makes the TLS handshake, sends, and reads the answer, as the plan says.  Everything
 * is event-driven: a server that accepts a connection and then sends nothing costs one descriptor
 * until the caller gives up.
 */
#ifndef PROBE_CONN_H
#define PROBE_CONN_H

#include <sys/socket.h>

#include <vigil/vigil.h>

#include "probe_answer.h"
#include "probe_plan.h"
#include "probe_tls.h"

struct probe_conn;

struct probe_verdict {
	enum probe_outcome outcome;
	const char *why;    /* "" for a success; borrowed for the call */
	bool no_address;    /* the machine has no address of this family, or no route */
	double certificate; /* seconds until the certificate ends; NAN: none was seen */
};

/* Called once.  It frees the connection, and may do so at once. */
typedef void probe_conn_fn(vigil_daemon *d, const struct probe_verdict *verdict, void *arg);

/* plan and trust are borrowed until probe_conn_free; trust may be NULL if the plan has no TLS. */
struct probe_conn *probe_conn_new(vigil_daemon *d, const struct probe_plan *plan,
	struct probe_trust *trust, probe_conn_fn *fn, void *arg);
/* Connects.  fn may be called before this function returns. */
void probe_conn_start(struct probe_conn *conn, const struct sockaddr *address, socklen_t length);
/* Closes the connection without a verdict.  conn may be NULL. */
void probe_conn_free(struct probe_conn *conn);

/* Why the caller gives the connection up when its time is over; static text. */
const char *probe_conn_late(const struct probe_conn *conn);
/* As in probe_verdict, for a connection that the caller gives up. */
double probe_conn_certificate(const struct probe_conn *conn);

#endif
