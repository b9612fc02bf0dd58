#include "worker/tls/schedule.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "shm/base/attr.h"
#include "shm/base/provider.h"
#include "shm/base/secret.h"

#define PROVIDER  "ftpsd"
#define HASH_MAX  48  /* SHA-384 */
#define BLOCK_MAX 128 /* the block that it works on */
#define INFO_MAX  (2 + 1 + UINT8_MAX + 1 + UINT8_MAX)

/* The digests of TLS 1.3's cipher suites. */
static struct hash {
	const char *name;
	size_t len, block;
	EVP_MD_CTX *context;
	uint8_t of_nothing[HASH_MAX];
} hashes[] = {
	{ "SHA2-256", 32, 64, NULL, { 0 } },
	{ "SHA2-384", 48, 128, NULL, { 0 } },
};

struct piece {
	const uint8_t *data; /* NULL: not given */
	size_t len;
};

/* What libssl asks for: see tls13_hkdf_expand(), tls13_generate_secret(). */
struct request {
	int mode;
	const struct hash *hash;
	struct piece digest, key, salt, prefix, label, data;
};

/* The digest of two pieces. */
static bool
digest(const struct hash *hash, struct piece first, struct piece second,
    uint8_t out[HASH_MAX])
{
	return (EVP_DigestInit_ex2(hash->context, NULL, NULL) == 1 &&
	    EVP_DigestUpdate(hash->context, first.data, first.len) == 1 &&
	    EVP_DigestUpdate(hash->context, second.data, second.len) == 1 &&
	    EVP_DigestFinal_ex(hash->context, out, NULL) == 1);
}

/* RFC 2104; no key here is longer than a block. */
static bool
hmac(const struct hash *hash, struct piece key, struct piece message,
    uint8_t out[HASH_MAX])
{
	struct piece pad, inner = { out, hash->len };
	uint8_t block[BLOCK_MAX];
	bool good;
	size_t i;

	if (key.len > hash->block)
		return (false);
	memset(block, 0x36, sizeof(block));
	for (i = 0; i < key.len; i++)
		block[i] ^= key.data[i];
	pad.data = block;
	pad.len = hash->block;
	good = digest(hash, pad, message, out);
	for (i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36 ^ 0x5c;
	good = good && digest(hash, pad, inner, out);
	secret_wipe(block, sizeof(block));
	return (good);
}

static uint8_t *
append(uint8_t *at, struct piece piece)
{
	if (piece.len > 0)
		memcpy(at, piece.data, piece.len);
	return (at + piece.len);
}

/*
 * HKDF-Expand-Label(key, label, data, len).  All that TLS derives is one block
 * of HKDF-Expand; an exporter of more is refused.
 */
static bool
expand(const struct request *request, struct piece key, struct piece data,
    uint8_t *out, size_t len)
{
	uint8_t info[INFO_MAX + 1], block[HASH_MAX], *at = info;
	size_t label_len = request->prefix.len + request->label.len;
	struct piece message = { info, 0 };
	bool good;

	if (key.data == NULL || label_len > UINT8_MAX || data.len > UINT8_MAX ||
	    len > request->hash->len)
		return (false);
	*at++ = (uint8_t)(len >> 8);
	*at++ = (uint8_t)len;
	*at++ = (uint8_t)label_len;
	at = append(append(at, request->prefix), request->label);
	*at++ = (uint8_t)data.len;
	at = append(at, data);
	*at++ = 1;
	message.len = (size_t)(at - info);
	good = hmac(request->hash, key, message, block);
	if (good)
		memcpy(out, block, len);
	secret_wipe(block, sizeof(block));
	return (good);
}

/* The next secret of the chain: HKDF-Extract(derived from salt, key). */
static bool
extract(const struct request *request, uint8_t *out, size_t len)
{
	static const uint8_t zeros[HASH_MAX];
	const struct hash *hash = request->hash;
	struct piece nothing = { hash->of_nothing, hash->len };
	struct piece input = request->key, salt = { zeros, 0 };
	uint8_t derived[HASH_MAX], secret[HASH_MAX];
	bool good = len == hash->len;

	if (input.data == NULL) {
		input.data = zeros;
		input.len = hash->len;
	}
	if (request->salt.data != NULL) {
		salt.data = derived;
		salt.len = hash->len;
		good = good &&
		    expand(request, request->salt, nothing, derived, hash->len);
	}
	good = good && hmac(hash, salt, input, secret);
	if (good)
		memcpy(out, secret, hash->len);
	secret_wipe(derived, sizeof(derived));
	secret_wipe(secret, sizeof(secret));
	return (good);
}

static const struct hash *
find_hash(struct piece name)
{
	size_t i;

	for (i = 0; i < NITEMS(hashes); i++)
		if (name.len == strlen(hashes[i].name) &&
		    memcmp(name.data, hashes[i].name, name.len) == 0)
			return (&hashes[i]);
	return (NULL);
}

/* In one pass: each OSSL_PARAM_locate() would be another. */
static bool
read_request(struct request *request, const OSSL_PARAM *params)
{
	static const struct {
		const char *name;
		size_t offset;
	} pieces[] = {
		{ OSSL_KDF_PARAM_DIGEST, offsetof(struct request, digest) },
		{ OSSL_KDF_PARAM_KEY, offsetof(struct request, key) },
		{ OSSL_KDF_PARAM_SALT, offsetof(struct request, salt) },
		{ OSSL_KDF_PARAM_PREFIX, offsetof(struct request, prefix) },
		{ OSSL_KDF_PARAM_LABEL, offsetof(struct request, label) },
		{ OSSL_KDF_PARAM_DATA, offsetof(struct request, data) },
	};
	struct piece value;
	size_t i;

	memset(request, 0, sizeof(*request));
	for (; params != NULL && params->key != NULL; params++) {
		if (strcmp(params->key, OSSL_KDF_PARAM_MODE) == 0 &&
		    OSSL_PARAM_get_int(params, &request->mode) != 1)
			return (false);
		value.data = params->data;
		value.len = params->data_size;
		for (i = 0; i < NITEMS(pieces); i++)
			if (strcmp(params->key, pieces[i].name) == 0)
				memcpy((char *)request + pieces[i].offset,
				    &value, sizeof(value));
	}
	if (request->digest.data != NULL)
		request->hash = find_hash(request->digest);
	return (request->hash != NULL);
}

static int
kdf_derive(void *context, unsigned char *out, size_t len,
    const OSSL_PARAM params[])
{
	struct request request;

	(void)context;
	if (!read_request(&request, params))
		return (0);
	switch (request.mode) {
	case EVP_KDF_HKDF_MODE_EXTRACT_ONLY:
		return (extract(&request, out, len));
	case EVP_KDF_HKDF_MODE_EXPAND_ONLY:
		return (expand(&request, request.key, request.data, out, len));
	default:
		return (0);
	}
}

/* A derivation has no state: all of its parameters come with the call. */
static void *
kdf_new(void *provider)
{
	return (provider);
}

static void
kdf_free(void *context)
{
	(void)context;
}

static void
kdf_reset(void *context)
{
	(void)context;
}

/* The types that OpenSSL's tables of functions want. */
typedef void (*function)(void);

static const OSSL_DISPATCH kdf_functions[] = {
	{ OSSL_FUNC_KDF_NEWCTX, (function)kdf_new },
	{ OSSL_FUNC_KDF_FREECTX, (function)kdf_free },
	{ OSSL_FUNC_KDF_RESET, (function)kdf_reset },
	{ OSSL_FUNC_KDF_DERIVE, (function)kdf_derive },
	{ 0, NULL },
};

static const OSSL_ALGORITHM algorithms[] = {
	{ OSSL_KDF_NAME_TLS1_3_KDF, "provider=" PROVIDER, kdf_functions, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const OSSL_ALGORITHM *
query(void *provider, int operation, int *no_cache)
{
	(void)provider;
	*no_cache = 0;
	return (operation == OSSL_OP_KDF ? algorithms : NULL);
}

static const OSSL_DISPATCH provider_functions[] = {
	{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (function)query },
	{ 0, NULL },
};

static int
start(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
    const OSSL_DISPATCH **out, void **context)
{
	(void)handle;
	(void)in;
	*out = provider_functions;
	*context = hashes; /* anything but NULL */
	return (1);
}

static bool
prepare(struct hash *hash)
{
	EVP_MD *md = EVP_MD_fetch(NULL, hash->name, NULL);
	bool good;

	hash->context = EVP_MD_CTX_new();
	good = md != NULL && hash->context != NULL &&
	    EVP_DigestInit_ex2(hash->context, md, NULL) == 1 &&
	    EVP_Digest("", 0, hash->of_nothing, NULL, md, NULL) == 1;
	EVP_MD_free(md); /* the context has a reference */
	return (good);
}

/* OpenSSL loads its default provider by itself only when no other is. */
static OSSL_PROVIDER *other, *own;

static void
end(void)
{
	size_t i;

	for (i = 0; i < NITEMS(hashes); i++) {
		EVP_MD_CTX_free(hashes[i].context);
		hashes[i].context = NULL;
	}
	if (own != NULL)
		(void)OSSL_PROVIDER_unload(own);
	if (other != NULL)
		(void)OSSL_PROVIDER_unload(other);
	own = other = NULL;
}

static bool
load(void)
{
	other = OSSL_PROVIDER_load(NULL, "default");
	if (other == NULL || OPENSSL_atexit(end) != 1 ||
	    OSSL_PROVIDER_add_builtin(NULL, PROVIDER, start) != 1)
		return (false);
	own = OSSL_PROVIDER_load(NULL, PROVIDER);
	return (own != NULL);
}

const char *
schedule_query(void)
{
	static bool tried, usable;
	size_t i;

	if (!provider_is_usual())
		return (provider_query());
	if (!tried) {
		tried = true;
		usable = load();
		for (i = 0; i < NITEMS(hashes); i++)
			usable = usable && prepare(&hashes[i]);
	}
	return (usable ? "?provider=" PROVIDER : NULL);
}
