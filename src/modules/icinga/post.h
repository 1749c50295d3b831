/* post: writes an HTTP request that posts JSON to the master. */
#ifndef POST_H
#define POST_H

struct bufferevent;

struct post {
	const char *path, *authority;
	const char *authorization; /* the value of the header; NULL: no header */
	const char *json;
};

/* Writes the request to the connection.  Header and body are one write, and therefore one TLS
 * record if both have no more than 16 KiB together.  Returns 0 or -ENOMEM. */
int post_write(struct bufferevent *bev, const struct post *post);

#endif
