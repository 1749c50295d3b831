/*
 * probe_options: the options of a probe, which the modules service and remote share.
 */
#ifndef PROBE_OPTIONS_H
#define PROBE_OPTIONS_H

#include <vigil/vigil.h>

/* The rows of the schema, without `probe` itself and without a comma at the end. */
#define PROBE_OPTIONS                                                                              \
	VIGIL_OPTION("probe_send", VIGIL_TEXT, NULL,                                               \
		"what a probe of tcp, tls or unix sends; \\r \\n \\t \\\\ and \\xNN are escapes"), \
		VIGIL_OPTION("probe_expect", VIGIL_TEXT, NULL,                                     \
			"text in the answer, or a regular expression after ~"),                    \
		VIGIL_OPTION("probe_status", VIGIL_LIST, NULL,                                     \
			"the HTTP statuses of a success, such as 200, 300-399; default: 2xx, and " \
			"3xx that stay on the host"),                                              \
		VIGIL_OPTION("probe_host", VIGIL_TEXT, NULL,                                       \
			"the name in the certificate and in the header Host; default: the host "   \
			"of the probe"),                                                           \
		VIGIL_OPTION("probe_tls_verify", VIGIL_BOOL, "yes",                                \
			"no: accept every certificate, such as one that is self-signed"),          \
		VIGIL_OPTION("probe_tls_ca", VIGIL_PATH, NULL,                                     \
			"the file with the trusted CA; default: those of the system"),             \
		VIGIL_OPTION("probe_certificate_warn", VIGIL_DURATION, "14d",                      \
			"WARNING this long before the certificate ends; 0: never", .min = 0,       \
			.max = 366 * 86400.0),                                                     \
		VIGIL_OPTION("probe_interval", VIGIL_DURATION, "30s",                              \
			"the time between two probes", .min = 0.1, .max = 86400),                  \
		VIGIL_OPTION("probe_timeout", VIGIL_DURATION, "5s", "how long a probe may take",   \
			.min = 0.1, .max = 3600)

#endif
