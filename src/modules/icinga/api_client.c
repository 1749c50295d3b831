/*
 * api_client: HTTPS connections to the API of an Icinga 2 master; see link.h.
 *
 * evhttp keeps a connection open between requests.  After a failure the connection is freed and made
 * again for the next request, because a TLS session that has ended cannot be used again.  evhttp still
 * uses a connection while it calls back, so connections are made, used and freed in one event of the
 * link's own, on_go, and never in a callback of evhttp.
 */
#include "api_client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "addresses.h"
#include "credentials.h"
#include "resolver.h"
#include "url.h"

#define BODY_MAX        4096
#define CONNECTIONS_MAX 16

struct connection {
	struct api_client *link;
	struct bufferevent *bev;
	struct evhttp_connection *http; /* NULL: there is none */
	char address[ADDRESS_TEXT];
	bool spent;  /* http must be freed before the next request */
	bool used;   /* a request was answered on it */
	bool closed; /* the request failed because the master closed it */
	char *json;  /* of the request; NULL: the connection is free */
	bool sent;   /* http has it */
	const char *path;
	void *request;
	int error;    /* an errno of the handshake */
	double since; /* when the request was sent */
	char why[ADDRESS_WHY];
};

struct api_client {
	vigil_daemon *d;
	api_client_answer_fn *fn; /* NULL: it is being closed */
	void *arg;

	struct url url;
	double timeout;
	struct credentials *credentials;
	double looked; /* when the credentials' files were looked at */
	struct resolver *resolver;
	struct addresses addresses;
	const char *unresolved; /* why the name has no address; NULL: it has one */
	bool resolved;          /* for the connections that are made in this on_go */

	bool up; /* the last request was answered */
	struct event *go;
	size_t count;
	struct connection connections[CONNECTIONS_MAX];
};

/* --- connections ------------------------------------------------------------------------------ */

static void disconnect(struct connection *c)
{
	if (c->http != NULL) {
		evhttp_connection_set_closecb(c->http, NULL, NULL);
		evhttp_connection_free(c->http);
	}
	c->http = NULL;
	c->bev = NULL;
	c->spent = c->used = false;
}

/* libevent keeps no errno of a handshake, whose first write is what a refused connection fails. */
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
	else /* a peer may close without TLS's close_notify */
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

static void on_close(struct evhttp_connection *http, void *arg)
{
	struct connection *c = arg;

	c->spent = true;
	event_active(c->link->go, EV_TIMEOUT, 1);
}

static int connect_to(struct connection *c, const struct address *address)
{
	struct api_client *link = c->link;

	snprintf(c->address, sizeof(c->address), "%s", address->text);
	c->error = 0;
	c->bev = new_bufferevent(c);
	if (c->bev == NULL)
		return -ENOMEM;
	c->http = evhttp_connection_base_bufferevent_new(vigil_base(link->d),
		resolver_dns(link->resolver), c->bev, address->host,
		(unsigned short)link->url.port);
	if (c->http == NULL) {
		bufferevent_free(c->bev);
		c->bev = NULL;
		return -ENOMEM;
	}
	/* With its family given, libevent takes an address whatever the machine's own ones are. */
	evhttp_connection_set_family(c->http, address->family);
	evhttp_connection_set_closecb(c->http, on_close, c);
	evhttp_connection_set_timeout(c->http, (int)link->timeout);
	evhttp_connection_set_max_body_size(c->http, 256 * 1024);
	evhttp_connection_set_max_headers_size(c->http, 16 * 1024);
	return 0;
}

/* --- answers ---------------------------------------------------------------------------------- */

/* Before evhttp lets go of the connection: what TLS has against it. */
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

static void on_error(enum evhttp_request_error error, void *arg)
{
	static const char *const texts[] = {
		[EVREQ_HTTP_TIMEOUT] = "no answer in time",
		[EVREQ_HTTP_EOF] = "the connection was closed",
		[EVREQ_HTTP_INVALID_HEADER] = "what answers speaks no HTTP",
		[EVREQ_HTTP_BUFFER_ERROR] = "the connection broke",
		[EVREQ_HTTP_DATA_TOO_LONG] = "its answer is too long",
	};
	struct connection *c = arg;

	c->closed = error == EVREQ_HTTP_EOF || error == EVREQ_HTTP_BUFFER_ERROR;
	note_why(c);
	if (c->why[0] == '\0' && (size_t)error < sizeof(texts) / sizeof(*texts) &&
		texts[error] != NULL)
		snprintf(c->why, sizeof(c->why), "%s", texts[error]);
}

static vigil_tick_fn on_deadline;

/* The connection is free again, and the answer is handed on. */
static void finish(
	struct connection *c, enum api_client_outcome outcome, int status, const char *text)
{
	vigil_cancel(c->link->d, on_deadline, c);
	free(c->json);
	c->json = NULL;
	c->sent = false;
	c->link->fn(outcome, status, text, c->request, c->link->arg);
}

/* The address did not answer: others may. */
static void fail(struct connection *c, const char *why)
{
	struct api_client *link = c->link;
	char summary[ADDRESSES_SUMMARY];
	bool others = addresses_failed(&link->addresses, c->address, why);

	link->up = false;
	finish(c, others ? LINK_RETRY : LINK_FAILED, 0,
		addresses_summary(&link->addresses, summary));
}

/* evhttp's own timeout is for each read, and a byte a second would satisfy it. */
static void on_deadline(vigil_daemon *d, void *arg)
{
	struct connection *c = arg;

	(void)d;
	disconnect(c);
	fail(c, "no answer in time");
}

/* evhttp says nothing of a connection that was never made. */
static void note_silence(struct connection *c)
{
	const char *why = "it cannot be connected to";

	if (c->error != 0)
		why = strerror(c->error);
	else if (vigil_now() - c->since >= c->link->timeout * 0.9)
		why = "no answer in time";
	snprintf(c->why, sizeof(c->why), "%s", why);
}

static void answer_none(struct connection *c)
{
	bool idle = c->closed && c->used;

	note_why(c);
	if (c->why[0] == '\0')
		note_silence(c);
	c->spent = true;
	if (idle)
		finish(c, LINK_RETRY, 0, c->why);
	else
		fail(c, c->why);
}

static void on_answer(struct evhttp_request *request, void *arg)
{
	struct connection *c = arg;
	struct api_client *link = c->link;
	char body[BODY_MAX];
	ev_ssize_t n;
	int status = request != NULL ? evhttp_request_get_response_code(request) : 0;

	if (link->fn == NULL)
		return; /* it is being closed */
	if (status == 0) {
		answer_none(c);
		return;
	}
	n = evbuffer_copyout(evhttp_request_get_input_buffer(request), body, sizeof(body) - 1);
	body[n > 0 ? n : 0] = '\0';
	c->used = link->up = true;
	addresses_worked(&link->addresses, c->address);
	finish(c, LINK_ANSWERED, status, body);
}

/* --- requests --------------------------------------------------------------------------------- */

static struct evhttp_request *new_request(struct connection *c)
{
	struct evhttp_request *request = evhttp_request_new(on_answer, c);
	const char *authorization = credentials_header(c->link->credentials);
	struct evkeyvalq *headers;

	if (request == NULL)
		return NULL;
	evhttp_request_set_error_cb(request, on_error);
	headers = evhttp_request_get_output_headers(request);
	evhttp_add_header(headers, "Host", c->link->url.authority);
	evhttp_add_header(headers, "Accept", "application/json");
	evhttp_add_header(headers, "Content-Type", "application/json");
	evhttp_add_header(headers, "User-Agent", "vigil");
	if (authorization != NULL)
		evhttp_add_header(headers, "Authorization", authorization);
	evbuffer_add(evhttp_request_get_output_buffer(request), c->json, strlen(c->json));
	return request;
}

/*
 * Without TCP_NODELAY the kernel keeps the second write of a request back until the master has
 * acknowledged the first, which takes 40 ms.  On an open connection header and body become one write,
 * and one TLS record.
 */
static void hasten(const struct connection *c, bool open)
{
	evutil_socket_t fd = bufferevent_getfd(c->bev);
	int on = 1;

	if (fd >= 0 && !open)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (open)
		evbuffer_pullup(bufferevent_get_output(c->bev), -1);
}

static void send_request(struct connection *c)
{
	struct evhttp_request *request = new_request(c);
	bool open = c->used;

	c->why[0] = '\0';
	c->closed = false;
	c->sent = true;
	c->error = 0;
	c->since = vigil_now();
	vigil_after(c->link->d, c->link->timeout, on_deadline, c);
	if (request == NULL) {
		finish(c, LINK_FAILED, 0, strerror(ENOMEM));
		return;
	}
	/* From here on the request is evhttp's, also when this fails. */
	if (evhttp_make_request(c->http, request, EVHTTP_REQ_POST, c->path) == 0) {
		hasten(c, open);
	} else {
		c->spent = true;
		fail(c, "the request cannot be sent");
	}
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
		finish(c, LINK_FAILED, 0, why);
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

/* Sends what was posted, over connections that are made first where there are none. */
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
		if (c->http != NULL)
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

	/* While the name servers do not answer, the addresses from before are good enough. */
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
		/* An open connection is better than one to be made. */
		if (free_one == NULL || (c->http != NULL && !c->spent && free_one->http == NULL))
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

/* --- life ------------------------------------------------------------------------------------- */

/* Reads the options: all that are wrong are diagnosed, and then it returns -EINVAL. */
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
		free(link->connections[i].json);
		link->connections[i].json = NULL;
	}
	if (link->go != NULL)
		event_free(link->go);
	resolver_free(link->resolver);
	credentials_close(link->credentials);
	url_clear(&link->url);
}
