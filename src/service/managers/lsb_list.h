/*
 * lsb_list: lists init scripts on a machine of which init is not systemd and not OpenRC.
 */
#ifndef LSB_LIST_H
#define LSB_LIST_H

#include <stdint.h>

struct listing;
struct manager;

void lsb_list_scripts(const struct manager *manager, const char *directory, struct listing *listing,
	uint64_t deadline);

#endif
