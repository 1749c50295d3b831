/*
 * credentials: the files by which vigild and the master authenticate to each other: the trusted CA,
 * and the password of a user or a client certificate with its key.
 *
 * The files may change at any time.  credentials_refresh compares their inode, size and times, and
 * reads them again.  While they cannot be used, those that were read before stay in use.
 *
 * With a password, new connections resume the TLS session of an earlier one, which costs the master
 * a small part of the CPU time of a whole handshake.
 */
#ifndef CREDENTIALS_H
#define CREDENTIALS_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include <vigil/vigil.h>

struct credentials;

/* Reads the files that the daemon's options name.  Returns NULL after vigil_diagnose, or if out of
 * memory. */
struct credentials *credentials_open(vigil_daemon *d);
void credentials_close(struct credentials *c);

/* Returns a new client session, which verifies that the certificate of the peer has this name.  The
 * caller owns it.  NULL: out of memory. */
SSL *credentials_session(const struct credentials *c, const char *name);
/* Makes the next connection begin with a whole handshake, because one could not be made. */
void credentials_forget_session(struct credentials *c);
/* Returns the value of the Authorization header; NULL: no password is used. */
const char *credentials_header(const struct credentials *c);

/* Reads the files again if one of them has changed; force: always.  Returns true if they were read
 * and are in use now.  Sessions that were opened before still use the previous ones. */
bool credentials_refresh(struct credentials *c, bool force);
/* Returns why the present files cannot be used; NULL: they are in use. */
const char *credentials_fault(const struct credentials *c);

#endif
