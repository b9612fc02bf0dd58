#include "shm/base/key_store.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <openssl/ui.h>

#include "shm/base/attr.h"

static int
no_phrase(char *out UNUSED, int size UNUSED, int for_writing UNUSED,
    void *context UNUSED)
{
	return (-1);
}

static OSSL_STORE_CTX *
open_store(const struct key_source *source, const UI_METHOD *ui, BIO *bio)
{
	if (source->uri != NULL)
		return (OSSL_STORE_open(source->uri, ui, source->context, NULL,
		    NULL));
	return (OSSL_STORE_attach(bio, "file", NULL, NULL, ui, source->context,
	    NULL, NULL, NULL));
}

/* What cannot be read stands in the queue of errors, and is passed over. */
static EVP_PKEY *
find(OSSL_STORE_CTX *store)
{
	OSSL_STORE_INFO *info;
	EVP_PKEY *key = NULL;

	(void)OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
	while (key == NULL && OSSL_STORE_eof(store) == 0) {
		info = OSSL_STORE_load(store);
		if (info == NULL) {
			if (OSSL_STORE_error(store) != 0)
				break;
			continue;
		}
		if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			key = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	return (key);
}

EVP_PKEY *
key_store_read(const struct key_source *source)
{
	OSSL_STORE_CTX *store = NULL;
	EVP_PKEY *key = NULL;
	UI_METHOD *ui;
	BIO *bio = NULL;

	ui = UI_UTIL_wrap_read_pem_callback(source->phrase != NULL
		? source->phrase
		: no_phrase,
	    0);
	if (source->uri == NULL && source->len <= INT_MAX)
		bio = BIO_new_mem_buf(source->data, (int)source->len);
	if (ui != NULL && (source->uri != NULL || bio != NULL))
		store = open_store(source, ui, bio);
	if (store != NULL) {
		key = find(store);
		(void)OSSL_STORE_close(store);
	}
	BIO_free(bio);
	UI_destroy_method(ui);
	return (key);
}
