/*
 * credentials: the CA, and a password or a client certificate; see credentials.h.
 */
#include "credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/util.h>
#include <openssl/err.h>

#define SECRET_MAX 1024

static const char *const file_options[] = {"ca", "password_file", "certificate", "key"};
#define FILES (sizeof(file_options) / sizeof(*file_options))

/* What was read from the files at one time. */
struct loaded {
	SSL_CTX *tls;
	char *header;
};

/* Which option is wrong, and why. */
struct fault {
	const char *option; /* NULL: no particular one */
	char text[512];
};

struct credentials {
	vigil_daemon *d;
	struct loaded used;
	SSL_SESSION *session;    /* of the newest connection with `used`; NULL: none to resume */
	struct stat seen[FILES]; /* of the files when they were last read */
	bool faulty;
	struct fault fault;
};

static int set_fault(struct fault *fault, const char *option, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int set_fault(struct fault *fault, const char *option, const char *format, ...)
{
	va_list ap;

	fault->option = option;
	va_start(ap, format);
	vsnprintf(fault->text, sizeof(fault->text), format, ap);
	va_end(ap);
	return -EINVAL;
}

static void loaded_clear(struct loaded *l)
{
	SSL_CTX_free(l->tls);
	if (l->header != NULL)
		OPENSSL_cleanse(l->header, strlen(l->header));
	free(l->header);
	*l = (struct loaded){0};
}

/* --- the password ----------------------------------------------------------------------------- */

static int read_secret(const char *path, char secret[SECRET_MAX], struct fault *fault)
{
	static const char option[] = "password_file";
	char why[sizeof(fault->text)];
	int fd = vigil_open_secret(path, why, sizeof(why));
	ssize_t n;

	if (fd < 0)
		return set_fault(fault, option, "%s", why);
	n = read(fd, secret, SECRET_MAX - 1);
	close(fd);
	if (n < 0)
		return set_fault(fault, option, "%s", strerror(errno));
	secret[n] = '\0';
	secret[strcspn(secret, "\r\n")] = '\0';
	return secret[0] != '\0' ? 0 : set_fault(fault, option, "the file is empty");
}

static int make_header(struct loaded *l, const char *user, const char *path, struct fault *fault)
{
	char secret[SECRET_MAX], both[2 * SECRET_MAX];
	unsigned char code[4 * SECRET_MAX];
	int err = read_secret(path, secret, fault), n;

	if (err != 0)
		return err;
	n = snprintf(both, sizeof(both), "%s:%s", user, secret);
	OPENSSL_cleanse(secret, sizeof(secret));
	if (n >= (int)sizeof(both))
		return set_fault(fault, "user", "is too long");
	EVP_EncodeBlock(code, (const unsigned char *)both, n);
	OPENSSL_cleanse(both, sizeof(both));
	if (asprintf(&l->header, "Basic %s", (char *)code) < 0)
		l->header = NULL;
	OPENSSL_cleanse(code, sizeof(code));
	return l->header != NULL ? 0 : set_fault(fault, NULL, "%s", strerror(ENOMEM));
}

/* --- certificates ----------------------------------------------------------------------------- */

static const char *tls_error(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return text != NULL ? text : "unknown";
}

/* Fails, because vigild has no terminal to read a passphrase from and must not block. */
static int no_passphrase(char *buffer, int size, int writing, void *arg)
{
	return -1;
}

static int load_ca(struct loaded *l, const char *ca, struct fault *fault)
{
	l->tls = SSL_CTX_new(TLS_client_method());
	if (l->tls == NULL)
		return set_fault(fault, NULL, "%s", tls_error());
	SSL_CTX_set_min_proto_version(l->tls, TLS1_2_VERSION);
#ifdef SSL_OP_IGNORE_UNEXPECTED_EOF
	/* Otherwise a peer that closes without close_notify makes the session useless. The end of a
	 * reply is known from its length. */
	SSL_CTX_set_options(l->tls, SSL_OP_IGNORE_UNEXPECTED_EOF);
#endif
	SSL_CTX_set_verify(l->tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_default_passwd_cb(l->tls, no_passphrase);
	if (SSL_CTX_load_verify_locations(l->tls, ca, NULL) != 1)
		return set_fault(fault, "ca", "%s", tls_error());
	return 0;
}

static int load_key(struct loaded *l, const char *key, struct fault *fault)
{
	char name[32], why[sizeof(fault->text)];
	int fd = vigil_open_secret(key, why, sizeof(why)), right;

	if (fd < 0)
		return set_fault(fault, "key", "%s", why);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	right = SSL_CTX_use_PrivateKey_file(l->tls, name, SSL_FILETYPE_PEM);
	close(fd);
	if (right != 1 || SSL_CTX_check_private_key(l->tls) != 1)
		return set_fault(fault, "key", "%s", tls_error());
	return 0;
}

static int load_certificate(
	struct loaded *l, const char *certificate, const char *key, struct fault *fault)
{
	if (SSL_CTX_use_certificate_chain_file(l->tls, certificate) != 1)
		return set_fault(fault, "certificate", "%s", tls_error());
	return load_key(l, key, fault);
}

/* --- all files -------------------------------------------------------------------------------- */

static int check_options(vigil_daemon *d, struct fault *fault)
{
	const char *user = vigil_option_text(d, "user");
	const char *certificate = vigil_option_text(d, "certificate");

	if ((user == NULL) != (vigil_option_text(d, "password_file") == NULL))
		return set_fault(fault, user != NULL ? "user" : "password_file",
			"user and password_file must be set together");
	if ((certificate == NULL) != (vigil_option_text(d, "key") == NULL))
		return set_fault(fault, certificate != NULL ? "certificate" : "key",
			"certificate and key must be set together");
	if (user == NULL && certificate == NULL)
		return set_fault(fault, NULL, "set user and password_file, or certificate and key");
	return 0;
}

/* Reads all files.  On failure, nothing is left in l. */
static int load(vigil_daemon *d, struct loaded *l, struct fault *fault)
{
	const char *user = vigil_option_text(d, "user");
	const char *certificate = vigil_option_text(d, "certificate");
	int err = load_ca(l, vigil_option_text(d, "ca"), fault);

	if (err == 0)
		err = check_options(d, fault);
	if (err == 0 && user != NULL)
		err = make_header(l, user, vigil_option_text(d, "password_file"), fault);
	if (err == 0 && certificate != NULL)
		err = load_certificate(l, certificate, vigil_option_text(d, "key"), fault);
	if (err != 0)
		loaded_clear(l);
	return err;
}

/* Records the attributes of the files.  Returns whether they differ from the last call. */
static bool look(struct credentials *c)
{
	bool changed = false;

	for (size_t i = 0; i < FILES; i++) {
		const char *path = vigil_option_text(c->d, file_options[i]);
		struct stat now = {0}, *seen = &c->seen[i];

		if (path == NULL)
			continue;
		if (stat(path, &now) < 0)
			memset(&now, 0, sizeof(now));
		changed = changed || now.st_dev != seen->st_dev || now.st_ino != seen->st_ino ||
			  now.st_size != seen->st_size || now.st_mode != seen->st_mode ||
			  now.st_uid != seen->st_uid ||
			  memcmp(&now.st_mtim, &seen->st_mtim, sizeof(now.st_mtim)) != 0 ||
			  memcmp(&now.st_ctim, &seen->st_ctim, sizeof(now.st_ctim)) != 0;
		*seen = now;
	}
	return changed;
}

/* Keeps the session, because a handshake that resumes it needs no signature of the master.
 * Sessions of credentials that are no longer in use are left out. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct credentials *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	if (SSL_get_SSL_CTX(ssl) != c->used.tls)
		return 0;
	credentials_forget_session(c);
	c->session = session;
	return 1; /* the reference is ours */
}

/* Uses what was read.  A connection with a client certificate is not resumed, because the master
 * would not verify the certificate again. */
static void use(struct credentials *c, const struct loaded *fresh)
{
	credentials_forget_session(c);
	loaded_clear(&c->used);
	c->used = *fresh;
	if (vigil_option_text(c->d, "certificate") != NULL)
		return;
	SSL_CTX_set_app_data(c->used.tls, c);
	SSL_CTX_set_session_cache_mode(
		c->used.tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c->used.tls, on_session);
}

struct credentials *credentials_open(vigil_daemon *d)
{
	struct loaded fresh = {0};
	struct credentials *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->d = d;
	look(c);
	if (load(d, &fresh, &c->fault) == 0) {
		use(c, &fresh);
		return c;
	}
	vigil_diagnose(d, c->fault.option, "%s", c->fault.text);
	credentials_close(c);
	return NULL;
}

void credentials_close(struct credentials *c)
{
	if (c == NULL)
		return;
	credentials_forget_session(c);
	loaded_clear(&c->used);
	free(c);
}

bool credentials_refresh(struct credentials *c, bool force)
{
	struct loaded fresh = {0};

	if (!look(c) && !force)
		return false;
	c->faulty = load(c->d, &fresh, &c->fault) != 0;
	if (c->faulty) {
		vigil_error(c->d, "%s cannot be used, the former one stays in use: %s",
			c->fault.option != NULL ? c->fault.option : "the credentials",
			c->fault.text);
		return false;
	}
	use(c, &fresh);
	vigil_log(c->d, VIGIL_INFO, "the CA and the credentials were read again");
	return true;
}

const char *credentials_header(const struct credentials *c)
{
	return c->used.header;
}

const char *credentials_fault(const struct credentials *c)
{
	return c->faulty ? c->fault.text : NULL;
}

/* --- sessions --------------------------------------------------------------------------------- */

static bool is_address(const char *host)
{
	unsigned char address[16];

	return evutil_inet_pton(AF_INET, host, address) == 1 ||
	       evutil_inet_pton(AF_INET6, host, address) == 1;
}

void credentials_forget_session(struct credentials *c)
{
	SSL_SESSION_free(c->session);
	c->session = NULL;
}

SSL *credentials_session(const struct credentials *c, const char *name)
{
	SSL *ssl = SSL_new(c->used.tls);
	bool address = is_address(name);
	bool right = ssl != NULL;

	if (right && address)
		right = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
	else if (right)
		right = SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
	if (right && c->session != NULL)
		right = SSL_set_session(ssl, c->session) == 1;
	if (right)
		return ssl;
	SSL_free(ssl);
	return NULL;
}
