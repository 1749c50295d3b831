/*
 * print_services: the columns of the verb services.  A column reads several values of the row, so
 * key has no meaning.
 */
#ifndef PRINT_SERVICES_H
#define PRINT_SERVICES_H

#include <jansson.h>

#include "client/table.h"

/* AFTER A CRASH: "restarted in 100 ms", "stays failed". */
void print_services_crash(struct table *table, const json_t *row, const char *key);
/* The same with all words: "restarted by systemd in 100 ms". */
void print_services_crash_text(struct table *table, const json_t *row, const char *key);
/* BOOT: "yes", "no", "static", "masked". */
void print_services_boot(struct table *table, const json_t *row, const char *key);
/* WATCHED: the daemons, and why one does not restart the service: "web", "web (never)". */
void print_services_watched(struct table *table, const json_t *row, const char *key);
/* STATE: as in the row, but "exited" for a oneshot that has ended and whose unit is active. */
const char *print_services_state(const json_t *row);

/* Returns what a daemon of the module machine does about one of its services.  The caller frees the
 * text. */
char *print_services_explain(json_t *service);

#endif
