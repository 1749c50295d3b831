/*
 * api_client: see api_client.h.  A connection stays open between requests.  After a failure it is
 * freed and made again for the next request, because a TLS session that has ended cannot be used
 * again.  Only the event on_go makes connections, sends requests and frees connections, never a
 * callback of the connection itself.  answer.c parses what the master sends.  One timer limits a
 * request from connecting to the last byte of its reply.
 */
#include "api_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "addresses.h"
#include "answer.h"
#include "credentials.h"
#include "post.h"
#include "resolver.h"
#include "url.h"

#define CONNECTIONS_MAX 16

struct connection {
	struct api_client *link;
	struct bufferevent *bev; /* NULL: there is none */
	struct answer *answer;   /* made with the first connection; owned */
	char address[ADDRESS_TEXT];
	bool connected; /* TLS is established */
	bool spent;     /* bev must be freed before the next request */
	bool used;      /* a request was answered on it */
	char *json;     /* of the request; owned; NULL: the connection is free */
	bool sent;      /* the request was sent, or is being answered */
	const char *path;
	void *request;
	int error;    /* the errno of the handshake */
	double since; /* when the request was sent */
	char why[ADDRESS_WHY];
};

struct api_client {
	vigil_daemon *d;
	api_client_answer_fn *fn; /* NULL: the client is being closed */
	void *arg;

	struct url url;
	double timeout;
	struct credentials *credentials;
	double looked; /* when the files of the credentials were last checked */
	struct resolver *resolver;
	struct addresses addresses;
	const char *unresolved; /* why the name could not be resolved; NULL: it was */
	bool resolved;          /* the name was resolved for the connections of the next on_go */

	bool up; /* the last request was answered */
	struct event *go;
	size_t count;
	struct connection connections[CONNECTIONS_MAX];
};

/* --- connections ------------------------------------------------------------------------------ */

static void disconnect(struct connection *c)
{
	if (c->bev != NULL) {
		if (c->connected) /* otherwise OpenSSL forbids to resume the session */
			SSL_set_shutdown(bufferevent_openssl_get_ssl(c->bev),
				SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
		/* a callback may be pending already */
		bufferevent_setcb(c->bev, NULL, NULL, NULL, NULL);
		bufferevent_free(c->bev);
	}
	c->bev = NULL;
	c->connected = c->spent = c->used = false;
}

/* Stores the errno of a handshake, because libevent does not keep it.  If the connection is
 * refused, the first write of the handshake fails. */
static void on_handshake(const SSL *ssl, int where, int result)
{
	struct connection *c = SSL_get_app_data(ssl);

	if (where == SSL_CB_CONNECT_EXIT && result < 0 && errno != EAGAIN && errno != EINPROGRESS)
		c->error = errno;
}

static struct bufferevent *new_bufferevent(struct connection *c)
{
	const struct api_client *link = c->link;
	SSL *ssl = credentials_session(link->credentials, link->url.name);
	struct bufferevent *bev = NULL;

	if (ssl == NULL)
		return NULL;
	SSL_set_app_data(ssl, c);
	SSL_set_info_callback(ssl, on_handshake);
	bev = bufferevent_openssl_socket_new(
		vigil_base(link->d), -1, ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL)
		SSL_free(ssl);
	else /* the peer may close without close_notify of TLS */
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

static void on_read(struct bufferevent *bev, void *arg);
static void on_event(struct bufferevent *bev, short what, void *arg);

static int connect_to(struct connection *c, const struct address *address)
{
	struct api_client *link = c->link;

	snprintf(c->address, sizeof(c->address), "%s", address->text);
	c->error = 0;
	if (c->answer == NULL)
		c->answer = answer_new();
	c->bev = c->answer != NULL ? new_bufferevent(c) : NULL;
	if (c->bev == NULL)
		return -ENOMEM;
	bufferevent_setcb(c->bev, on_read, NULL, on_event, c);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	/* Because the family is given, libevent accepts the address even if this machine has no
	 * address of that family. */
	if (bufferevent_socket_connect_hostname(c->bev, resolver_dns(link->resolver),
		    address->family, address->host, link->url.port) == 0)
		return 0;
	disconnect(c);
	return -ECONNABORTED;
}

/* --- replies ---------------------------------------------------------------------------------- */

/* Stores in c->why what TLS reports as the reason; leaves it as it is if TLS reports nothing. */
static void note_why(struct connection *c)
{
	unsigned long error = c->bev != NULL ? bufferevent_get_openssl_error(c->bev) : 0;
	SSL *ssl = c->bev != NULL ? bufferevent_openssl_get_ssl(c->bev) : NULL;
	long verdict = ssl != NULL ? SSL_get_verify_result(ssl) : X509_V_OK;

	if (verdict != X509_V_OK)
		snprintf(c->why, sizeof(c->why), "its certificate is refused: %s",
			X509_verify_cert_error_string(verdict));
	else if (error != 0 && ERR_reason_error_string(error) != NULL)
		snprintf(c->why, sizeof(c->why), "TLS: %s", ERR_reason_error_string(error));
}

static vigil_tick_fn on_deadline;

/* Frees the connection for the next request and passes the result on. */
static void finish(struct connection *c, const struct api_answer *answer)
{
	vigil_cancel(c->link->d, on_deadline, c);
	free(c->json);
	c->json = NULL;
	c->sent = false;
	c->link->fn(answer, c->request, c->link->arg);
}

static void finish_without(struct connection *c, enum api_client_outcome outcome, const char *why)
{
	finish(c, &(struct api_answer){.outcome = outcome, .text = why, .length = strlen(why)});
}

/* Reports that the address did not answer.  The outcome depends on whether others can be tried. */
static void fail(struct connection *c, const char *why)
{
	struct api_client *link = c->link;
	char summary[ADDRESSES_SUMMARY];
	bool others = addresses_failed(&link->addresses, c->address, why);

	link->up = false;
	finish_without(
		c, others ? API_RETRY : API_FAILED, addresses_summary(&link->addresses, summary));
}

/* Limits the whole request, because a timeout for a single read would never expire if the master
 * sent one byte a second. */
static void on_deadline(vigil_daemon *d, void *arg)
{
	struct connection *c = arg;

	(void)d;
	disconnect(c);
	fail(c, "no answer in time");
}

/* Returns why the connection could not be made, if TLS reports no reason. */
static const char *why_unconnected(const struct connection *c)
{
	if (c->error != 0)
		return strerror(c->error);
	return vigil_now() - c->since >= c->link->timeout * 0.9 ? "no answer in time"
								: "cannot connect";
}

/* Handles a connection that ended before its reply.  If it had been used before, the master may
 * have closed it as idle while the request was being sent, so the request is tried again. */
static void lose(struct connection *c, bool closed)
{
	const char *why = closed ? "the connection was closed" : "the connection failed";

	note_why(c);
	if (c->why[0] == '\0')
		snprintf(c->why, sizeof(c->why), "%s", c->connected ? why : why_unconnected(c));
	c->spent = true;
	if (!c->connected)
		credentials_forget_session(c->link->credentials);
	if (c->used)
		finish_without(c, API_RETRY, c->why);
	else
		fail(c, c->why);
}

static void take_answer(struct connection *c)
{
	struct api_answer answer = {.outcome = API_ANSWERED, .status = answer_status(c->answer)};

	answer.text = answer_body(c->answer, &answer.length);
	c->used = c->link->up = true;
	addresses_worked(&c->link->addresses, c->address);
	finish(c, &answer);
}

/* Handles the end of a reply.  rest: bytes arrived that belong to no reply. */
static void conclude(struct connection *c, enum answer_result result, bool rest)
{
	if (rest || !answer_keeps_connection(c->answer))
		c->spent = true;
	if (result == ANSWER_DONE)
		take_answer(c);
	else
		fail(c, result == ANSWER_TOO_LONG ? "its answer is too long"
						  : "the answer is not HTTP");
}

/* Marks a connection that has no request in flight as unusable; on_go frees it. */
static void retire(struct connection *c)
{
	c->spent = true;
	event_active(c->link->go, EV_TIMEOUT, 1);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct connection *c = arg;
	struct evbuffer *input = bufferevent_get_input(bev);
	enum answer_result result = ANSWER_MORE;
	size_t length, taken;

	if (!c->sent) {
		evbuffer_drain(input, evbuffer_get_length(input));
		retire(c);
		return;
	}
	while (result == ANSWER_MORE && (length = evbuffer_get_contiguous_space(input)) > 0) {
		result = answer_read(c->answer,
			(const char *)evbuffer_pullup(input, (ssize_t)length), length, &taken);
		evbuffer_drain(input, taken);
	}
	if (result != ANSWER_MORE)
		conclude(c, result, evbuffer_get_length(input) > 0);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct connection *c = arg;

	if ((what & BEV_EVENT_CONNECTED) != 0)
		c->connected = true;
	else if (!c->sent)
		retire(c);
	else if ((what & BEV_EVENT_EOF) != 0 && answer_end(c->answer) == ANSWER_DONE)
		conclude(c, ANSWER_DONE, false);
	else
		lose(c, (what & BEV_EVENT_EOF) != 0);
}

/* --- requests --------------------------------------------------------------------------------- */

static void send_request(struct connection *c)
{
	const struct post post = {.path = c->path,
		.authority = c->link->url.authority,
		.authorization = credentials_header(c->link->credentials),
		.json = c->json};

	c->why[0] = '\0';
	c->sent = true;
	c->error = 0;
	c->since = vigil_now();
	answer_start(c->answer);
	vigil_after(c->link->d, c->link->timeout, on_deadline, c);
	/* Bufferevents write later, so no callback is called before this function returns. */
	if (post_write(c->bev, &post) == 0)
		return;
	c->spent = true;
	finish_without(c, API_FAILED, strerror(ENOMEM));
}

static void connect_and_send(struct connection *c)
{
	struct api_client *link = c->link;
	const struct address *address = addresses_pick(&link->addresses);
	char why[256];
	int err;

	if (address == NULL) {
		link->up = false;
		snprintf(why, sizeof(why), "%s cannot be resolved: %s", link->url.host,
			link->unresolved != NULL ? link->unresolved : "it has no address");
		finish_without(c, API_FAILED, why);
		return;
	}
	err = connect_to(c, address);
	if (err == 0)
		send_request(c);
	else
		fail(c, strerror(-err));
}

static void look_at_credentials(struct api_client *link, bool force)
{
	link->looked = vigil_now();
	if (!credentials_refresh(link->credentials, force))
		return;
	for (size_t i = 0; i < link->count; i++)
		link->connections[i].spent = true;
}

/* Sends the requests that were posted, and makes connections for them where there are none. */
static void on_go(evutil_socket_t fd, short what, void *arg)
{
	struct api_client *link = arg;
	bool resolve = false;

	if (vigil_now() >= link->looked + 1)
		look_at_credentials(link, false);
	for (size_t i = 0; i < link->count; i++) {
		struct connection *c = &link->connections[i];

		if (c->spent && !c->sent)
			disconnect(c);
		if (c->json == NULL || c->sent)
			continue;
		if (c->bev != NULL)
			send_request(c);
		else if (link->resolved)
			connect_and_send(c);
		else
			resolve = true;
	}
	link->resolved = false;
	if (resolve)
		resolver_start(link->resolver);
}

static void on_resolved(const struct addrinfo *info, const char *why, void *arg)
{
	struct api_client *link = arg;

	/* If the name servers do not answer, the previous addresses stay in use. */
	if (info != NULL)
		addresses_set(&link->addresses, info, link->url.port);
	link->unresolved = info != NULL ? NULL : why;
	link->resolved = true;
	event_active(link->go, EV_TIMEOUT, 1);
}

bool api_client_is_free(const struct api_client *link)
{
	size_t busy = 0;

	for (size_t i = 0; i < link->count; i++)
		busy += link->connections[i].json != NULL;
	return busy < (link->up ? link->count : 1);
}

int api_client_post(struct api_client *link, const char *path, const char *json, void *request)
{
	struct connection *free_one = NULL;

	for (size_t i = 0; i < link->count; i++) {
		struct connection *c = &link->connections[i];

		if (c->json != NULL)
			continue;
		/* An open connection is preferred to one that must be made. */
		if (free_one == NULL || (c->bev != NULL && !c->spent && free_one->bev == NULL))
			free_one = c;
	}
	if (free_one == NULL)
		return -EBUSY;
	free_one->json = strdup(json);
	if (free_one->json == NULL)
		return -ENOMEM;
	free_one->path = path;
	free_one->request = request;
	event_active(link->go, EV_TIMEOUT, 1);
	return 0;
}

const char *api_client_address(const struct api_client *link)
{
	return link->addresses.good;
}

bool api_client_reject(struct api_client *link, const char *why)
{
	char address[ADDRESS_TEXT];

	memcpy(address, link->addresses.good, sizeof(address));
	for (size_t i = 0; i < link->count; i++)
		if (strcmp(link->connections[i].address, address) == 0)
			link->connections[i].spent = true;
	link->up = false;
	return addresses_failed(&link->addresses, address, why);
}

void api_client_reload(struct api_client *link)
{
	look_at_credentials(link, true);
}

const char *api_client_fault(const struct api_client *link)
{
	return credentials_fault(link->credentials);
}

/* --- opening and closing ---------------------------------------------------------------------- */

/* Reads the options.  Reports all errors with vigil_diagnose, and then returns -EINVAL. */
static int read_options(struct api_client *link)
{
	int err = url_read(&link->url, link->d);

	link->credentials = credentials_open(link->d);
	link->count = (size_t)vigil_option_int(link->d, "connections");
	return err == 0 && link->credentials != NULL ? 0 : -EINVAL;
}

static struct api_client *api_client_new(vigil_daemon *d)
{
	struct api_client *link = vigil_alloc(d, sizeof(*link));

	*link = (struct api_client){.d = d, .timeout = vigil_option_seconds(d, "timeout")};
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		link->connections[i].link = link;
	return link;
}

int api_client_check(vigil_daemon *d)
{
	struct api_client *link = api_client_new(d);
	int err = read_options(link);

	api_client_close(link);
	return err;
}

struct api_client *api_client_open(vigil_daemon *d, api_client_answer_fn *fn, void *arg)
{
	struct api_client *link = api_client_new(d);

	link->fn = fn;
	link->arg = arg;
	link->looked = vigil_now();
	if (read_options(link) == 0) {
		link->go = event_new(vigil_base(d), -1, 0, on_go, link);
		link->resolver = resolver_new(
			vigil_base(d), link->url.host, link->timeout, on_resolved, link);
	}
	if (link->go != NULL && link->resolver != NULL)
		return link;
	api_client_close(link);
	return NULL;
}

void api_client_close(struct api_client *link)
{
	link->fn = NULL;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		disconnect(&link->connections[i]);
		answer_free(link->connections[i].answer);
		link->connections[i].answer = NULL;
		free(link->connections[i].json);
		link->connections[i].json = NULL;
	}
	if (link->go != NULL)
		event_free(link->go);
	resolver_free(link->resolver);
	credentials_close(link->credentials);
	url_clear(&link->url);
}
