#include "shm/base/digest.h"

#include <openssl/evp.h>
#include <stdbool.h>

#include "shm/base/ensure.h"

/* Fetched once: an implicit fetch for each digest takes locks and time. */
static const EVP_MD *
sha256(void)
{
	static EVP_MD *fetched;

	if (fetched == NULL)
		fetched = EVP_MD_fetch(NULL, "SHA256", NULL);
	return (fetched);
}

void
digest_sha256(uint8_t out[DIGEST_LEN], const struct seal_data *pieces,
    size_t count)
{
	EVP_MD_CTX *context;
	unsigned int len = 0;
	size_t i;
	bool ok;

	context = EVP_MD_CTX_new();
	ensure(context != NULL);
	ok = EVP_DigestInit_ex2(context, sha256(), NULL) == 1;
	for (i = 0; ok && i < count; i++)
		ok = EVP_DigestUpdate(context, pieces[i].data, pieces[i].len) ==
		    1;
	ok = ok && EVP_DigestFinal_ex(context, out, &len) == 1;
	EVP_MD_CTX_free(context);
	ensure(ok && len == DIGEST_LEN);
}
