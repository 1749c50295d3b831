/* post: see post.h. */
#include "post.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

/* Sets TCP_NODELAY.  Without it the kernel delays the second of two small writes until the master
 * has acknowledged the first one, which takes 40 ms. */
static void hasten(struct bufferevent *bev)
{
	evutil_socket_t fd = bufferevent_getfd(bev);
	int on = 1;

	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

int post_write(struct bufferevent *bev, const struct post *post)
{
	struct evbuffer *output = bufferevent_get_output(bev);
	bool authorized = post->authorization != NULL;
	int n;

	hasten(bev);
	n = evbuffer_add_printf(output,
		"POST %s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\n"
		"Content-Type: application/json\r\nUser-Agent: vigil\r\n"
		"%s%s%sContent-Length: %zu\r\n\r\n",
		post->path, post->authority, authorized ? "Authorization: " : "",
		authorized ? post->authorization : "", authorized ? "\r\n" : "",
		strlen(post->json));
	if (n < 0 || evbuffer_add(output, post->json, strlen(post->json)) < 0)
		return -ENOMEM;
	return evbuffer_pullup(output, -1) != NULL ? 0 : -ENOMEM;
}
