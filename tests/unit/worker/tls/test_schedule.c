/* Unit tests of worker/tls/schedule.c. */
#include "worker/tls/schedule.h"

#include <CUnit/CUnit.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/suites.h"

#define OUT_MAX 48
#define ROUNDS  200

struct bytes {
	unsigned char data[255];
	size_t len;
};

struct question {
	int mode;
	const char *digest;
	struct bytes *key, *salt, *label, *data; /* NULL: not given */
	size_t len;                              /* of the answer */
};

static void
give(OSSL_PARAM **to, const char *name, struct bytes *value)
{
	if (value != NULL)
		*(*to)++ = OSSL_PARAM_construct_octet_string(name, value->data,
		    value->len);
}

/* The answer of the implementation that query finds; 0: refused. */
static int
ask(const char *query, const struct question *question,
    unsigned char out[OUT_MAX])
{
	char prefix[] = "tls13 ", digest[16];
	int mode = question->mode, ret;
	OSSL_PARAM params[8], *to = params;
	EVP_KDF_CTX *context;
	EVP_KDF *kdf;

	memset(out, 0, OUT_MAX);
	(void)snprintf(digest, sizeof(digest), "%s", question->digest);
	*to++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
	*to++ =
	    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
	give(&to, OSSL_KDF_PARAM_KEY, question->key);
	give(&to, OSSL_KDF_PARAM_SALT, question->salt);
	*to++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, prefix,
	    sizeof(prefix) - 1);
	give(&to, OSSL_KDF_PARAM_LABEL, question->label);
	give(&to, OSSL_KDF_PARAM_DATA, question->data);
	*to = OSSL_PARAM_construct_end();
	kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_3_KDF, query);
	context = EVP_KDF_CTX_new(kdf);
	CU_ASSERT_PTR_NOT_NULL_FATAL(context);
	ret = EVP_KDF_derive(context, out, question->len, params);
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return (ret == 1);
}

static const char *
ours(void)
{
	const char *query = schedule_query();
	EVP_KDF *kdf;

	CU_ASSERT_PTR_NOT_NULL_FATAL(query);
	kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_3_KDF, query);
	CU_ASSERT_PTR_NOT_NULL_FATAL(kdf);
	CU_ASSERT_STRING_EQUAL(OSSL_PROVIDER_get0_name(
				   EVP_KDF_get0_provider(kdf)),
	    "ftpsd");
	EVP_KDF_free(kdf);
	return (query);
}

static void
draw(struct bytes *bytes, size_t len)
{
	bytes->len = len;
	CU_ASSERT_EQUAL_FATAL(RAND_bytes(bytes->data, sizeof(bytes->data)), 1);
}

static unsigned char
draw_number(void)
{
	unsigned char number;

	CU_ASSERT_EQUAL_FATAL(RAND_bytes(&number, 1), 1);
	return (number);
}

/* Whether both say the same. */
static void
compare(const struct question *question)
{
	unsigned char own[OUT_MAX], other[OUT_MAX];

	CU_ASSERT_FATAL(ask(ours(), question, own));
	CU_ASSERT_FATAL(ask("provider=default", question, other));
	CU_ASSERT_EQUAL(memcmp(own, other, sizeof(own)), 0);
}

static void
check_expands_as_openssl_does(void)
{
	struct bytes key, label, data;
	struct question question = { EVP_KDF_HKDF_MODE_EXPAND_ONLY, NULL, &key,
		NULL, &label, NULL, 0 };
	size_t i, hash_len;

	for (i = 0; i < ROUNDS; i++) {
		question.digest = i % 2 == 0 ? "SHA2-256" : "SHA2-384";
		hash_len = i % 2 == 0 ? 32 : 48;
		draw(&key, hash_len);
		draw(&label, 1 + draw_number() % 249u);
		draw(&data, draw_number() % 65u);
		question.data = i % 5 == 0 ? NULL : &data;
		question.len = 1 + draw_number() % hash_len;
		compare(&question);
	}
}

static void
check_extracts_as_openssl_does(void)
{
	struct bytes key, salt, label = { "derived", 7 };
	struct question question = { EVP_KDF_HKDF_MODE_EXTRACT_ONLY, NULL, NULL,
		NULL, &label, NULL, 0 };
	size_t i;

	for (i = 0; i < ROUNDS; i++) {
		question.digest = i % 2 == 0 ? "SHA2-256" : "SHA2-384";
		question.len = i % 2 == 0 ? 32 : 48;
		draw(&key, i % 3 == 0 ? 32 : question.len);
		draw(&salt, question.len);
		question.key = i % 5 == 0 ? NULL : &key;
		question.salt = i % 7 == 0 ? NULL : &salt;
		compare(&question);
	}
}

/* The first secrets of RFC 8448, 3. */
static void
check_known_secrets(void)
{
	static const unsigned char early[] = { 0x33, 0xad, 0x0a, 0x1c, 0x60,
		0x7e, 0xc0, 0x3b, 0x09, 0xe6, 0xcd, 0x98, 0x93, 0x68, 0x0c,
		0xe2, 0x10, 0xad, 0xf3, 0x00, 0xaa, 0x1f, 0x26, 0x60, 0xe1,
		0xb2, 0x2e, 0x10, 0xf1, 0x70, 0xf9, 0x2a };
	static const unsigned char handshake[] = { 0x1d, 0xc8, 0x26, 0xe9, 0x36,
		0x06, 0xaa, 0x6f, 0xdc, 0x0a, 0xad, 0xc1, 0x2f, 0x74, 0x1b,
		0x01, 0x04, 0x6a, 0xa6, 0xb9, 0x9f, 0x69, 0x1e, 0xd2, 0x21,
		0xa9, 0xf0, 0xca, 0x04, 0x3f, 0xbe, 0xac };
	struct bytes salt = { { 0 }, sizeof(early) };
	struct bytes label = { "derived", 7 };
	struct bytes key = { { 0x8b, 0xd4, 0x05, 0x4f, 0xb5, 0x5b, 0x9d, 0x63,
				 0xfd, 0xfb, 0xac, 0xf9, 0xf0, 0x4b, 0x9f, 0x0d,
				 0x35, 0xe6, 0xd6, 0x3f, 0x53, 0x75, 0x63, 0xef,
				 0xd4, 0x62, 0x72, 0x90, 0x0f, 0x89, 0x49,
				 0x2d },
		32 };
	struct question question = { EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-256",
		NULL, NULL, &label, NULL, 32 };
	unsigned char out[OUT_MAX];

	CU_ASSERT(ask(ours(), &question, out));
	CU_ASSERT_EQUAL(memcmp(out, early, sizeof(early)), 0);
	memcpy(salt.data, early, sizeof(early));
	question.salt = &salt;
	question.key = &key;
	CU_ASSERT(ask(ours(), &question, out));
	CU_ASSERT_EQUAL(memcmp(out, handshake, sizeof(handshake)), 0);
}

static void
check_refuses_what_tls_never_asks(void)
{
	struct bytes key = { { 1 }, 32 }, label = { "key", 3 };
	struct bytes long_label = { { 'x' }, 250 }, long_key = { { 1 }, 65 };
	const struct question questions[] = {
		{ EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, "SHA2-256", &key, NULL,
		    &label, NULL, 32 },
		{ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-512", &key, NULL, &label,
		    NULL, 32 },
		{ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", NULL, NULL, &label,
		    NULL, 32 },
		{ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", &key, NULL,
		    &long_label, NULL, 32 },
		{ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", &long_key, NULL,
		    &label, NULL, 32 },
		{ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", &key, NULL, &label,
		    NULL, 33 },
		{ EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-256", &key, NULL,
		    &label, NULL, 31 },
	};
	unsigned char out[OUT_MAX];
	size_t i;

	for (i = 0; i < NITEMS(questions); i++)
		CHECK_CASE(!ask(ours(), &questions[i], out),
		    questions[i].digest);
}

CU_TestInfo schedule_tests[] = {
	{ "schedule: expands as OpenSSL does", check_expands_as_openssl_does },
	{ "schedule: extracts as OpenSSL does",
	    check_extracts_as_openssl_does },
	{ "schedule: known secrets", check_known_secrets },
	{ "schedule: refuses what TLS never asks",
	    check_refuses_what_tls_never_asks },
	CU_TEST_INFO_NULL,
};
