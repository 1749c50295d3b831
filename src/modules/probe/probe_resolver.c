/*
 * probe_resolver: see probe_resolver.h.
 *
 * libevent may call back after a query was cancelled, and before evdns_getaddrinfo returns.  So
 * each query is a struct of its own, which the callback of libevent frees if the query was
 * cancelled.  An answer is passed on by a timer of the daemon, so that the daemon's code runs in
 * one of its own callbacks.
 */
#include "probe_resolver.h"

#include <stddef.h>

const char *probe_resolver_files[2] = {"/etc/resolv.conf", "/etc/hosts"};

#ifdef HAVE_EVDNS
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <event2/dns.h>
#include <event2/util.h>

struct probe_query {
	vigil_daemon *d; /* NULL: the query was cancelled */
	bool answered;
	int err;
	struct evutil_addrinfo *info;
	probe_resolver_fn *fn;
	void *arg;
};

/* Used by the loop thread only. */
static struct {
	struct evdns_base *dns; /* NULL: not open */
	struct stat seen[2];    /* the files when dns read them */
	unsigned holders, queries;
} resolver;

bool probe_resolver_is_built(void)
{
	return true;
}

/* --- libevent's resolver ---------------------------------------------------------------------- */

/* Records the attributes of the files.  Returns whether they differ from the last call. */
static bool has_changed(void)
{
	bool changed = false;

	for (size_t i = 0; i < 2; i++) {
		struct stat now, *seen = &resolver.seen[i];

		if (stat(probe_resolver_files[i], &now) < 0)
			memset(&now, 0, sizeof(now));
		changed = changed || now.st_dev != seen->st_dev || now.st_ino != seen->st_ino ||
			  now.st_size != seen->st_size ||
			  memcmp(&now.st_mtim, &seen->st_mtim, sizeof(now.st_mtim)) != 0 ||
			  memcmp(&now.st_ctim, &seen->st_ctim, sizeof(now.st_ctim)) != 0;
		*seen = now;
	}
	return changed;
}

/* libevent asks a name server that did not answer again from time to time.  Such a question must
 * be cancelled before the resolver is freed: its answer would reach a server that is freed. */
static void close_dns(void)
{
	if (resolver.dns == NULL)
		return;
	evdns_base_clear_nameservers_and_suspend(resolver.dns);
	evdns_base_free(resolver.dns, 1);
	resolver.dns = NULL;
}

static void open_dns(vigil_daemon *d)
{
	resolver.dns = evdns_base_new(vigil_base(d), EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (resolver.dns == NULL)
		return;
	/* The default of 5 s would use up the timeout of a probe before the second server is asked.
	 * The options of resolv.conf come after it and win. */
	evdns_base_set_option(resolver.dns, "timeout:", "2");
	/* Without a file, or a server in it, libevent asks 127.0.0.1, as the C library does. */
	evdns_base_resolv_conf_parse(resolver.dns,
		DNS_OPTION_SEARCH | DNS_OPTION_NAMESERVERS | DNS_OPTION_MISC,
		probe_resolver_files[0]);
	evdns_base_load_hosts(resolver.dns, probe_resolver_files[1]);
	/* Some name servers do not return the name in the case in which it was requested. */
	evdns_base_set_option(resolver.dns, "randomize-case:", "0");
}

void probe_resolver_hold(void)
{
	resolver.holders++;
}

void probe_resolver_release(void)
{
	if (--resolver.holders > 0)
		return;
	close_dns();
	memset(resolver.seen, 0, sizeof(resolver.seen));
}

/* --- queries ---------------------------------------------------------------------------------- */

static void query_free(struct probe_query *query)
{
	if (query->info != NULL)
		evutil_freeaddrinfo(query->info);
	free(query);
}

static const char *describe(int err)
{
	switch (err) {
	case EVUTIL_EAI_NONAME: return "there is no such host name";
	case EVUTIL_EAI_NODATA: return "the host name has no address";
	case EVUTIL_EAI_MEMORY: return "out of memory";
	/* libevent does not tell a timeout from an error of the server. */
	default: return "the name servers do not answer, or answer with an error";
	}
}

static void on_answer(vigil_daemon *d, void *arg)
{
	struct probe_query *query = arg;
	probe_resolver_fn *fn = query->fn;
	void *fn_arg = query->arg;
	struct evutil_addrinfo *info = query->info;
	int err = query->err;

	free(query);
	fn(d, err == 0 ? info : NULL, err != 0 ? describe(err) : "", fn_arg);
	if (info != NULL)
		evutil_freeaddrinfo(info);
}

static void on_found(int err, struct evutil_addrinfo *info, void *arg)
{
	struct probe_query *query = arg;

	resolver.queries--;
	query->answered = true;
	query->err = err;
	query->info = info;
	if (query->d == NULL)
		query_free(query);
	else
		vigil_after(query->d, 0, on_answer, query);
}

struct probe_query *probe_resolver_query(
	vigil_daemon *d, const char *host, probe_resolver_fn *fn, void *arg, const char **why)
{
	/* Without AI_ADDRCONFIG, because on a machine that has only 127.0.0.1 and ::1 these must be
	 * found. */
	const struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct probe_query *query;

	/* Closing it would make queries in progress fail. */
	if (resolver.dns == NULL || (resolver.queries == 0 && has_changed())) {
		close_dns();
		has_changed();
		open_dns(d);
	}
	*why = "no socket for the name servers can be opened";
	if (resolver.dns == NULL || evdns_base_count_nameservers(resolver.dns) == 0) {
		close_dns(); /* tried again with the next query */
		return NULL;
	}
	*why = "out of memory";
	query = calloc(1, sizeof(*query));
	if (query == NULL)
		return NULL;
	*query = (struct probe_query){.d = d, .fn = fn, .arg = arg};
	resolver.queries++;
	evdns_getaddrinfo(resolver.dns, host, NULL, &hints, on_found, query);
	return query;
}

void probe_resolver_cancel(struct probe_query *query)
{
	if (query == NULL)
		return;
	if (query->answered) {
		vigil_cancel(query->d, on_answer, query);
		query_free(query);
	} else {
		query->d = NULL;
	}
}

#else /* HAVE_EVDNS */

bool probe_resolver_is_built(void)
{
	return false;
}

void probe_resolver_hold(void)
{
}

void probe_resolver_release(void)
{
}

struct probe_query *probe_resolver_query(
	vigil_daemon *d, const char *host, probe_resolver_fn *fn, void *arg, const char **why)
{
	*why = "vigil is built without a resolver";
	return NULL;
}

void probe_resolver_cancel(struct probe_query *query)
{
}
#endif
