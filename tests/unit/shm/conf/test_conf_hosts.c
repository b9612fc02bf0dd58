/* Unit tests of shm/conf: inheritance, and finding hosts by name. */
#include <CUnit/CUnit.h>
#include <stdlib.h>

#include "shm/base/buf.h"
#include "tests/unit/conf_rig.h"
#include "tests/unit/suites.h"

/* --- inheritance ---------------------------------------------------------- */

static const char sections[] = LISTEN
    "defaults:\n"
    "  banner: common\n"
    "  umask: 027\n"
    "  timeouts: {idle: 5m}\n"
    "  tls: {engine: on, required: auth, certificates: [{cert: /d.pem}]}\n"
    "  anonymous: {directory: /srv, user: nobody}\n"
    "banner: server\n"
    "timeouts: {idle: 1m}\n"
    "hosts:\n"
    "- name: plain\n"
    "- name: own\n"
    "  umask: 077\n"
    "  tls: {required: on, rsa_certificate_file: /r.pem,\n"
    "    rsa_certificate_key_file: /r.key, ec_certificate_file: /e.pem}\n"
    "- name: open\n"
    "  anonymous: {enabled: on, tls: {required: off},\n"
    "    limits: {sessions: 7}}\n"
    "- name: list\n"
    "  tls: {certificates: [{cert: /l.pem, key: /l.key, chain: /c.pem}],\n"
    "    ec_certificate_file: /e.pem}\n";

static void
hosts_inherit_from_defaults_only(void)
{
	struct conf *conf = rig_must(sections);
	const struct conf_host *h;

	CU_ASSERT_EQUAL_FATAL(conf->nhosts, 5);
	h = conf->hosts;
	CU_ASSERT_STRING_EQUAL(h[0].banner, "server");
	CU_ASSERT_EQUAL(h[0].timeout_idle, 60);
	CU_ASSERT_EQUAL(h[0].umask, 027);
	CU_ASSERT(h[0].tls.engine && h[0].tls.required.auth);
	CU_ASSERT_STRING_EQUAL(h[1].name, "plain");
	CU_ASSERT_STRING_EQUAL(h[1].banner, "common");
	CU_ASSERT_EQUAL(h[1].timeout_idle, 300);
	CU_ASSERT_EQUAL(h[1].nlisten, 0);
	CU_ASSERT_EQUAL(h[1].umask, 027);
	CU_ASSERT_EQUAL(h[2].umask, 077);
	conf_free(&conf);
}

/* What tls.required is for anonymous sessions of the host. */
static const struct conf_required *
anonymous_required(const struct conf_host *host)
{
	const struct conf_required *own =
	    conf_setting(&host->anonymous.settings, CONF_FIELD(tls.required));

	return (own == NULL ? &host->tls.required : own);
}

static void
anonymous_inherits_from_its_host(void)
{
	struct conf *conf = rig_must(sections);
	const struct conf_host *h;

	h = conf->hosts;
	CU_ASSERT(!h[1].anonymous.enabled);
	CU_ASSERT(anonymous_required(&h[1])->auth);
	CU_ASSERT(!anonymous_required(&h[1])->control);
	CU_ASSERT(anonymous_required(&h[2])->control);
	CU_ASSERT(h[3].anonymous.enabled);
	CU_ASSERT_STRING_EQUAL(h[3].anonymous.directory, "/srv");
	CU_ASSERT_STRING_EQUAL(h[3].anonymous.user, "nobody");
	CU_ASSERT(!anonymous_required(&h[3])->auth);
	CU_ASSERT(h[3].tls.required.auth);
	CU_ASSERT_EQUAL(h[3].anonymous.max_sessions, 7);
	conf_free(&conf);
}

/* A host that names any certificate of its own inherits none. */
static void
certificates_belong_together(void)
{
	struct conf *conf = rig_must(sections);
	const struct conf_host *h;

	h = conf->hosts;
	CU_ASSERT_EQUAL_FATAL(h[0].tls.ncertificates, 1);
	CU_ASSERT_STRING_EQUAL(h[0].tls.certificates[0].cert, "/d.pem");
	CU_ASSERT_EQUAL_FATAL(h[2].tls.ncertificates, 2);
	CU_ASSERT_STRING_EQUAL(h[2].tls.certificates[0].cert, "/r.pem");
	CU_ASSERT_STRING_EQUAL(h[2].tls.certificates[0].key, "/r.key");
	CU_ASSERT_STRING_EQUAL(h[2].tls.certificates[1].cert, "/e.pem");
	CU_ASSERT_PTR_NULL(h[2].tls.certificates[1].key);
	CU_ASSERT_EQUAL_FATAL(h[4].tls.ncertificates, 2);
	CU_ASSERT_STRING_EQUAL(h[4].tls.certificates[0].chain, "/c.pem");
	CU_ASSERT_STRING_EQUAL(h[4].tls.certificates[1].cert, "/e.pem");
	conf_free(&conf);
}

static void
implicit_makes_all_listeners_implicit(void)
{
	struct conf *conf;

	conf = rig_must("tls: {engine: on, options: [UseImplicitSSL],"
			" certificates: [{cert: /a.pem}]}\n"
			"listen: [{address: 127.0.0.1, port: 990},"
			" {address: 127.0.0.1, port: 991, implicit: off}]\n");
	CU_ASSERT(conf->hosts[0].listen[0].implicit);
	CU_ASSERT(conf->hosts[0].listen[1].implicit);
	conf_free(&conf);
}

/* A mistake in `defaults` is told once, not for every host. */
static void
defaults_are_blamed_once(void)
{
	struct conf_errors errors;
	struct conf *conf;

	conf = rig_parse(LISTEN "defaults: {umask: 9}\n"
				"hosts: [{name: a}, {name: b}, {name: c}]\n",
	    &errors);
	CU_ASSERT_PTR_NULL(conf);
	CU_ASSERT_EQUAL(errors.count, 1);
	CU_ASSERT(rig_has(&errors, 2, 19, "umask"));
	conf_errors_free(&errors);
}

/* --- finding -------------------------------------------------------------- */

static const char addresses[] =
    "listen: [{address: 192.0.2.1, port: 21}]\n"
    "hosts:\n"
    "- {name: A.Example, names: [www.a.example]}\n"
    "- {name: b.example, listen: [{address: 192.0.2.2, port: 21}]}\n"
    "- {name: c.example, listen: [{address: 192.0.2.2, port: 21}]}\n"
    "- {listen: [{address: 192.0.2.3, port: 21}]}\n"
    "- {name: a.example, listen: [{address: 192.0.2.3, port: 21}]}\n"
    "- {name: d.example, listen: [{address: 192.0.2.1, port: 21}]}\n";

static const struct {
	const char *name;
	size_t base;
	long found;
} lookups[] = {
	{ "a.example", 0, 1 },
	{ "A.EXAMPLE", 0, 1 },
	{ "www.A.example", 0, 1 },
	{ "example", 0, -1 },
	{ "a.exampl", 0, -1 },
	{ "a.example.", 0, -1 },
	{ "b.example", 0, -1 },
	{ "d.example", 0, 6 },
	{ "a.example", 1, 1 },
	{ "b.example", 2, 2 },
	{ "c.example", 2, 3 },
	{ "b.example", 3, 2 },
	{ "a.example", 2, -1 },
	{ "a.example", 4, 5 },
	{ "d.example", 4, -1 },
	{ "", 0, -1 },
	{ "", 4, -1 },
};

static void
hosts_are_found_on_their_listeners(void)
{
	struct conf *conf = rig_must(addresses);
	char longest[1000];
	size_t i, len;

	for (i = 0; i < NITEMS(lookups); i++) {
		len = strlen(lookups[i].name);
		CHECK_CASE(conf_find_host_at(conf, lookups[i].base, NULL,
			       lookups[i].name, len) == lookups[i].found,
		    lookups[i].name);
		if (lookups[i].base == 0)
			CHECK_CASE(conf_find_host(conf, lookups[i].name, len) ==
				lookups[i].found,
			    lookups[i].name);
	}
	memset(longest, 'a', sizeof(longest));
	CU_ASSERT_EQUAL(conf_find_host(conf, longest, sizeof(longest)), -1);
	CU_ASSERT_EQUAL(conf_find_host(conf, "a.example\0x", 11), -1);
	CU_ASSERT_EQUAL(conf_find_host(conf, "a.examplex", 9), 1);
	conf_free(&conf);
}

/* An address that a host does not listen on is no way to it. */
static const char two_addresses[] =
    "listen: [{address: 192.0.2.1}, {address: 192.0.2.2}]\n"
    "hosts:\n"
    "- {name: all.example}\n"
    "- {name: one.example, listen: [{address: 192.0.2.1}]}\n"
    "- {listen: [{address: 192.0.2.3}, {address: 192.0.2.4}]}\n"
    "- {name: four.example, listen: [{address: 192.0.2.4}]}\n"
    "- {listen: [{address: 192.0.2.5}]}\n";

static const struct {
	size_t base, listener;
	const char *name;
	long found;
	bool named;
} exact[] = {
	{ 0, 0, "all.example", 1, true },
	{ 0, 1, "all.example", 1, true },
	{ 0, 0, "one.example", 2, true },
	{ 0, 1, "one.example", -1, true },
	{ 3, 0, "four.example", -1, false },
	{ 3, 1, "four.example", 4, true },
	{ 3, 1, "all.example", -1, true },
	{ 5, 0, "all.example", -1, false },
};

static void
hosts_are_found_where_they_listen(void)
{
	struct conf *conf = rig_must(two_addresses);
	const struct conf_listener *listener;
	size_t i;

	for (i = 0; i < NITEMS(exact); i++) {
		listener =
		    &conf->hosts[exact[i].base].listen[exact[i].listener];
		CHECK_CASE(conf_listener(conf, exact[i].base,
			       &listener->address) == listener,
		    exact[i].name);
		CHECK_CASE(conf_find_host_at(conf, exact[i].base, listener,
			       exact[i].name,
			       strlen(exact[i].name)) == exact[i].found,
		    exact[i].name);
		CHECK_CASE(conf_has_names_at(conf, exact[i].base, listener) ==
			exact[i].named,
		    exact[i].name);
	}
	CU_ASSERT_PTR_NULL(
	    conf_listener(conf, 5, &conf->hosts[0].listen[0].address));
	/* What is kept in the index is no name that a client can send. */
	CU_ASSERT_EQUAL(conf_find_host(conf, "ANY", 3), -1);
	CU_ASSERT_EQUAL(conf_find_host(conf, "any", 3), -1);
	conf_free(&conf);
}

static const struct {
	const char *text;
	size_t line;
	const char *said;
} clashes[] = {
	{ "hosts:\n"
	  "- {name: x, listen: [{address: 192.0.2.2}]}\n"
	  "- {name: X, listen: [{address: 192.0.2.3}, {address: 192.0.2.2}]}\n",
	    4, "the name x on 192.0.2.2 port 21: the first is test.yaml:3" },
	{ "hosts:\n"
	  "- {listen: [{address: 192.0.2.2}]}\n"
	  "- {listen: [{address: 192.0.2.2}]}\n",
	    4, "a second host without a name on 192.0.2.2 port 21" },
	{ "hosts:\n"
	  "- {listen: [{address: 127.0.0.1, port: 2121}]}\n",
	    3, "a second host without a name on the listeners of the server" },
	{ "hosts:\n"
	  "- {name: x}\n"
	  "- {name: x, listen: [{address: 127.0.0.1, port: 2121}]}\n",
	    4, "the name x on the listeners of the server" },
	{ "hosts:\n"
	  "- {name: x, listen: [{address: 127.0.0.1, port: 2121}]}\n"
	  "- {name: x}\n",
	    4, "the name x on the listeners of the server" },
	{ "defaults: {tls: {engine: on, certificates: [{cert: /a}]}}\n"
	  "hosts:\n"
	  "- {name: x, listen: [{address: 192.0.2.2, implicit: on,"
	  " port: 21}]}\n"
	  "- {name: y, listen: [{address: 192.0.2.2}]}\n",
	    5, "implicit for one host only: the other is test.yaml:4" },
	{ "hosts:\n"
	  "- {name: x, listen: [{address: \"*\"}, {address: 0.0.0.0}]}\n",
	    3, "0.0.0.0 port 21 is listed twice" },
};

static void
hosts_that_clash_are_refused(void)
{
	struct conf_errors errors;
	struct conf *conf;
	char text[512];
	size_t i, j;
	bool found;

	for (i = 0; i < NITEMS(clashes); i++) {
		(void)snprintf(text, sizeof(text), LISTEN "%s",
		    clashes[i].text);
		conf = rig_parse(text, &errors);
		found = rig_has(&errors, clashes[i].line, 3, clashes[i].said);
		CHECK_CASE(conf == NULL && found, clashes[i].said);
		for (j = 0; !found && j < errors.count; j++)
			printf("%zu:%zu: %s\n", errors.items[j].line,
			    errors.items[j].column, errors.items[j].text);
		conf_errors_free(&errors);
		conf_free(&conf);
	}
}

#define MANY 5000

static void
five_thousand_hosts_are_no_bomb(void)
{
	struct conf *conf;
	struct buf text;
	char name[32];
	size_t i;
	int ret;

	buf_init(&text, 0);
	ret = buf_printf(&text, LISTEN "hosts:\n");
	for (i = 0; i < MANY && ret == 0; i++)
		ret = buf_printf(&text,
		    "- name: h%zu.example\n"
		    "  names: [www.h%zu.example, ftp.h%zu.example]\n"
		    "  auth: {users_file: /etc/ftpsd/users.d/%zu}\n",
		    i, i, i, i);
	CU_ASSERT_EQUAL_FATAL(ret, 0);
	CU_ASSERT_EQUAL_FATAL(buf_append(&text, "", 1), 0);
	conf = rig_must((const char *)buf_data(&text));
	buf_free(&text);
	for (i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "FTP.h%zu.example", i);
		CU_ASSERT_EQUAL(conf_find_host(conf, name, strlen(name)),
		    (long)i + 1);
	}
	conf_free(&conf);
}

CU_TestInfo conf_hosts_tests[] = {
	{ "hosts inherit from defaults only",
	    hosts_inherit_from_defaults_only },
	{ "anonymous inherits from its host",
	    anonymous_inherits_from_its_host },
	{ "certificates belong together", certificates_belong_together },
	{ "UseImplicitSSL makes all listeners implicit",
	    implicit_makes_all_listeners_implicit },
	{ "a mistake in defaults is told once", defaults_are_blamed_once },
	{ "hosts are found on their listeners",
	    hosts_are_found_on_their_listeners },
	{ "hosts are found where they listen",
	    hosts_are_found_where_they_listen },
	{ "hosts that clash are refused", hosts_that_clash_are_refused },
	{ "five thousand hosts are no bomb", five_thousand_hosts_are_no_bomb },
	CU_TEST_INFO_NULL,
};
