/* Unit tests of worker/tls: certificates of clients. */
#include <time.h>
#include <unistd.h>

#include "tests/unit/peer_world.h"
#include "tests/unit/tls_visit.h"

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

/* NULL when the client came in, else what is wrong with its certificate. */
static const char *
attempt(struct world *world, const struct rig_hello *hello, bool *resumed)
{
	struct tls_login *login = rig_login(&world->rig);
	const char *why = "not admitted";
	struct tls_facts facts;
	struct rig_link link;
	char *reason = NULL;

	rig_connect(&world->rig, &link, login, TLS_CONTROL, hello);
	if (rig_shake(&link) == TLS_FAILED) {
		reason = strdup(tls_reason(link.server));
		why = tls_objection(link.server);
		if (why == NULL)
			why = "failed otherwise";
	} else if (tls_admission(link.server) == TLS_ADMITTED) {
		why = NULL;
		tls_facts(link.server, &facts);
		if (resumed != NULL)
			*resumed = facts.resumed;
	}
	free(reason);
	rig_close(&link);
	tls_login_free(&login);
	return (why);
}

static bool
comes_in(struct world *world, int version)
{
	struct rig_hello hello = { .version = version };

	return (attempt(world, &hello, NULL) == NULL);
}

static void
check_mode(struct world *world, enum conf_verify mode, int version)
{
	const struct {
		const char *what;
		const struct peer_rig *peer;
		const char *optional, *on;
	} cases[] = {
		{ "none", NULL, NULL, "there is none" },
		{ "good", &world->good, NULL, NULL },
		{ "strange", &world->strange, "its issuer is unknown",
		    "its issuer is unknown" },
		{ "alone", &world->alone, "it is self-signed and not trusted",
		    "it is self-signed and not trusted" },
		{ "expired", &world->expired, "it has expired",
		    "it has expired" },
		{ "future", &world->future, "it is not valid yet",
		    "it is not valid yet" },
		{ "server", &world->server, "it is not made for clients",
		    "it is not made for clients" },
	};
	struct rig_hello hello = { .version = version };
	const char *why, *wanted;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		wanted = mode == CONF_VERIFY_ON ? cases[i].on
		    : mode == CONF_VERIFY_OFF   ? NULL
						: cases[i].optional;
		peer_use(&world->rig, cases[i].peer, NULL);
		why = attempt(world, &hello, NULL);
		CHECK_CASE(wanted == NULL
			? why == NULL
			: why != NULL && strcmp(why, wanted) == 0,
		    cases[i].what);
	}
}

static void
check_modes(void)
{
	static const enum conf_verify modes[] = { CONF_VERIFY_OFF,
		CONF_VERIFY_OPTIONAL, CONF_VERIFY_ON };
	struct world world;
	size_t i, j;

	world_start(&world, false);
	for (i = 0; i < NITEMS(modes); i++) {
		world_ask(&world, modes[i]);
		for (j = 0; j < NITEMS(versions); j++)
			check_mode(&world, modes[i], versions[j]);
	}
	world_end(&world);
}

static void
check_revocation(void)
{
	static const struct peer_shape shape = { .authority = true };
	static const struct file_bytes none;
	struct peer_rig impostor;
	struct world world;

	world_start(&world, false);
	peer_use(&world.rig, &world.revoked, NULL);
	CU_ASSERT(comes_in(&world, 0));
	world_revoke(&world,
	    peer_crl(&world.authority, &world.revoked, -60, 3600));
	CU_ASSERT(!comes_in(&world, 0));
	peer_use(&world.rig, &world.good, NULL);
	CU_ASSERT(comes_in(&world, 0));
	/* What does not tell of now tells nothing. */
	world_revoke(&world, peer_crl(&world.authority, NULL, -60, -30));
	CU_ASSERT(!comes_in(&world, 0));
	world_revoke(&world, peer_crl(&world.authority, NULL, 60, 3600));
	CU_ASSERT(!comes_in(&world, 0));
	world_revoke(&world, peer_crl(&world.other, NULL, -60, 3600));
	CU_ASSERT(!comes_in(&world, 0));
	world_revoke(&world, none);
	CU_ASSERT(!comes_in(&world, 0));
	/* One that has taken the name, but has another key. */
	peer_make(&impostor, NULL, "authority", -1, &shape);
	world_revoke(&world, peer_crl(&impostor, NULL, -60, 3600));
	CU_ASSERT(!comes_in(&world, 0));
	peer_end(&impostor);
	/* Every authority of the chain has to have one. */
	world_revoke(&world, peer_crl(&world.authority, NULL, -60, 3600));
	CU_ASSERT(comes_in(&world, 0));
	peer_use(&world.rig, &world.deep, &world.below);
	CU_ASSERT(!comes_in(&world, 0));
	world_end(&world);
}

static void
check_depth(void)
{
	static const struct {
		uint32_t depth;
		bool alone, good, deep;
	} cases[] = {
		{ 0, true, false, false },
		{ 1, true, true, false },
		{ 2, true, true, true },
		{ 9, true, true, true },
	};
	struct file_bytes first, second;
	struct world world;
	char both[32768];
	size_t i;

	world_start(&world, false);
	first = peer_pem(&world.authority);
	second = peer_pem(&world.alone);
	memcpy(both, first.data, first.len);
	memcpy(both + first.len, second.data, second.len);
	for (i = 0; i < NITEMS(cases); i++) {
		world.rig.hosts[0].tls.verify_depth = cases[i].depth;
		world.rig.keys[0].files[HOST_FILE_CA] =
		    (struct file_bytes){ both, first.len + second.len };
		world_ask(&world, CONF_VERIFY_ON);
		peer_use(&world.rig, &world.alone, NULL);
		CHECK_CASE(comes_in(&world, 0) == cases[i].alone, "alone");
		peer_use(&world.rig, &world.good, NULL);
		CHECK_CASE(comes_in(&world, 0) == cases[i].good, "good");
		peer_use(&world.rig, &world.deep, &world.below);
		CHECK_CASE(comes_in(&world, 0) == cases[i].deep, "deep");
	}
	peer_free_bytes(&first);
	peer_free_bytes(&second);
	world_end(&world);
}

/* A session of a client with what peer_use() has said; NULL: none. */
static SSL_SESSION *
get_session(struct world *world, int version, const char *name)
{
	struct rig_hello hello = { .version = version, .name = name };
	struct tls_login *login = rig_login(&world->rig);
	SSL_SESSION *session = NULL;
	struct rig_link link;

	rig_connect(&world->rig, &link, login, TLS_CONTROL, &hello);
	if (rig_shake(&link) == TLS_OK &&
	    tls_admission(link.server) == TLS_ADMITTED &&
	    rig_say(&link, "220 hello\r\n"))
		session = version == TLS1_2_VERSION
		    ? SSL_get1_session(link.client)
		    : rig_take(&link);
	rig_close(&link);
	tls_login_free(&login);
	return (session);
}

/* Whether the session resumes on the host, with which the client comes in. */
static bool
resumes(struct world *world, int version, const char *name,
    SSL_SESSION *session, bool *in)
{
	struct rig_hello hello = { .version = version,
		.name = name,
		.session = session };
	bool resumed = false;

	*in = attempt(world, &hello, &resumed) == NULL;
	return (resumed);
}

/* What was good once does not resume when it is good no more. */
static void
check_resumption(void)
{
	SSL_SESSION *good, *brief[2];
	struct world world;
	bool in;
	size_t i;

	world_start(&world, true);
	for (i = 0; i < NITEMS(versions); i++) {
		peer_use(&world.rig, &world.brief, NULL);
		brief[i] = get_session(&world, versions[i], NULL);
		CU_ASSERT_PTR_NOT_NULL(brief[i]);
		CU_ASSERT(resumes(&world, versions[i], NULL, brief[i], &in));
		CU_ASSERT(in);
		peer_use(&world.rig, &world.deep, &world.below);
		good = get_session(&world, versions[i], NULL);
		CU_ASSERT(resumes(&world, versions[i], NULL, good, &in));
		CU_ASSERT(in);
		SSL_SESSION_free(good);
	}
	(void)sleep(3);
	peer_use(&world.rig, &world.brief, NULL);
	for (i = 0; i < NITEMS(versions); i++) {
		CU_ASSERT(!resumes(&world, versions[i], NULL, brief[i], &in));
		CU_ASSERT(!in);
		SSL_SESSION_free(brief[i]);
	}
	world_end(&world);
}

/* A list that is new since then counts, too. */
static void
check_revoked_since(void)
{
	SSL_SESSION *session;
	struct world world;
	bool in;
	size_t i;

	for (i = 0; i < NITEMS(versions); i++) {
		world_start(&world, true);
		peer_use(&world.rig, &world.revoked, NULL);
		session = get_session(&world, versions[i], NULL);
		CU_ASSERT(resumes(&world, versions[i], NULL, session, &in));
		world_revoke(&world,
		    peer_crl(&world.authority, &world.revoked, -60, 3600));
		CU_ASSERT(!resumes(&world, versions[i], NULL, session, &in));
		CU_ASSERT(!in);
		/* Nor does it resume for who hides the certificate. */
		peer_use(&world.rig, NULL, NULL);
		CU_ASSERT(!resumes(&world, versions[i], NULL, session, &in));
		CU_ASSERT(!in);
		SSL_SESSION_free(session);
		world_end(&world);
	}
}

/* What one host lets in is nothing to a host that asks for more. */
static void
check_across_hosts(void)
{
	static const struct {
		const char *what;
		enum conf_verify mode;
		bool other; /* trusts another authority */
		uint32_t depth;
	} cases[] = {
		{ "off", CONF_VERIFY_OFF, false, 9 },
		{ "optional", CONF_VERIFY_OPTIONAL, false, 9 },
		{ "another authority", CONF_VERIFY_ON, true, 9 },
		{ "another depth", CONF_VERIFY_ON, false, 8 },
	};
	struct file_bytes other;
	SSL_SESSION *session;
	struct world world;
	struct rig *rig = &world.rig;
	size_t i, j;
	bool in;

	for (i = 0; i < NITEMS(cases) * NITEMS(versions); i++) {
		j = i / NITEMS(versions);
		world_start(&world, true);
		other = peer_pem(&world.other);
		rig->hosts[1].tls.verify_client = cases[j].mode;
		rig->hosts[1].tls.verify_depth = cases[j].depth;
		if (cases[j].other)
			rig->keys[1].files[HOST_FILE_CA] = other;
		peer_use(rig, cases[j].other ? &world.strange : NULL, NULL);
		if (cases[j].depth == 8)
			peer_use(rig, &world.good, NULL);
		session = get_session(&world, versions[i % 2], "a.test");
		CHECK_CASE(session != NULL, cases[j].what);
		CHECK_CASE(resumes(&world, versions[i % 2], "a.test", session,
			       &in),
		    cases[j].what);
		CHECK_CASE(!resumes(&world, versions[i % 2], "b.test", session,
			       &in),
		    cases[j].what);
		CHECK_CASE(in == (cases[j].depth == 8), cases[j].what);
		SSL_SESSION_free(session);
		world_end(&world);
		peer_free_bytes(&other);
	}
}

/* Where data connections need not resume, they show the same certificate. */
static void
check_data(void)
{
	struct visit visit;
	struct world world;
	size_t i;

	for (i = 0; i < NITEMS(versions); i++) {
		world_start(&world, false);
		world.rig.hosts[0].tls.options =
		    CONF_TLS_NO_SESSION_REUSE_REQUIRED;
		world_ask(&world, CONF_VERIFY_OPTIONAL);
		peer_use(&world.rig, &world.good, NULL);
		visit_begin(&visit, &world.rig, versions[i], NULL);
		CU_ASSERT_PTR_NOT_NULL(tls_peer(visit.login));
		CU_ASSERT(transfer(&visit, NULL));
		CU_ASSERT(transfer_own(&visit, visit_session(&visit)));
		peer_use(&world.rig, &world.revoked, NULL);
		CU_ASSERT(!transfer(&visit, NULL));
		peer_use(&world.rig, NULL, NULL);
		CU_ASSERT(!transfer(&visit, NULL));
		visit_end(&visit);
		visit_begin(&visit, &world.rig, versions[i], NULL);
		CU_ASSERT_PTR_NULL(tls_peer(visit.login));
		CU_ASSERT(transfer(&visit, NULL));
		visit_end(&visit);
		world_end(&world);
	}
}

/* Larger than the shared cache takes: the login keeps it by itself. */
static void
check_large(void)
{
	static const struct peer_shape shape = { .padding = 9000 };
	struct peer_rig large;
	struct visit visit;
	struct world world;
	size_t i;
	int n;

	for (i = 0; i < NITEMS(variants); i++) {
		world_start(&world, variants[i].tickets);
		peer_make(&large, &world.authority, "alice", -1, &shape);
		peer_use(&world.rig, &large, NULL);
		visit_begin(&visit, &world.rig, variants[i].version, NULL);
		for (n = 0; n < 10; n++)
			if (!transfer_own(&visit, visit_session(&visit)))
				break;
		CHECK_CASE(n == 10, variants[i].what);
		visit_end(&visit);
		peer_end(&large);
		world_end(&world);
	}
}

/* Nor is there an end to what a client might send. */
static void
check_endless(void)
{
	static const struct peer_shape shape = { .padding = 20000 };
	struct rig_hello hello = { .version = 0 };
	struct peer_rig endless;
	struct world world;
	size_t i;

	world_start(&world, false);
	peer_make(&endless, &world.authority, "alice", -1, &shape);
	peer_use(&world.rig, &endless, NULL);
	for (i = 0; i < NITEMS(versions); i++) {
		hello.version = versions[i];
		CU_ASSERT_PTR_NOT_NULL(attempt(&world, &hello, NULL));
	}
	peer_end(&endless);
	world_end(&world);
}

/* Hosts with the same files share what is made of them. */
static void
check_sharing(void)
{
	struct world world;
	bool in;

	world_start(&world, false);
	peer_use(&world.rig, &world.good, NULL);
	(void)resumes(&world, 0, "a.test", NULL, &in);
	CU_ASSERT(in);
	(void)resumes(&world, 0, "b.test", NULL, &in);
	CU_ASSERT(in);
	world_end(&world);
}

CU_TestInfo verify_tests[] = {
	{ "who comes in", check_modes },
	{ "revocation lists", check_revocation },
	{ "tls.verify_depth", check_depth },
	{ "resumption of what is good no more", check_resumption },
	{ "resumption of what was revoked", check_revoked_since },
	{ "resumption across hosts", check_across_hosts },
	{ "the certificate of data connections", check_data },
	{ "large certificates", check_large },
	{ "certificates that are too large", check_endless },
	{ "hosts with the same files", check_sharing },
	CU_TEST_INFO_NULL,
};
