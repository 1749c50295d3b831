/*
 * probe_tls: TLS over a connected socket, without blocking, and the certificates that are trusted.
 *
 * A handshake goes to its end whatever the certificate is, so that the days until its end are known
 * even if it is not accepted.  The caller asks for the verdict before it sends anything.
 */
#ifndef PROBE_TLS_H
#define PROBE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct probe_trust;
struct probe_tls;

/* Returns whether vigil is built with TLS. */
bool probe_tls_is_built(void);

/* Opens the CAs in a file, or those of the system if ca is NULL.  All callers with the same file
 * share one copy, which is freed with the last probe_trust_close.  Returns NULL with the reason in
 * why. */
struct probe_trust *probe_trust_open(const char *ca, char *why, size_t size);
/* Reads the CAs again if the file has changed.  If that fails, the former ones stay in use. */
void probe_trust_refresh(struct probe_trust *trust);
void probe_trust_close(struct probe_trust *trust);

/* Prepares TLS with a server of that name or address, over a socket that the caller closes after
 * probe_tls_free.  Returns NULL if out of memory. */
struct probe_tls *probe_tls_new(struct probe_trust *trust, int fd, const char *name);
/* Sends the end of TLS, without waiting. */
void probe_tls_free(struct probe_tls *tls);

/* The results of the next three functions in place of a number of bytes. */
#define PROBE_TLS_READ  (-1) /* call the function again when the socket is readable */
#define PROBE_TLS_WRITE (-2) /* the same when it is writable */
#define PROBE_TLS_ERROR (-3) /* probe_tls_why has the reason */

/* Returns 1 when the handshake is complete, or one of the results above. */
ssize_t probe_tls_handshake(struct probe_tls *tls);
/* Return the number of bytes, or one of the results above.  read returns 0 when the server has
 * closed the connection. */
ssize_t probe_tls_read(struct probe_tls *tls, char *bytes, size_t size);
ssize_t probe_tls_write(struct probe_tls *tls, const char *bytes, size_t length);
/* The reason for the last PROBE_TLS_ERROR; borrowed. */
const char *probe_tls_why(const struct probe_tls *tls);

/* Returns NULL if the certificate is trusted and has the name; else the reason, which is
 * borrowed. */
const char *probe_tls_verdict(struct probe_tls *tls);
/* Returns the seconds until the server's certificate ends, or the first one in the chain up to the
 * trusted CA.  Negative: it has ended.  NAN: there is none. */
double probe_tls_certificate(const struct probe_tls *tls);

#endif
