/*
 * resolver: see resolver.h.  libevent may call back after a query was abandoned and after the
 * resolver was freed.  So each query has its own struct, whose pointer to the resolver is then
 * NULL.
 */
#include "resolver.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>

static const char *const files[] = {"/etc/resolv.conf", "/etc/hosts"};
#define FILES (sizeof(files) / sizeof(*files))

struct query {
	struct resolver *resolver; /* NULL: the query was abandoned */
};

struct resolver {
	struct event_base *base;
	struct evdns_base *dns;
	struct stat seen[FILES]; /* the files when dns read them */
	char *host;
	struct timeval timeout;
	resolver_fn *fn;
	void *arg;
	struct query *query; /* NULL: no query is in progress */
	struct event *deadline;
};

/* --- libevent's resolver ---------------------------------------------------------------------- */

static void dns_open(struct resolver *r)
{
	r->dns = evdns_base_new(
		r->base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (r->dns == NULL) {
		/* Without name servers, numeric addresses and /etc/hosts still work. */
		r->dns = evdns_base_new(r->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
		if (r->dns != NULL)
			evdns_base_load_hosts(r->dns, "/etc/hosts");
	}
	/* Some name servers do not return the name in the case in which it was requested. */
	if (r->dns != NULL)
		evdns_base_set_option(r->dns, "randomize-case:", "0");
}

/* Records the attributes of the files.  Returns whether they differ from the last call. */
static bool look(struct resolver *r)
{
	bool changed = false;

	for (size_t i = 0; i < FILES; i++) {
		struct stat now, *seen = &r->seen[i];

		if (stat(files[i], &now) < 0)
			memset(&now, 0, sizeof(now));
		changed = changed || now.st_dev != seen->st_dev || now.st_ino != seen->st_ino ||
			  now.st_size != seen->st_size ||
			  memcmp(&now.st_mtim, &seen->st_mtim, sizeof(now.st_mtim)) != 0 ||
			  memcmp(&now.st_ctim, &seen->st_ctim, sizeof(now.st_ctim)) != 0;
		*seen = now;
	}
	return changed;
}

/* Frees libevent's resolver and makes queries in progress fail.  Otherwise they would keep their
 * timers.  libevent asks a name server that did not answer again from time to time.  Such a
 * question must be cancelled before, because its answer would reach a server that is freed. */
static void dns_close(struct resolver *r)
{
	if (r->dns == NULL)
		return;
	evdns_base_clear_nameservers_and_suspend(r->dns);
	evdns_base_free(r->dns, 1);
	r->dns = NULL;
}

/* --- queries ---------------------------------------------------------------------------------- */

static void on_found(int err, struct evutil_addrinfo *info, void *arg)
{
	struct query *query = arg;
	struct resolver *r = query->resolver;

	free(query);
	if (r != NULL) {
		r->query = NULL;
		event_del(r->deadline);
		r->fn(err == 0 ? info : NULL, err != 0 ? evutil_gai_strerror(err) : "", r->arg);
	}
	if (info != NULL)
		evutil_freeaddrinfo(info);
}

static void give_up(struct resolver *r)
{
	if (r->query != NULL)
		r->query->resolver = NULL;
	r->query = NULL;
	event_del(r->deadline);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *r = arg;

	give_up(r);
	r->fn(NULL, "no answer from the name servers in time", r->arg);
}

void resolver_start(struct resolver *r)
{
	/* Without AI_ADDRCONFIG, because on a machine that has only 127.0.0.1 and ::1 these must be
	 * found. */
	const struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct query *query;

	if (r->query != NULL)
		return;
	if (look(r) || r->dns == NULL) {
		dns_close(r);
		dns_open(r);
	}
	query = r->dns != NULL ? calloc(1, sizeof(*query)) : NULL;
	if (query == NULL) {
		r->fn(NULL, "out of memory", r->arg);
		return;
	}
	query->resolver = r;
	r->query = query;
	event_add(r->deadline, &r->timeout);
	evdns_getaddrinfo(r->dns, r->host, NULL, &hints, on_found, query);
}

struct evdns_base *resolver_dns(const struct resolver *r)
{
	return r->dns;
}

/* --- opening and closing ---------------------------------------------------------------------- */

struct resolver *resolver_new(
	struct event_base *base, const char *host, double timeout, resolver_fn *fn, void *arg)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->base = base;
	r->timeout.tv_sec = (time_t)timeout;
	r->timeout.tv_usec = (suseconds_t)((timeout - (double)r->timeout.tv_sec) * 1e6);
	r->fn = fn;
	r->arg = arg;
	r->host = strdup(host);
	r->deadline = event_new(base, -1, 0, on_deadline, r);
	if (r->host != NULL && r->deadline != NULL)
		return r;
	resolver_free(r);
	return NULL;
}

void resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	if (r->deadline != NULL) {
		give_up(r);
		event_free(r->deadline);
	}
	dns_close(r);
	free(r->host);
	free(r);
}
