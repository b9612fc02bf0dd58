#include "tests/bench/load/lean.h"

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define OPERATIONS     32 /* OSSL_OP_... are below that */
#define ALGORITHMS_MAX 32 /* that are kept of one operation */

/* The default provider, of a context of its own: it does all the work. */
static OSSL_PROVIDER *whole;
static OSSL_ALGORITHM chosen[OPERATIONS][ALGORITHMS_MAX];

/* What TLS 1.2 and 1.3 use with X25519 or P-256, and an EC or RSA key. */
static const char *const kept[] = { "AES-128-GCM", "AES-256-CTR", "AES-256-GCM",
	"ChaCha20-Poly1305", "CTR-DRBG", "EC", "ECDH", "ECDSA", "HKDF", "HMAC",
	"MD5-SHA1", "RSA", "SHA1", "SHA2-256", "SHA2-384", "SHA2-512",
	"TLS1-PRF", "TLS13-KDF", "X25519" };

/* Whether it has, by the first of its names, which colons part. */
static bool
is_kept(const OSSL_ALGORITHM *algorithm)
{
	const char *names = algorithm->algorithm_names;
	size_t i, len = strcspn(names, ":");

	for (i = 0; i < NITEMS(kept); i++) {
		if (strlen(kept[i]) == len && memcmp(kept[i], names, len) == 0)
			return (true);
	}
	return (false);
}

/* All that is ever decoded is the public key in a certificate. */
static bool
is_wanted(const OSSL_ALGORITHM *algorithm, int operation)
{
	if (operation == OSSL_OP_RAND)
		return (true);
	if (operation == OSSL_OP_DECODER &&
	    strstr(algorithm->property_definition,
		"input=der,structure=SubjectPublicKeyInfo") == NULL)
		return (false);
	return (is_kept(algorithm));
}

static void
choose(int operation)
{
	const OSSL_ALGORITHM *from;
	size_t count = 0;
	int no_cache;

	from = OSSL_PROVIDER_query_operation(whole, operation, &no_cache);
	for (; from != NULL && from->algorithm_names != NULL; from++) {
		if (count < ALGORITHMS_MAX - 1 && is_wanted(from, operation))
			chosen[operation][count++] = *from;
	}
}

static const OSSL_ALGORITHM *
query(void *context, int operation, int *no_cache)
{
	(void)context;
	*no_cache = 0;
	if (operation <= 0 || operation >= OPERATIONS)
		return (NULL);
	return (chosen[operation]);
}

static int
capabilities(void *context, const char *name, OSSL_CALLBACK *callback,
    void *argument)
{
	(void)context;
	return (
	    OSSL_PROVIDER_get_capabilities(whole, name, callback, argument));
}

static OSSL_provider_init_fn begin;

static int
begin(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
    const OSSL_DISPATCH **out, void **context)
{
	static const OSSL_DISPATCH table[] = {
		{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query },
		{ OSSL_FUNC_PROVIDER_GET_CAPABILITIES,
		    (void (*)(void))capabilities },
		{ 0, NULL },
	};

	(void)handle;
	(void)in;
	*out = table;
	*context = OSSL_PROVIDER_get0_provider_ctx(whole);
	return (1);
}

OSSL_LIB_CTX *
lean_context(void)
{
	OSSL_LIB_CTX *rich = OSSL_LIB_CTX_new(), *lean = OSSL_LIB_CTX_new();
	int operation;

	if (rich == NULL || lean == NULL)
		return (NULL);
	whole = OSSL_PROVIDER_load(rich, "default");
	if (whole == NULL)
		return (NULL);
	for (operation = 1; operation < OPERATIONS; operation++)
		choose(operation);
	if (!OSSL_PROVIDER_add_builtin(lean, "lean", begin) ||
	    OSSL_PROVIDER_load(lean, "lean") == NULL)
		return (NULL);
	return (lean);
}
