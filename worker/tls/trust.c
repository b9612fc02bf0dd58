/*
 * Whom a host trusts to vouch for its clients: authorities and their lists of
 * revoked certificates, from memory.
 *
 * Hosts with the same files share what is made of them.  What has been
 * replaced lives as long as contexts use it, and is shared no more.
 */
#include "worker/tls/trust.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "worker/tls/keys.h"
#include "worker/tls/outcome.h"
#include "worker/tls/state.h"

/* Issuers between clients and authorities, as clients have shown them. */
#define SEEN_MAX 16

struct trust {
	struct trust *next; /* in tls->trusts */
	struct file_bytes ca, crl;
	bool revocation;
	unsigned int references;
	X509_STORE *store;
	STACK_OF(X509_NAME) * names; /* what clients are told */
	STACK_OF(X509) * seen;       /* the latest at the end */
	uint8_t digest[DIGEST_LEN];
};

static bool
same_bytes(const struct file_bytes *a, const struct file_bytes *b)
{
	return (a->data == b->data && a->len == b->len);
}

/* Lists are looked at even if the files that are to hold them are empty. */
static bool
wants_revocation(const struct conf_tls *conf)
{
	return (conf_tls_consults(conf, CONF_MECHANISM_CRL) &&
	    (conf->ca_revocation_file != NULL ||
		conf->ca_revocation_path != NULL));
}

static BIO *
memory(const struct file_bytes *file)
{
	if (file->data == NULL || file->len > INT_MAX)
		return (NULL);
	return (BIO_new_mem_buf(file->data, (int)file->len));
}

static int
add_name(STACK_OF(X509_NAME) * names, X509 *cert)
{
	X509_NAME *name = X509_get_subject_name(cert), *copy;
	int i;

	for (i = 0; i < sk_X509_NAME_num(names); i++)
		if (X509_NAME_cmp(sk_X509_NAME_value(names, i), name) == 0)
			return (0);
	copy = X509_NAME_dup(name);
	if (copy == NULL || sk_X509_NAME_push(names, copy) == 0) {
		X509_NAME_free(copy);
		return (-1);
	}
	return (0);
}

/* What is neither certificate nor list was told when the file was read. */
static int
take(struct trust *trust, const X509_INFO *info)
{
	if (info->x509 != NULL &&
	    (X509_STORE_add_cert(trust->store, info->x509) != 1 ||
		add_name(trust->names, info->x509) == -1))
		return (-1);
	if (info->crl != NULL && trust->revocation &&
	    X509_STORE_add_crl(trust->store, info->crl) != 1)
		return (-1);
	return (0);
}

/* No pass phrase: a private key among authorities is none of ours. */
static int
no_password(char *out, int size, int for_writing, void *arg)
{
	if (size > 0)
		*out = '\0';
	(void)for_writing;
	(void)arg;
	return (-1);
}

static int
read_file(struct trust *trust, const struct file_bytes *file)
{
	STACK_OF(X509_INFO) * all;
	BIO *bio;
	int i, ret = 0;

	if (file->data == NULL || file->len == 0)
		return (0);
	bio = memory(file);
	if (bio == NULL)
		return (-1);
	all = PEM_X509_INFO_read_bio(bio, NULL, no_password, NULL);
	BIO_free(bio);
	if (all == NULL)
		return (-1);
	for (i = 0; i < sk_X509_INFO_num(all) && ret == 0; i++)
		ret = take(trust, sk_X509_INFO_value(all, i));
	sk_X509_INFO_pop_free(all, X509_INFO_free);
	return (ret);
}

static int
fill(struct trust *trust)
{
	struct seal_data pieces[2] = {
		{ (const uint8_t *)trust->ca.data, trust->ca.len },
		{ (const uint8_t *)trust->crl.data, trust->crl.len },
	};

	trust->store = X509_STORE_new();
	trust->names = sk_X509_NAME_new_null();
	trust->seen = sk_X509_new_null();
	if (trust->store == NULL || trust->names == NULL || trust->seen == NULL)
		return (-1);
	if (trust->revocation &&
	    X509_STORE_set_flags(trust->store,
		X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) != 1)
		return (-1);
	if (read_file(trust, &trust->ca) == -1 ||
	    (trust->revocation && read_file(trust, &trust->crl) == -1))
		return (-1);
	digest_sha256(trust->digest, pieces, trust->revocation ? 2 : 1);
	return (0);
}

static void
release(struct trust *trust)
{
	X509_STORE_free(trust->store);
	sk_X509_NAME_pop_free(trust->names, X509_NAME_free);
	sk_X509_pop_free(trust->seen, X509_free);
	free(trust);
}

static struct trust *
find(const struct tls *tls, const struct trust *wanted)
{
	struct trust *trust;

	for (trust = tls->trusts; trust != NULL; trust = trust->next)
		if (same_bytes(&trust->ca, &wanted->ca) &&
		    same_bytes(&trust->crl, &wanted->crl) &&
		    trust->revocation == wanted->revocation)
			return (trust);
	return (NULL);
}

struct trust *
trust_get(struct tls *tls, uint32_t host, const struct log_subject *subject)
{
	const struct host_keys *keys = tls_keys(tls, host);
	struct trust wanted = { .ca = keys->files[HOST_FILE_CA],
		.crl = keys->files[HOST_FILE_CRL],
		.revocation = wants_revocation(&tls->conf->hosts[host].tls) };
	struct trust *trust = find(tls, &wanted);

	if (trust != NULL) {
		trust->references++;
		return (trust);
	}
	trust = malloc(sizeof(*trust));
	if (trust == NULL)
		return (NULL);
	*trust = wanted;
	ERR_clear_error();
	if (fill(trust) == -1) {
		log_event(LOG_LEVEL_ERROR, LOG_STREAM_TLS, subject,
		    "the authorities of clients cannot be used: %s",
		    outcome_explain(ERR_peek_error()));
		release(trust);
		return (NULL);
	}
	trust->references = 1;
	trust->next = tls->trusts;
	tls->trusts = trust;
	return (trust);
}

void
trust_put(struct tls *tls, struct trust **trust)
{
	struct trust *ended = *trust, **at;

	*trust = NULL;
	if (ended == NULL || --ended->references > 0)
		return;
	for (at = &tls->trusts; *at != NULL; at = &(*at)->next)
		if (*at == ended) {
			*at = ended->next;
			break;
		}
	release(ended);
}

void
trust_renew(struct tls *tls)
{
	struct trust *trust;

	/* Who still uses one finds it by itself. */
	while ((trust = tls->trusts) != NULL) {
		tls->trusts = trust->next;
		trust->next = NULL;
	}
}

X509_STORE *
trust_store(const struct trust *trust)
{
	return (trust->store);
}

int
trust_install(const struct trust *trust, SSL_CTX *ctx)
{
	STACK_OF(X509_NAME) *names = SSL_dup_CA_list(trust->names);

	if (names == NULL)
		return (-1);
	SSL_CTX_set_client_CA_list(ctx, names);
	/* Never for the chain of our own certificate. */
	return (
	    SSL_CTX_set1_verify_cert_store(ctx, trust->store) == 1 ? 0 : -1);
}

const uint8_t *
trust_digest(const struct trust *trust)
{
	return (trust->digest);
}

STACK_OF(X509) * trust_seen(const struct trust *trust)
{
	return (trust->seen);
}

static bool
is_seen(const struct trust *trust, const X509 *cert)
{
	int i;

	for (i = 0; i < sk_X509_num(trust->seen); i++)
		if (X509_cmp(sk_X509_value(trust->seen, i), cert) == 0)
			return (true);
	return (false);
}

void
trust_remember(struct trust *trust, STACK_OF(X509) * chain)
{
	X509 *cert;
	int i;

	/* The first is the client's, the last is known anyway. */
	for (i = 1; i < sk_X509_num(chain) - 1; i++) {
		cert = sk_X509_value(chain, i);
		if (is_seen(trust, cert) || X509_up_ref(cert) != 1)
			continue;
		if (sk_X509_push(trust->seen, cert) == 0) {
			X509_free(cert);
			continue;
		}
		if (sk_X509_num(trust->seen) > SEEN_MAX)
			X509_free(sk_X509_shift(trust->seen));
	}
}
