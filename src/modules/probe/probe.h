/*
 * probe: tests whether a server answers: over TCP, TLS, HTTP or a Unix socket, or with a command.
 *
 * A probe makes one attempt when the caller asks for it, and reports the result. The caller decides
 * when to make attempts, and counts the failures.
 */
#ifndef PROBE_H
#define PROBE_H

#include <vigil/vigil.h>

#include "probe_answer.h"
#include "probe_plan.h"

struct probe;

struct probe_result {
	enum probe_outcome outcome;
	const char *why;    /* the reason in words, borrowed for the call; "" for a success */
	double seconds;     /* how long the attempt took */
	double certificate; /* seconds until the server's certificate ends; NAN: none was seen */
};

typedef void probe_fn(vigil_daemon *d, const struct probe_result *result, void *arg);

/* Creates a probe. Its memory is freed with the daemon, but the daemon must call probe_close in its
 * stop. The texts of the settings are borrowed until then. If a setting is invalid, reports the
 * reason with vigil_fail and returns NULL; nothing has to be closed then. */
struct probe *probe_new(
	vigil_daemon *d, const struct probe_settings *settings, probe_fn *fn, void *arg);

/* Makes an attempt, unless one is in progress. fn may be called before this function returns. */
void probe_try(struct probe *probe);
bool probe_is_busy(const struct probe *probe);
/* Cancels the attempt in progress, which is not reported. */
void probe_cancel(struct probe *probe);
/* Cancels the attempt in progress, and frees what is not vigild's. probe may be NULL. */
void probe_close(struct probe *probe);

/* Describes when the certificate ends: "its certificate ends on 2026-12-14, in 9 days". Returns
 * text. */
#define PROBE_CERTIFICATE_TEXT 128
char *probe_certificate_text(double seconds, char text[PROBE_CERTIFICATE_TEXT]);
/* Returns the value of the state: {ok,seconds,failures,text,certificate_days}, as a new reference.
 * text replaces the reason of the result unless it is NULL. */
json_t *probe_state(const struct probe_result *result, unsigned failures, const char *text);

#endif
