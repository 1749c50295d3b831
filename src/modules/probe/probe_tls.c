/*
 * probe_tls: see probe_tls.h.
 *
 * The socket stays with the daemon, which watches it by vigil_watch_fd, so a callback that crashes
 * is attributed to the daemon.  libevent's own TLS connections would call back outside of it.
 */
#include "probe_tls.h"

#ifdef HAVE_OPENSSL
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "probe_target.h"

bool probe_tls_is_built(void)
{
	return true;
}

/* --- trusted CAs ------------------------------------------------------------------------------ */

struct probe_trust {
	struct probe_trust *next;
	unsigned users;
	SSL_CTX *context;
	struct stat seen; /* the file when it was read */
	char ca[];        /* "": the CAs of the system */
};

/* Used by the loop thread only. */
static struct probe_trust *trusts;

static const char *tls_error(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return text != NULL ? text : "unknown error";
}

static bool load_ca(SSL_CTX *context, const char *ca)
{
	if (ca[0] == '\0')
		return SSL_CTX_set_default_verify_paths(context) == 1;
	/* The file may also hold the certificate of the server itself. */
	X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
	return SSL_CTX_load_verify_locations(context, ca, NULL) == 1;
}

static SSL_CTX *new_context(const char *ca, char *why, size_t size)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (context == NULL || !load_ca(context, ca)) {
		snprintf(why, size, "the file with the CA cannot be used: %s", tls_error());
		SSL_CTX_free(context);
		return NULL;
	}
	/* The handshake does not end because of a certificate; see probe_tls_verdict. */
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(
		context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
#ifdef SSL_OP_IGNORE_UNEXPECTED_EOF
	/* Many servers close without close_notify; HTTP has a framing of its own. */
	SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
#endif
	return context;
}

/* Returns the file or directory whose change shows that there are other CAs. */
static const char *witness(const struct probe_trust *trust)
{
	return trust->ca[0] != '\0' ? trust->ca : X509_get_default_cert_dir();
}

static void look(const struct probe_trust *trust, struct stat *seen)
{
	if (stat(witness(trust), seen) < 0)
		memset(seen, 0, sizeof(*seen));
}

static struct probe_trust *trust_new(const char *ca, char *why, size_t size)
{
	struct probe_trust *trust = calloc(1, sizeof(*trust) + strlen(ca) + 1);

	if (trust == NULL) {
		snprintf(why, size, "out of memory");
		return NULL;
	}
	strcpy(trust->ca, ca);
	look(trust, &trust->seen);
	trust->context = new_context(ca, why, size);
	if (trust->context == NULL) {
		free(trust);
		return NULL;
	}
	trust->next = trusts;
	trusts = trust;
	return trust;
}

struct probe_trust *probe_trust_open(const char *ca, char *why, size_t size)
{
	const char *file = ca != NULL ? ca : "";
	struct probe_trust *trust = trusts;

	while (trust != NULL && strcmp(trust->ca, file) != 0)
		trust = trust->next;
	if (trust == NULL)
		trust = trust_new(file, why, size);
	if (trust != NULL)
		trust->users++;
	return trust;
}

void probe_trust_refresh(struct probe_trust *trust)
{
	struct stat now;
	SSL_CTX *context;
	char why[128];

	look(trust, &now);
	if (now.st_ino == trust->seen.st_ino && now.st_size == trust->seen.st_size &&
		memcmp(&now.st_mtim, &trust->seen.st_mtim, sizeof(now.st_mtim)) == 0 &&
		memcmp(&now.st_ctim, &trust->seen.st_ctim, sizeof(now.st_ctim)) == 0)
		return;
	context = new_context(trust->ca, why, sizeof(why));
	if (context == NULL)
		return;
	trust->seen = now;
	SSL_CTX_free(trust->context);
	trust->context = context;
}

void probe_trust_close(struct probe_trust *trust)
{
	struct probe_trust **at = &trusts;

	if (trust == NULL || --trust->users > 0)
		return;
	while (*at != trust)
		at = &(*at)->next;
	*at = trust->next;
	SSL_CTX_free(trust->context);
	free(trust);
}

/* --- a connection ----------------------------------------------------------------------------- */

struct probe_tls {
	SSL *ssl;
	bool open;         /* the handshake is complete, and there was no error after it */
	const char *doing; /* for the reason of an error */
	char why[256];
	char name[PROBE_HOST]; /* asked for */
};

static bool set_name(SSL *ssl, const char *name)
{
	if (probe_target_is_address(name))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

struct probe_tls *probe_tls_new(struct probe_trust *trust, int fd, const char *name)
{
	struct probe_tls *tls = calloc(1, sizeof(*tls));

	if (tls == NULL)
		return NULL;
	/* A dot at the end, which ends the search for a name, is not part of the certificate. */
	snprintf(tls->name, sizeof(tls->name), "%s", name);
	if (tls->name[strlen(tls->name) - 1] == '.')
		tls->name[strlen(tls->name) - 1] = '\0';
	tls->ssl = SSL_new(trust->context);
	if (tls->ssl != NULL && SSL_set_fd(tls->ssl, fd) == 1 && set_name(tls->ssl, tls->name)) {
		SSL_set_connect_state(tls->ssl);
		return tls;
	}
	ERR_clear_error();
	probe_tls_free(tls);
	return NULL;
}

void probe_tls_free(struct probe_tls *tls)
{
	if (tls == NULL)
		return;
	if (tls->open)
		SSL_shutdown(tls->ssl);
	ERR_clear_error();
	SSL_free(tls->ssl);
	free(tls);
}

/* Returns the result for a call of OpenSSL that has not succeeded. */
static ssize_t explain(struct probe_tls *tls, int result)
{
	int error = errno, code = SSL_get_error(tls->ssl, result);
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	if (code == SSL_ERROR_WANT_READ)
		return PROBE_TLS_READ;
	if (code == SSL_ERROR_WANT_WRITE)
		return PROBE_TLS_WRITE;
	if (code == SSL_ERROR_ZERO_RETURN && tls->open)
		return 0;
	tls->open = false;
	if (code == SSL_ERROR_SSL && reason != NULL)
		snprintf(tls->why, sizeof(tls->why), "TLS: %s", reason);
	else if (code == SSL_ERROR_SYSCALL && error != 0)
		snprintf(tls->why, sizeof(tls->why), "%s", strerror(error));
	else
		snprintf(tls->why, sizeof(tls->why), "the connection was closed %s", tls->doing);
	ERR_clear_error();
	return PROBE_TLS_ERROR;
}

ssize_t probe_tls_handshake(struct probe_tls *tls)
{
	int result;

	tls->doing = "during the TLS handshake";
	ERR_clear_error();
	errno = 0;
	result = SSL_do_handshake(tls->ssl);
	if (result != 1)
		return explain(tls, result);
	tls->open = true;
	return 1;
}

ssize_t probe_tls_read(struct probe_tls *tls, char *bytes, size_t size)
{
	int result;

	tls->doing = "by the server";
	ERR_clear_error();
	errno = 0;
	result = SSL_read(tls->ssl, bytes, (int)size);
	return result > 0 ? result : explain(tls, result);
}

ssize_t probe_tls_write(struct probe_tls *tls, const char *bytes, size_t length)
{
	int result;

	tls->doing = "by the server";
	ERR_clear_error();
	errno = 0;
	result = SSL_write(tls->ssl, bytes, (int)length);
	return result > 0 ? result : explain(tls, result);
}

const char *probe_tls_why(const struct probe_tls *tls)
{
	return tls->why;
}

/* --- the certificate -------------------------------------------------------------------------- */

static double seconds_until_end(const X509 *certificate)
{
	int days, seconds;

	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) != 1)
		return NAN;
	return days * 86400.0 + seconds;
}

double probe_tls_certificate(const struct probe_tls *tls)
{
	X509 *own = SSL_get_peer_certificate(tls->ssl);
	STACK_OF(X509) *chain = SSL_get0_verified_chain(tls->ssl);
	double first;

	if (own == NULL)
		return NAN;
	first = seconds_until_end(own);
	X509_free(own);
	/* Other certificates that the server sends do not matter if they are not in the chain. */
	if (SSL_get_verify_result(tls->ssl) == X509_V_OK)
		for (int i = 0; chain != NULL && i < sk_X509_num(chain); i++)
			first = fmin(first, seconds_until_end(sk_X509_value(chain, i)));
	return first;
}

const char *probe_tls_verdict(struct probe_tls *tls)
{
	long result = SSL_get_verify_result(tls->ssl);

	if (result == X509_V_OK)
		return NULL;
	if (result == X509_V_ERR_HOSTNAME_MISMATCH || result == X509_V_ERR_IP_ADDRESS_MISMATCH)
		snprintf(tls->why, sizeof(tls->why), "it is not for the name %.200s", tls->name);
	else
		snprintf(tls->why, sizeof(tls->why), "%s", X509_verify_cert_error_string(result));
	return tls->why;
}

#else /* HAVE_OPENSSL */

bool probe_tls_is_built(void)
{
	return false;
}

struct probe_trust *probe_trust_open(const char *ca, char *why, size_t size)
{
	return NULL;
}

void probe_trust_refresh(struct probe_trust *trust)
{
}

void probe_trust_close(struct probe_trust *trust)
{
}

struct probe_tls *probe_tls_new(struct probe_trust *trust, int fd, const char *name)
{
	return NULL;
}

void probe_tls_free(struct probe_tls *tls)
{
}

ssize_t probe_tls_handshake(struct probe_tls *tls)
{
	return PROBE_TLS_ERROR;
}

ssize_t probe_tls_read(struct probe_tls *tls, char *bytes, size_t size)
{
	return PROBE_TLS_ERROR;
}

ssize_t probe_tls_write(struct probe_tls *tls, const char *bytes, size_t length)
{
	return PROBE_TLS_ERROR;
}

const char *probe_tls_why(const struct probe_tls *tls)
{
	return "vigil is built without OpenSSL";
}

const char *probe_tls_verdict(struct probe_tls *tls)
{
	return NULL;
}

double probe_tls_certificate(const struct probe_tls *tls)
{
	return 0;
}
#endif
