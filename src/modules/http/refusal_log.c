/*
 * refusal_log: logs requests that were refused; see refusal_log.h.
 *
 * An admin who set header_max too low, or configured a proxy wrongly, should find the reason in the
 * log.  A client that is refused again and again must not fill the log.  So each pair of client and
 * status code is logged once in PERIOD, and at most CLIENTS pairs in that time.
 */
#include "refusal_log.h"

#include <string.h>

#include "connection.h"

#define CLIENTS 32
#define PERIOD  600.0

struct refusal_log {
	struct {
		char client[ADDRESS_TEXT];
		int code;
		double when;
	} entries[CLIENTS];
};

void refusal_log_open(struct server *server)
{
	server->refusals = vigil_alloc(server->d, sizeof(*server->refusals));
}

/* Returns whether the refusal must be logged, and records it as logged. */
static bool is_new(struct refusal_log *log, const char *client, int code)
{
	size_t unused = CLIENTS;

	for (size_t i = 0; i < CLIENTS; i++) {
		bool expired =
			log->entries[i].code == 0 || vigil_now() - log->entries[i].when > PERIOD;

		if (!expired && log->entries[i].code == code &&
			strcmp(log->entries[i].client, client) == 0)
			return false;
		if (expired)
			unused = i;
	}
	if (unused == CLIENTS)
		return false;
	strcpy(log->entries[unused].client, client);
	log->entries[unused].code = code;
	log->entries[unused].when = vigil_now();
	return true;
}

void refusal_log_add(struct server *server, const struct connection *connection,
	const struct framing_refusal *refusal)
{
	char client[ADDRESS_TEXT];
	bool is_limit = refusal->code == 413 || refusal->code == 414 || refusal->code == 431;

	if (!is_new(server->refusals, connection_address(connection, client), refusal->code))
		return;
	vigil_log(server->d, is_limit ? VIGIL_WARN : VIGIL_INFO,
		"a request from %s was refused with status %d: %s (the next one is logged in ten "
		"minutes at the earliest)",
		client, refusal->code, refusal->text);
}
