/* The context of all processes, and handshakes on it. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>

#include "tests/bench/floor/floor.h"

/* Several records for each system call. */
#define READ_AHEAD ((size_t)128 * 1024)

/* Other processes get what a handshake issues, not what follows. */
static bool in_handshake;

/* Of data connections nobody needs the session. */
static int
session_issued(SSL *ssl, SSL_SESSION *session)
{
	if (SSL_get_num_tickets(ssl) > 0)
		table_put(session, in_handshake);
	return (0);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): OpenSSL's signature */
static SSL_SESSION *
session_wanted(SSL *ssl, const unsigned char *id, int len, int *copy)
{
	(void)ssl;
	*copy = 0; /* the reference is the caller's */
	return (table_get(id, (size_t)len));
}

static bool
set_resumption(SSL_CTX *ctx, const struct options *options)
{
	if (options->resumption == RESUME_TICKETS) {
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
		return (true);
	}
	if (table_init() == -1)
		return (false);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(ctx,
	    SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL |
		SSL_SESS_CACHE_NO_AUTO_CLEAR);
	SSL_CTX_sess_set_new_cb(ctx, session_issued);
	SSL_CTX_sess_set_get_cb(ctx, session_wanted);
	return (true);
}

SSL_CTX *
tls_context(const struct options *options)
{
	SSL_CTX *ctx;

	(void)OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	ctx = SSL_CTX_new(TLS_server_method());
	if (ctx == NULL ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_use_certificate_chain_file(ctx, options->certificate) !=
		1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, options->key, SSL_FILETYPE_PEM) !=
		1 ||
	    !set_resumption(ctx, options)) {
		ERR_print_errors_fp(stderr);
		return (NULL);
	}
	SSL_CTX_set_dh_auto(ctx, 1);
	SSL_CTX_set_options(ctx,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
	return (ctx);
}

SSL *
tls_new(SSL_CTX *ctx, struct link *link, int tickets)
{
	BIO *bio = link_bio(link);
	SSL *ssl = SSL_new(ctx);

	if (bio == NULL || ssl == NULL ||
	    SSL_set_num_tickets(ssl, (size_t)tickets) != 1)
		return (NULL);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_accept_state(ssl);
	SSL_set_read_ahead(ssl, 1);
	if (tickets == 0)
		SSL_set_default_read_buffer_len(ssl, READ_AHEAD);
	return (ssl);
}

/*
 * The SSL of the connection before is used again.  One that failed may be in
 * any state and is replaced.
 */
bool
tls_accept(SSL **ssl, struct link *link)
{
	SSL *fresh;
	bool done;

	ERR_clear_error();
	in_handshake = true;
	done = SSL_clear(*ssl) == 1 && SSL_do_handshake(*ssl) == 1;
	in_handshake = false;
	if (done)
		return (true);
	fresh = tls_new(SSL_get_SSL_CTX(*ssl), link,
	    (int)SSL_get_num_tickets(*ssl));
	if (fresh == NULL)
		return (false);
	SSL_free(*ssl);
	*ssl = fresh;
	return (false);
}

void
tls_close(SSL *ssl)
{
	(void)SSL_shutdown(ssl);
	/* As if the peer's had come: else the session would be spoilt. */
	SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}
