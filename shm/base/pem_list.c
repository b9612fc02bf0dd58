#include "shm/base/pem_list.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

static bool
is_certificate(const char *name)
{
	return (strcmp(name, PEM_STRING_X509) == 0 ||
	    strcmp(name, PEM_STRING_X509_OLD) == 0);
}

bool
pem_list_has(const char *text, size_t len, const uint8_t digest[DIGEST_LEN])
{
	char *name = NULL, *header = NULL;
	uint8_t found[DIGEST_LEN];
	unsigned char *data = NULL;
	struct seal_data piece;
	bool has = false;
	long data_len = 0;
	BIO *bio;

	bio =
	    len == 0 || len > INT_MAX ? NULL : BIO_new_mem_buf(text, (int)len);
	while (bio != NULL && !has &&
	    PEM_read_bio(bio, &name, &header, &data, &data_len) == 1) {
		piece.data = data;
		piece.len = (size_t)data_len;
		digest_sha256(found, &piece, 1);
		has = is_certificate(name) &&
		    memcmp(found, digest, sizeof(found)) == 0;
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	BIO_free(bio);
	ERR_clear_error();
	return (has);
}
