/*
 * http_page: sends requests to the http module of a vigild in a torture test.  See
 * http_page.h.
 */
#include "http_page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Whether an HTTP response that was read to its end is complete: it has the announced length, or
 * its last chunk. */
static bool page_is_whole(const char *text, size_t length)
{
	const char *body = strstr(text, "\r\n\r\n"),
		   *said = strcasestr(text, "\r\ncontent-length:");

	if (strncmp(text, "HTTP/1.", 7) != 0 || body == NULL)
		return false;
	if (said != NULL && said < body)
		return strtoull(said + strlen("\r\ncontent-length:"), NULL, 10) ==
		       length - (size_t)(body + 4 - text);
	return length >= 5 && strcmp(text + length - 5, "0\r\n\r\n") == 0;
}

int page_get(struct vigild *s, const char *place)
{
	static char text[4 << 20];
	char request[256];
	size_t length = 0;
	ssize_t n = -1;
	int fd = vigild_connect_to(s, "http.sock");

	if (fd < 0)
		return PAGE_CLOSED;
	snprintf(request, sizeof(request),
		"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", place);
	errno = 0;
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) > 0)
		while (length < sizeof(text) - 1 && vigild_await(s, fd) &&
			(n = recv(fd, text + length, sizeof(text) - 1 - length, 0)) > 0)
			length += (size_t)n;
	close(fd);
	text[length] = '\0';
	if (length == 0)
		return n == 0 || errno == ECONNRESET || errno == EPIPE ? PAGE_CLOSED : PAGE_SILENT;
	return page_is_whole(text, length) ? atoi(text + strlen("HTTP/1.1 ")) : PAGE_TORN;
}
