#include "master/ocsp/staple_list.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/log.h"
#include "shm/base/ocsp_response.h"
#include "shm/board/key_swap.h"

/* What is known while a list is made. */
struct reading {
	struct staple_list *list;
	const struct staple_hosts *hosts;
	const struct key_swap *swap;
	size_t size; /* of list->items */
	/* The host's authorities, which many hosts share. */
	uint32_t authorities_blob;
	STACK_OF(X509) * authorities;
};

/* --- hosts ---------------------------------------------------------------- */

static uint32_t
ask_flags(unsigned int options)
{
	uint32_t flags = 0;

	if ((options & CONF_STAPLING_NONCE) == 0)
		flags |= OCSP_ASK_NO_NONCE;
	if ((options & CONF_STAPLING_NO_VERIFY) != 0)
		flags |= OCSP_ASK_NO_VERIFY;
	return (flags);
}

static int
read_host(struct staple_host *host, const struct conf *conf, size_t i)
{
	const struct conf_tls *tls = &conf->hosts[i].tls;
	const char *name = conf->hosts[i].name;

	host->wanted = conf_staples_at(conf, i);
	if (!host->wanted)
		return (0);
	(void)snprintf(host->name, sizeof(host->name), "%s",
	    name == NULL ? "(server)" : name);
	host->flags = ask_flags(tls->stapling_options);
	host->timeout = tls->stapling_timeout;
	if (tls->stapling_responder == NULL)
		return (0);
	host->responder = strdup(tls->stapling_responder);
	return (host->responder == NULL ? -1 : 0);
}

int
staple_hosts_read(struct staple_hosts *hosts, const struct conf *conf)
{
	size_t i;

	staple_hosts_free(hosts);
	hosts->items = calloc(conf->nhosts, sizeof(*hosts->items));
	if (hosts->items == NULL)
		return (-1);
	hosts->count = conf->nhosts;
	for (i = 0; i < conf->nhosts; i++)
		if (read_host(&hosts->items[i], conf, i) == -1) {
			staple_hosts_free(hosts);
			return (-1);
		}
	return (0);
}

void
staple_hosts_free(struct staple_hosts *hosts)
{
	size_t i;

	for (i = 0; i < hosts->count; i++)
		free(hosts->items[i].responder);
	free(hosts->items);
	hosts->items = NULL;
	hosts->count = 0;
}

/* --- certificates --------------------------------------------------------- */

/* All certificates in the text, as far as they can be read. */
static STACK_OF(X509) * read_certificates(const struct file_bytes *bytes)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	X509 *cert;
	BIO *bio;

	if (all == NULL || bytes->len == 0 || bytes->len > INT_MAX)
		return (all);
	bio = BIO_new_mem_buf(bytes->data, (int)bytes->len);
	while (bio != NULL &&
	    (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(all, cert) == 0)
			X509_free(cert);
	BIO_free(bio);
	ERR_clear_error();
	return (all);
}

/* Who has signed the certificate, by its name and by the signature. */
static X509 *
find_issuer(STACK_OF(X509) * candidates, X509 *cert)
{
	X509 *issuer;
	int i;

	for (i = 0; i < sk_X509_num(candidates); i++) {
		issuer = sk_X509_value(candidates, i);
		if (X509_check_issued(issuer, cert) == X509_V_OK &&
		    X509_verify(cert, X509_get0_pubkey(issuer)) == 1)
			return (issuer);
	}
	ERR_clear_error();
	return (NULL);
}

static uint8_t *
encode(const X509 *cert, size_t *len)
{
	unsigned char *der = NULL, *copy = NULL;
	int n = i2d_X509(cert, &der);

	if (n > 0)
		copy = malloc((size_t)n);
	if (copy != NULL)
		memcpy(copy, der, (size_t)n);
	OPENSSL_free(der);
	*len = copy == NULL ? 0 : (size_t)n;
	return (copy);
}

/* RFC 7633: status_request, or its second version, among the features. */
static bool
must_be_stapled(const X509 *cert)
{
	TLS_FEATURE *features;
	bool must = false;
	long number;
	int i;

	features = X509_get_ext_d2i(cert, NID_tlsfeature, NULL, NULL);
	for (i = 0; i < sk_ASN1_INTEGER_num(features); i++) {
		number = ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i));
		must = must || number == 5 || number == 17;
	}
	TLS_FEATURE_free(features);
	ERR_clear_error();
	return (must);
}

static void
write_serial(const X509 *cert, char out[STAPLE_SERIAL_MAX])
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *text = number == NULL ? NULL : BN_bn2hex(number);

	(void)snprintf(out, STAPLE_SERIAL_MAX, "%s", text == NULL ? "" : text);
	OPENSSL_free(text);
	BN_free(number);
}

static int
add_url(struct staple_subject *subject, const char *url, size_t len)
{
	char *longer;

	if (len == 0 || memchr(url, '\0', len) != NULL ||
	    subject->urls_len + len + 1 > OCSP_URLS_MAX)
		return (0);
	longer = realloc(subject->urls, subject->urls_len + len + 1);
	if (longer == NULL)
		return (-1);
	subject->urls = longer;
	memcpy(longer + subject->urls_len, url, len);
	subject->urls_len += len + 1;
	longer[subject->urls_len - 1] = '\0';
	return (0);
}

static int
find_urls(struct staple_subject *subject, X509 *cert,
    const struct staple_host *host)
{
	STACK_OF(OPENSSL_STRING) * urls;
	const char *url;
	int i, ret = 0;

	if (host->responder != NULL)
		return (
		    add_url(subject, host->responder, strlen(host->responder)));
	urls = X509_get1_ocsp(cert);
	for (i = 0; ret == 0 && i < sk_OPENSSL_STRING_num(urls); i++) {
		url = sk_OPENSSL_STRING_value(urls, i);
		ret = add_url(subject, url, strlen(url));
	}
	X509_email_free(urls);
	ERR_clear_error();
	return (ret);
}

static const char *
find_obstacle(struct staple_subject *subject, const X509 *issuer)
{
	subject->no_responder = subject->urls_len == 0;
	if (subject->no_responder)
		return ("the certificate names no responder");
	if (issuer == NULL)
		return ("the certificate's issuer is not known: it has to be "
			"in its chain");
	if (subject->cert_len > OCSP_CERT_MAX ||
	    subject->issuer_len > OCSP_CERT_MAX)
		return ("the certificate is too large");
	return (NULL);
}

/* --- the list ------------------------------------------------------------- */

static int
fill(struct staple_subject *subject, X509 *cert, X509 *issuer,
    const struct staple_host *host)
{
	struct seal_data der;

	memcpy(subject->host, host->name, sizeof(subject->host));
	subject->hosts = 1;
	subject->flags = host->flags;
	subject->timeout = host->timeout;
	subject->must = must_be_stapled(cert);
	write_serial(cert, subject->serial);
	subject->cert = encode(cert, &subject->cert_len);
	if (issuer != NULL)
		subject->issuer = encode(issuer, &subject->issuer_len);
	if (subject->cert == NULL ||
	    (issuer != NULL && subject->issuer == NULL) ||
	    find_urls(subject, cert, host) == -1)
		return (-1);
	subject->obstacle = find_obstacle(subject, issuer);
	der.data = subject->cert;
	der.len = subject->cert_len;
	ocsp_staple_key(subject->key, &der, host->responder,
	    (host->flags & OCSP_ASK_NO_VERIFY) == 0);
	return (0);
}

static int
add(struct reading *reading, const struct staple_subject *subject)
{
	struct staple_list *list = reading->list;
	struct staple_subject *grown;
	size_t size;

	if (list->count == reading->size) {
		size = reading->size == 0 ? 16 : 2 * reading->size;
		grown = reallocarray(list->items, size, sizeof(*list->items));
		if (grown == NULL)
			return (-1);
		list->items = grown;
		reading->size = size;
	}
	list->items[list->count++] = *subject;
	return (0);
}

/* The issuer's certificate: in the chain, or else among the authorities. */
static X509 *
issuer_of(const struct reading *reading, STACK_OF(X509) * chain)
{
	X509 *cert = sk_X509_value(chain, 0), *issuer;

	issuer = find_issuer(chain, cert);
	return (
	    issuer != NULL ? issuer : find_issuer(reading->authorities, cert));
}

static int
take_pair(struct reading *reading, const struct key_swap_part *part,
    const struct staple_host *host)
{
	const struct file_bytes bytes =
	    key_swap_blob(reading->swap, part->blob);
	STACK_OF(X509) *chain = read_certificates(&bytes);
	struct staple_subject subject;
	int ret = 0;

	if (sk_X509_num(chain) > 0) {
		memset(&subject, 0, sizeof(subject));
		subject.number = part->host;
		ret = fill(&subject, sk_X509_value(chain, 0),
		    issuer_of(reading, chain), host);
		if (ret == 0)
			ret = add(reading, &subject);
		if (ret == -1)
			staple_subject_free(&subject);
	} else {
		log_warn("the certificate of host %s cannot be read: it is not "
			 "stapled",
		    host->name);
	}
	sk_X509_pop_free(chain, X509_free);
	return (ret);
}

/* They come before the pairs of their host. */
static void
take_authorities(struct reading *reading, const struct key_swap_part *part)
{
	struct file_bytes bytes;

	if (reading->authorities_blob == part->blob)
		return;
	sk_X509_pop_free(reading->authorities, X509_free);
	reading->authorities_blob = part->blob;
	bytes = key_swap_blob(reading->swap, part->blob);
	reading->authorities = read_certificates(&bytes);
}

/* A part that makes no sense is the master's mistake, and passed over. */
static int
take_part(struct reading *reading, const struct key_swap_part *part)
{
	const struct staple_host *host;

	if (part->host >= reading->hosts->count || part->blob == KEY_SWAP_KEEP)
		return (0);
	host = &reading->hosts->items[part->host];
	if (!host->wanted)
		return (0);
	if (part->which == HOST_FILE_CA)
		take_authorities(reading, part);
	else if (part->which >= KEY_SWAP_PAIR)
		return (take_pair(reading, part, host));
	return (0);
}

static int
compare(const void *a, const void *b)
{
	const struct staple_subject *one = a, *other = b;
	int order = memcmp(one->key, other->key, sizeof(one->key));

	if (order != 0)
		return (order);
	return (one->number < other->number ? -1 : one->number > other->number);
}

/* What several hosts have stays once, under the name of the first. */
static void
merge(struct staple_list *list)
{
	size_t i, n = 0;

	if (list->count == 0)
		return;
	qsort(list->items, list->count, sizeof(*list->items), compare);
	for (i = 1; i < list->count; i++) {
		if (memcmp(list->items[n].key, list->items[i].key,
			DIGEST_LEN) == 0) {
			list->items[n].hosts++;
			staple_subject_free(&list->items[i]);
			continue;
		}
		list->items[++n] = list->items[i];
	}
	list->count = n + 1;
}

int
staple_list_read(struct staple_list *list, int fd,
    const struct staple_hosts *hosts)
{
	struct reading reading = { .list = list,
		.hosts = hosts,
		.authorities_blob = KEY_SWAP_KEEP };
	struct key_swap_part part;
	struct key_swap swap;
	int ret = 0;
	size_t i;

	memset(list, 0, sizeof(*list));
	if (key_swap_open(&swap, fd) == -1)
		return (-1);
	reading.swap = &swap;
	for (i = 0; ret == 0 && i < swap.nparts; i++) {
		part = key_swap_part(&swap, i);
		ret = take_part(&reading, &part);
	}
	sk_X509_pop_free(reading.authorities, X509_free);
	key_swap_close(&swap);
	if (ret == -1) {
		staple_list_free(list);
		errno = ENOMEM;
		return (-1);
	}
	merge(list);
	return (0);
}

void
staple_subject_free(struct staple_subject *subject)
{
	free(subject->cert);
	free(subject->issuer);
	free(subject->urls);
	subject->cert = subject->issuer = NULL;
	subject->urls = NULL;
}

void
staple_list_free(struct staple_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		staple_subject_free(&list->items[i]);
	free(list->items);
	memset(list, 0, sizeof(*list));
}
