/*
 * check_probe_tls: probes of real TLS servers, whose certificates are good, expired, self-signed or
 * for another name.
 */
#include "modules/probe/probe_tls.h"

#include <openssl/ssl.h>

#include "fixture_probe.h"

static char certificate[256], key[256]; /* the files of the server */

/* Speaks TLS, and sends the script after the handshake if there is one. */
static void serve_tls(int client)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	SSL *ssl;
	char bytes[1024];

	SSL_CTX_use_certificate_chain_file(context, certificate);
	SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM);
	ssl = SSL_new(context);
	SSL_set_fd(ssl, client);
	if (SSL_accept(ssl) == 1) {
		if (script_length > 0)
			SSL_write(ssl, script, (int)script_length);
		while (SSL_read(ssl, bytes, sizeof(bytes)) > 0)
			;
	}
	SSL_free(ssl);
	SSL_CTX_free(context);
}

/* Makes a key and a certificate NAME.pem with the options of openssl req and x509. */
static void make_certificate(const char *name, const char *subject, const char *options)
{
	char command[1024];

	snprintf(command, sizeof(command),
		"cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "
		"-nodes "
		"-keyout %s.key -out %s.pem -subj /CN=%s %s 2>%s.log",
		scratch, name, name, subject, options, name);
	ck_assert_msg(system(command) == 0, "%s", command);
	snprintf(certificate, sizeof(certificate), "%s/%s.pem", scratch, name);
	snprintf(key, sizeof(key), "%s/%s.key", scratch, name);
}

/* A CA, and a server's certificate that it has signed for some days (negative: it has ended). */
static const char *make_signed(const char *name, int days)
{
	char command[2048];

	make_certificate("ca", "test-ca", "-days 3650");
	snprintf(command, sizeof(command),
		"cd %s && openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
		"-keyout s.key -out s.csr -subj /CN=%s 2>s.log && "
		"printf 'subjectAltName=DNS:%s' >s.ext && "
		"mkdir -p db && : >db/index && echo 01 >db/serial && "
		"printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=db/index\\nserial=db/serial\\n"
		"new_certs_dir=db\\ncertificate=ca.pem\\nprivate_key=ca.key\\ndefault_md=sha256\\n"
		"policy=p\\n[p]\\ncommonName=supplied\\n' >ca.conf && "
		"openssl ca -batch -config ca.conf -in s.csr -out s.pem -extfile s.ext "
		"-startdate 20200101000000Z -enddate $(date -u -d '%d days' +%%Y%%m%%d%%H%%M%%SZ) "
		"2>>s.log",
		scratch, name, name, days);
	ck_assert_msg(system(command) == 0, "%s", command);
	snprintf(certificate, sizeof(certificate), "%s/s.pem", scratch);
	snprintf(key, sizeof(key), "%s/s.key", scratch);
	return scratch_path("ca.pem");
}

static void is_distrusted(const char *words)
{
	ck_assert_msg(attempt() == PROBE_DISTRUSTED, "%s", why);
	ck_assert_msg(strstr(why, words) != NULL, "%s", why);
}

START_TEST(a_self_signed_certificate_is_refused_unless_it_is_accepted)
{
	make_certificate("self", "localhost", "-days 30");
	serve_here(serve_tls, "tls://localhost:%u");
	is_distrusted("its certificate is refused: self");
	ck_assert_double_gt(certificate_seconds, 29 * 86400.0); /* known nevertheless */
	settings.verify = false;
	SUCCEEDS();
	ck_assert_double_gt(certificate_seconds, 29 * 86400.0);
	settings.verify = true;
	settings.ca = certificate; /* it is its own CA */
	SUCCEEDS();
}
END_TEST

START_TEST(the_certificate_of_a_ca_is_accepted_for_its_name)
{
	settings.ca = make_signed("www.example.org", 20);
	serve_here(serve_tls, "tls://127.0.0.1:%u");
	is_distrusted("it is not for the name 127.0.0.1");
	settings.host = "www.example.org";
	SUCCEEDS();
	ck_assert_double_gt(certificate_seconds, 19 * 86400.0);
	ck_assert_double_lt(certificate_seconds, 20.1 * 86400);
	settings.host = "example.org";
	is_distrusted("it is not for the name example.org");
	settings.host = "www.example.org";
	settings.ca = NULL; /* the system does not know the CA */
	is_distrusted("its certificate is refused: ");
}
END_TEST

START_TEST(an_expired_certificate_is_refused)
{
	settings.ca = make_signed("localhost", -3);
	serve_here(serve_tls, "tls://localhost:%u");
	is_distrusted("its certificate is refused: certificate has expired");
	ck_assert_double_lt(certificate_seconds, -2.9 * 86400);
}
END_TEST

START_TEST(a_changed_ca_is_read_again)
{
	char command[512];
	const char *ca = make_signed("localhost", 20);

	settings.ca = scratch_path("used.pem");
	make_certificate("other", "other", "-days 30");
	snprintf(command, sizeof(command), "cp %s %s", certificate, settings.ca);
	ck_assert_int_eq(system(command), 0);
	snprintf(certificate, sizeof(certificate), "%s/s.pem", scratch);
	snprintf(key, sizeof(key), "%s/s.key", scratch);
	serve_here(serve_tls, "tls://localhost:%u");
	is_distrusted("its certificate is refused: ");
	snprintf(command, sizeof(command), "cp %s %s", ca, settings.ca);
	ck_assert_int_eq(system(command), 0);
	results = 0;
	probe_try(probe); /* the same probe */
	TURN_UNTIL(results > 0);
	ck_assert_msg(outcome == PROBE_SUCCEEDED, "%s", why);
}
END_TEST

START_TEST(tls_and_http_are_probed_together)
{
	settings.ca = make_signed("localhost", 20);
	set_script("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	serve_here(serve_tls, "https://localhost:%u/x");
	settings.expect = "ok";
	SUCCEEDS();
	kill_and_reap_all();
	set_script("+OK ready\r\n"); /* a greeting over TLS */
	serve_here(serve_tls, "tls://localhost:%u");
	settings.expect = "+OK";
	SUCCEEDS();
}
END_TEST

START_TEST(a_server_without_tls_fails)
{
	set_script("220 plain smtp server\r\n");
	serve_here(serve_script, "tls://127.0.0.1:%u");
	ck_assert_int_eq(attempt(), PROBE_FAILED);
	ck_assert_int_eq(strncmp(why, "TLS: ", 5), 0);
	kill_and_reap_all();
	serve_here(serve_close, "tls://127.0.0.1:%u");
	ck_assert_int_eq(attempt(), PROBE_FAILED);
	kill_and_reap_all();
	serve_here(serve_nothing, "tls://127.0.0.1:%u");
	settings.timeout = 0.2;
	FAILS("no answer in time to the TLS handshake");
	settings.timeout = 20;
}
END_TEST

START_TEST(a_missing_ca_is_no_failure_of_the_server)
{
	make_certificate("self", "localhost", "-days 30");
	serve_here(serve_tls, "tls://localhost:%u");
	settings.ca = scratch_path("nosuch.pem");
	ck_assert_int_eq(attempt(), PROBE_IMPOSSIBLE);
	ck_assert_ptr_nonnull(strstr(why, "the file with the CA cannot be used"));
}
END_TEST

SUITE("probe_tls", setup, teardown)
{
	if (system("command -v openssl >/dev/null") != 0)
		suite_skip("there is no program openssl");
	TEST(a_self_signed_certificate_is_refused_unless_it_is_accepted);
	TEST(the_certificate_of_a_ca_is_accepted_for_its_name);
	TEST(an_expired_certificate_is_refused);
	TEST(a_changed_ca_is_read_again);
	TEST(tls_and_http_are_probed_together);
	TEST(a_server_without_tls_fails);
	TEST(a_missing_ca_is_no_failure_of_the_server);
}
