/* Unit tests of shm/conf: the keys of tls. */
#include "shm/conf/conf.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/conf_rig.h"
#include "tests/unit/suites.h"

/* --- notices -------------------------------------------------------------- */

/* Who asks for no certificates has no use for what they say. */
static void
notices_tell_of_certificates_not_asked_for(void)
{
	struct conf *conf = rig_must(
	    LISTEN "tls: {engine: on, certificates: [{cert: /c}],\n"
		   "  user_name: CommonName, options: [AllowDotLogin]}\n");

	CU_ASSERT_EQUAL(conf->notices.count, 2);
	CU_ASSERT(rig_has(&conf->notices, 3, 3, "tls.user_name has no effect"));
	CU_ASSERT(rig_has(&conf->notices, 3, 26, "AllowDotLogin"));
	conf_free(&conf);
}

/* The same for what is asked of others. */
static void
notices_tell_of_questions_not_asked(void)
{
	struct conf *conf = rig_must(
	    LISTEN "tls: {engine: on, certificates: [{cert: /c}],\n"
		   "  verify_order: crl ocsp, options: [dNSNameRequired]}\n");

	CU_ASSERT_EQUAL(conf->notices.count, 2);
	CU_ASSERT(
	    rig_has(&conf->notices, 3, 3, "tls.verify_order has no effect"));
	CU_ASSERT(rig_has(&conf->notices, 3, 27, "tls.verify_client is not"));
	CHECK_CASE(!conf_asks(conf), "nobody is asked");
	conf_free(&conf);
}

/* What transfers between servers lack. */
static void
notices_tell_of_servers(void)
{
	struct conf *conf =
	    rig_must(LISTEN "tls: {engine: on, certificates: [{cert: /c}]}\n"
			    "allow_fxp: on\n");

	CU_ASSERT_EQUAL(conf->notices.count, 2);
	CU_ASSERT(rig_has(&conf->notices, 3, 1, "fxp_peers names no network"));
	CU_ASSERT(rig_has(&conf->notices, 3, 1, "no server can be verified"));
	conf_free(&conf);
	conf = rig_must(
	    LISTEN "tls: {engine: on, certificates: [{cert: /c}],\n"
		   "  verify_server: off}\n"
		   "users: [{name: a, allow_fxp: on, fxp_peers: 10.0.0.1}]\n");
	CU_ASSERT_EQUAL(conf->notices.count, 0);
	CU_ASSERT(!conf->hosts[0].allow_fxp);
	CU_ASSERT(conf_allows_fxp(&conf->hosts[0]));
	conf_free(&conf);
}

static void
networks_have_addresses(void)
{
	static const struct {
		const char *address;
		bool first, second;
	} cases[] = {
		{ "192.0.2.0", true, false },
		{ "192.0.2.255", true, false },
		{ "192.0.3.0", false, false },
		{ "2001:db8::1", false, true },
		{ "2001:db9::1", false, false },
		{ "::ffff:192.0.2.7", true, false },
		{ "::", false, false },
	};
	struct conf *conf =
	    rig_must(LISTEN "fxp_peers: [192.0.2.0/24, \"2001:db8::/32\"]\n");
	const struct conf_networks *list = &conf->hosts[0].fxp_peers;
	struct address address;
	size_t i;

	CU_ASSERT_EQUAL_FATAL(list->count, 2);
	for (i = 0; i < NITEMS(cases); i++) {
		CU_ASSERT_EQUAL(address_parse(&address, cases[i].address), 0);
		CHECK_CASE(conf_network_has(&list->items[0], &address) ==
			cases[i].first,
		    cases[i].address);
		CHECK_CASE(conf_network_has(&list->items[1], &address) ==
			cases[i].second,
		    cases[i].address);
	}
	conf_free(&conf);
}

/* Who needs the process that asks. */
static const struct {
	const char *tls;
	bool asks;
} askers[] = {
	{ "verify_client: off", false },
	{ "verify_client: on", false },
	{ "verify_client: on, verify_order: ocsp", true },
	{ "verify_client: optional, verify_order: [crl, ocsp]", true },
	{ "verify_client: on, options: [dNSNameRequired]", true },
	{ "verify_client: on, options: [CommonNameRequired]", true },
	{ "verify_client: on, options: [iPAddressRequired]", false },
	{ "verify_client: optional, options: [dNSNameRequired]", false },
	{ "verify_server: on", false },
	{ "verify_server: on}\nallow_fxp: on\nanonymous: {allow_fxp: off",
	    true },
	{ "verify_server: on}\nanonymous: {allow_fxp: on", true },
	{ "verify_server: on}\nusers: [{name: a, allow_fxp: on}]\nlimits: {",
	    true },
	{ "verify_server: off}\nanonymous: {allow_fxp: on", false },
	{ "verify_server: NoReverseDNS}\nanonymous: {allow_fxp: on", false },
};

static void
conf_asks_where_it_must(void)
{
	struct conf *conf;
	char text[512];
	size_t i;

	for (i = 0; i < NITEMS(askers); i++) {
		(void)snprintf(text, sizeof(text),
		    LISTEN "tls: {engine: on, certificates: [{cert: /c}],\n"
			   "  ca_certificate_file: /ca, %s}\n",
		    askers[i].tls);
		conf = rig_must(text);
		CHECK_CASE(conf_asks(conf) == askers[i].asks, askers[i].tls);
		conf_free(&conf);
	}
}

static void
notices_tell_of_words_without_effect(void)
{
	struct conf *conf = rig_must(
	    LISTEN "tls: {options: [NoAutoECDH, StdEnvVars]}\n"
		   "defaults: {tls: {options: [AllowClientRenegotiation]}}\n"
		   "hosts: [{name: a}, {name: b}]\n");

	CU_ASSERT_EQUAL(conf->notices.count, 2);
	CU_ASSERT(rig_has(&conf->notices, 2, 17, "NoAutoECDH is deprecated"));
	CU_ASSERT(rig_has(&conf->notices, 3, 28, "has no effect yet"));
	CU_ASSERT_EQUAL(conf->hosts[0].tls.options,
	    CONF_TLS_NO_AUTO_ECDH | CONF_TLS_STD_ENV_VARS);
	CU_ASSERT_EQUAL(conf->hosts[2].tls.options,
	    CONF_TLS_ALLOW_CLIENT_RENEGOTIATIONS);
	conf_free(&conf);
}

/* --- tls.protocol --------------------------------------------------------- */

/* What the words of tls.protocol come to. */
static const struct {
	const char *value;
	bool weak;
	unsigned int protocol;
} protocols[] = {
	{ "TLSv1.2", false, CONF_TLS_1_2 },
	{ "[tlsv1.3, TLSv1.2]", false, CONF_TLS_1_2 | CONF_TLS_1_3 },
	{ "ALL", false, CONF_TLS_1_2 | CONF_TLS_1_3 },
	{ "SSLv23", false, CONF_TLS_1_2 | CONF_TLS_1_3 },
	{ "ALL -SSLv3 -TLSv1 -TLSv1.1", false, CONF_TLS_1_2 | CONF_TLS_1_3 },
	{ "ALL -TLSv1.2", false, CONF_TLS_1_3 },
	{ "SSLv3 TLSv1.3", false, CONF_TLS_1_3 },
	{ "ALL", true,
	    CONF_TLS_1_0 | CONF_TLS_1_1 | CONF_TLS_1_2 | CONF_TLS_1_3 },
	{ "ALL -TLSv1.0 -TLSv1.2", true, CONF_TLS_1_1 | CONF_TLS_1_3 },
	{ "ALL -TLSv1.0 +TLSv1", true,
	    CONF_TLS_1_0 | CONF_TLS_1_1 | CONF_TLS_1_2 | CONF_TLS_1_3 },
	{ "[TLSv1, TLSv1.1]", true, CONF_TLS_1_0 | CONF_TLS_1_1 },
};

static void
protocols_are_taken_apart(void)
{
	struct conf *conf;
	char text[256];
	size_t i;

	for (i = 0; i < NITEMS(protocols); i++) {
		(void)snprintf(text, sizeof(text),
		    LISTEN "tls: {protocol: %s, options: [%s]}\n",
		    protocols[i].value,
		    protocols[i].weak ? "AllowWeakSecurity" : "");
		conf = rig_must(text);
		CHECK_CASE(conf->hosts[0].tls.protocol == protocols[i].protocol,
		    protocols[i].value);
		conf_free(&conf);
	}
	conf = rig_must(LISTEN "tls: {protocol: SSLv3 TLSv1.3}\n");
	CU_ASSERT(rig_has(&conf->notices, 2, 17, "SSLv3 is not supported"));
	conf_free(&conf);
}

/* --- names of addresses --------------------------------------------------- */

/* Names are looked up once, however many hosts have them. */
static void
names_are_numbered(void)
{
	struct conf *conf = rig_must(LISTEN
	    "defaults: {passive: {address: ftp.b}}\n"
	    "tls: {masquerade_address: [{address: ftp.c, network: 10.0.0.0/8},"
	    " {address: 192.0.2.1}]}\n"
	    "hosts: [{name: x}, {name: y, passive: {address: FTP.A}},\n"
	    "  {name: z, passive: {address: ftp.a}}]\n");
	const struct conf_host *hosts = conf->hosts;

	CU_ASSERT_EQUAL_FATAL(conf->nnames, 3);
	CU_ASSERT_EQUAL(hosts[0].passive_addresses.items[0].number, 2);
	CU_ASSERT_EQUAL(hosts[0].tls.masquerade_addresses.items[0].number, 3);
	CU_ASSERT_EQUAL(hosts[0].tls.masquerade_addresses.items[1].number, 0);
	CU_ASSERT_EQUAL(hosts[1].passive_addresses.items[0].number, 2);
	CU_ASSERT_EQUAL(hosts[2].passive_addresses.items[0].number, 1);
	CU_ASSERT_EQUAL(hosts[3].passive_addresses.items[0].number, 1);
	CU_ASSERT_STRING_EQUAL(conf->names[2].first->name, "ftp.c");
	CU_ASSERT(conf->names[2].first->line == 3 &&
	    conf->names[2].first->column > 0);
	conf_free(&conf);
	conf = rig_must(LISTEN "passive: {address: none}\n");
	CU_ASSERT(
	    conf->nnames == 0 && conf->hosts[0].passive_addresses.count == 0);
	conf_free(&conf);
}

CU_TestInfo conf_tls_tests[] = {
	{ "notices tell of certificates not asked for",
	    notices_tell_of_certificates_not_asked_for },
	{ "notices tell of questions not asked",
	    notices_tell_of_questions_not_asked },
	{ "notices tell of servers", notices_tell_of_servers },
	{ "networks have addresses", networks_have_addresses },
	{ "conf_asks where it must", conf_asks_where_it_must },
	{ "notices tell of words without effect",
	    notices_tell_of_words_without_effect },
	{ "protocols are taken apart", protocols_are_taken_apart },
	{ "names of addresses are numbered", names_are_numbered },
	CU_TEST_INFO_NULL,
};
