/* Unit tests of the argument of HOST. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "tests/unit/suites.h"
#include "worker/ftp/syntax/args.h"

static const struct {
	const char *text;
	const char *name; /* NULL: refused; "": an address */
	const char *address;
} cases[] = {
	{ "ftp.example.org", "ftp.example.org", NULL },
	{ "FTP.Example.ORG", "ftp.example.org", NULL },
	{ "ftp.example.org.", "ftp.example.org", NULL },
	{ "localhost", "localhost", NULL },
	{ "a_b.example", "a_b.example", NULL },
	{ "xn--bcher-kva.example", "xn--bcher-kva.example", NULL },
	{ "1a.2b", "1a.2b", NULL },
	{ "192.0.2.1", "", "192.0.2.1" },
	{ "[::1]", "", "::1" },
	{ "[2001:DB8::1]", "", "2001:db8::1" },
	{ "[::ffff:192.0.2.1]", "", "192.0.2.1" },
	{ "", NULL, NULL },
	{ ".", NULL, NULL },
	{ "a..b", NULL, NULL },
	{ ".a", NULL, NULL },
	{ "a.b..", NULL, NULL },
	{ "-a.b", NULL, NULL },
	{ "a-.b", NULL, NULL },
	{ "a b", NULL, NULL },
	{ "a ", NULL, NULL },
	{ "b\xc3\xbc"
	  "cher.example",
	    NULL, NULL },
	{ "ftp.example.org:21", NULL, NULL },
	{ "192.0.2.1:21", NULL, NULL },
	{ "192.0.2", NULL, NULL },
	{ "192.0.2.256", NULL, NULL },
	{ "1234", NULL, NULL },
	{ "192.0.2.1.", NULL, NULL },
	{ "[192.0.2.1]", NULL, NULL },
	{ "[::1]:21", NULL, NULL },
	{ "[::1", NULL, NULL },
	{ "[]", NULL, NULL },
	{ "[", NULL, NULL },
	{ "[:::1]", NULL, NULL },
	{ "[fe80::1%lo]", NULL, NULL },
	{ "::1", NULL, NULL },
	{ "a/b", NULL, NULL },
	{ "*", NULL, NULL },
};

static void
names_and_addresses_are_told_apart(void)
{
	char address[ADDRESS_TEXT_MAX];
	enum args_result result;
	struct args_host host;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		result = args_host(cases[i].text, &host);
		CHECK_CASE((result == ARGS_OK) == (cases[i].name != NULL),
		    cases[i].text);
		if (result != ARGS_OK || cases[i].name == NULL)
			continue;
		CHECK_CASE(strcmp(host.name, cases[i].name) == 0,
		    cases[i].text);
		CHECK_CASE(cases[i].address == NULL ||
			strcmp(address_text(&host.address, address),
			    cases[i].address) == 0,
		    cases[i].text);
	}
}

/* Labels of 63 letters, names of 253. */
static void
names_have_an_end(void)
{
	char text[400];
	struct args_host host;
	size_t i;

	memset(text, 'a', sizeof(text));
	text[63] = '\0';
	CU_ASSERT_EQUAL(args_host(text, &host), ARGS_OK);
	text[63] = 'a';
	text[64] = '\0';
	CU_ASSERT_EQUAL(args_host(text, &host), ARGS_SYNTAX);
	memset(text, 'a', sizeof(text));
	for (i = 50; i < sizeof(text); i += 51)
		text[i] = '.';
	text[253] = '\0';
	CU_ASSERT_EQUAL(args_host(text, &host), ARGS_OK);
	CU_ASSERT_EQUAL(strlen(host.name), 253);
	text[253] = 'a';
	text[254] = '\0';
	CU_ASSERT_EQUAL(args_host(text, &host), ARGS_SYNTAX);
	text[253] = '.';
	CU_ASSERT_EQUAL(args_host(text, &host), ARGS_OK);
	memset(text, 'a', sizeof(text));
	text[0] = '[';
	text[sizeof(text) - 2] = ']';
	text[sizeof(text) - 1] = '\0';
	CU_ASSERT_EQUAL(args_host(text, &host), ARGS_SYNTAX);
}

CU_TestInfo args_host_tests[] = {
	{ "names and addresses are told apart",
	    names_and_addresses_are_told_apart },
	{ "names have an end", names_have_an_end },
	CU_TEST_INFO_NULL,
};
