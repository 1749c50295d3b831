/*
 * link: one HTTPS connection to the API of an Icinga 2 master; see link.h.
 *
 * evhttp keeps the connection open between requests.  After anything went wrong it is given up
 * and made anew for the next: a TLS session that has ended cannot be begun again.  As evhttp still
 * uses it while it tells of an answer, the next request must not be made in there.
 */
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/http.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#define BODY_MAX   4096
#define SECRET_MAX 1024

struct link {
	vigil_daemon *d;
	link_answer_fn *fn;
	void *arg;

	char *host, *name, *authority, *credentials; /* credentials: NULL: a certificate */
	int port;
	double timeout;
	SSL_CTX *tls;
	struct evdns_base *dns;

	struct bufferevent *bev; /* the connection's; NULL: there is none */
	struct evhttp_connection *connection;
	bool busy, spent; /* spent: to be freed before the next request */
	char why[256];
};

/* --- who it is ----------------------------------------------------------------------------------- */

/* A file that only its owner may read, and the owner is us or root. */
static int read_secret(vigil_daemon *d, const char *path, char secret[SECRET_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = 0;
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return vigil_diagnose(d, "password_file", "%s", strerror(errno));
	n = read(fd, secret, SECRET_MAX - 1);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		err = vigil_diagnose(d, "password_file", "is no file");
	else if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 007) != 0)
		err = vigil_diagnose(d, "password_file",
			"may be read by others; chown it to vigild's user and chmod it to 0600");
	else if (n < 0)
		err = vigil_diagnose(d, "password_file", "%s", strerror(errno));
	close(fd);
	if (err != 0)
		return err;
	secret[n] = '\0';
	secret[strcspn(secret, "\r\n")] = '\0';
	return secret[0] != '\0' ? 0 : vigil_diagnose(d, "password_file", "the file is empty");
}

static int make_credentials(struct link *link, const char *user, const char *path)
{
	char secret[SECRET_MAX], both[2 * SECRET_MAX];
	unsigned char code[4 * SECRET_MAX];
	int err = read_secret(link->d, path, secret), n;

	if (err != 0)
		return err;
	n = snprintf(both, sizeof(both), "%s:%s", user, secret);
	if (n >= (int)sizeof(both))
		return vigil_diagnose(link->d, "user", "is too long");
	EVP_EncodeBlock(code, (const unsigned char *)both, n);
	OPENSSL_cleanse(secret, sizeof(secret));
	OPENSSL_cleanse(both, sizeof(both));
	return asprintf(&link->credentials, "Basic %s", (char *)code) < 0 ? -ENOMEM : 0;
}

static const char *tls_error(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return text != NULL ? text : "unknown";
}

/* Nobody is there to type a passphrase, and vigild must not wait for it. */
static int no_passphrase(char *buffer, int size, int writing, void *arg)
{
	return -1;
}

static int load_certificate(struct link *link, const char *certificate, const char *key)
{
	if (SSL_CTX_use_certificate_chain_file(link->tls, certificate) != 1)
		return vigil_diagnose(link->d, "certificate", "%s", tls_error());
	if (SSL_CTX_use_PrivateKey_file(link->tls, key, SSL_FILETYPE_PEM) != 1 ||
		SSL_CTX_check_private_key(link->tls) != 1)
		return vigil_diagnose(link->d, "key", "%s", tls_error());
	return 0;
}

/* By a password, or by a certificate. */
static int identify(struct link *link)
{
	vigil_daemon *d = link->d;
	const char *user = vigil_option_text(d, "user");
	const char *password = vigil_option_text(d, "password_file");
	const char *certificate = vigil_option_text(d, "certificate");
	const char *key = vigil_option_text(d, "key");

	if ((user == NULL) != (password == NULL))
		return vigil_diagnose(d, user != NULL ? "user" : "password_file",
			"user and password_file go together");
	if ((certificate == NULL) != (key == NULL))
		return vigil_diagnose(d, certificate != NULL ? "certificate" : "key",
			"certificate and key go together");
	if (user == NULL && certificate == NULL)
		return vigil_diagnose(
			d, NULL, "it needs user and password_file, or certificate and key");
	if (user != NULL && make_credentials(link, user, password) != 0)
		return -EINVAL;
	return certificate != NULL ? load_certificate(link, certificate, key) : 0;
}

static int trust(struct link *link)
{
	const char *ca = vigil_option_text(link->d, "ca");

	link->tls = SSL_CTX_new(TLS_client_method());
	if (link->tls == NULL)
		return -ENOMEM;
	SSL_CTX_set_min_proto_version(link->tls, TLS1_2_VERSION);
	SSL_CTX_set_verify(link->tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_default_passwd_cb(link->tls, no_passphrase);
	if (SSL_CTX_load_verify_locations(link->tls, ca, NULL) != 1)
		return vigil_diagnose(link->d, "ca", "%s", tls_error());
	return 0;
}

/* --- where it is ------------------------------------------------------------------------------------ */

static int parse_url(struct link *link, const char *url)
{
	struct evhttp_uri *uri = evhttp_uri_parse(url);
	const char *host = uri != NULL ? evhttp_uri_get_host(uri) : NULL;
	const char *scheme = uri != NULL ? evhttp_uri_get_scheme(uri) : NULL;
	const char *name = vigil_option_text(link->d, "tls_name");
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
	size_t length;
	int err = 0;

	if (host == NULL || host[0] == '\0' || scheme == NULL || strcmp(scheme, "https") != 0 ||
		(path != NULL && path[0] != '\0' && strcmp(path, "/") != 0)) {
		err = vigil_diagnose(link->d, "url", "is not https://HOST:PORT");
		goto out;
	}
	link->port = evhttp_uri_get_port(uri) > 0 ? evhttp_uri_get_port(uri) : 5665;
	length = strlen(host);
	if (host[0] == '[') /* an address of IPv6 */
		link->host = strndup(host + 1, length - 2);
	else
		link->host = strdup(host);
	link->name = strdup(name != NULL ? name : link->host);
	if (link->host == NULL || link->name == NULL ||
		asprintf(&link->authority, "%s:%d", host, link->port) < 0)
		err = -ENOMEM;
out:
	if (uri != NULL)
		evhttp_uri_free(uri);
	return err;
}

/* --- names ------------------------------------------------------------------------------------------ */

static void names_open(struct link *link)
{
	struct event_base *base = vigil_base(link->d);

	link->dns = evdns_base_new(
		base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (link->dns != NULL)
		return;
	/* Without name servers addresses and /etc/hosts will do. */
	link->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (link->dns != NULL)
		evdns_base_load_hosts(link->dns, "/etc/hosts");
}

/* Requests under way are failed: a look-up that was merely forgotten would keep its timer. */
static void names_close(struct link *link)
{
	if (link->dns != NULL)
		evdns_base_free(link->dns, 1);
	link->dns = NULL;
}

/* --- the connection ----------------------------------------------------------------------------------- */

static void disconnect(struct link *link)
{
	if (link->connection != NULL) {
		evhttp_connection_set_closecb(link->connection, NULL, NULL);
		evhttp_connection_free(link->connection);
	}
	link->connection = NULL;
	link->bev = NULL;
	link->spent = false;
}

static bool is_address(const char *host)
{
	unsigned char address[16];

	return evutil_inet_pton(AF_INET, host, address) == 1 ||
	       evutil_inet_pton(AF_INET6, host, address) == 1;
}

static SSL *new_session(const struct link *link)
{
	SSL *ssl = SSL_new(link->tls);
	bool address = is_address(link->name);
	bool right = ssl != NULL;

	if (right && address)
		right = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), link->name) == 1;
	else if (right)
		right = SSL_set1_host(ssl, link->name) == 1 &&
			SSL_set_tlsext_host_name(ssl, link->name) == 1;
	if (right)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

static void on_close(struct evhttp_connection *connection, void *arg)
{
	struct link *link = arg;

	link->spent = true;
}

static int connect_to(struct link *link)
{
	struct event_base *base = vigil_base(link->d);
	SSL *ssl;

	if (link->spent)
		disconnect(link);
	if (link->connection != NULL)
		return 0;
	/* Anew each time: the name servers may be others by now. */
	names_close(link);
	names_open(link);
	if (link->dns == NULL)
		return -ENOMEM;
	ssl = new_session(link);
	if (ssl == NULL)
		return -ENOMEM;
	link->bev = bufferevent_openssl_socket_new(
		base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	if (link->bev == NULL) {
		SSL_free(ssl);
		return -ENOMEM;
	}
	/* A peer that closes without TLS's goodbye is closed all the same. */
	bufferevent_openssl_set_allow_dirty_shutdown(link->bev, 1);
	link->connection = evhttp_connection_base_bufferevent_new(
		base, link->dns, link->bev, link->host, (unsigned short)link->port);
	if (link->connection == NULL) {
		bufferevent_free(link->bev);
		link->bev = NULL;
		return -ENOMEM;
	}
	evhttp_connection_set_closecb(link->connection, on_close, link);
	evhttp_connection_set_timeout(link->connection, (int)link->timeout);
	evhttp_connection_set_max_body_size(link->connection, 256 * 1024);
	evhttp_connection_set_max_headers_size(link->connection, 16 * 1024);
	return 0;
}

/* --- requests ------------------------------------------------------------------------------------------ */

/* Before evhttp lets go of the connection: why it is of no use. */
static void note_why(struct link *link)
{
	unsigned long error = link->bev != NULL ? bufferevent_get_openssl_error(link->bev) : 0;
	SSL *ssl = link->bev != NULL ? bufferevent_openssl_get_ssl(link->bev) : NULL;
	long verdict = ssl != NULL ? SSL_get_verify_result(ssl) : X509_V_OK;

	if (verdict != X509_V_OK)
		snprintf(link->why, sizeof(link->why), "its certificate is refused: %s",
			X509_verify_cert_error_string(verdict));
	else if (error != 0 && ERR_reason_error_string(error) != NULL)
		snprintf(link->why, sizeof(link->why), "TLS: %s", ERR_reason_error_string(error));
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
	struct link *link = arg;

	note_why(link);
	if (link->why[0] == '\0' && (size_t)error < sizeof(texts) / sizeof(*texts) &&
		texts[error] != NULL)
		snprintf(link->why, sizeof(link->why), "%s", texts[error]);
}

static void answer_none(struct link *link)
{
	int err = EVUTIL_SOCKET_ERROR();

	note_why(link);
	if (link->why[0] == '\0' && err != 0 && err != EAGAIN && err != EINPROGRESS)
		snprintf(link->why, sizeof(link->why), "%s", strerror(err));
	link->spent = true;
	link->fn(0, link->why[0] != '\0' ? link->why : "it cannot be connected to", "", link->arg);
}

static void on_answer(struct evhttp_request *request, void *arg)
{
	struct link *link = arg;
	char body[BODY_MAX];
	ev_ssize_t n;
	int status = request != NULL ? evhttp_request_get_response_code(request) : 0;

	link->busy = false;
	if (link->fn == NULL)
		return; /* it is being closed */
	if (status == 0) {
		answer_none(link);
		return;
	}
	n = evbuffer_copyout(evhttp_request_get_input_buffer(request), body, sizeof(body) - 1);
	body[n > 0 ? n : 0] = '\0';
	link->fn(status, "", body, link->arg);
}

int link_post(struct link *link, const char *path, const char *json)
{
	struct evhttp_request *request;
	struct evkeyvalq *headers;
	int err = connect_to(link);

	if (err != 0)
		return err;
	request = evhttp_request_new(on_answer, link);
	if (request == NULL)
		return -ENOMEM;
	evhttp_request_set_error_cb(request, on_error);
	headers = evhttp_request_get_output_headers(request);
	evhttp_add_header(headers, "Host", link->authority);
	evhttp_add_header(headers, "Accept", "application/json");
	evhttp_add_header(headers, "Content-Type", "application/json");
	evhttp_add_header(headers, "User-Agent", "vigil");
	if (link->credentials != NULL)
		evhttp_add_header(headers, "Authorization", link->credentials);
	evbuffer_add(evhttp_request_get_output_buffer(request), json, strlen(json));
	link->why[0] = '\0';
	errno = 0;
	/* Whatever comes of it, the request is evhttp's from here on. */
	link->busy = true;
	if (evhttp_make_request(link->connection, request, EVHTTP_REQ_POST, path) == 0)
		return 0;
	link->busy = false;
	link->spent = true;
	return -EIO;
}

bool link_is_busy(const struct link *link)
{
	return link->busy;
}

/* --- life ------------------------------------------------------------------------------------------------ */

/* Reads the options: all that are wrong are diagnosed, and then it is -EINVAL. */
static int read_options(struct link *link)
{
	int url = parse_url(link, vigil_option_text(link->d, "url")), trusted = trust(link);
	int identified = link->tls != NULL ? identify(link) : -ENOMEM;

	return url == 0 && trusted == 0 && identified == 0 ? 0 : -EINVAL;
}

static struct link *link_new(vigil_daemon *d)
{
	struct link *link = vigil_alloc(d, sizeof(*link));

	*link = (struct link){.d = d, .timeout = vigil_option_seconds(d, "timeout")};
	return link;
}

int link_check(vigil_daemon *d)
{
	struct link *link = link_new(d);
	int err = read_options(link);

	link_close(link);
	return err;
}

struct link *link_open(vigil_daemon *d, link_answer_fn *fn, void *arg)
{
	struct link *link = link_new(d);

	link->fn = fn;
	link->arg = arg;
	if (read_options(link) == 0)
		names_open(link);
	if (link->dns != NULL)
		return link;
	link_close(link);
	return NULL;
}

void link_close(struct link *link)
{
	link->fn = NULL;
	disconnect(link);
	names_close(link);
	SSL_CTX_free(link->tls);
	free(link->host);
	free(link->name);
	free(link->authority);
	if (link->credentials != NULL)
		OPENSSL_cleanse(link->credentials, strlen(link->credentials));
	free(link->credentials);
}
