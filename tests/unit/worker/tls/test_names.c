/* Unit tests of worker/tls/names.c: whether a certificate is for an address. */
#include <CUnit/CUnit.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/suites.h"
#include "worker/tls/names.h"
#include "worker/tls/state.h"

#define CN  CONF_TLS_COMMON_NAME_REQUIRED
#define DNS CONF_TLS_DNS_NAME_REQUIRED
#define IP  CONF_TLS_IP_ADDRESS_REQUIRED

/* Lengths count, so that there can be a NUL. */
struct text {
	const char *bytes;
	int len;
};

static void
add_alternative(GENERAL_NAMES *names, int type, struct text text)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *string = ASN1_STRING_type_new(
	    type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);

	CU_ASSERT_FATAL(name != NULL && string != NULL);
	CU_ASSERT(ASN1_STRING_set(string, text.bytes, text.len) == 1);
	GENERAL_NAME_set0_value(name, type, string);
	CU_ASSERT(sk_GENERAL_NAME_push(names, name) > 0);
}

/* An empty text is left out. */
static X509 *
certificate(struct text cn, struct text dns, struct text ip)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	X509 *cert = X509_new();

	CU_ASSERT_FATAL(cert != NULL && names != NULL);
	if (cn.len > 0)
		CU_ASSERT(
		    X509_NAME_add_entry_by_NID(X509_get_subject_name(cert),
			NID_commonName, V_ASN1_UTF8STRING,
			(const unsigned char *)cn.bytes, cn.len, -1, 0) == 1);
	if (dns.len > 0)
		add_alternative(names, GEN_DNS, dns);
	if (ip.len > 0)
		add_alternative(names, GEN_IPADD, ip);
	if (sk_GENERAL_NAME_num(names) > 0)
		CU_ASSERT(X509_add1_ext_i2d(cert, NID_subject_alt_name, names,
			      0, 0) == 1);
	sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
	return (cert);
}

static const struct {
	const char *what;
	struct text cn, dns, ip;
	unsigned int options;
	const char *name, *address;
	const char *why; /* NULL: it is for the client */
} cases[] = {
	{ "nothing is demanded", { "", 0 }, { "", 0 }, { "", 0 }, 0, "h.test",
	    "192.0.2.1", NULL },
	{ "the name", { "H.test", 6 }, { "", 0 }, { "", 0 }, CN, "h.test",
	    "192.0.2.1", NULL },
	{ "a dot at the end", { "h.test.", 7 }, { "", 0 }, { "", 0 }, CN,
	    "h.test", "192.0.2.1", NULL },
	{ "a part of the name", { "h.tes", 5 }, { "", 0 }, { "", 0 }, CN,
	    "h.test", "192.0.2.1",
	    "it is for another common name, but the client comes from h.test "
	    "(CommonNameRequired)" },
	{ "no wildcard", { "*.test", 6 }, { "*.test", 6 }, { "", 0 }, DNS,
	    "h.test", "192.0.2.1", "another dNSName" },
	{ "a NUL", { "h.test\0.evil", 12 }, { "", 0 }, { "", 0 }, CN, "h.test",
	    "192.0.2.1", "a NUL is in its common name (CommonNameRequired)" },
	{ "a NUL in dNSName", { "", 0 }, { "h.test\0.evil", 12 }, { "", 0 },
	    DNS, "h.test", "192.0.2.1",
	    "a NUL is in its dNSName (dNSNameRequired)" },
	{ "no common name", { "", 0 }, { "h.test", 6 }, { "", 0 }, CN, "h.test",
	    "192.0.2.1", "it has no common name" },
	{ "no dNSName", { "h.test", 6 }, { "", 0 }, { "", 0 }, DNS, "h.test",
	    "192.0.2.1", "it has no dNSName" },
	{ "a dNSName", { "", 0 }, { "h.test", 6 }, { "", 0 }, DNS, "H.TEST",
	    "192.0.2.1", NULL },
	{ "no name in DNS", { "192.0.2.1", 9 }, { "", 0 }, { "", 0 }, CN, "",
	    "192.0.2.1", NULL },
	{ "no name in DNS, another address", { "192.0.2.2", 9 }, { "", 0 },
	    { "", 0 }, CN, "", "192.0.2.1", "comes from 192.0.2.1" },
	{ "an address", { "", 0 }, { "", 0 }, { "\xc0\0\2\1", 4 }, IP, "",
	    "192.0.2.1", NULL },
	{ "another address", { "", 0 }, { "", 0 }, { "\xc0\0\2\2", 4 }, IP, "",
	    "192.0.2.1", "it is for another iPAddress" },
	{ "a mapped address", { "", 0 }, { "", 0 },
	    { "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1", 16 }, IP, "",
	    "192.0.2.1", NULL },
	{ "IPv6", { "", 0 }, { "", 0 },
	    { "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16 }, IP, "",
	    "2001:db8::1", NULL },
	{ "an IPv4 that is no end of IPv6", { "", 0 }, { "", 0 },
	    { "\0\0\0\1", 4 }, IP, "", "2001:db8::1", "another iPAddress" },
	{ "three bytes", { "", 0 }, { "", 0 }, { "\xc0\0\2", 3 }, IP, "",
	    "192.0.2.1", "another iPAddress" },
	{ "all", { "h.test", 6 }, { "h.test", 6 }, { "\xc0\0\2\1", 4 },
	    CN | DNS | IP, "h.test", "192.0.2.1", NULL },
	{ "all, names first", { "x", 1 }, { "y", 1 }, { "\xc0\0\2\2", 4 },
	    CN | DNS | IP, "h.test", "192.0.2.1", "dNSNameRequired" },
	{ "all, then addresses", { "x", 1 }, { "h.test", 6 },
	    { "\xc0\0\2\2", 4 }, CN | DNS | IP, "h.test", "192.0.2.1",
	    "iPAddressRequired" },
	{ "all, the common name last", { "x", 1 }, { "h.test", 6 },
	    { "\xc0\0\2\1", 4 }, CN | DNS | IP, "h.test", "192.0.2.1",
	    "CommonNameRequired" },
};

static void
certificates_are_for_addresses(void)
{
	struct names_client client;
	char why[TLS_REASON_MAX];
	X509 *cert;
	bool good;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		cert = certificate(cases[i].cn, cases[i].dns, cases[i].ip);
		client.address_text = cases[i].address;
		client.name = cases[i].name;
		why[0] = '\0';
		good = names_check(cert, cases[i].options, &client, why,
		    sizeof(why));
		CHECK_CASE(good == (cases[i].why == NULL), cases[i].what);
		if (cases[i].why != NULL)
			CHECK_CASE(strstr(why, cases[i].why) != NULL, why);
		X509_free(cert);
	}
}

CU_TestInfo names_tests[] = {
	{ "certificates are for addresses", certificates_are_for_addresses },
	CU_TEST_INFO_NULL,
};
