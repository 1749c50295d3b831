/*
 * dump: the state as JSON.
 */
#ifndef DUMP_H
#define DUMP_H

#include "site.h"

/* Answers with what stands at the pointer visit->rest. */
void dump_reply(const struct visit *visit);

#endif
