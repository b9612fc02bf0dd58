#include "master/helper/key_open.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/key_store.h"
#include "shm/base/secret.h"

#define CHAIN_MAX 16

/* The pass phrase, and whether it was asked for. */
struct asked {
	const char *phrase;
	bool asked;
};

static int
answer_phrase(char *out, int size, int for_writing UNUSED, void *context)
{
	struct asked *asked = context;
	size_t len;

	asked->asked = true;
	if (asked->phrase == NULL)
		return (-1);
	len = strlen(asked->phrase);
	if (len > (size_t)size)
		return (-1);
	memcpy(out, asked->phrase, len);
	return ((int)len);
}

static PRINTF_LIKE(2, 3) void bad(struct key_opened *opened, const char *format,
    ...)
{
	va_list arguments;

	opened->outcome = KEY_BAD;
	va_start(arguments, format);
	(void)vsnprintf(opened->text, sizeof(opened->text), format, arguments);
	va_end(arguments);
}

/*
 * OpenSSL 3 has RC2, single DES and the like in a module of its own, and only
 * says that something is not supported.
 */
static bool
wants_old_algorithm(void)
{
	unsigned long error;

	while ((error = ERR_get_error()) != 0)
		if ((ERR_GET_LIB(error) == ERR_LIB_EVP &&
			ERR_GET_REASON(error) == ERR_R_UNSUPPORTED) ||
		    (ERR_GET_LIB(error) == ERR_LIB_PEM &&
			ERR_GET_REASON(error) == PEM_R_UNSUPPORTED_ENCRYPTION))
			return (true);
	return (false);
}

static const char *
reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return (text != NULL ? text : "no reason given");
}

/* Why there is no key, asked or not. */
static void
refused(struct key_opened *opened, bool asked)
{
	char why[120];

	(void)snprintf(why, sizeof(why), "%s", reason());
	if (asked && wants_old_algorithm())
		bad(opened,
		    "is protected by an old algorithm that this OpenSSL has in "
		    "its module \"legacy\" only, which is not installed: "
		    "protect it anew (openssl pkcs12, openssl pkcs8)");
	else if (asked)
		opened->outcome = KEY_LOCKED;
	else
		bad(opened, "the private key cannot be read: %s", why);
}

/* --- types ---------------------------------------------------------------- */

static const char *const types[] = { "RSA", "DSA", "EC", "ED25519", "ED448",
	"PKCS12" };

bool
key_type_known(const char *type)
{
	size_t i;

	for (i = 0; i < NITEMS(types); i++)
		if (strcmp(type, types[i]) == 0)
			return (true);
	return (false);
}

static void
set_type(struct key_opened *opened, const EVP_PKEY *key)
{
	size_t i;

	for (i = 0; i < NITEMS(types); i++)
		if (key != NULL && EVP_PKEY_is_a(key, types[i]))
			(void)snprintf(opened->type, sizeof(opened->type), "%s",
			    types[i]);
}

/* A key that is locked does not tell its type; its certificate does. */
static void
type_of_certificate(struct key_opened *opened,
    const struct key_request *request)
{
	X509 *cert = NULL;
	BIO *bio = NULL;

	(void)snprintf(opened->type, sizeof(opened->type), "%s", types[0]);
	if (request->cert_len > 0 && request->cert_len <= INT_MAX)
		bio = BIO_new_mem_buf(request->cert, (int)request->cert_len);
	if (bio != NULL)
		cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (cert != NULL)
		set_type(opened, X509_get0_pubkey(cert));
	X509_free(cert);
	BIO_free(bio);
	ERR_clear_error();
}

/* --- what comes out ------------------------------------------------------- */

static char *
text_of(BIO *bio, size_t *len)
{
	char *data, *text;
	long size;

	size = BIO_get_mem_data(bio, &data);
	if (size <= 0 || (size_t)size > KEY_BYTES_MAX)
		return (NULL);
	text = malloc((size_t)size);
	if (text == NULL)
		return (NULL);
	memcpy(text, data, (size_t)size);
	*len = (size_t)size;
	return (text);
}

static void
put_key(struct key_opened *opened, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio != NULL &&
	    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL,
		NULL) == 1)
		opened->key = text_of(bio, &opened->key_len);
	BIO_free(bio);
	if (opened->key != NULL)
		opened->outcome = KEY_OPENED;
	else
		bad(opened, "the private key cannot be exported: %s", reason());
}

/* The certificate that signed another one; it is no longer in the list. */
static X509 *
take_issuer(STACK_OF(X509) * others, X509 *of)
{
	int i;

	for (i = 0; i < sk_X509_num(others); i++)
		if (X509_cmp(sk_X509_value(others, i), of) != 0 &&
		    X509_check_issued(sk_X509_value(others, i), of) ==
			X509_V_OK)
			return (sk_X509_delete(others, i));
	return (NULL);
}

/* In the order of the chain; what does not belong to it stays behind. */
static void
put_certificates(struct key_opened *opened, X509 *leaf, STACK_OF(X509) * others)
{
	BIO *bio = BIO_new(BIO_s_mem());
	X509 *last = leaf, *next;
	bool good;
	int i;

	good = bio != NULL && PEM_write_bio_X509(bio, leaf) == 1;
	for (i = 0; good && others != NULL && i < CHAIN_MAX; i++) {
		next = take_issuer(others, last);
		if (next == NULL)
			break;
		good = PEM_write_bio_X509(bio, next) == 1;
		if (last != leaf)
			X509_free(last);
		last = next;
	}
	if (last != leaf)
		X509_free(last);
	if (good)
		opened->cert = text_of(bio, &opened->cert_len);
	BIO_free(bio);
	if (opened->cert == NULL)
		bad(opened, "its certificates cannot be exported");
}

/* --- the forms ------------------------------------------------------------ */

static void
open_pem(const struct key_request *request, struct key_opened *opened)
{
	struct asked asked = { request->phrase, false };
	EVP_PKEY *key = NULL;
	BIO *bio;

	bio = BIO_new_mem_buf(request->key, (int)request->key_len);
	if (bio != NULL)
		key = PEM_read_bio_PrivateKey(bio, NULL, answer_phrase, &asked);
	if (key != NULL) {
		set_type(opened, key);
		put_key(opened, key);
	} else {
		refused(opened, asked.asked);
	}
	EVP_PKEY_free(key);
	BIO_free(bio);
}

static void
open_any(const struct key_request *request, struct key_opened *opened)
{
	struct asked asked = { request->phrase, false };
	struct key_source source;
	EVP_PKEY *key;

	memset(&source, 0, sizeof(source));
	source.data = request->key;
	source.len = request->key_len;
	source.phrase = answer_phrase;
	source.context = &asked;
	key = key_store_read(&source);
	if (key != NULL) {
		set_type(opened, key);
		put_key(opened, key);
	} else {
		refused(opened, asked.asked);
	}
	EVP_PKEY_free(key);
}

static bool
is_wrong_phrase(void)
{
	unsigned long error = ERR_peek_last_error();

	return (ERR_GET_LIB(error) == ERR_LIB_PKCS12 &&
	    ERR_GET_REASON(error) == PKCS12_R_MAC_VERIFY_FAILURE);
}

/* Without a phrase PKCS12_parse() tries none at all, and the empty one. */
static void
parse_pkcs12(PKCS12 *file, const char *phrase, struct key_opened *opened)
{
	STACK_OF(X509) *others = NULL;
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;

	if (PKCS12_parse(file, phrase, &key, &cert, &others) != 1)
		refused(opened,
		    is_wrong_phrase() || PKCS12_mac_present(file) != 1 ||
			phrase != NULL);
	else if (key == NULL || cert == NULL)
		bad(opened, "has no %s",
		    key == NULL ? "private key" : "certificate for its key");
	else
		put_certificates(opened, cert, others);
	if (opened->cert != NULL)
		put_key(opened, key);
	sk_X509_pop_free(others, X509_free);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void
open_pkcs12(const struct key_request *request, struct key_opened *opened)
{
	PKCS12 *file = NULL;
	BIO *bio;

	(void)snprintf(opened->type, sizeof(opened->type), "PKCS12");
	bio = BIO_new_mem_buf(request->key, (int)request->key_len);
	if (bio != NULL)
		file = d2i_PKCS12_bio(bio, NULL);
	if (file == NULL)
		bad(opened, "is no PKCS#12 file");
	else
		parse_pkcs12(file, request->phrase, opened);
	PKCS12_free(file);
	BIO_free(bio);
}

void
key_open(const struct key_request *request, struct key_opened *opened)
{
	memset(opened, 0, sizeof(*opened));
	bad(opened, "cannot be read: out of memory");
	ERR_clear_error();
	if (request->key_len == 0 || request->key_len > KEY_BYTES_MAX) {
		bad(opened, "is empty or too long");
		return;
	}
	if (request->form != KEY_PKCS12)
		type_of_certificate(opened, request);
	switch (request->form) {
	case KEY_PEM:
		open_pem(request, opened);
		break;
	case KEY_PKCS12:
		open_pkcs12(request, opened);
		break;
	case KEY_ANY:
		open_any(request, opened);
		break;
	case KEY_FORM_COUNT:
		break;
	}
	ERR_clear_error();
}

void
key_opened_free(struct key_opened *opened)
{
	if (opened->key != NULL)
		secret_wipe(opened->key, opened->key_len);
	free(opened->key);
	free(opened->cert);
	memset(opened, 0, sizeof(*opened));
}
