/* url: the URL of the master's API; see url.h. */
#include "url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/http.h>

int url_read(struct url *u, vigil_daemon *d)
{
	struct evhttp_uri *uri = evhttp_uri_parse(vigil_option_text(d, "url"));
	const char *host = uri != NULL ? evhttp_uri_get_host(uri) : NULL;
	const char *scheme = uri != NULL ? evhttp_uri_get_scheme(uri) : NULL;
	const char *name = vigil_option_text(d, "tls_name");
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
	int err = 0;

	if (host == NULL || host[0] == '\0' || scheme == NULL || strcmp(scheme, "https") != 0 ||
		(path != NULL && path[0] != '\0' && strcmp(path, "/") != 0)) {
		err = vigil_diagnose(d, "url", "is not https://HOST:PORT");
		goto out;
	}
	u->port = evhttp_uri_get_port(uri) > 0 ? evhttp_uri_get_port(uri) : 5665;
	if (host[0] == '[') /* an IPv6 address */
		u->host = strndup(host + 1, strlen(host) - 2);
	else
		u->host = strdup(host);
	if (name == NULL)
		name = u->host;
	u->name = name != NULL ? strdup(name) : NULL;
	if (asprintf(&u->authority, "%s:%d", host, u->port) < 0)
		u->authority = NULL;
	if (u->host == NULL || u->name == NULL || u->authority == NULL)
		err = -ENOMEM;
out:
	if (uri != NULL)
		evhttp_uri_free(uri);
	return err;
}

void url_clear(struct url *u)
{
	free(u->host);
	free(u->name);
	free(u->authority);
	*u = (struct url){0};
}
