/* Unit tests of shm/conf: the dump, the restart check and the table. */
#include <CUnit/CUnit.h>
#include <stdlib.h>

#include "shm/conf/keys.h"
#include "tests/unit/conf_rig.h"
#include "tests/unit/suites.h"

/* --- the dump ------------------------------------------------------------- */

#define TLS "  tls: {engine: on, certificates: [{cert: /a.pem}]}\n"

/* Each changes what it can; together every key of the table. */
static const char *const texts[] = {
	LISTEN,
	"listen: [{address: \"*\"}, {address: \"::1\", port: 9}]\n",
	LISTEN "agent_idle: 0\n"
	       "auth: {checker_logins: 7, checkers: 2, min_uid: 2000,\n"
	       "  order: [pam, file], pam_service: x, timeout: 90,\n"
	       "  users_file: \"/a b/\\\"c\\\\d\"}\n"
	       "anonymous: {directory: \"/\xc3\xa4\", enabled: on, user: ftp,\n"
	       "  limits: {sessions: 3}}\n"
	       "banner: \"say: \\\"hi\\\" # 100% {off}\"\n"
	       "cache_user: a\nlog_user: b\nuser: null_\n"
	       "drain_hard: 100000\ndrain_time: 61\ngrace_time: 3600\n"
	       "directory_messages: .message\n"
	       "login_message: \"%{USER}, 5% of %{HOST}\"\n"
	       "durability: full\nlist_names: off\nstrict_pbsz: on\n",
	LISTEN
	"control: {mode: 660, owner: root, group: adm,\n"
	"  socket: /run/x.sock, acl: [{actions: [all], users: [\"*\"]},\n"
	"  {actions: [sesscache info, status], groups: [a, b]},\n"
	"  {actions: [clear], access: deny, users: [c]}]}\n"
	"limits: {agents: 1, agents_per_account: 2, handshakes: 3,\n"
	"  login_attempts: 4, network_bits_v4: 16, network_bits_v6: 48,\n"
	"  sessions: 0, sessions_per_address: 5, sessions_per_host: 6,\n"
	"  sessions_per_network: 7, sessions_per_user: 8}\n",
	LISTEN "local_file_systems: []\n"
	       "log: {file: /l, format: json, level: debug, target: syslog,\n"
	       "  transfer: /t}\n"
	       "passive: {address: \"2001:db8::1\", ports: 2000-2000}\n"
	       "pid_file: /p\nrun_directory: /r\nthreads: 1\nworkers: 3\n"
	       "timeouts: {data: 1, idle: 7d, login: 59s, login_delay: 0,\n"
	       "  stalled: 100h}\n"
	       "umask: 0\n",
	LISTEN
	"defaults:\n" TLS "tls: {allow_ccc: on, ecdh_curve: X25519:P-256,\n"
	"  cipher_suite: [HIGH, TLSv1.3 TLS_AES_128_GCM_SHA256],\n"
	"  log: /t, next_protocol: off, options:\n"
	"  [NoSessionReuseRequired, UseImplicitSSL], protocol: TLSv1.2,\n"
	"  required: on, server_cipher_preference: off,\n"
	"  session_cache: off, session_tickets: on,\n"
	"  session_ticket_keys: {age: 60s, count: 2},\n"
	"  timeout_handshake: 1, certificates: [{cert: /x, key: /y,\n"
	"  chain: /z}], ec_certificate_file: /e}\n",
	LISTEN "defaults: {tls: {verify_client: optional, verify_depth: 0,\n"
	       "  engine: on, certificates: [{cert: /a.pem}],\n"
	       "  user_name: commonname, ca_certificate_file: /ca}}\n"
	       "hosts:\n"
	       "- {name: a, tls: {verify_client: on, user_name: off}}\n"
	       "- {name: b, tls: {verify_client: no, user_name: 1.2}}\n",
	LISTEN "tls: {fips: on, crypto_device: \"provider:x ?q\", random_seed: "
	       "/s,\n"
	       "  pass_phrase_provider: [/p, two words], pkcs12_file: /a.p12,\n"
	       "  rsa_certificate_file: /r, rsa_certificate_key_file: "
	       "\"pkcs11:a\"}\n"
	       "hosts: [{name: a, tls: {certificates: [{pkcs12: /b}]}}]\n",
	LISTEN "tls: {verify_server: noreversedns}\nallow_fxp: yes\n"
	       "fxp_peers: [192.0.2.7, \"::/0\", 0.0.0.0/0]\n"
	       "users: [{name: a, fxp_peers: none},\n"
	       "  {group: b, allow_fxp: off, fxp_peers: 10.0.0.0/8}]\n"
	       "hosts: [{name: a, tls: {verify_server: off}}]\n",
	LISTEN "hash_max_size: 0\nhash_on_upload: on\n"
	       "users: [{name: a, hash_on_upload: [crc32, SHA-512]}]\n"
	       "directories: [{path: /a, hash_on_upload: off,\n"
	       "  hash_max_size: 3MiB}]\n"
	       "hosts: [{name: a, hash_on_upload: MD5 sha-1}]\n",
	LISTEN "tls: {renegotiate: none, truncated_uploads: warn}\n"
	       "hosts: [{name: a, tls: {renegotiate: data 5 required off}},\n"
	       "  {name: b, tls: {renegotiate: ctrl 1d timeout 5m}}]\n",
	LISTEN "tls: {session_cache: {size: 1234567, timeout: 1}}\n"
	       "banner: |\n  Hello\n\n    there\n",
	LISTEN "tls: {session_cache: on, cipher_suite: []}\n",
	LISTEN
	"passive: {address: ftp.example.com, refresh: 0}\n"
	"tls: {masquerade_address: [{network: 10.0.0.0/8,\n"
	"  address: local}, {address: eth0, network: \"2001:db8::/32\"},\n"
	"  {address: 192.0.2.1}], strict_alpn: off, protocol: ALL,\n"
	"  options: [AllowWeakSecurity], timeout_handshake: 0}\n"
	"hosts: [{name: a, passive: {address: FTP.example.com}},\n"
	"  {name: b, passive: {address: none}}]\n",
	LISTEN "defaults:\n  umask: 027\n" TLS "umask: 022\n"
	       "tls: {engine: off}\n"
	       "hosts:\n"
	       "- {name: a, names: [b, c]}\n"
	       "- {name: d, umask: 022, tls: {required: ctrl+!data,\n"
	       "  cipher_suite: TLSv1.3 TLS_AES_128_GCM_SHA256}}\n"
	       "- {name: e, anonymous: {tls: {required: auth}},\n"
	       "  tls: {options: [AllowClientRenegotiation, dNSNameRequired,\n"
	       "  NoEmptyFragments, AllowDotLogin, iPAddressRequired]}}\n"
	       "- name: f\n"
	       "  users: [{name: \"a b\\\"@c\"}, {group: '7', umask: 077,\n"
	       "    tls: {options: NoSessionReuseRequired, required: on}}]\n"
	       "  directories: [{path: /a//b/, tls: {required: \"!data\"}},\n"
	       "    {path: //, umask: 0}]\n"
	       "  anonymous: {umask: 0777, user: x, tls: {required: off,\n"
	       "    options: []}, limits: {sessions: 9}, directories:\n"
	       "    [{path: /in, umask: 07}], directory: /d}\n"
	       "- {listen: [{address: 192.0.2.1, implicit: on}]}\n",
};

/* The dump of conf; a test without it cannot go on. */
static char *
dump(const struct conf *conf)
{
	size_t len = 0;
	char *text = conf_dump(conf, &len);

	if (text == NULL)
		abort();
	CU_ASSERT_EQUAL(strlen(text), len);
	return (text);
}

static void
dump_reads_back_as_the_same(void)
{
	struct conf *conf, *again;
	char *first, *second;
	size_t i;

	for (i = 0; i < NITEMS(texts); i++) {
		conf = rig_must(texts[i]);
		first = dump(conf);
		again = rig_must(first);
		second = dump(again);
		CHECK_CASE(strcmp(first, second) == 0, texts[i]);
		free(first);
		free(second);
		conf_free(&again);
		conf_free(&conf);
	}
}

/* So that exec'd roles see what the master sees, field by field. */
static void
dump_keeps_the_fields(void)
{
	struct conf *conf = rig_must(texts[NITEMS(texts) - 1]), *again;
	char *text = dump(conf);
	size_t i;

	again = rig_must(text);
	free(text);
	CU_ASSERT_EQUAL_FATAL(again->nhosts, conf->nhosts);
	for (i = 0; i < conf->nhosts; i++) {
		CU_ASSERT_EQUAL(again->hosts[i].umask, conf->hosts[i].umask);
		CU_ASSERT_EQUAL(again->hosts[i].tls.engine,
		    conf->hosts[i].tls.engine);
		CU_ASSERT_EQUAL(again->hosts[i].tls.required.auth,
		    conf->hosts[i].tls.required.auth);
		CU_ASSERT_EQUAL(again->hosts[i].tls.required.data,
		    conf->hosts[i].tls.required.data);
		CU_ASSERT_EQUAL(again->hosts[i].anonymous.settings.count,
		    conf->hosts[i].anonymous.settings.count);
		CU_ASSERT_EQUAL(again->hosts[i].users.count,
		    conf->hosts[i].users.count);
		CU_ASSERT_EQUAL(again->hosts[i].nlisten,
		    conf->hosts[i].nlisten);
	}
	CU_ASSERT_STRING_EQUAL(again->hosts[2].tls.cipher_suites,
	    "TLS_AES_128_GCM_SHA256");
	CU_ASSERT_EQUAL(conf_find_host(again, "c", 1), 1);
	conf_free(&again);
	conf_free(&conf);
}

/* --- the restart check ---------------------------------------------------- */

static const struct {
	const char *text;
	size_t count;
	const char *key;
} restarts[] = {
	{ "", 0, "" },
	{ "threads: 5\n", 0, "" },
	{ "tls: {session_cache: {timeout: 1h}}\n", 0, "" },
	{ "hosts: [{name: x}]\n", 0, "" },
	{ "user: other\n", 1, "user has changed" },
	{ "workers: 77\n", 1, "workers has changed" },
	{ "run_directory: /x\n", 3, "run_directory has changed" },
	{ "control: {owner: root}\n", 1, "control.owner has changed" },
	{ "control: {mode: 0666}\n", 1, "control.mode has changed" },
	{ "tls: {session_cache: {size: 1GiB}}\n", 1, "session_cache.size" },
	{ "tls: {session_cache: off}\n", 1, "tls.session_cache has" },
};

static void
some_keys_need_a_restart(void)
{
	struct conf_errors errors;
	struct conf *running = rig_must(LISTEN), *loaded;
	char text[256];
	size_t i, count;

	for (i = 0; i < NITEMS(restarts); i++) {
		(void)snprintf(text, sizeof(text), LISTEN "%s",
		    restarts[i].text);
		loaded = rig_must(text);
		memset(&errors, 0, sizeof(errors));
		count = conf_restart_needed(running, loaded, &errors);
		CHECK_CASE(count == restarts[i].count, restarts[i].text);
		CHECK_CASE(errors.count == count, restarts[i].text);
		CHECK_CASE(count == 0 ||
			rig_has(&errors, 0, 0, restarts[i].key),
		    restarts[i].text);
		conf_errors_free(&errors);
		conf_free(&loaded);
	}
	conf_free(&running);
}

/* --- the table ------------------------------------------------------------ */

static void
table_is_sorted_and_found(void)
{
	size_t i;

	for (i = 0; i < conf_nkeys; i++) {
		CHECK_CASE(i == 0 ||
			strcmp(conf_keys[i - 1].path, conf_keys[i].path) < 0,
		    conf_keys[i].path);
		CHECK_CASE(keys_find(conf_keys[i].path) == &conf_keys[i],
		    conf_keys[i].path);
		CHECK_CASE(keys_index(&conf_keys[i]) == i, conf_keys[i].path);
		CHECK_CASE(strlen(conf_keys[i].path) < KEYS_PATH_MAX,
		    conf_keys[i].path);
		CHECK_CASE(conf_keys[i].help[0] != '\0', conf_keys[i].path);
	}
	CU_ASSERT_PTR_NULL(keys_find("tls"));
	CU_ASSERT_PTR_NULL(keys_find(""));
	CU_ASSERT_PTR_NULL(keys_find("tls.engine.x"));
}

static void
groups_are_known(void)
{
	CU_ASSERT(keys_is_group("tls"));
	CU_ASSERT(keys_is_group("anonymous"));
	CU_ASSERT(!keys_is_group("anonymous.tls"));
	CU_ASSERT(keys_is_group_in("tls", CONTEXT_ANONYMOUS));
	CU_ASSERT(!keys_is_group_in("timeouts", CONTEXT_DIRECTORY));
	CU_ASSERT(!keys_is_group_in("log", CONTEXT_USER));
	CU_ASSERT(keys_is_group("tls.session_cache"));
	CU_ASSERT(keys_is_group("tls.session_ticket_keys"));
	CU_ASSERT(keys_is_group("timeouts"));
	CU_ASSERT(!keys_is_group("tls.engine"));
	CU_ASSERT(!keys_is_group("tl"));
	CU_ASSERT(!keys_is_group("log_user"));
	CU_ASSERT(!keys_is_group("workers"));
	CU_ASSERT(!keys_is_group("zzz"));
	CU_ASSERT(!keys_is_group(""));
}

static const struct {
	const char *a, *b;
	size_t distance;
} distances[] = {
	{ "idle", "idle", 0 }, { "idle", "IDLE", 0 }, { "ilde", "idle", 1 },
	{ "ide", "idle", 1 }, { "iddle", "idle", 1 }, { "isle", "idle", 1 },
	{ "", "ab", 2 }, { "abc", "xyz", 3 }, { "kitten", "sitting", 3 },
	{ "abcdef", "ghijkl", 4 }, /* more than 3 is not told apart */
};

static void
letters_that_differ_are_counted(void)
{
	size_t i;

	for (i = 0; i < NITEMS(distances); i++) {
		CHECK_CASE(keys_distance(distances[i].a, distances[i].b, 3) ==
			distances[i].distance,
		    distances[i].a);
		CHECK_CASE(keys_distance(distances[i].b, distances[i].a, 3) ==
			distances[i].distance,
		    distances[i].b);
	}
}

CU_TestInfo conf_dump_tests[] = {
	{ "the dump reads back as the same", dump_reads_back_as_the_same },
	{ "the dump keeps the fields", dump_keeps_the_fields },
	{ "some keys need a restart", some_keys_need_a_restart },
	{ "the table is sorted and found", table_is_sorted_and_found },
	{ "groups are known", groups_are_known },
	{ "letters that differ are counted", letters_that_differ_are_counted },
	CU_TEST_INFO_NULL,
};
