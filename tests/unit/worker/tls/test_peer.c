/* Unit tests of worker/tls: whom a client's certificate names. */
#include "tests/unit/peer_world.h"

static bool
names_user(struct world *world, const struct peer_rig *peer, const char *what,
    const char *user)
{
	static const struct rig_hello hello;
	struct tls_login *login;
	struct rig_link link;
	char name[32];
	bool is;

	(void)snprintf(name, sizeof(name), "%s", what);
	world->rig.hosts[0].tls.user_name = name;
	peer_use(&world->rig, peer, NULL);
	login = rig_login(&world->rig);
	rig_connect(&world->rig, &link, login, TLS_CONTROL, &hello);
	CU_ASSERT_EQUAL(rig_shake(&link), TLS_OK);
	CU_ASSERT_EQUAL(tls_admission(link.server), TLS_ADMITTED);
	is = tls_peer_is_user(login, user);
	rig_close(&link);
	tls_login_free(&login);
	world->rig.hosts[0].tls.user_name = NULL;
	return (is);
}

static const struct {
	const char *what;
	const char *name;
	struct peer_shape shape;
	const char *key, *user;
	int len; /* of the name; -1: a text */
	bool is;
} cases[] = {
	{ "CN", "alice", { 0 }, "CommonName", "alice", -1, true },
	{ "another user", "alice", { 0 }, "CommonName", "bob", -1, false },
	{ "capital letters", "alice", { 0 }, "CommonName", "Alice", -1, false },
	{ "the beginning", "alice", { 0 }, "CommonName", "ali", -1, false },
	{ "a NUL", "alice\0.evil", { 0 }, "CommonName", "alice", 11, false },
	{ "the second CN", "bob", { .second = "alice" }, "CommonName", "alice",
	    -1, true },
	{ "BMPString", "\0a\0l\0\xef", { .name_type = V_ASN1_BMPSTRING },
	    "CommonName", "al\xc3\xaf", 6, true },
	{ "T61String", "al\xef", { .name_type = V_ASN1_T61STRING },
	    "CommonName", "al\xc3\xaf", 3, true },
	{ "mail", "x",
	    { .extension = "subjectAltName=DNS:alice,email:bob@x,"
			   "email:alice@x" },
	    "EmailSubjAltName", "alice@x", -1, true },
	{ "another mail", "x",
	    { .extension = "subjectAltName=DNS:alice@x,email:bob@x" },
	    "EmailSubjAltName", "alice@x", -1, false },
	{ "no mail", "alice", { 0 }, "EmailSubjAltName", "alice", -1, false },
	{ "a text in DER", "x",
	    { .raw = "\x0c\x05"
		     "alice",
		.raw_len = 7 },
	    "1.2.3.4.5", "alice", -1, true },
	{ "IA5String", "x",
	    { .raw = "\x16\x05"
		     "alice",
		.raw_len = 7 },
	    "1.2.3.4.5", "alice", -1, true },
	{ "a NUL in DER", "x",
	    { .raw = "\x0c\x05"
		     "al\0ce",
		.raw_len = 7 },
	    "1.2.3.4.5", "al", -1, false },
	{ "bytes", "x", { .raw = "alice", .raw_len = 5 }, "1.2.3.4.5", "alice",
	    -1, true },
	{ "no text in DER", "x",
	    { .raw = "\x02\x01"
		     "a",
		.raw_len = 3 },
	    "1.2.3.4.5", "a", -1, false },
	{ "DER that is cut", "x",
	    { .raw = "\x0c\x50"
		     "alice",
		.raw_len = 7 },
	    "1.2.3.4.5", "alice", -1, false },
	{ "nothing", "x", { .raw = "", .raw_len = 0 }, "1.2.3.4.5", "", -1,
	    false },
	{ "another OID", "x", { .raw = "alice", .raw_len = 5 }, "1.2.3.4.6",
	    "alice", -1, false },
};

static void
check_user_name(void)
{
	struct peer_rig peer;
	struct world world;
	size_t i;

	world_start(&world, false);
	for (i = 0; i < NITEMS(cases); i++) {
		peer_make(&peer, &world.authority, cases[i].name, cases[i].len,
		    &cases[i].shape);
		CHECK_CASE(names_user(&world, &peer, cases[i].key,
			       cases[i].user) == cases[i].is,
		    cases[i].what);
		peer_end(&peer);
	}
	world_end(&world);
}

CU_TestInfo peer_tests[] = {
	{ "tls.user_name", check_user_name },
	CU_TEST_INFO_NULL,
};
