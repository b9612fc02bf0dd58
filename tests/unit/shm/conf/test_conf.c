/* Unit tests of shm/conf: what is accepted, and what is refused and where. */
#include "shm/conf/conf.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <time.h>

#include "tests/unit/conf_rig.h"
#include "tests/unit/suites.h"

/* --- mistakes ------------------------------------------------------------- */

static const struct {
	const char *text;
	size_t line, column;
	const char *said;
} mistakes[] = {
	/* keys */
	{ "lisen: 1\n", 1, 1, "unknown key lisen: did you mean listen?" },
	{ "host: []\n", 1, 1, "did you mean hosts?" },
	{ "defau1ts: {}\n", 1, 1, "did you mean defaults?" },
	{ "tsl: {engine: on}\n", 1, 1, "did you mean tls?" },
	{ "tls: {engin: on}\n", 1, 7, "did you mean tls.engine?" },
	{ "engine: on\n", 1, 1, "did you mean tls.engine?" },
	{ "tls:\n  banner: x\n", 2, 3, "unknown key tls.banner" },
	{ "completely_else: 1\n", 1, 1, "unknown key completely_else" },
	{ "workers: 1\nworkers: 2\n", 2, 1, "twice, first in line 1" },
	{ "tls: {log: /a, log: /b}\n", 1, 16, "twice" },
	{ "listen: [{\"a\\n\": 1, \"a\\n\": 2}]\n", 1, 21, "a\\x0" },
	{ "defaults: {workers: 2}\n", 1, 12, "at the top level only" },
	{ "defaults: {listen: []}\n", 1, 12, "may not be set below defaults" },
	{ "name: x\n", 1, 1, "below hosts only" },
	{ "hosts: [{hosts: []}]\n", 1, 10, "unknown key" },
	{ "anonymous: {banner: x}\n", 1, 13, "may not be set below anonymous" },
	{ "tls: {renegotiate: off}\n", 1, 20, "unknown word off" },
	{ "tls: {stapling: on}\n", 1, 7,
	    "tls.stapling: on needs tls.stapling_cache" },
	{ "tls: {stapling: maybe}\n", 1, 17, "expected one of auto, off, on" },
	{ "tls: {stapling_timeout: 0}\n", 1, 25, "from 1s to 60s" },
	{ "tls: {stapling_cache: {type: shm}}\n", 1, 30, "one of lmdb" },
	{ "tls: {stapling_cache: {size: 1KiB}}\n", 1, 30, "from 1MiB to" },
	{ "tls: {stapling_cache: {directory: here}}\n", 1, 35,
	    "absolute path" },
	{ "tls: {stapling_options: [NoNonse]}\n", 1, 26,
	    "did you mean NoNonce" },
	{ "tls: {stapling_options: NoNonce Nonce}\n", 1, 25,
	    "NoNonce and Nonce contradict each other" },
	{ "tls: {stapling_options: FakeTryLater NoFakeTryLater}\n", 1, 25,
	    "contradict each other" },
	{ "tls: {stapling_responder: \"ldap://x/\"}\n", 1, 27,
	    "expected a URL of http or https" },
	{ "tls: {stapling_responder: \"http:///status\"}\n", 1, 27,
	    "names no server" },
	{ "tls: {stapling_responder: \"http://x:70000/\"}\n", 1, 27,
	    "names no server" },
	{ "tls: {stapling_responder: \"http://x/a b\"}\n", 1, 27,
	    "characters that no URL has" },
	{ "ocsp: {proxy: \"https://x/\"}\n", 1, 15, "by http alone" },
	{ "tls: {verify_order: [ocsp, ocsp]}\n", 1, 28,
	    "ocsp stands there twice" },
	{ "tls: {verify_order: cert}\n", 1, 21, "unknown word" },
	{ "tls: {verify_order: []}\n", 1, 21, "is empty" },
	{ "tls: {verify_no_answer: perhaps}\n", 1, 25,
	    "expected one of reject, accept" },
	{ "ocsp: {timeout: 0s}\n", 1, 17, "ocsp.timeout" },
	{ "tls: {verify_client: require}\n", 1, 22,
	    "expected one of off, on, optional" },
	{ "tls: {verify_client: option}\n", 1, 22, "did you mean optional" },
	{ "tls: {verify_depth: -1}\n", 1, 21, "expected a number" },
	{ "tls: {verify_depth: nine}\n", 1, 21, "expected a number" },
	{ "tls: {user_name: 1.2.3.}\n", 1, 18, "expected off, CommonName" },
	{ "tls: {user_name: Name}\n", 1, 18, "expected off, CommonName" },
	{ "tls: {verify_depth: 101}\n", 1, 21, "0" },
	{ "tls: {user_name: on}\n", 1, 18, "expected off, CommonName" },
	{ "tls: {verify_server: optional}\n", 1, 22,
	    "expected one of NoReverseDNS, off, on" },
	{ "tls: {verify_server: NoReverseDSN}\n", 1, 22,
	    "did you mean NoReverseDNS" },
	{ "allow_fxp: peers\n", 1, 12, "allow_fxp" },
	{ "fxp_peers: [10.0.0.0/8, 10.0.0.1/8]\n", 1, 25,
	    "10.0.0.1/8 has bits beyond its length set" },
	{ "fxp_peers: [10.0.0.0/33]\n", 1, 13, "is not a network" },
	{ "fxp_peers: [\"::/129\"]\n", 1, 13, "is not a network" },
	{ "fxp_peers: 10.0.0.0/8 host.test\n", 1, 12,
	    "host.test is not a network, such as" },
	{ "fxp_peers: [10.0.0.0/]\n", 1, 13, "is not a network" },
	{ "fxp_peers: [/8]\n", 1, 13, "is not a network" },
	{ "fxp_peers: {network: 10.0.0.0/8}\n", 1, 12, "fxp_peers" },
	{ "directories: [{path: /a, allow_fxp: on}]\n", 1, 26,
	    "may not be set below directories" },
	{ "tls: {engine: on, verify_client: on}\n", 1, 19,
	    "the server knows no authority" },
	{ "tls: {engine: on, verify_client: optional, ca_certificate_file: "
	  "/x,\n  options: [NoCertRequest]}\n",
	    2, 3, "contradicts tls.verify_client" },
	{ "tls: {truncated_uploads: accept}\n", 1, 26,
	    "expected one of reject, warn" },
	{ "include: [x.yaml]\n", 1, 1, "main file only" },
	{ "? [a]\n: b\n", 1, 3, "a key must be a plain word" },
	{ "<<: {a: b}\n", 1, 1, "merge keys are refused" },
	{ "tls: {controls_acls: all}\n", 1, 7, "is control.acl here" },
	/* kinds of values */
	{ "tls: on\n", 1, 6, "takes further keys" },
	{ "hosts: {name: x}\n", 1, 8, "list of hosts" },
	{ "hosts: [x]\n", 1, 9, "takes further keys" },
	{ "workers: [1]\n", 1, 10, "takes one value" },
	{ "banner: {a: b}\n", 1, 9, "takes one value" },
	{ "workers:\n", 1, 9, "has no value" },
	{ "workers: null\n", 1, 10, "has no value" },
	{ "listen: 21\n", 1, 9, "takes a list" },
	{ "tls: {certificates: /a.pem}\n", 1, 21, "takes a list" },
	{ "hello\n", 1, 1, "must be a mapping" },
	{ "- a\n", 1, 1, "must be a mapping" },
	/* YAML */
	{ "user: &a x\n", 1, 7, "anchors (&) are refused; a value that" },
	{ "user: *a\n", 1, 7, "put in quotes" },
	{ "workers: !!int 2\n", 1, 10, "tags (!) are refused" },
	{ "user: ! x\n", 1, 7, "tags (!) are refused" },
	{ "umask: !!str \"022\"\n", 1, 8, "tags (!) are refused" },
	{ "hosts: !x []\n", 1, 8, "tags (!) are refused" },
	{ "defaults: !!map {}\n", 1, 11, "tags (!) are refused" },
	{ "tls: {required: !data }\n", 1, 17, "put in quotes" },
	{ "user: @x\n", 1, 7, "put in quotes" },
	{ "user: %x\n", 1, 7, "put in quotes" },
	{ "listen: [{address: *, port: 21}]\n", 1, 21, "put in quotes" },
	{ "workers: 1\n---\nworkers: 2\n", 2, 1, "a second document" },
	{ "%TAG ! tag:x,2000:\n---\nworkers: 2\n", 1, 1, "%TAG" },
	{ "banner: \"a\xff\"\n", 1, 11, "not valid UTF-8" },
	{ "workers: 1\n\nbanner: \"\xc3\xa4\xc0\x80\"\n", 3, 11, "UTF-8" },
	{ "banner: \"a\\0b\"\n", 1, 9, "NUL" },
	{ "banner: \"a\n", 2, 1, "unexpected end" },
	{ "a: b: c\n", 1, 5, "mapping values are not allowed" },
	/* numbers */
	{ "workers: many\n", 1, 10, "expected a number, not many" },
	{ "workers: -1\n", 1, 10, "expected a number" },
	{ "workers: 0x10\n", 1, 10, "expected a number" },
	{ "workers: 257\n", 1, 10, "must be from 0 to 256, not 257" },
	{ "workers: 99999999999999999999999\n", 1, 10, "expected a number" },
	{ "threads: 0\n", 1, 10, "must be from 1 to 1024" },
	{ "timeouts: {idle: 5 parsecs}\n", 1, 18, "expected a time" },
	{ "timeouts: {idle: 1.5h}\n", 1, 18, "expected a time" },
	{ "timeouts: {idle: 8d}\n", 1, 18, "from 1s to 7d" },
	{ "timeouts: {idle: 0}\n", 1, 18, "from 1s to 7d" },
	{ "drain_time: 999999999999999999d\n", 1, 13, "expected a time" },
	{ "tls: {session_cache: {size: 1KB}}\n", 1, 29, "expected a size" },
	{ "tls: {session_cache: {size: 1KiB}}\n", 1, 29, "from 1MiB to 64GiB" },
	{ "umask: 0999\n", 1, 8, "expected an octal number" },
	{ "umask: 01777\n", 1, 8, "from 0 to 0777" },
	{ "strict_pbsz: 1\n", 1, 14, "expected on or off" },
	/* texts */
	{ "pid_file: ftpsd.pid\n", 1, 11, "not an absolute path" },
	{ "log: {transfer: x.log}\n", 1, 17, "not an absolute path" },
	{ "pid_file: \"/a\\nb\"\n", 1, 11, "control character" },
	{ "user: \"a b\"\n", 1, 7, "is not a name" },
	{ "user: -x\n", 1, 7, "is not a name" },
	{ "user: \"\"\n", 1, 7, "an empty text is not a name" },
	{ "banner: \"a\\r\\n220 b\"\n", 1, 9, "control character" },
	{ "banner: \"\\n\"\n", 1, 9, "is empty" },
	{ "banner: a %{HOSTT}\n", 1, 9, "did you mean HOST?" },
	{ "hosts: [{name: a..b}]\n", 1, 16, "not the name of a host" },
	{ "hosts: [{name: x, names: [\"*.y\"]}]\n", 1, 27, "name of a host" },
	/* words */
	{ "log: {level: inof}\n", 1, 14, "did you mean info?" },
	{ "log: {target: 12345}\n", 1, 15, "one of stderr, file, syslog" },
	{ "durability: much\n", 1, 13, "one of none, data, full" },
	{ "list_times: zulu\n", 1, 13, "one of utc, local" },
	{ "limits: {list_depth: 65}\n", 1, 22, "from 1 to 64" },
	{ "auth: {order: []}\n", 1, 15, "is empty" },
	{ "auth: {order: [file, file]}\n", 1, 22, "stands there twice" },
	{ "auth: {order: [ldap]}\n", 1, 16, "one of file, pam" },
	{ "local_file_systems: [ext5]\n", 1, 22, "unknown word ext5" },
	{ "tls: {session_cache: {type: shm}}\n", 1, 29, "one of lmdb" },
	/* addresses and ports */
	{ "listen: [{port: 21}]\n", 1, 10, "address is missing" },
	{ "listen: [{address: localhost}]\n", 1, 20, "not an IPv4 or IPv6" },
	{ "listen: [{address: 1.2.3.4, port: 0}]\n", 1, 35, "1 to 65535" },
	{ "listen: [{address: 1.2.3.4, port: 65536}]\n", 1, 35, "1 to 65535" },
	{ "listen: [{address: 1.2.3.4, prt: 1}]\n", 1, 29,
	    "did you mean port?" },
	{ "listen: [{address: 1.2.3.4, implicit: 2}]\n", 1, 39, "on or off" },
	{ "passive: {ports: 100-200}\n", 1, 18, "first-last" },
	{ "passive: {ports: 3000-2000}\n", 1, 18, "first-last" },
	{ "passive: {ports: 3000}\n", 1, 18, "first-last" },
	{ "passive: {address: ftp/example}\n", 1, 20, "not an IPv4" },
	{ "passive: {address: 192.0.2.256}\n", 1, 20, "not an IPv4" },
	{ "passive: {address: [192.0.2.1]}\n", 1, 21, "takes a list of map" },
	{ "passive: {address: [{network: 10.0.0.0/8}]}\n", 1, 21,
	    "address is missing" },
	{ "passive: {address: [{address: a, network: 10.1.0.0/8}]}\n", 1, 43,
	    "bits beyond" },
	{ "passive: {address: [{address: a, network: 10.0.0.0/33}]}\n", 1, 43,
	    "not a network" },
	{ "tls: {masquerade_address: \"\"}\n", 1, 27, "not an IPv4" },
	{ "passive: {address: 0.0.0.0}\n", 1, 20, "not an IPv4" },
	/* TLS */
	{ "tls: {required: yess}\n", 1, 17, "unknown word yess" },
	{ "tls: {required: [on]}\n", 1, 17, "takes one value" },
	{ LISTEN "tls: {protocol: TLSv1.1}\n", 2, 7,
	    "needs tls.options: [AllowWeakSecurity]" },
	{ LISTEN "tls: {protocol: ALL +TLSv1}\n", 2, 7, "TLSv1.0 is not" },
	{ "tls: {protocol: [SSLv3]}\n", 1, 17, "SSLv3 is not supported" },
	{ "tls: {protocol: SSLv2}\n", 1, 17, "unknown word SSLv2" },
	{ "tls: {protocol: ALL TLSv1.2}\n", 1, 17, "begins with + or -" },
	{ "tls: {protocol: -TLSv1.2}\n", 1, 17, "need ALL before" },
	{ LISTEN "tls: {protocol: ALL -TLSv1.2 -TLSv1.3}\n", 2, 7,
	    "leaves no protocol that is secure" },
	{ "tls: {protocol: ALL -SSLv23}\n", 1, 17, "leaves no protocol" },
	{ "tls: {protocol: []}\n", 1, 17, "is empty" },
	{ "tls: {protocol: TLSv1.4}\n", 1, 17, "did you mean TLSv1." },
	{ "tls: {cipher_suite: TLS_AES_128_GCM_SHA256}\n", 1, 21, "TLSv1.3" },
	{ LISTEN "tls: {cipher_suite: \"HIGH:@SECLEVEL=0\"}\n", 2, 7,
	    "security level 0 needs tls.options" },
	{ "tls: {cipher_suite: HIGH MEDIUM}\n", 1, 21, "with colons" },
	{ "tls: {ecdh_curve: \"a/b\"}\n", 1, 19, "name of a curve" },
	{ "tls: {options: [dnsNameRequired]}\n", 1, 17,
	    "did you mean dNSNameRequired?" },
	{ "tls: {options: [NoSessionReuse]}\n", 1, 17, "unknown word" },
	{ "tls: {certificates: [{key: /a}]}\n", 1, 22, "cert is missing" },
	{ "tls: {certificates: [{cert: a}]}\n", 1, 29, "not an absolute path" },
	{ "tls: {certificates: [{pkcs12: /a, key: /b}]}\n", 1, 22,
	    "no other key" },
	{ "tls: {certificates: [{cert: file:/a}]}\n", 1, 29, "absolute path" },
	{ "tls: {certificates: [{cert: /a, key: \"file:a\"}]}\n", 1, 38,
	    "write file:/path" },
	{ "tls: {ec_certificate_file: /a, ec_certificate_key_file: b}\n", 1, 57,
	    "absolute path" },
	{ "tls: {crypto_device: cryptodev}\n", 1, 22, "provider:NAME" },
	{ "tls: {pass_phrase_provider: ask}\n", 1, 29, "absolute path" },
	{ "tls: {pass_phrase_provider: [/a, \"b\\nc\"]}\n", 1, 34,
	    "control character" },
	{ "tls: {pass_phrase_provider: {a: b}}\n", 1, 29, "" },
	{ "defaults: {tls: {fips: on}}\n", 1, 18, "top level only" },
	{ "tls: {fips: maybe}\n", 1, 13, "" },
	{ "tls: {random_seed: seed}\n", 1, 20, "absolute path" },
	{ "tls: {rsa_certificate_key_file: /a}\n", 1, 7,
	    "without tls.rsa_cert" },
	/* control.acl */
	{ "control: {acl: [{users: [a]}]}\n", 1, 17, "actions are missing" },
	{ "control: {acl: [{actions: all}]}\n", 1, 17, "users or groups" },
	{ "control: {acl: [{actions: [stats], users: a}]}\n", 1, 28,
	    "did you mean status?" },
	{ "control: {acl: [{actions: all, users: ~}]}\n", 1, 39, "words" },
	/* between keys */
	{ "workers: 2\n", 0, 0, "nothing to listen on" },
	{ LISTEN "tls:\n  engine: on\n", 3, 3, "has no certificate" },
	{ LISTEN "tls:\n  required: auth\n", 3, 3, "tls.engine is off" },
	{ LISTEN "defaults:\n  tls: {required: on}\n", 3, 9, "is off" },
	{ LISTEN "anonymous: {enabled: on, user: x}\n", 2, 13, "directory" },
	{ LISTEN "anonymous: {enabled: on, directory: /x}\n", 2, 13, "user" },
	{ LISTEN "log: {target: file}\n", 2, 7, "log.file is not set" },
	{ LISTEN "drain_hard: 1m\n", 2, 1, "less than drain_time" },
	{ "listen: [{address: 1.2.3.4, implicit: on}]\n", 1, 1, "implicit" },
	{ LISTEN "hosts: [{banner: x}]\n", 2, 9, "needs a name" },
	{ "hosts: [{name: x}]\n", 1, 9, "server, which has none" },
	{ LISTEN "hosts:\n- {name: x}\n- {name: X}\n", 4, 3,
	    "the name x on the listeners of the server: the first is "
	    "test.yaml:3" },
	{ LISTEN "hosts:\n- {name: x, names: [y]}\n- {name: y}\n", 4, 3,
	    "the name y" },
	{ LISTEN "hosts: [{name: x, names: [x]}]\n", 2, 9, "twice" },
	{ "listen: [{address: 1.2.3.4}, {address: 1.2.3.4}]\n", 0, 0,
	    "1.2.3.4 port 21 is listed twice" },
};

static void
mistakes_are_named_with_their_place(void)
{
	struct conf_errors errors;
	struct conf *conf;
	size_t i, j;
	bool found;

	for (i = 0; i < NITEMS(mistakes); i++) {
		conf = rig_parse(mistakes[i].text, &errors);
		found = rig_has(&errors, mistakes[i].line, mistakes[i].column,
		    mistakes[i].said);
		CHECK_CASE(conf == NULL, mistakes[i].text);
		CHECK_CASE(found, mistakes[i].text);
		for (j = 0; !found && j < errors.count; j++)
			printf("%zu:%zu: %s\n", errors.items[j].line,
			    errors.items[j].column, errors.items[j].text);
		conf_errors_free(&errors);
		conf_free(&conf);
	}
}

static void
all_mistakes_are_told_in_order(void)
{
	struct conf_errors errors;
	struct conf *conf;
	size_t i;

	conf = rig_parse("hosts: [{name: x, umask: 8}, {name: x}]\n"
			 "workers: none\nnonsense: 1\nthreads: 0\n",
	    &errors);
	CU_ASSERT_PTR_NULL(conf);
	CU_ASSERT(rig_has(&errors, 1, 26, "umask"));
	CU_ASSERT(rig_has(&errors, 1, 30, "second host"));
	CU_ASSERT(rig_has(&errors, 2, 10, "workers"));
	CU_ASSERT(rig_has(&errors, 3, 1, "nonsense"));
	CU_ASSERT(rig_has(&errors, 4, 10, "threads"));
	for (i = 1; i < errors.count; i++)
		CU_ASSERT(errors.items[i - 1].line <= errors.items[i].line);
	conf_errors_free(&errors);
}

static void
many_mistakes_are_counted(void)
{
	static char text[16 * 300];
	struct conf_errors errors;
	struct conf *conf;
	size_t i, len = 0;

	for (i = 0; i < 300; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "xyzzy%zu: 1\n", i);
	conf = conf_parse("test.yaml", text, len, &errors);
	CU_ASSERT_PTR_NULL(conf);
	CU_ASSERT_EQUAL(errors.count, 201);
	CU_ASSERT(rig_has(&errors, 200, 1, "xyzzy199"));
	CU_ASSERT(strstr(errors.items[200].text, "and 10") != NULL);
	conf_errors_free(&errors);
}

/* What a message repeats of a value cannot break the line it is shown in. */
static void
values_are_shown_escaped(void)
{
	struct conf_errors errors;
	struct conf *conf;

	conf = rig_parse("workers: \"1\\n\\x1b[2J\"\n", &errors);
	CU_ASSERT_PTR_NULL(conf);
	CU_ASSERT(rig_has(&errors, 1, 10, "not 1\\x0A\\x1B[2J") ||
	    rig_has(&errors, 1, 10, "not 1\\x0a\\x1b[2J"));
	conf_errors_free(&errors);
}

/* --- bombs ---------------------------------------------------------------- */

/* head, then count times middle, which may hold one %zu. */
static char *
repeat(const char *head, const char *middle, size_t count, size_t *len)
{
	size_t i, room = strlen(head) + count * (strlen(middle) + 16) + 64;
	char *text = malloc(room);

	if (text == NULL)
		abort();
	*len = (size_t)snprintf(text, room, "%s", head);
	for (i = 0; i < count; i++) {
		*len +=
		    (size_t)snprintf(text + *len, room - *len, "%s", middle);
		if (middle[0] == 'k')
			*len += (size_t)snprintf(text + *len, room - *len,
			    "%zu: 1\n", i);
	}
	return (text);
}

static const struct {
	const char *what, *head, *middle;
	size_t count;
} bombs[] = {
	{ "lists in lists", "listen: ", "[", 100000 },
	{ "lists in lists of an unknown key", "foo: ", "[", 100000 },
	{ "mappings in mappings", "", "{a: ", 100000 },
	{ "a million unknown keys", "", "k", 1000000 },
	{ "a million words", "local_file_systems: [", "xfs, ", 1000000 },
	{ "a million hosts", "hosts:\n", "- {}\n", 1000000 },
	{ "a long text", "banner: \"", "xxxxxxxx", 2000000 },
	{ "a long text of many lines", "banner: |\n", "  xxxxxx\n", 1000000 },
	{ "a long comment", "", "#xxxxxxx", 2000000 },
	{ "aliases", "a: &a [x]\nb: [", "*a, ", 1000000 },
	{ "a million fields", "listen:\n- ", "{a: b},", 1000000 },
};

/* 20 times what is asked: the machine may be busy, and sanitizers are slow. */
#define BOMB_MS 200

static void
bombs_are_refused_at_once(void)
{
	struct timespec before, after;
	struct conf_errors errors;
	struct conf *conf;
	char *text;
	size_t i, len = 0;
	long ms;

	for (i = 0; i < NITEMS(bombs); i++) {
		text = repeat(bombs[i].head, bombs[i].middle, bombs[i].count,
		    &len);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
		conf = conf_parse("bomb", text, len, &errors);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
		ms = (long)(after.tv_sec - before.tv_sec) * 1000 +
		    (after.tv_nsec - before.tv_nsec) / 1000000;
		CHECK_CASE(conf == NULL && errors.count > 0, bombs[i].what);
		CHECK_CASE(ms < BOMB_MS, bombs[i].what);
		conf_errors_free(&errors);
		free(text);
	}
}

/* --- values --------------------------------------------------------------- */

static void
defaults_are_those_of_the_table(void)
{
	struct conf *conf = rig_must(LISTEN);
	const struct conf_host *host;

	CU_ASSERT_STRING_EQUAL(conf->user, "ftpsd");
	CU_ASSERT_STRING_EQUAL(conf->run_directory, "/run/ftpsd");
	CU_ASSERT_STRING_EQUAL(conf->pid_file, "/run/ftpsd/ftpsd.pid");
	CU_ASSERT_STRING_EQUAL(conf->control_socket, "/run/ftpsd/control.sock");
	CU_ASSERT(conf->workers >= 1);
	CU_ASSERT_EQUAL(conf->drain_hard, 6 * 3600);
	CU_ASSERT_EQUAL(conf->control_mode, 0600);
	CU_ASSERT_PTR_NULL(conf->control_owner);
	CU_ASSERT_EQUAL(conf->log_level, LOG_LEVEL_INFO);
	CU_ASSERT_EQUAL(conf->local_file_systems.count, 9);
	CU_ASSERT(conf->session_cache);
	CU_ASSERT_EQUAL(conf->session_cache_size, 256u << 20);
	CU_ASSERT_EQUAL(conf->ticket_key_count, 25);
	CU_ASSERT_EQUAL(conf->nhosts, 1);
	host = &conf->hosts[0];
	CU_ASSERT_PTR_NULL(host->name);
	CU_ASSERT_EQUAL(host->nlisten, 1);
	CU_ASSERT_EQUAL(host->listen[0].address.port, 2121);
	CU_ASSERT(!host->tls.engine && host->tls.next_protocol);
	CU_ASSERT(host->tls.server_cipher_preference);
	CU_ASSERT_EQUAL(host->tls.protocol, CONF_TLS_1_2 | CONF_TLS_1_3);
	CU_ASSERT_EQUAL(host->tls.timeout_handshake, 300);
	CU_ASSERT_PTR_NULL(host->tls.ecdh_curve);
	CU_ASSERT_EQUAL(host->nauth_order, 1);
	CU_ASSERT_EQUAL(host->umask, 022);
	CU_ASSERT(host->passive_addresses.count == 1 &&
	    address_is_any(&host->passive_addresses.items[0].address));
	conf_free(&conf);
	CU_ASSERT_PTR_NULL(conf);
}

static const struct {
	const char *word;
	bool auth, control;
	enum conf_required_data data;
} required[] = {
	{ "off", false, false, CONF_DATA_FREE },
	{ "no", false, false, CONF_DATA_FREE },
	{ "on", true, true, CONF_DATA_PRIVATE },
	{ "TRUE", true, true, CONF_DATA_PRIVATE },
	{ "both", true, true, CONF_DATA_PRIVATE },
	{ "control", true, true, CONF_DATA_FREE },
	{ "ctrl", true, true, CONF_DATA_FREE },
	{ "data", false, false, CONF_DATA_PRIVATE },
	{ "\"!data\"", false, false, CONF_DATA_CLEAR },
	{ "no-data", false, false, CONF_DATA_CLEAR },
	{ "ctrl+data", true, true, CONF_DATA_PRIVATE },
	{ "ctrl+!data", true, true, CONF_DATA_CLEAR },
	{ "ctrl+no-data", true, true, CONF_DATA_CLEAR },
	{ "auth", true, false, CONF_DATA_FREE },
	{ "auth+data", true, false, CONF_DATA_PRIVATE },
	{ "auth+!data", true, false, CONF_DATA_CLEAR },
	{ "auth+no-data", true, false, CONF_DATA_CLEAR },
};

#define TLS_ON                  \
	LISTEN "tls:\n"         \
	       "  engine: on\n" \
	       "  certificates: [{cert: /a.pem}]\n"

static void
required_has_all_words(void)
{
	const struct conf_required *r;
	struct conf *conf;
	char text[256];
	size_t i;

	for (i = 0; i < NITEMS(required); i++) {
		(void)snprintf(text, sizeof(text), TLS_ON "  required: %s\n",
		    required[i].word);
		conf = rig_good(text);
		CHECK_CASE(conf != NULL, required[i].word);
		if (conf == NULL)
			continue;
		r = &conf->hosts[0].tls.required;
		CHECK_CASE(r->auth == required[i].auth &&
			r->control == required[i].control &&
			r->data == required[i].data,
		    required[i].word);
		conf_free(&conf);
	}
}

static void
tls_values_are_taken_apart(void)
{
	struct conf *conf;
	const struct conf_tls *tls;

	conf = rig_must(TLS_ON "  protocol: ALL -TLSv1.1 -TLSv1.2\n"
			       "  cipher_suite:\n"
			       "    - HIGH:!aNULL\n"
			       "    - tlsv1.3 TLS_AES_128_GCM_SHA256\n"
			       "    - TLSv1.2 ECDHE+AESGCM\n"
			       "  ecdh_curve: [X25519, P-256]\n"
			       "  options: [NoSessionReuseRequired]\n"
			       "  session_cache: off\n"
			       "  log: none\n");
	tls = &conf->hosts[0].tls;
	CU_ASSERT_EQUAL(tls->protocol, CONF_TLS_1_3);
	CU_ASSERT_STRING_EQUAL(tls->cipher_list, "ECDHE+AESGCM");
	CU_ASSERT_STRING_EQUAL(tls->cipher_suites, "TLS_AES_128_GCM_SHA256");
	CU_ASSERT_STRING_EQUAL(tls->ecdh_curve, "X25519:P-256");
	CU_ASSERT_EQUAL(tls->options, CONF_TLS_NO_SESSION_REUSE_REQUIRED);
	CU_ASSERT(!conf->session_cache);
	CU_ASSERT_PTR_NULL(tls->log);
	conf_free(&conf);
}

static void
listeners_are_taken_apart(void)
{
	struct conf *conf;
	const struct conf_host *host;
	char text[ADDRESS_TEXT_MAX];

	conf = rig_must("listen:\n"
			"- {address: \"*\"}\n"
			"- {address: 192.0.2.1, implicit: on}\n"
			"- {address: \"::1\", port: 8021}\n"
			"tls: {engine: on, certificates: [{cert: /a.pem}]}\n");
	host = &conf->hosts[0];
	CU_ASSERT_EQUAL_FATAL(host->nlisten, 4);
	CU_ASSERT_STRING_EQUAL(address_text(&host->listen[0].address, text),
	    "0.0.0.0");
	CU_ASSERT_STRING_EQUAL(address_text(&host->listen[1].address, text),
	    "::");
	CU_ASSERT_EQUAL(host->listen[1].address.port, 21);
	CU_ASSERT_EQUAL(host->listen[2].address.port, 990);
	CU_ASSERT(host->listen[2].implicit && !host->listen[3].implicit);
	CU_ASSERT_EQUAL(host->listen[3].address.port, 8021);
	conf_free(&conf);
}

static void
other_values_are_taken_apart(void)
{
	struct conf *conf;
	const struct conf_host *host;

	conf =
	    rig_good("\xef\xbb\xbf" LISTEN
		     "timeouts: {idle: 90, stalled: 2h, data: 45S}\n"
		     "tls: {session_cache: {size: 3gib}}\n"
		     "umask: \"0o27\"\n"
		     "passive: {ports: 50000 - 50100, address: 192.0.2.9}\n"
		     "auth: {order: pam file}\n"
		     "local_file_systems: EXT4 xfs\n"
		     "control: {acl: [{actions: sesscache info, users: \"*\"},"
		     " {actions: [sesscache, stop], groups: [adm, x]}]}\n");
	host = &conf->hosts[0];
	CU_ASSERT_EQUAL(host->timeout_idle, 90);
	CU_ASSERT_EQUAL(host->timeout_stalled, 7200);
	CU_ASSERT_EQUAL(host->timeout_data, 45);
	CU_ASSERT_EQUAL(conf->session_cache_size, 3ull << 30);
	CU_ASSERT_EQUAL(host->umask, 027);
	CU_ASSERT_EQUAL(host->passive_first, 50000);
	CU_ASSERT_EQUAL(host->passive_last, 50100);
	CU_ASSERT_EQUAL(host->nauth_order, 2);
	CU_ASSERT_EQUAL(host->auth_order[0], CONF_AUTH_PAM);
	CU_ASSERT_EQUAL(conf->local_file_systems.count, 2);
	CU_ASSERT_STRING_EQUAL(conf->local_file_systems.items[0], "ext4");
	CU_ASSERT_EQUAL_FATAL(conf->ncontrol_acl, 2);
	CU_ASSERT_STRING_EQUAL(conf->control_acl[0].actions.items[0],
	    "sesscache info");
	CU_ASSERT_STRING_EQUAL(conf->control_acl[0].users.items[0], "*");
	CU_ASSERT_EQUAL(conf->control_acl[1].groups.count, 2);
	conf_free(&conf);
}

CU_TestInfo conf_tests[] = {
	{ "mistakes are named with their place",
	    mistakes_are_named_with_their_place },
	{ "all mistakes are told, in order", all_mistakes_are_told_in_order },
	{ "many mistakes are counted", many_mistakes_are_counted },
	{ "values are shown escaped", values_are_shown_escaped },
	{ "bombs are refused at once", bombs_are_refused_at_once },
	{ "defaults are those of the table", defaults_are_those_of_the_table },
	{ "tls.required has all words", required_has_all_words },
	{ "values of tls are taken apart", tls_values_are_taken_apart },
	{ "listeners are taken apart", listeners_are_taken_apart },
	{ "other values are taken apart", other_values_are_taken_apart },
	CU_TEST_INFO_NULL,
};
