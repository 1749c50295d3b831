/*
 * tls: HTTPS, if vigil was built with OpenSSL; see tls.h.
 *
 * Certificates are renewed while vigild runs.  For each new connection, renew checks the times of
 * both files, which costs little compared with a handshake.  A new pair is used from then on.  If
 * it cannot be used, the old pair stays in use, and that is logged.
 */
#include "tls.h"

#ifdef HAVE_OPENSSL

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

struct tls {
	SSL_CTX *context;
	const char *certificate, *key;
	struct timespec when[2]; /* mtime of the certificate and of the key */
};

/* For TLS 1.2: ciphers with forward secrecy and authenticated encryption. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

static const char *last_error(char *text, size_t size)
{
	ERR_error_string_n(ERR_get_error(), text, size);
	ERR_clear_error();
	return text;
}

static struct timespec written(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mtim : (struct timespec){0};
}

/* Returns whether one of the files was written since the last call.  The two files are written one
 * after the other, so a pair that does not match is tried again when the second file has been
 * written. */
static bool were_written(struct tls *tls)
{
	const struct timespec now[2] = {written(tls->certificate), written(tls->key)};

	if (memcmp(now, tls->when, sizeof(now)) == 0)
		return false;
	memcpy(tls->when, now, sizeof(now));
	return true;
}

/* Loads the private key.  Its file must be as secret as a token file; without tls_key, the key is
 * in the file of the certificate.  Returns 1, or another value and the reason in why; "": OpenSSL
 * has the reason. */
static int use_key(SSL_CTX *context, const char *path, char *why, size_t size)
{
	char name[32];
	int fd = vigil_open_secret(path, why, size), right;

	if (fd < 0)
		return 0;
	why[0] = '\0';
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	right = SSL_CTX_use_PrivateKey_file(context, name, SSL_FILETYPE_PEM);
	close(fd);
	return right;
}

static SSL_CTX *make_context(const struct tls *tls, char *why, size_t size)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	why[0] = '\0';
	if (context != NULL && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
		SSL_CTX_set_cipher_list(context, CIPHERS) == 1 &&
		SSL_CTX_use_certificate_chain_file(context, tls->certificate) == 1 &&
		use_key(context, tls->key, why, size) == 1 &&
		SSL_CTX_check_private_key(context) == 1) {
		SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
						     SSL_OP_CIPHER_SERVER_PREFERENCE);
		return context;
	}
	if (why[0] == '\0')
		last_error(why, size);
	ERR_clear_error();
	SSL_CTX_free(context);
	return NULL;
}

/* Reads the options.  Returns 0 and sets the paths, NULL without TLS; or -EINVAL after
 * vigil_diagnose. */
static int read_paths(vigil_daemon *d, struct tls *tls)
{
	const char *key = vigil_option_text(d, "tls_key");

	tls->certificate = vigil_option_text(d, "tls_certificate");
	tls->key = key != NULL ? key : tls->certificate;
	if (tls->certificate == NULL && key != NULL)
		return vigil_diagnose(d, "tls_key", "requires tls_certificate");
	return 0;
}

int tls_check(vigil_daemon *d)
{
	struct tls tls = {0};
	char why[512];
	int err = read_paths(d, &tls);

	if (err != 0 || tls.certificate == NULL)
		return err;
	tls.context = make_context(&tls, why, sizeof(why));
	if (tls.context == NULL)
		return vigil_diagnose(
			d, "tls_certificate", "it or tls_key cannot be used: %s", why);
	SSL_CTX_free(tls.context);
	return 0;
}

int tls_open(struct server *server)
{
	struct tls *tls = vigil_alloc(server->d, sizeof(*tls));
	char why[512];
	int err = read_paths(server->d, tls);

	if (err != 0 || tls->certificate == NULL)
		return err;
	were_written(tls);
	tls->context = make_context(tls, why, sizeof(why));
	if (tls->context == NULL)
		return vigil_fail(server->d, "tls_certificate, tls_key: %s", why);
	server->tls = tls;
	return 0;
}

void tls_close(struct server *server)
{
	if (server->tls != NULL)
		SSL_CTX_free(server->tls->context);
	server->tls = NULL;
}

static void renew(struct server *server)
{
	struct tls *tls = server->tls;
	SSL_CTX *context;
	char why[512];

	if (!were_written(tls))
		return;
	context = make_context(tls, why, sizeof(why));
	if (context == NULL) {
		vigil_error(server->d,
			"the new certificate cannot be used, so the old one stays in use: %s", why);
		return;
	}
	SSL_CTX_free(tls->context);
	tls->context = context;
	vigil_log(server->d, VIGIL_NOTICE, "%s was read again", tls->certificate);
}

struct bufferevent *tls_bufferevent(struct server *server)
{
	struct bufferevent *bev;
	SSL *ssl;

	renew(server);
	ssl = SSL_new(server->tls->context);
	if (ssl == NULL)
		return NULL;
	bev = bufferevent_openssl_socket_new(
		server->base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL)
		SSL_free(ssl);
	else
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

#else

int tls_check(vigil_daemon *d)
{
	const char *option =
		vigil_option_text(d, "tls_certificate") != NULL ? "tls_certificate" : "tls_key";

	if (vigil_option_text(d, option) == NULL)
		return 0;
	return vigil_diagnose(d, option, "this vigil was built without OpenSSL");
}

int tls_open(struct server *server)
{
	return tls_check(server->d);
}

void tls_close(struct server *server)
{
}

struct bufferevent *tls_bufferevent(struct server *server)
{
	return NULL;
}

#endif
