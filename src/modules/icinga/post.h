/* post: an HTTP request that posts JSON to the master. */
#ifndef POST_H
#define POST_H

struct bufferevent;

struct post {
	const char *path, *authority;
	const char *authorization; /* the value of the header; NULL: there is none */
	const char *json;
};

/* Writes the request to the connection, header and body in one write, which is one TLS record for a body of
 * up to 16 KiB.  0 or -ENOMEM. */
int post_write(struct bufferevent *bev, const struct post *post);

#endif
