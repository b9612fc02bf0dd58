/* What a client's certificate says, and whom it names. */
#include "worker/tls/peer.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "worker/tls/state.h"

const char *
peer_subject(const X509 *cert, char out[TLS_SUBJECT_MAX])
{
	BIO *bio;
	int n = 0;

	out[0] = '\0';
	bio = cert == NULL ? NULL : BIO_new(BIO_s_mem());
	if (bio == NULL)
		return (out);
	/* Bytes that are no text are escaped by the log. */
	if (X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0,
		XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0)
		n = BIO_read(bio, out, TLS_SUBJECT_MAX - 1);
	out[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
	return (out);
}

void
peer_note(struct tls_channel *channel)
{
	X509 *cert = SSL_get1_peer_certificate(channel->ssl);
	unsigned int len = 0;
	struct peer *peer;

	if (cert == NULL)
		return;
	peer = calloc(1, sizeof(*peer));
	if (peer == NULL ||
	    X509_digest(cert, EVP_sha256(), peer->facts.digest, &len) != 1 ||
	    len != sizeof(peer->facts.digest)) {
		X509_free(cert);
		free(peer);
		return;
	}
	peer->certificate = cert;
	peer->facts.verified =
	    SSL_get_verify_result(channel->ssl) == X509_V_OK &&
	    (channel->verified || SSL_session_reused(channel->ssl) == 0);
	peer_free(&channel->login->peer);
	channel->login->peer = peer;
}

void
peer_free(struct peer **peer)
{
	if (*peer == NULL)
		return;
	X509_free((*peer)->certificate);
	free(*peer);
	*peer = NULL;
}

const struct tls_peer *
tls_peer(const struct tls_login *login)
{
	return (login->peer == NULL ? NULL : &login->peer->facts);
}

bool
peer_is_same(const struct tls_login *login, const SSL *ssl)
{
	uint8_t digest[DIGEST_LEN];
	unsigned int len = 0;
	const X509 *cert;

	if (login->peer == NULL)
		return (true);
	cert = SSL_get0_peer_certificate(ssl);
	return (cert != NULL &&
	    X509_digest(cert, EVP_sha256(), digest, &len) == 1 &&
	    len == sizeof(digest) &&
	    memcmp(digest, login->peer->facts.digest, sizeof(digest)) == 0);
}

/* --- tls.user_name -------------------------------------------------------- */

/* What a value of the certificate is compared with. */
struct wanted {
	const struct tls_login *login;
	const char *user;
};

/* A NUL would make a text look like another. */
static bool
is_user(const struct wanted *wanted, const void *bytes, size_t len)
{
	struct log_subject subject;

	if (len > 0 && memchr(bytes, '\0', len) != NULL) {
		subject = tls_subject(wanted->login);
		log_event(LOG_LEVEL_WARNING, LOG_STREAM_TLS, &subject,
		    "a NUL in the client's certificate: the value for "
		    "tls.user_name is ignored");
		return (false);
	}
	return (len > 0 && len == strlen(wanted->user) &&
	    memcmp(bytes, wanted->user, len) == 0);
}

static bool
is_string(const struct wanted *wanted, const ASN1_STRING *string)
{
	unsigned char *text = NULL;
	bool same;
	int len;

	len = ASN1_STRING_to_UTF8(&text, string);
	same = len >= 0 && is_user(wanted, text, (size_t)len);
	OPENSSL_free(text);
	return (same);
}

static bool
is_common_name(const struct wanted *wanted, const X509 *cert)
{
	const X509_NAME *subject = X509_get_subject_name(cert);
	int at = -1;

	while (
	    (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0)
		if (is_string(wanted,
			X509_NAME_ENTRY_get_data(
			    X509_NAME_get_entry(subject, at))))
			return (true);
	return (false);
}

static bool
is_email(const struct wanted *wanted, const X509 *cert)
{
	GENERAL_NAMES *names;
	const GENERAL_NAME *name;
	bool same = false;
	int i;

	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (i = 0; i < sk_GENERAL_NAME_num(names) && !same; i++) {
		name = sk_GENERAL_NAME_value(names, i);
		if (name->type == GEN_EMAIL)
			same = is_string(wanted, name->d.rfc822Name);
	}
	GENERAL_NAMES_free(names);
	return (same);
}

static bool
is_text(int type)
{
	static const int types[] = { V_ASN1_UTF8STRING, V_ASN1_PRINTABLESTRING,
		V_ASN1_IA5STRING, V_ASN1_VISIBLESTRING, V_ASN1_NUMERICSTRING,
		V_ASN1_T61STRING, V_ASN1_BMPSTRING, V_ASN1_UNIVERSALSTRING };
	size_t i;

	for (i = 0; i < NITEMS(types); i++)
		if (types[i] == type)
			return (true);
	return (false);
}

/*
 * The value of an extension is the DER form of something: a text, if it is made
 * for this.  Some put there just the bytes of the text.
 */
static bool
is_value(const struct wanted *wanted, const ASN1_OCTET_STRING *value)
{
	const unsigned char *bytes = ASN1_STRING_get0_data(value), *at = bytes;
	int len = ASN1_STRING_length(value);
	ASN1_TYPE *type;
	bool same;

	if (len <= 0)
		return (false);
	type = d2i_ASN1_TYPE(NULL, &at, len);
	if (type != NULL && at == bytes + len && is_text(ASN1_TYPE_get(type)))
		same = is_string(wanted, type->value.asn1_string);
	else
		same = is_user(wanted, bytes, (size_t)len);
	ASN1_TYPE_free(type);
	return (same);
}

static bool
is_extension(const struct wanted *wanted, const X509 *cert, const char *oid)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	bool same = false;
	int at = -1;

	if (object == NULL)
		return (false);
	while (!same && (at = X509_get_ext_by_OBJ(cert, object, at)) >= 0)
		same = is_value(wanted,
		    X509_EXTENSION_get_data(X509_get_ext(cert, at)));
	ASN1_OBJECT_free(object);
	return (same);
}

bool
tls_peer_is_user(const struct tls_login *login, const char *user)
{
	const char *what = tls_conf(login)->user_name;
	const struct wanted wanted = { login, user };
	const X509 *cert;
	bool same;

	if (what == NULL || login->peer == NULL || !login->peer->facts.verified)
		return (false);
	cert = login->peer->certificate;
	if (strcmp(what, "CommonName") == 0)
		same = is_common_name(&wanted, cert);
	else if (strcmp(what, "EmailSubjAltName") == 0)
		same = is_email(&wanted, cert);
	else
		same = is_extension(&wanted, cert, what);
	ERR_clear_error();
	return (same);
}
