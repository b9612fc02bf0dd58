#include "shm/base/seal.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "shm/base/secret.h"

#define NONCE_LEN 12
#define TAG_LEN   16

/* Fetched once: an implicit fetch for each record takes locks and time. */
static const EVP_CIPHER *
cipher(void)
{
	static EVP_CIPHER *fetched;

	if (fetched == NULL)
		fetched = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	return (fetched);
}

static int
fits(size_t len)
{
	return (len <= INT_MAX - SEAL_OVERHEAD);
}

size_t
seal_close(const uint8_t key[SEAL_KEY_LEN], struct seal_data associated,
    struct seal_data plain, uint8_t *out)
{
	EVP_CIPHER_CTX *context;
	uint8_t *body = out + NONCE_LEN;
	int len = 0, tail = 0, ok;

	if (!fits(associated.len) || !fits(plain.len))
		return (0);
	context = EVP_CIPHER_CTX_new();
	if (context == NULL)
		return (0);
	secret_random(out, NONCE_LEN);
	ok = EVP_EncryptInit_ex(context, cipher(), NULL, key, out) == 1 &&
	    EVP_EncryptUpdate(context, NULL, &len, associated.data,
		(int)associated.len) == 1 &&
	    EVP_EncryptUpdate(context, body, &len, plain.data,
		(int)plain.len) == 1 &&
	    EVP_EncryptFinal_ex(context, body + len, &tail) == 1 &&
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_LEN,
		body + plain.len) == 1;
	EVP_CIPHER_CTX_free(context);
	if (!ok) {
		ERR_clear_error();
		return (0);
	}
	return (plain.len + SEAL_OVERHEAD);
}

long
seal_open(const uint8_t key[SEAL_KEY_LEN], struct seal_data associated,
    struct seal_data sealed, uint8_t *out)
{
	const uint8_t *in = sealed.data;
	EVP_CIPHER_CTX *context;
	uint8_t tag[TAG_LEN];
	int len = 0, tail = 0, ok;
	size_t i, plain_len;

	if (sealed.len < SEAL_OVERHEAD || !fits(sealed.len) ||
	    !fits(associated.len))
		return (-1);
	plain_len = sealed.len - SEAL_OVERHEAD;
	for (i = 0; i < TAG_LEN; i++)
		tag[i] = in[NONCE_LEN + plain_len + i];
	context = EVP_CIPHER_CTX_new();
	if (context == NULL)
		return (-1);
	ok = EVP_DecryptInit_ex(context, cipher(), NULL, key, in) == 1 &&
	    EVP_DecryptUpdate(context, NULL, &len, associated.data,
		(int)associated.len) == 1 &&
	    EVP_DecryptUpdate(context, out, &len, in + NONCE_LEN,
		(int)plain_len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_LEN, tag) ==
		1 &&
	    EVP_DecryptFinal_ex(context, out + len, &tail) == 1;
	EVP_CIPHER_CTX_free(context);
	if (!ok) {
		ERR_clear_error();
		secret_wipe(out, plain_len);
		return (-1);
	}
	return ((long)plain_len);
}
