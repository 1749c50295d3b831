/*
 * tls: HTTPS.  Without OpenSSL these functions reject the options of TLS.
 */
#ifndef TLS_H
#define TLS_H

#include "server.h"

struct bufferevent;

/* Checks that the files of tls_certificate and tls_key can be used.  Returns 0, or -EINVAL after
 * vigil_diagnose. */
int tls_check(vigil_daemon *d);

/* Reads the files of tls_certificate and tls_key, if these options are set, and sets server->tls.
 * Returns 0, or a negative errno after vigil_fail or vigil_diagnose. */
int tls_open(struct server *server);
void tls_close(struct server *server);

/* Returns a bufferevent for a new connection; NULL: out of memory. */
struct bufferevent *tls_bufferevent(struct server *server);

#endif
