/*
 * probe_target: what the option `probe` names: addresses and a request, or a command.
 */
#ifndef PROBE_TARGET_H
#define PROBE_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define PROBE_ADDRESSES 2

struct probe_address {
	struct sockaddr_storage address;
	socklen_t length;
	char name[64]; /* as it was given, or 127.0.0.1 and ::1 for localhost */
};

struct probe_target {
	bool command; /* the rest is empty then */
	unsigned count;
	struct probe_address addresses[PROBE_ADDRESSES]; /* of one server, tried in this order */
	char request[512];                               /* "": to connect is enough */
};

/* tcp://HOST:PORT, http://HOST:PORT/PATH or a command.  HOST is an address or localhost, because to
 * look up a name would block the loop.  0, or -EINVAL with the reason in why. */
int probe_target_parse(const char *text, struct probe_target *target, char *why, size_t size);

#endif
