/*
 * probe_target: parses the option `probe`: addresses and a request, or a command.
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
	char name[64]; /* as configured, or 127.0.0.1 and ::1 for localhost */
};

struct probe_target {
	bool command; /* true: the other members are empty */
	unsigned count;
	struct probe_address addresses[PROBE_ADDRESSES]; /* of one server; tried in this order */
	/* HTTP request; "": a connection is enough */
	char request[512];
};

/* Parses tcp://HOST:PORT, http://HOST:PORT/PATH or a command. HOST is a numeric address or
 * localhost, because a name lookup would block the loop thread. Returns 0, or -EINVAL with the
 * reason in `why`. */
int probe_target_parse(const char *text, struct probe_target *target, char *why, size_t size);

#endif
