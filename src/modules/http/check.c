/*
 * check: see check.h.  It checks texts and files, and opens no socket.  Only the start of the
 * daemon shows whether an address is in use, or whether systemd passes sockets.
 */
#include "check.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>

#include "auth.h"
#include "tls.h"

static int check_address(vigil_daemon *d, const char *text)
{
	char why[160];

	if (vigil_check_address(text, why, sizeof(why)) == 0)
		return 0;
	if (strncmp(text, "localhost:", strlen("localhost:")) == 0)
		return vigil_diagnose(d, "listen",
			"its element \"%.100s\": %s: write 127.0.0.1:%s, or [::1]:%s", text, why,
			text + strlen("localhost:"), text + strlen("localhost:"));
	return vigil_diagnose(d, "listen", "its element \"%.100s\": %s", text, why);
}

static int check_listen(vigil_daemon *d)
{
	const char *const *address = vigil_option_list(d, "listen");
	int err = *address == NULL ? vigil_diagnose(d, "listen", "no address is given") : 0;

	for (; *address != NULL; address++)
		if (check_address(d, *address) != 0)
			err = -EINVAL;
	return err;
}

static int check_group(vigil_daemon *d)
{
	const char *group = vigil_option_text(d, "socket_group");

	if (group != NULL && getgrnam(group) == NULL)
		return vigil_diagnose(d, "socket_group", "no such group");
	return 0;
}

/* Checks for names as a browser sends them in the Host header, with or without a port. */
static int check_hosts(vigil_daemon *d)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.:-[]";
	int err = 0;

	for (const char *const *host = vigil_option_list(d, "hosts"); *host != NULL; host++)
		if (strcmp(*host, "*") != 0 && (*host)[strspn(*host, allowed)] != '\0')
			err = vigil_diagnose(
				d, "hosts", "its element \"%.80s\" is not a host name or *", *host);
	return err;
}

static int check_token(vigil_daemon *d)
{
	const char *path = vigil_option_text(d, "token_file");
	char token[AUTH_TOKEN_MAX], why[512];

	if (path == NULL || auth_read_token(path, token, why, sizeof(why)) == 0)
		return 0;
	return vigil_diagnose(d, "token_file", "%s", why);
}

int http_check(vigil_daemon *d)
{
	int listen = check_listen(d), group = check_group(d), hosts = check_hosts(d);
	int token = check_token(d), tls = tls_check(d);

	return listen == 0 && group == 0 && hosts == 0 && token == 0 && tls == 0 ? 0 : -EINVAL;
}
