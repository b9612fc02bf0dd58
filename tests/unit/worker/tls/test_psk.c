/* Unit tests of worker/tls: pre-shared keys, and the sessions begun by them. */
#include "tests/unit/tls_visit.h"

#include "worker/tls/psk.h"
#include "worker/tls/state.h"

#define ALICE "00112233445566778899aabbccddeeff"
#define BOB   "ffeeddccbbaa99887766554433221100"
#define KEYS  "alice " ALICE "\nbob " BOB "\n"

/* The key that our client has. */
static struct {
	const char *identity, *hex;
} held;

static unsigned int
client_key(SSL *ssl, const char *hint, char *identity, unsigned int room,
    unsigned char *key, unsigned int key_room)
{
	const struct psk_line line = { .hex = held.hex,
		.hex_len = held.hex == NULL ? 0 : strlen(held.hex) };
	uint8_t bytes[PSK_KEY_MAX];
	size_t len;

	(void)ssl;
	(void)hint;
	if (held.identity == NULL)
		return (0);
	len = psk_key(&line, bytes);
	if (len == 0 || len > key_room)
		return (0);
	(void)snprintf(identity, room, "%s", held.identity);
	memcpy(key, bytes, len);
	return ((unsigned int)len);
}

static void
hold(const char *identity, const char *hex)
{
	held.identity = identity;
	held.hex = hex;
}

/* What the server has; lines as the master gives them. */
static void
give(struct rig *rig, const char *lines)
{
	rig->keys[0].files[HOST_FILE_PSK].data = lines;
	rig->keys[0].files[HOST_FILE_PSK].len = strlen(lines);
}

static void
start(struct rig *rig, const struct variant *variant)
{
	rig_start(rig, variant->tickets);
	rig->hosts[0].tls.pre_shared_keys.count = 2;
	give(rig, KEYS);
	hold("alice", ALICE);
	SSL_CTX_set_psk_client_callback(rig->client, client_key);
	/* Without ciphers for certificates a key is all there is. */
	CU_ASSERT_EQUAL(SSL_CTX_set_cipher_list(rig->client,
			    "PSK+AESGCM:DHE-PSK-AES256-GCM-SHA384"),
	    1);
}

static bool
is_owner(const struct visit *visit, const char *identity)
{
	const struct psk_owner *owner = psk_owner(visit->login);

	return (owner != NULL && owner->identity_len == strlen(identity) &&
	    memcmp(owner->identity, identity, strlen(identity)) == 0);
}

static bool
transfers(struct visit *visit, int wanted)
{
	int n;

	for (n = 0; n < wanted; n++)
		if (!transfer_own(visit, visit_session(visit)))
			break;
	return (n == wanted);
}

/* Another login resumes the session, without the key. */
static void
check_resumed(struct rig *rig, const struct variant *variant,
    SSL_SESSION *session)
{
	struct visit visit;

	if (!variant->tickets)
		return; /* this rig has no cache */
	visit_begin(&visit, rig, variant->version, session);
	CHECK_CASE(visit_resumed(&visit), variant->what);
	CHECK_CASE(is_owner(&visit, "alice"), variant->what);
	CHECK_CASE(!visit.control.server->keyed, variant->what);
	CHECK_CASE(transfers(&visit, 1), variant->what);
	visit_end(&visit);
}

static void
check_sessions(void)
{
	struct visit visit;
	SSL_SESSION *session;
	struct rig rig;
	size_t i;

	for (i = 0; i < NITEMS(variants); i++) {
		start(&rig, &variants[i]);
		visit_begin(&visit, &rig, variants[i].version, NULL);
		CHECK_CASE(visit.control.server->keyed, variants[i].what);
		CHECK_CASE(is_owner(&visit, "alice"), variants[i].what);
		CHECK_CASE(score_get(rig.score, SCORE_HANDSHAKES_FULL) == 1,
		    variants[i].what);
		hold(NULL, NULL);
		CHECK_CASE(transfers(&visit, 20), variants[i].what);
		session = visit_session(&visit);
		check_resumed(&rig, &variants[i], session);
		SSL_SESSION_free(session);
		visit_end(&visit);
		rig_stop(&rig);
	}
}

/* A session is worth nothing when its key has gone or changed. */
static void
check_withdrawn(void)
{
	static const char *const later[] = { "bob " BOB "\n",
		"alice " BOB "\nbob " BOB "\n" };
	struct visit visit, second;
	SSL_SESSION *session;
	struct rig rig;
	size_t i;

	for (i = 0; i < 2 * NITEMS(variants); i++) {
		if (!variants[i / 2].tickets)
			continue; /* this rig has no cache */
		start(&rig, &variants[i / 2]);
		visit_begin(&visit, &rig, variants[i / 2].version, NULL);
		session = visit_session(&visit);
		give(&rig, later[i % 2]);
		hold(NULL, NULL);
		CU_ASSERT_EQUAL(SSL_CTX_set_cipher_list(rig.client,
				    "ECDHE+AESGCM"),
		    1);
		visit_begin(&second, &rig, variants[i / 2].version, session);
		CHECK_CASE(!visit_resumed(&second), variants[i / 2].what);
		CU_ASSERT_PTR_NULL(psk_owner(second.login));
		SSL_SESSION_free(session);
		visit_end(&second);
		visit_end(&visit);
		rig_stop(&rig);
	}
}

static bool
can_connect(struct rig *rig, int version, const char **reason)
{
	struct rig_hello hello = { .version = version };
	struct tls_login *login = rig_login(rig);
	static char text[TLS_REASON_MAX];
	struct rig_link link;
	bool good;

	rig_connect(rig, &link, login, TLS_CONTROL, &hello);
	good = rig_shake(&link) == TLS_OK;
	(void)snprintf(text, sizeof(text), "%s", tls_reason(link.server));
	*reason = text;
	if (good)
		CU_ASSERT_PTR_NULL(psk_owner(login));
	rig_close(&link);
	tls_login_free(&login);
	return (good);
}

static void
check_strangers(void)
{
	const char *why;
	struct rig rig;

	start(&rig, &variants[0]);
	hold("alice", BOB);
	CU_ASSERT(!can_connect(&rig, TLS1_2_VERSION, &why));
	CU_ASSERT(!can_connect(&rig, TLS1_3_VERSION, &why));
	/* The same end: nobody learns who there is. */
	hold("mallory", BOB);
	CU_ASSERT(!can_connect(&rig, TLS1_2_VERSION, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "identity \"mallory\""));
	/* An identity that is unknown leaves the certificate. */
	CU_ASSERT(can_connect(&rig, TLS1_3_VERSION, &why));
	hold("", BOB);
	CU_ASSERT(!can_connect(&rig, TLS1_2_VERSION, &why));
	rig_stop(&rig);
}

/* Where data connections need not resume, they need the very same key. */
static void
check_data(void)
{
	struct visit visit;
	struct rig rig;
	size_t i;

	for (i = 0; i < NITEMS(variants); i++) {
		start(&rig, &variants[i]);
		rig.hosts[0].tls.options = CONF_TLS_NO_SESSION_REUSE_REQUIRED;
		visit_begin(&visit, &rig, variants[i].version, NULL);
		CHECK_CASE(transfer(&visit, NULL), variants[i].what);
		visit_end(&visit);
		rig_stop(&rig);
	}
}

/* A data connection of visit by bob's key: how the handshake ends. */
static enum tls_result
come_as_bob(struct visit *visit, int version, bool *keyed)
{
	struct rig_hello hello = { .version = version };
	enum tls_result result;
	struct rig_link data;

	hold("bob", BOB);
	rig_connect(visit->rig, &data, visit->login, TLS_DATA, &hello);
	CU_ASSERT_EQUAL(SSL_set_cipher_list(data.client, "PSK+AESGCM"), 1);
	result = rig_shake(&data);
	*keyed = data.server->keyed;
	rig_close(&data);
	hold("alice", ALICE);
	return (result);
}

/* By another key than control's, or by any where control has none. */
static void
check_data_of_others(void)
{
	struct visit visit;
	struct rig rig;
	bool keyed;

	start(&rig, &variants[0]);
	rig.hosts[0].tls.options = CONF_TLS_NO_SESSION_REUSE_REQUIRED;
	visit_begin(&visit, &rig, TLS1_2_VERSION, NULL);
	CU_ASSERT(is_owner(&visit, "alice"));
	CU_ASSERT_EQUAL(come_as_bob(&visit, TLS1_2_VERSION, &keyed),
	    TLS_FAILED);
	visit_end(&visit);
	/* In TLS 1.3 the key is passed over, and counts for nothing. */
	visit_begin(&visit, &rig, TLS1_3_VERSION, NULL);
	CU_ASSERT_EQUAL(come_as_bob(&visit, TLS1_3_VERSION, &keyed), TLS_OK);
	CU_ASSERT(!keyed);
	visit_end(&visit);
	hold(NULL, NULL);
	CU_ASSERT_EQUAL(SSL_CTX_set_cipher_list(rig.client, "ECDHE+AESGCM"), 1);
	visit_begin(&visit, &rig, TLS1_2_VERSION, NULL);
	CU_ASSERT_PTR_NULL(psk_owner(visit.login));
	CU_ASSERT_EQUAL(come_as_bob(&visit, TLS1_2_VERSION, &keyed),
	    TLS_FAILED);
	visit_end(&visit);
	rig_stop(&rig);
}

/* Another host has no such keys, and none of its sessions. */
static void
check_other_hosts(void)
{
	struct rig_hello hello = { .name = "a.test" };
	struct visit visit;
	struct tls_login *login;
	struct rig_link link;
	struct tls_facts facts;
	struct rig rig;

	start(&rig, &variants[3]);
	visit_begin(&visit, &rig, TLS1_3_VERSION, NULL);
	hello.session = visit_session(&visit);
	login = rig_login(&rig);
	rig_connect(&rig, &link, login, TLS_CONTROL, &hello);
	CU_ASSERT_EQUAL(rig_shake(&link), TLS_OK);
	tls_facts(link.server, &facts);
	CU_ASSERT(!facts.resumed && psk_owner(login) == NULL);
	SSL_SESSION_free(hello.session);
	rig_close(&link);
	tls_login_free(&login);
	visit_end(&visit);
	rig_stop(&rig);
}

CU_TestInfo psk_tests[] = {
	{ "sessions begun by a key", check_sessions },
	{ "keys that are withdrawn", check_withdrawn },
	{ "strangers", check_strangers },
	{ "data connections", check_data },
	{ "data connections by another key", check_data_of_others },
	{ "other hosts", check_other_hosts },
	CU_TEST_INFO_NULL,
};
