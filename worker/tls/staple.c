/*
 * Responses of OCSP for our own certificates, given to clients that ask.
 *
 * They were fetched long before, by another process; here they are only read.
 * What is not there, or is over, is not stapled: no handshake waits.
 */
#include "worker/tls/staple.h"

#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <string.h>

#include "shm/base/ocsp_response.h"
#include "shm/cache/reader.h"
#include "worker/tls/state.h"

/* An OCSP response with the status tryLater, and nothing else. */
static const uint8_t try_later[] = { 0x30, 0x03, 0x0a, 0x01, 0x03 };

/* OpenSSL gets a copy, and frees it. */
static int
give(SSL *ssl, const uint8_t *der, size_t len)
{
	unsigned char *copy = OPENSSL_memdup(der, len);

	if (copy == NULL)
		return (SSL_TLSEXT_ERR_NOACK);
	if (SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)len) != 1) {
		OPENSSL_free(copy);
		return (SSL_TLSEXT_ERR_NOACK);
	}
	tls_channel_of(ssl)->stapled = true;
	return (SSL_TLSEXT_ERR_OK);
}

static bool
find_response(const struct tls *tls, const struct conf_tls *conf,
    const X509 *cert, struct cache_record *record)
{
	struct seal_data der;
	unsigned char *bytes = NULL;
	uint8_t key[DIGEST_LEN];
	int len;

	len = i2d_X509(cert, &bytes);
	if (len <= 0)
		return (false);
	der.data = bytes;
	der.len = (size_t)len;
	ocsp_staple_key(key, &der, conf->stapling_responder,
	    (conf->stapling_options & CONF_STAPLING_NO_VERIFY) == 0);
	OPENSSL_free(bytes);
	return (cache_reader_get(tls->staples, key, tls_now(), record));
}

/* The client asks for the status of the certificate that it gets. */
static int
staple(SSL *ssl, void *context UNUSED)
{
	const struct tls_channel *channel = tls_channel_of(ssl);
	const struct conf_tls *conf = tls_conf(channel->login);
	const X509 *cert = SSL_get_certificate(ssl);
	struct cache_record record;

	/* One that resumes gets no certificate, either. */
	if (cert == NULL || SSL_session_reused(ssl) == 1)
		return (SSL_TLSEXT_ERR_NOACK);
	if (find_response(channel->login->tls, conf, cert, &record)) {
		tls_trace(channel->login, TLS_OCSP, 5,
		    "a response of %zu bytes is stapled", record.sealed_len);
		return (give(ssl, record.sealed, record.sealed_len));
	}
	tls_trace(channel->login, TLS_OCSP, 5, "there is nothing to staple");
	if ((conf->stapling_options & CONF_STAPLING_FAKE_TRY_LATER) == 0)
		return (SSL_TLSEXT_ERR_NOACK);
	return (give(ssl, try_later, sizeof(try_later)));
}

void
staple_install(SSL_CTX *ctx, const struct tls *tls, uint32_t host)
{
	if (tls->staples != NULL && conf_staples_at(tls->conf, host))
		SSL_CTX_set_tlsext_status_cb(ctx, staple);
}

void
staple_done(struct tls_channel *channel)
{
	if (!channel->stapled)
		return;
	channel->stapled = false;
	(void)SSL_set_tlsext_status_ocsp_resp(channel->ssl, NULL, 0);
}
