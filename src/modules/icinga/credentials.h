/*
 * credentials: the files by which vigild and the master prove who they are: the trusted CA, and a
 * user's password or a client certificate with its key.
 *
 * The files may change at any time; credentials_refresh notices that by their inode, size and times
 * and reads them again.  While they cannot be used, those that were read before stay in use.
 */
#ifndef CREDENTIALS_H
#define CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

#include <vigil/vigil.h>

struct credentials;

/* Reads the files that the daemon's options name.  NULL after vigil_diagnose. */
struct credentials *credentials_open(vigil_daemon *d);
void credentials_close(struct credentials *c);

/* A new client session, which checks that the peer's certificate has this name.  NULL: out of memory. */
SSL *credentials_session(const struct credentials *c, const char *name);
/* The value of the header Authorization; NULL: a certificate is used instead. */
const char *credentials_header(const struct credentials *c);

/* Reads the files again when one of them has changed; force: in any case.  Returns true when they
 * were read and are in use now; a session that was opened before still has the former ones. */
bool credentials_refresh(struct credentials *c, bool force);
/* Why the files as they are now cannot be used; NULL: they are in use. */
const char *credentials_fault(const struct credentials *c);

#endif
