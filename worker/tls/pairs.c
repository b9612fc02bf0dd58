/* Certificates and keys from memory into a context. */
#include "worker/tls/pairs.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "shm/base/pem_key.h"
#include "worker/tls/device.h"
#include "worker/tls/outcome.h"
#include "worker/tls/state.h"

/* A key that wants a password is refused: nobody is here to ask. */
static int
no_password(char *out, int size, int for_writing, void *arg)
{
	if (size > 0)
		*out = '\0';
	(void)for_writing;
	(void)arg;
	return (-1);
}

static BIO *
memory(const char *text, size_t len)
{
	if (text == NULL || len == 0 || len > INT_MAX)
		return (NULL);
	return (BIO_new_mem_buf(text, (int)len));
}

/* The first certificate of each pair; NULL: memory is short. */
static STACK_OF(X509) * read_leaves(const struct host_keys *keys)
{
	STACK_OF(X509) *leaves = sk_X509_new_null();
	X509 *leaf;
	BIO *bio;
	size_t i;

	for (i = 0; leaves != NULL && i < keys->count; i++) {
		bio = memory(keys->pairs[i].cert, keys->pairs[i].cert_len);
		leaf = bio == NULL
		    ? NULL
		    : PEM_read_bio_X509(bio, NULL, no_password, NULL);
		BIO_free(bio);
		if (leaf != NULL && sk_X509_push(leaves, leaf) == 0)
			X509_free(leaf);
	}
	return (leaves);
}

/* A chain file may hold the certificates themselves, too. */
static bool
is_leaf(STACK_OF(X509) * leaves, const X509 *cert)
{
	int i;

	for (i = 0; i < sk_X509_num(leaves); i++)
		if (X509_cmp(sk_X509_value(leaves, i), cert) == 0)
			return (true);
	return (false);
}

/* The certificates after the first one, up to the end of the text. */
static int
load_chain(SSL_CTX *ctx, BIO *bio, STACK_OF(X509) * leaves)
{
	X509 *cert;

	while (
	    (cert = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL) {
		if (is_leaf(leaves, cert)) {
			X509_free(cert);
			continue;
		}
		if (SSL_CTX_add0_chain_cert(ctx, cert) != 1) {
			X509_free(cert);
			return (-1);
		}
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return (-1);
	ERR_clear_error();
	return (0);
}

static int
load_certificates(SSL_CTX *ctx, BIO *bio, STACK_OF(X509) * leaves)
{
	X509 *leaf;
	int ret = -1;

	leaf = PEM_read_bio_X509(bio, NULL, no_password, NULL);
	if (leaf != NULL && SSL_CTX_use_certificate(ctx, leaf) == 1)
		ret = load_chain(ctx, bio, leaves);
	X509_free(leaf);
	return (ret);
}

/* A key that no process can read was opened when we began: see device.c. */
static EVP_PKEY *
get_key(const struct key_pair *pair)
{
	EVP_PKEY *key;
	bool locked;

	if (pair->key_uri == NULL)
		return (pem_key_read(pair->key, pair->key_len, &locked));
	key = device_key(pair->key_uri);
	if (key != NULL && EVP_PKEY_up_ref(key) != 1)
		key = NULL;
	return (key);
}

static int
load_key(SSL_CTX *ctx, const struct key_pair *pair)
{
	EVP_PKEY *key;
	int ret = -1;

	key = get_key(pair);
	if (key != NULL && SSL_CTX_use_PrivateKey(ctx, key) == 1 &&
	    SSL_CTX_check_private_key(ctx) == 1)
		ret = 0;
	EVP_PKEY_free(key);
	return (ret);
}

static int
load_pair(SSL_CTX *ctx, const struct key_pair *pair, STACK_OF(X509) * leaves)
{
	BIO *cert;
	int ret = -1;

	cert = memory(pair->cert, pair->cert_len);
	if (cert != NULL && load_certificates(ctx, cert, leaves) == 0)
		ret = load_key(ctx, pair);
	BIO_free(cert);
	return (ret);
}

int
pairs_load(SSL_CTX *ctx, const struct host_keys *keys,
    const struct log_subject *subject)
{
	STACK_OF(X509) *leaves = read_leaves(keys);
	int ret = leaves == NULL || keys->count == 0 ? -1 : 0;
	size_t i;

	for (i = 0; ret == 0 && i < keys->count; i++) {
		ERR_clear_error();
		if (load_pair(ctx, &keys->pairs[i], leaves) == 0)
			continue;
		log_event(LOG_LEVEL_ERROR, LOG_STREAM_TLS, subject,
		    "certificate %zu cannot be used: %s", i + 1,
		    outcome_explain(ERR_peek_error()));
		ret = -1;
	}
	sk_X509_pop_free(leaves, X509_free);
	return (ret);
}
