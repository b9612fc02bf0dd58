/* TLS with another server: both parts, and whom its certificate names. */
#include "tests/unit/peer_world.h"

#define ADDRESS "192.0.2.7"
#define SIX     "2001:db8::7"

/* How it ends: in the handshake, at once after it, or with a name of DNS. */
enum end {
	BROKEN,
	REFUSED,
	BOUND
};

struct row {
	const char *what;
	const char *common_name, *extension;
	const char *address;
	enum conf_verify_server mode;
	const char *dns;  /* NULL: must not be asked for; "": there is none */
	uint32_t dns_len; /* 0: of the text */
	enum end end;
};

#define ON     CONF_VERIFY_SERVER_ON
#define NO_DNS CONF_VERIFY_SERVER_NO_DNS
#define OFF    CONF_VERIFY_SERVER_OFF

static const struct row rows[] = {
	{ "address", "x", "subjectAltName=IP:" ADDRESS, ADDRESS, ON, NULL, 0,
	    BOUND },
	{ "address without DNS", "x", "subjectAltName=IP:" ADDRESS, ADDRESS,
	    NO_DNS, NULL, 0, BOUND },
	{ "address of six", "x", "subjectAltName=IP:" SIX, SIX, NO_DNS, NULL, 0,
	    BOUND },
	{ "another of six", "x", "subjectAltName=IP:2001:db8::8", SIX, NO_DNS,
	    NULL, 0, BROKEN },
	{ "another address", "x", "subjectAltName=IP:192.0.2.8", ADDRESS,
	    NO_DNS, NULL, 0, BROKEN },
	{ "another address, asked", "x", "subjectAltName=IP:192.0.2.8", ADDRESS,
	    ON, "", 0, REFUSED },
	{ "one of many", "x",
	    "subjectAltName=DNS:a.test,IP:192.0.2.8,IP:" ADDRESS, ADDRESS,
	    NO_DNS, NULL, 0, BOUND },
	{ "address as a name of DNS", "x", "subjectAltName=DNS:a.test", ADDRESS,
	    ON, ADDRESS, 0, REFUSED },
	{ "common name alone", ADDRESS, NULL, ADDRESS, NO_DNS, NULL, 0, BOUND },
	{ "common name of six", SIX, NULL, SIX, NO_DNS, NULL, 0, BOUND },
	{ "common name beside others", ADDRESS, "subjectAltName=IP:192.0.2.8",
	    ADDRESS, NO_DNS, NULL, 0, BROKEN },
	{ "common name with a star", "*", NULL, ADDRESS, NO_DNS, NULL, 0,
	    BROKEN },
	{ "name", "x", "subjectAltName=DNS:a.test", ADDRESS, ON, "a.test", 0,
	    BOUND },
	{ "name in capitals", "x", "subjectAltName=DNS:a.test", ADDRESS, ON,
	    "A.TEST", 0, BOUND },
	{ "another name", "x", "subjectAltName=DNS:a.test", ADDRESS, ON,
	    "b.test", 0, REFUSED },
	{ "no name in DNS", "x", "subjectAltName=DNS:a.test", ADDRESS, ON, "",
	    0, REFUSED },
	{ "name that is not asked for", "x", "subjectAltName=DNS:a.test",
	    ADDRESS, NO_DNS, NULL, 0, BROKEN },
	{ "star", "x", "subjectAltName=DNS:*.b.test", ADDRESS, ON, "a.b.test",
	    0, BOUND },
	{ "star for two", "x", "subjectAltName=DNS:*.test", ADDRESS, ON,
	    "a.b.test", 0, REFUSED },
	{ "part of a star", "x", "subjectAltName=DNS:a*.b.test", ADDRESS, ON,
	    "ab.b.test", 0, REFUSED },
	{ "DNS with a star", "x", "subjectAltName=DNS:a.test", ADDRESS, ON,
	    "*.test", 0, REFUSED },
	{ "DNS with a dot in front", "x", "subjectAltName=DNS:a.test", ADDRESS,
	    ON, ".test", 0, REFUSED },
	{ "DNS with a NUL", "x", "subjectAltName=DNS:a.test", ADDRESS, ON,
	    "a.test\0.b", 9, REFUSED },
	{ "common name for DNS", "a.test", NULL, ADDRESS, ON, "a.test", 0,
	    BOUND },
	{ "common name for DNS, others", "a.test",
	    "subjectAltName=email:a@b.test", ADDRESS, ON, "a.test", 0,
	    REFUSED },
	{ "made for clients", ADDRESS, "extendedKeyUsage=clientAuth", ADDRESS,
	    NO_DNS, NULL, 0, BROKEN },
	{ "made for servers", ADDRESS, "extendedKeyUsage=serverAuth", ADDRESS,
	    NO_DNS, NULL, 0, BOUND },
};

struct scene {
	struct world *world;
	struct tls_login *login;
	struct tls_socket socket;
	int other_fd;
	SSL_CTX *ctx;
	SSL *other;
	struct tls_channel *channel;
};

static void
open_scene(struct scene *scene, const struct peer_rig *peer,
    const struct tls_fxp *facts, int version)
{
	int pair[2];

	CU_ASSERT_FATAL(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	scene->other_fd = pair[0];
	memset(&scene->socket, 0, sizeof(scene->socket));
	scene->socket.fd = pair[1];
	scene->ctx = SSL_CTX_new(TLS_method());
	CU_ASSERT_FATAL(scene->ctx != NULL);
	(void)SSL_CTX_set_max_proto_version(scene->ctx, version);
	if (peer != NULL)
		CU_ASSERT_FATAL(
		    SSL_CTX_use_certificate(scene->ctx, peer->cert) == 1 &&
		    SSL_CTX_use_PrivateKey(scene->ctx, peer->key) == 1);
	scene->other = SSL_new(scene->ctx);
	CU_ASSERT_FATAL(
	    scene->other != NULL && SSL_set_fd(scene->other, pair[0]) == 1);
	if (facts->client)
		SSL_set_accept_state(scene->other);
	else
		SSL_set_connect_state(scene->other);
	scene->login = rig_login(&scene->world->rig);
	scene->channel =
	    tls_channel_new_fxp(scene->login, &scene->socket, facts);
	CU_ASSERT_PTR_NOT_NULL_FATAL(scene->channel);
}

static void
close_scene(struct scene *scene)
{
	tls_channel_free(&scene->channel);
	tls_login_free(&scene->login);
	SSL_free(scene->other);
	SSL_CTX_free(scene->ctx);
	fd_close(&scene->other_fd);
	fd_close(&scene->socket.fd);
}

static enum tls_result
shake(struct scene *scene)
{
	enum tls_result result = TLS_WANT_READ;
	int i;

	for (i = 0; i < 20; i++) {
		ERR_clear_error();
		(void)SSL_do_handshake(scene->other);
		result = tls_handshake(scene->channel);
		if (result == TLS_OK || result == TLS_FAILED)
			break;
	}
	ERR_clear_error();
	return (result);
}

static void
tell_name(struct scene *scene, const struct row *row)
{
	struct seal_data name = { (const uint8_t *)row->dns, row->dns_len };

	if (name.len == 0)
		name.len = strlen(row->dns);
	tls_bound_name(scene->channel, name, "nobody knows it");
	CHECK_CASE(!tls_bound_pending(scene->channel), row->what);
	/* A second answer changes nothing. */
	tls_bound_name(scene->channel, (struct seal_data){ NULL, 0 }, "late");
}

static enum end
play(struct scene *scene, const struct row *row)
{
	const char *why = NULL;
	enum end end;

	if (shake(scene) != TLS_OK) {
		CHECK_CASE(tls_unverified(scene->channel), row->what);
		return (BROKEN);
	}
	CHECK_CASE(tls_bound_pending(scene->channel) == (row->dns != NULL),
	    row->what);
	if (row->dns != NULL && tls_bound_pending(scene->channel)) {
		CHECK_CASE(!tls_bound(scene->channel, &why), row->what);
		tell_name(scene, row);
	}
	end = tls_bound(scene->channel, &why) ? BOUND : REFUSED;
	CHECK_CASE(tls_unverified(scene->channel) == (end == REFUSED),
	    row->what);
	return (end);
}

static void
set_mode(struct world *world, enum conf_verify_server mode,
    unsigned int options)
{
	size_t i;

	tls_free(&world->rig.tls);
	for (i = 0; i < RIG_HOSTS; i++) {
		world->rig.hosts[i].tls.verify_client = CONF_VERIFY_OFF;
		world->rig.hosts[i].tls.verify_server = mode;
		world->rig.hosts[i].tls.options = options;
	}
	world->rig.tls = rig_worker(&world->rig);
}

static struct tls_fxp
facts_of(const char *address, bool client)
{
	struct tls_fxp facts = { .client = client, .foreign = true };

	CU_ASSERT_FATAL(address_parse(&facts.peer, address) == 0);
	return (facts);
}

static void
names(void)
{
	struct peer_shape shape = { 0 };
	struct scene scene = { 0 };
	struct peer_rig peer;
	struct tls_fxp facts;
	struct world world;
	size_t i, way;

	world_start(&world, false);
	scene.world = &world;
	for (i = 0; i < NITEMS(rows); i++) {
		shape.extension = rows[i].extension;
		peer_make(&peer, &world.authority, rows[i].common_name, -1,
		    &shape);
		set_mode(&world, rows[i].mode, 0);
		for (way = 0; way < 4; way++) {
			facts = facts_of(rows[i].address, way % 2 == 0);
			open_scene(&scene, &peer, &facts,
			    way < 2 ? TLS1_2_VERSION : TLS1_3_VERSION);
			CHECK_CASE(play(&scene, &rows[i]) == rows[i].end,
			    rows[i].what);
			close_scene(&scene);
		}
		peer_end(&peer);
	}
	world_end(&world);
}

/* Chains, in both parts, where nothing is wrong with the names. */
static void
chains(void)
{
	struct world world;
	const struct {
		const char *what;
		const struct peer_rig *peer;
	} cases[] = {
		{ "of another authority", &world.strange },
		{ "self-signed", &world.alone },
		{ "expired", &world.expired },
		{ "not valid yet", &world.future },
		{ "without what is between", &world.deep },
	};
	struct scene scene = { .world = &world };
	struct tls_fxp facts;
	size_t i, way;

	world_start(&world, false);
	set_mode(&world, ON, 0);
	for (i = 0; i < NITEMS(cases); i++)
		for (way = 0; way < 2; way++) {
			facts = facts_of(ADDRESS, way == 0);
			open_scene(&scene, cases[i].peer, &facts, 0);
			CHECK_CASE(shake(&scene) == TLS_FAILED, cases[i].what);
			CHECK_CASE(tls_unverified(scene.channel),
			    cases[i].what);
			close_scene(&scene);
		}
	/* Who has no certificate is no server. */
	facts = facts_of(ADDRESS, false);
	open_scene(&scene, NULL, &facts, 0);
	CU_ASSERT_EQUAL(shake(&scene), TLS_FAILED);
	close_scene(&scene);
	world_end(&world);
}

/* Verified by nothing, and demanded nothing of. */
static void
relaxed(void)
{
	struct world world;
	struct scene scene = { .world = &world };
	struct tls_fxp facts;
	const char *why = NULL;
	size_t way;

	world_start(&world, false);
	for (way = 0; way < 2; way++) {
		set_mode(&world, OFF, CONF_TLS_NO_SESSION_REUSE_REQUIRED);
		facts = facts_of(ADDRESS, way == 0);
		open_scene(&scene, &world.alone, &facts, 0);
		CU_ASSERT_EQUAL(shake(&scene), TLS_OK);
		CU_ASSERT(tls_bound(scene.channel, &why));
		close_scene(&scene);
	}
	/* As the client of another server that need not matters nothing. */
	set_mode(&world, ON, CONF_TLS_NO_SESSION_REUSE_REQUIRED);
	facts = facts_of(ADDRESS, true);
	open_scene(&scene, &world.alone, &facts, 0);
	CU_ASSERT_EQUAL(shake(&scene), TLS_FAILED);
	close_scene(&scene);
	world_end(&world);
}

/* At the client's own address a certificate that is bad is just no proof. */
static void
lenient(void)
{
	struct world world;
	struct scene scene = { .world = &world };
	struct tls_fxp facts;

	world_start(&world, false);
	set_mode(&world, NO_DNS, 0);
	facts = facts_of(ADDRESS, false);
	facts.foreign = false;
	open_scene(&scene, &world.strange, &facts, 0);
	CU_ASSERT_EQUAL(shake(&scene), TLS_OK);
	CU_ASSERT(!tls_unverified(scene.channel));
	CU_ASSERT(!tls_bound_pending(scene.channel));
	close_scene(&scene);
	open_scene(&scene, NULL, &facts, 0);
	CU_ASSERT_EQUAL(shake(&scene), TLS_OK);
	close_scene(&scene);
	world_end(&world);
}

/* What is no TLS ends it, and so does the same part twice. */
static void
rubbish(void)
{
	static const char *const texts[] = { "220 Hello\r\n", "GET / HTTP/1.0",
		"\x15\x03\x03\x00\x02\x02\x28", "\x16\x03\x03\xff\xff", "" };
	struct world world;
	struct scene scene = { .world = &world };
	struct tls_fxp facts;
	size_t i;

	world_start(&world, false);
	set_mode(&world, ON, 0);
	facts = facts_of(ADDRESS, true);
	for (i = 0; i < NITEMS(texts); i++) {
		open_scene(&scene, &world.good, &facts, 0);
		CU_ASSERT_EQUAL(tls_handshake(scene.channel), TLS_WANT_READ);
		CU_ASSERT(send(scene.other_fd, texts[i], strlen(texts[i]), 0) ==
		    (ssize_t)strlen(texts[i]));
		(void)shutdown(scene.other_fd, SHUT_WR);
		CHECK_CASE(tls_handshake(scene.channel) == TLS_FAILED,
		    texts[i]);
		close_scene(&scene);
	}
	open_scene(&scene, &world.good, &facts, 0);
	SSL_set_connect_state(scene.other);
	CU_ASSERT_EQUAL(shake(&scene), TLS_FAILED);
	close_scene(&scene);
	world_end(&world);
}

CU_TestInfo partner_tests[] = {
	{ "names", names },
	{ "chains", chains },
	{ "relaxed", relaxed },
	{ "lenient", lenient },
	{ "rubbish", rubbish },
	CU_TEST_INFO_NULL,
};
