/*
 * auth: checks whether a request may be answered.
 *
 * It checks the name that the request was sent to (the Host header) and the token that the request
 * contains (the Authorization header).
 */
#ifndef AUTH_H
#define AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define AUTH_TOKEN_MAX 512

/*
 * Returns whether a Host header names this machine as the admin would.  These names are accepted,
 * with any port: the names in hosts (the last one is followed by NULL; "*" accepts any name),
 * localhost, a loopback address, and the address that the server listens on.  A page of another
 * site whose name was made to resolve to this machine (DNS rebinding) sends that name, so it is
 * rejected.  If the server listens on all addresses, any numeric address is accepted, because it is
 * not a name that DNS could have resolved.
 */
bool auth_host(const char *host, const char *const *hosts, const struct sockaddr *listening);

/* Returns whether both texts are equal; an empty token equals nothing.  The time that this takes
 * reveals nothing about the token, except perhaps its length. */
bool auth_equal(const char *given, const char *token);

/* Reads the token from a file with one line.  vigil_open_secret says who may own, read and write
 * the file.  Returns 0, or -errno and writes the reason into why. */
int auth_read_token(const char *path, char token[AUTH_TOKEN_MAX], char *why, size_t size);

/* Returns whether an Authorization header (NULL: the request has none) contains the token: as a
 * Bearer token, or as the password of Basic authentication with any user name, because browsers can
 * ask for that. */
bool auth_authorized(const char *header, const char *token);

#endif
