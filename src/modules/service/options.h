/*
 * options: what an admin may say of a service.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <vigil/vigil.h>

/* Restarts remembered for `burst`. */
#define BURST_MAX 100

extern const vigil_option service_options[];

#endif
