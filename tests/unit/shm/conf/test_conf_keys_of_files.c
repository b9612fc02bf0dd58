/* Unit tests of shm/conf: keys that name files of certificates and the like. */
#include <CUnit/CUnit.h>
#include <stdlib.h>

#include "master/keys/tls_names.h"
#include "tests/unit/conf_rig.h"
#include "tests/unit/suites.h"

#define TLS LISTEN "tls:\n  engine: on\n  certificates: [{cert: /c.pem}]\n"

static void
refuses_what_cannot_be(void)
{
	static const struct {
		const char *what, *key, *mistake;
		size_t line;
	} cases[] = {
		{ "a relative path", "  ca_certificate_file: ca.pem\n",
		    "absolute", 5 },
		{ "a list of paths", "  dh_param_file: [/a, b]\n", "absolute",
		    5 },
		{ "no file", "  pre_shared_key: \"a hex:\"\n", "absolute", 5 },
		{ "no form", "  pre_shared_key: \"a /file\"\n", "hex:", 5 },
		{ "no identity", "  pre_shared_key: \" hex:/file\"\n",
		    "identity", 5 },
		{ "a blank", "  pre_shared_key: \"a b hex:/file\"\n", "blanks",
		    5 },
		{ "twice", "  pre_shared_key: [\"a hex:/f\", \"a hex:/g\"]\n",
		    "twice", 5 },
		{ "a chain alone", "  certificate_chain_file: /chain\n",
		    "without tls.rsa_certificate_file", 5 },
		{ "a DSA key alone", "  dsa_certificate_key_file: /key\n",
		    "without tls.dsa_certificate_file", 5 },
		{ "DSA by default", "  dsa_certificate_file: /dsa.pem\n",
		    "no cipher", 5 },
		{ "no cipher for DSA",
		    "  cipher_suite: ECDHE-RSA-AES128-GCM-SHA256\n"
		    "  dsa_certificate_file: /dsa.pem\n",
		    "no cipher", 6 },
		{ "DSA with TLS 1.3",
		    "  cipher_suite: DHE-DSS-AES256-GCM-SHA384\n"
		    "  protocol: TLSv1.3\n"
		    "  dsa_certificate_file: /dsa.pem\n",
		    "no DSA in TLS 1.3", 7 },
	};
	struct conf_errors errors;
	struct conf *conf;
	char text[512];
	size_t i, j;
	bool found;

	conf_set_tls_known(tls_names_known);
	for (i = 0; i < NITEMS(cases); i++) {
		(void)snprintf(text, sizeof(text), TLS "%s", cases[i].key);
		conf = rig_parse(text, &errors);
		CHECK_CASE(conf == NULL, cases[i].what);
		found = false;
		for (j = 0; j < errors.count; j++)
			found = found ||
			    (errors.items[j].line == cases[i].line &&
				strstr(errors.items[j].text,
				    cases[i].mistake) != NULL);
		CHECK_CASE(found, cases[i].what);
		conf_errors_free(&errors);
		conf_free(&conf);
	}
	conf_set_tls_known(NULL);
}

static void
takes_what_may_be(void)
{
	struct conf *conf, *again;
	const struct conf_tls *tls;
	const struct conf_mention *mention;
	char *text;
	size_t len;

	conf_set_tls_known(tls_names_known);
	conf =
	    rig_must(TLS "  rsa_certificate_file: /r.pem\n"
			 "  ec_certificate_file: /e.pem\n"
			 "  dsa_certificate_file: /d.pem\n"
			 "  dsa_certificate_key_file: /d.key\n"
			 "  certificate_chain_file: /chain.pem\n"
			 "  cipher_suite: DHE-DSS-AES256-GCM-SHA384\n"
			 "  dh_param_file: /with blank\n"
			 "  ca_revocation_path: /crl\n"
			 "  pre_shared_key: [\"a hex:/k 1\", \"b hex:/k\"]\n");
	text = conf_dump(conf, &len);
	if (text == NULL)
		abort();
	again = rig_must(text);
	tls = &again->hosts[0].tls;
	CU_ASSERT_EQUAL_FATAL(tls->ncertificates, 4);
	CU_ASSERT_PTR_NULL(tls->certificates[0].chain);
	CU_ASSERT_STRING_EQUAL(tls->certificates[1].chain, "/chain.pem");
	CU_ASSERT_STRING_EQUAL(tls->certificates[3].cert, "/d.pem");
	CU_ASSERT_STRING_EQUAL(tls->certificates[3].key, "/d.key");
	CU_ASSERT_STRING_EQUAL(tls->certificates[3].chain, "/chain.pem");
	CU_ASSERT_EQUAL(tls->dh_param_files.count, 1);
	CU_ASSERT_STRING_EQUAL(tls->ca_revocation_path, "/crl");
	CU_ASSERT_PTR_NULL(tls->ca_revocation_file);
	CU_ASSERT_EQUAL_FATAL(tls->pre_shared_keys.count, 2);
	CU_ASSERT_STRING_EQUAL(conf_pre_shared_key(tls->pre_shared_keys
						       .items[0],
				   &len),
	    "/k 1");
	CU_ASSERT_EQUAL(len, 1);
	mention = conf_mention(conf, "/k 1");
	if (mention == NULL)
		abort();
	CU_ASSERT_EQUAL(mention->line, 13);
	CU_ASSERT_STRING_EQUAL(mention->file, "test.yaml");
	CU_ASSERT_PTR_NULL(conf_mention(conf, "/none"));
	CU_ASSERT_PTR_NULL(conf_mention(conf, ""));
	free(text);
	conf_free(&again);
	conf_free(&conf);
	conf_set_tls_known(NULL);
}

/* A host that sets its own DSA certificate or ciphers is looked at by itself.
 */
static void
looks_at_dsa_by_host(void)
{
	struct conf_errors errors;
	struct conf *conf;

	conf_set_tls_known(tls_names_known);
	conf = rig_parse(LISTEN
	    "defaults:\n"
	    "  tls:\n"
	    "    engine: on\n"
	    "    dsa_certificate_file: /d.pem\n"
	    "    cipher_suite: DHE-DSS-AES256-GCM-SHA384\n"
	    "hosts:\n"
	    "- name: good\n"
	    "- name: bad\n"
	    "  tls: {cipher_suite: ECDHE-RSA-AES128-GCM-SHA256}\n"
	    "- name: other\n"
	    "  tls: {cipher_suite: ECDHE-RSA-AES128-GCM-SHA256, "
	    "rsa_certificate_file: /r.pem}\n",
	    &errors);
	CU_ASSERT_PTR_NULL(conf);
	CU_ASSERT_EQUAL(errors.count, 1);
	CU_ASSERT(rig_has(&errors, 5, 5, "tls.cipher_suite of bad"));
	conf_errors_free(&errors);
	conf_set_tls_known(NULL);
}

CU_TestInfo conf_keys_of_files_tests[] = {
	{ "what cannot be is refused", refuses_what_cannot_be },
	{ "files and lists of them are taken", takes_what_may_be },
	{ "DSA is looked at by host", looks_at_dsa_by_host },
	CU_TEST_INFO_NULL,
};
