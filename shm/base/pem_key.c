#include "shm/base/pem_key.h"

#include <limits.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>

static OSSL_DECODER_CTX *decoder;
static EVP_PKEY *decoded; /* what the decoder has found */

/* Passes over what else the text holds, as PEM_read_bio_PrivateKey() does. */
static EVP_PKEY *
decode(BIO *bio)
{
	long before, after = 0;

	if (decoder == NULL)
		decoder = OSSL_DECODER_CTX_new_for_pkey(&decoded, "PEM", NULL,
		    NULL, EVP_PKEY_KEYPAIR, NULL, NULL);
	if (decoder == NULL)
		return (NULL);
	decoded = NULL;
	do {
		before = after;
		if (OSSL_DECODER_from_bio(decoder, bio) == 1 && decoded != NULL)
			return (decoded);
		after = BIO_tell(bio);
	} while (after > before && BIO_eof(bio) == 0);
	/* Nothing of what went wrong shall reach the next key. */
	OSSL_DECODER_CTX_free(decoder);
	decoder = NULL;
	EVP_PKEY_free(decoded);
	decoded = NULL;
	return (NULL);
}

/* Called when a key is encrypted. */
static int
no_passphrase(char *buffer UNUSED, int size UNUSED, int writing UNUSED,
    void *context)
{
	bool *locked = context;

	*locked = true;
	return (-1);
}

/* A key that cannot be decoded is read again in the way that tells why. */
EVP_PKEY *
pem_key_read(const char *text, size_t len, bool *locked)
{
	EVP_PKEY *key = NULL;
	BIO *bio = NULL;

	*locked = false;
	if (text != NULL && len > 0 && len <= INT_MAX)
		bio = BIO_new_mem_buf(text, (int)len);
	if (bio == NULL)
		return (NULL);
	key = decode(bio);
	ERR_clear_error();
	if (key == NULL && BIO_reset(bio) == 1)
		key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, locked);
	BIO_free(bio);
	return (key);
}
