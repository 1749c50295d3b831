/*
 * openrc_list: lists the services of OpenRC.
 */
#ifndef OPENRC_LIST_H
#define OPENRC_LIST_H

#include <stdint.h>

#include <vigil/vigil.h>

struct listing;
struct manager;

void openrc_list_services(
	const struct manager *manager, struct listing *listing, uint64_t deadline);

/* What a script or a file of /etc/conf.d says about supervision; "": nothing. */
struct openrc_settings {
	char supervisor[64], delay[64];
};
/* Reads the settings from a text.  A setting that the text does not contain is unchanged. */
void openrc_list_settings(const char *text, struct openrc_settings *settings);
/* What happens after a crash.  supervisor, respawn_delay: the settings.  *delay: the seconds until
 * the restart. */
vigil_service_crash openrc_list_crash(
	const char *supervisor, const char *respawn_delay, double *delay);

#endif
