/*
 * tls: the same in secret.
 */
#ifndef TLS_H
#define TLS_H

#include "server.h"

struct bufferevent;

/* Whether what they name can be used: 0, or -EINVAL after vigil_diagnose. */
int tls_check(vigil_daemon *d);

/* Reads what tls_certificate and tls_key name, where they are given: 0, or a negative errno after
 * vigil_fail. */
int tls_open(struct server *server);
void tls_close(struct server *server);

/* A bufferevent for a newcomer; NULL when there is no memory. */
struct bufferevent *tls_bufferevent(struct server *server);

#endif
