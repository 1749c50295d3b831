/*
 * probe_target: parses the option `probe`: what to connect to and what to speak there, or a
 * command.
 *
 * The check of the configuration and the daemon use this one parser, so that `vigild -t` accepts
 * nothing that the daemon cannot use.
 */
#ifndef PROBE_TARGET_H
#define PROBE_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define PROBE_HOST      254 /* the longest name in the DNS, and a NUL */
#define PROBE_URI       512
#define PROBE_AUTHORITY (PROBE_HOST + 16)

struct probe_target {
	bool command; /* true: the other members are empty */
	bool tls, http;
	char host[PROBE_HOST]; /* a name or an address, without brackets; "": a Unix socket */
	bool numeric;          /* host is an address */
	unsigned port;
	char path[108]; /* of the Unix socket; "": none */
	char uri[PROBE_URI];
};

/* Parses tcp://HOST:PORT, tls://HOST:PORT, http://HOST[:PORT][/PATH], https://HOST[:PORT][/PATH],
 * unix:/SOCKET, http+unix:/SOCKET:/PATH or a command.  Everything without one of these schemes is a
 * command.  Returns 0, or -EINVAL with the reason in `why`. */
int probe_target_parse(const char *text, struct probe_target *target, char *why, size_t size);

/* Returns whether the text is an IPv4 or IPv6 address. */
bool probe_target_is_address(const char *host);

/* Returns whether the text is an address or a host name. */
bool probe_target_is_host(const char *host);

/* The addresses that a target has without a look-up, at most two: an address is itself, and
 * localhost is 127.0.0.1 and ::1, because a server may listen on only one of them.  Returns their
 * number; 0: the name must be looked up. */
#define PROBE_LITERALS 2
size_t probe_target_literals(
	const struct probe_target *target, const char *literals[PROBE_LITERALS]);

/* Writes the value of the header Host, with the given name in place of the host unless it is
 * NULL. */
void probe_target_authority(
	const struct probe_target *target, const char *name, char authority[PROBE_AUTHORITY]);

#endif
