/*
 * A provider of OpenSSL with one store: "ftpsdtest:PATH" is the private key in
 * the PKCS#8 file of that path.  It stands for those of real devices, whose
 * keys are known by a URI and to nobody else.
 */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME "ftpsdtest"

struct store {
	unsigned char data[8192];
	size_t len;
	int at_end;
};

static void *
store_open(void *provider, const char *uri)
{
	struct store *store;
	FILE *file;

	(void)provider;
	if (strncmp(uri, SCHEME ":", strlen(SCHEME) + 1) != 0)
		return (NULL);
	file = fopen(uri + strlen(SCHEME) + 1, "rb");
	if (file == NULL)
		return (NULL);
	store = calloc(1, sizeof(*store));
	if (store != NULL)
		store->len = fread(store->data, 1, sizeof(store->data), file);
	(void)fclose(file);
	return (store);
}

static const OSSL_PARAM *
store_settable(void *provider)
{
	static const OSSL_PARAM none[] = { { NULL, 0, NULL, 0, 0 } };

	(void)provider;
	return (none);
}

static int
store_set(void *context, const OSSL_PARAM params[])
{
	(void)context;
	(void)params;
	return (1);
}

static int
store_load(void *context, OSSL_CALLBACK *object, void *object_arg,
    OSSL_PASSPHRASE_CALLBACK *phrase, void *phrase_arg)
{
	struct store *store = context;
	int type = OSSL_OBJECT_PKEY;
	char structure[] = "PrivateKeyInfo";
	OSSL_PARAM params[4];

	(void)phrase;
	(void)phrase_arg;
	store->at_end = 1;
	params[0] = OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type);
	params[1] =
	    OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_STRUCTURE,
		structure, 0);
	params[2] = OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA,
	    store->data, store->len);
	params[3] = OSSL_PARAM_construct_end();
	return (object(params, object_arg));
}

static int
store_eof(void *context)
{
	const struct store *store = context;

	return (store->at_end);
}

static int
store_close(void *context)
{
	free(context);
	return (1);
}

typedef void (*function)(void);

static const OSSL_DISPATCH store_functions[] = {
	{ OSSL_FUNC_STORE_OPEN, (function)store_open },
	{ OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, (function)store_settable },
	{ OSSL_FUNC_STORE_SET_CTX_PARAMS, (function)store_set },
	{ OSSL_FUNC_STORE_LOAD, (function)store_load },
	{ OSSL_FUNC_STORE_EOF, (function)store_eof },
	{ OSSL_FUNC_STORE_CLOSE, (function)store_close },
	{ 0, NULL },
};

static const OSSL_ALGORITHM algorithms[] = {
	{ SCHEME, "provider=" SCHEME, store_functions, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const OSSL_ALGORITHM *
query(void *provider, int operation, int *no_cache)
{
	(void)provider;
	*no_cache = 0;
	return (operation == OSSL_OP_STORE ? algorithms : NULL);
}

static const OSSL_DISPATCH provider_functions[] = {
	{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (function)query },
	{ 0, NULL },
};

int
OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
    const OSSL_DISPATCH **out, void **context)
{
	static int there;

	(void)handle;
	(void)in;
	*out = provider_functions;
	*context = &there;
	return (1);
}
