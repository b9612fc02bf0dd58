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

	CU_ASSERT_EQUAL(conf->notices.count, 1);
	CU_ASSERT(rig_has(&conf->notices, 2, 17, "NoAutoECDH is deprecated"));
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

/* --- tls.renegotiate ------------------------------------------------------ */

static const struct {
	const char *value;
	struct conf_renegotiate is;
} renegotiations[] = {
	{ "none", { CONF_RENEGOTIATE_NEVER, 0, 30, 0, true } },
	{ "ctrl 14400 data 1048576 timeout 60 required off",
	    { CONF_RENEGOTIATE_SET, 14400, 60, 1048576, false } },
	{ "[REQUIRED, on, data, 1GiB]",
	    { CONF_RENEGOTIATE_SET, 0, 30, 1048576, true } },
	{ "{ctrl: 4h, timeout: 1}",
	    { CONF_RENEGOTIATE_SET, 14400, 1, 0, true } },
	{ "{data: 0, required: no}",
	    { CONF_RENEGOTIATE_SET, 0, 30, 0, false } },
};

static const struct {
	const char *value;
	const char *why;
} bad_renegotiations[] = {
	{ "''", "is empty" },
	{ "[]", "is empty" },
	{ "{}", "is empty" },
	{ "ctrl", "ctrl has no value" },
	{ "ctrl 5 data", "data has no value" },
	{ "none ctrl 5", "nothing may follow none" },
	{ "ctrl 5 none", "unknown word none" },
	{ "ctrl 5 ctrl 6", "ctrl stands there twice" },
	{ "timeout 0", "no time between 1s and 30d" },
	{ "ctrl -1", "no time between 0s and 30d" },
	{ "ctrl 31d", "no time between 0s and 30d" },
	{ "data x", "no number of kilobytes" },
	{ "data 1000B", "no number of kilobytes" },
	{ "required maybe", "neither on nor off" },
	{ "control 5", "unknown word control" },
	{ "{control: 5}", "control" },
	{ "{ctrl: [5]}", "takes one value" },
};

static void
renegotiation_is_taken_apart(void)
{
	const struct conf_renegotiate *is;
	const struct conf_renegotiate *got;
	struct conf *conf;
	char text[256];
	size_t i;

	for (i = 0; i < NITEMS(renegotiations); i++) {
		(void)snprintf(text, sizeof(text),
		    LISTEN "tls: {renegotiate: %s}\n", renegotiations[i].value);
		conf = rig_must(text);
		is = &renegotiations[i].is;
		got = &conf->hosts[0].tls.renegotiate;
		CHECK_CASE(got->mode == is->mode && got->ctrl == is->ctrl &&
			got->timeout == is->timeout && got->data == is->data &&
			got->required == is->required,
		    renegotiations[i].value);
		conf_free(&conf);
	}
}

static void
bad_renegotiation_is_refused(void)
{
	struct conf_errors errors;
	struct conf *conf;
	char text[256];
	size_t i;

	for (i = 0; i < NITEMS(bad_renegotiations); i++) {
		(void)snprintf(text, sizeof(text),
		    LISTEN "tls: {renegotiate: %s}\n",
		    bad_renegotiations[i].value);
		conf = rig_parse(text, &errors);
		CHECK_CASE(conf == NULL && errors.count > 0 &&
			strstr(errors.items[0].text,
			    bad_renegotiations[i].why) != NULL,
		    bad_renegotiations[i].value);
		conf_errors_free(&errors);
		conf_free(&conf);
	}
}

/* Where renegotiation is allowed, and cannot be. */
static void
notices_tell_of_no_renegotiation(void)
{
	static const char *const certificates =
	    "certificates: [{cert: /c, key: /k}]";
	struct conf *conf;
	char text[512];

	(void)snprintf(text, sizeof(text),
	    LISTEN "tls: {engine: on, %s, protocol: TLSv1.3,\n"
		   "  options: [AllowClientRenegotiations]}\n"
		   "hosts: [{name: a, tls: {engine: on, %s,\n"
		   "  protocol: TLSv1.2, renegotiate: ctrl 5}}]\n",
	    certificates, certificates);
	conf = rig_must(text);
	CU_ASSERT(rig_has(&conf->notices, 3, 3, "TLS 1.3 alone is allowed"));
	CU_ASSERT(rig_has(&conf->notices, 5, 22, "renegotiate has no effect"));
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
	{ "renegotiation is taken apart", renegotiation_is_taken_apart },
	{ "bad renegotiation is refused", bad_renegotiation_is_refused },
	{ "notices tell of no renegotiation",
	    notices_tell_of_no_renegotiation },
	CU_TEST_INFO_NULL,
};
