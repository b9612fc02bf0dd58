#include "shm/base/pem_dh.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

EVP_PKEY *
pem_dh_read(const char *text, size_t len, int least_bits, int *most)
{
	EVP_PKEY *block, *found = NULL;
	BIO *bio = NULL;

	*most = 0;
	if (text != NULL && len > 0 && len <= INT_MAX)
		bio = BIO_new_mem_buf(text, (int)len);
	if (bio == NULL)
		return (NULL);
	while (found == NULL &&
	    (block = PEM_read_bio_Parameters(bio, NULL)) != NULL) {
		if (EVP_PKEY_get_bits(block) > *most)
			*most = EVP_PKEY_get_bits(block);
		if (EVP_PKEY_get_bits(block) >= least_bits)
			found = block;
		else
			EVP_PKEY_free(block);
	}
	BIO_free(bio);
	ERR_clear_error();
	return (found);
}
