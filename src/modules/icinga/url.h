/* url: the URL of the master's API, from the options url and tls_name. */
#ifndef URL_H
#define URL_H

#include <vigil/vigil.h>

struct url {
	char *host;      /* a name or an address, without brackets */
	char *name;      /* the name that the master's certificate must have */
	char *authority; /* HOST:PORT for the header Host */
	int port;
};

/* Returns 0; -EINVAL after vigil_diagnose, or -ENOMEM.  The caller calls url_clear in any case. */
int url_read(struct url *url, vigil_daemon *d);
void url_clear(struct url *url);

#endif
