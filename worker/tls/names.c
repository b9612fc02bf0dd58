/* Whether a client's certificate is for the address that it comes from. */
#include "worker/tls/names.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "shm/base/address.h"
#include "worker/tls/state.h"

/* What a certificate is looked through for, and what was found. */
struct search {
	const char *name;       /* to be found */
	struct address address; /* likewise */
	bool any, found, nul;
};

/* A NUL would make a name look like another. */
static void
compare_text(struct search *search, const ASN1_STRING *string)
{
	unsigned char *text = NULL;
	int n = ASN1_STRING_to_UTF8(&text, string);
	size_t len = n > 0 ? (size_t)n : 0;

	search->any = true;
	if (len > 0 && memchr(text, '\0', len) != NULL)
		search->nul = true;
	else if (len > 1 && text[len - 1] == '.')
		len--;
	if (len > 0 && !search->nul && len == strlen(search->name) &&
	    strncasecmp((const char *)text, search->name, len) == 0)
		search->found = true;
	OPENSSL_free(text);
}

static void
compare_address(struct search *search, const ASN1_OCTET_STRING *string)
{
	const uint8_t *bytes = ASN1_STRING_get0_data(string);
	const uint8_t *ip = search->address.ip;
	int len = ASN1_STRING_length(string);

	search->any = true;
	if ((len == 4 && address_is_v4(&search->address) &&
		memcmp(bytes, ip + 12, 4) == 0) ||
	    (len == 16 && memcmp(bytes, ip, 16) == 0))
		search->found = true;
}

static void
search_alternatives(struct search *search, const X509 *cert, int type)
{
	const GENERAL_NAME *item;
	GENERAL_NAMES *all;
	int i;

	all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		item = sk_GENERAL_NAME_value(all, i);
		if (item->type != type)
			continue;
		if (type == GEN_DNS)
			compare_text(search, item->d.dNSName);
		else
			compare_address(search, item->d.iPAddress);
	}
	GENERAL_NAMES_free(all);
}

static void
search_common_names(struct search *search, const X509 *cert)
{
	const X509_NAME *subject = X509_get_subject_name(cert);
	int at = -1;

	while (
	    (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0)
		compare_text(search,
		    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

static void
search_names(struct search *search, const X509 *cert)
{
	search_alternatives(search, cert, GEN_DNS);
}

static void
search_addresses(struct search *search, const X509 *cert)
{
	search_alternatives(search, cert, GEN_IPADD);
}

/* In the order in which they are checked. */
static const struct {
	unsigned int option;
	const char *word, *what;
	void (*search)(struct search *search, const X509 *cert);
} checks[] = {
	{ CONF_TLS_DNS_NAME_REQUIRED, "dNSNameRequired", "dNSName",
	    search_names },
	{ CONF_TLS_IP_ADDRESS_REQUIRED, "iPAddressRequired", "iPAddress",
	    search_addresses },
	{ CONF_TLS_COMMON_NAME_REQUIRED, "CommonNameRequired", "common name",
	    search_common_names },
};

static void
explain(size_t check, const struct search *search,
    const struct names_client *client, char *why, size_t size)
{
	const char *from = search->name;

	if (checks[check].option == CONF_TLS_IP_ADDRESS_REQUIRED)
		from = client->address_text;
	if (search->nul)
		(void)snprintf(why, size, "a NUL is in its %s (%s)",
		    checks[check].what, checks[check].word);
	else
		(void)snprintf(why, size,
		    "%s %s, but the client comes from %s (%s)",
		    search->any ? "it is for another" : "it has no",
		    checks[check].what, from, checks[check].word);
}

bool
names_check(const X509 *cert, unsigned int options,
    const struct names_client *client, char *why, size_t size)
{
	const char *name = client->name;
	struct search search;
	size_t i;

	if (*name == '\0')
		name = client->address_text;
	for (i = 0; i < NITEMS(checks); i++) {
		if ((options & checks[i].option) == 0)
			continue;
		memset(&search, 0, sizeof(search));
		search.name = name;
		if (address_parse(&search.address, client->address_text) != 0)
			return (false);
		checks[i].search(&search, cert);
		if (search.found && !search.nul)
			continue;
		explain(i, &search, client, why, size);
		return (false);
	}
	return (true);
}
