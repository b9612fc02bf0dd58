/* Unit tests of worker/tls: handshakes, hosts, ALPN, reading and closing. */
#include <fcntl.h>

#include "tests/unit/suites.h"
#include "tests/unit/tls_rig.h"

/* A control connection by itself. */
struct call {
	struct rig rig;
	struct tls_login *login;
	struct rig_link link;
};

static void
call_begin(struct call *call, const struct rig_hello *hello)
{
	rig_start(&call->rig, false);
	call->login = rig_login(&call->rig);
	rig_connect(&call->rig, &call->link, call->login, TLS_CONTROL, hello);
}

static void
call_end(struct call *call)
{
	rig_close(&call->link);
	tls_login_free(&call->login);
	rig_stop(&call->rig);
}

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

static void
call_established(struct call *call, int version)
{
	struct rig_hello hello = { .version = version };

	call_begin(call, &hello);
	CU_ASSERT_EQUAL(rig_shake(&call->link), TLS_OK);
	/* The client takes the tickets that follow the handshake. */
	CU_ASSERT(rig_say(&call->link, "220\r\n"));
}

static void
check_facts(void)
{
	struct rig_hello hello = { .version = TLS1_3_VERSION,
		.name = "A.Test." };
	struct tls_facts facts;
	struct call call;

	call_begin(&call, &hello);
	CU_ASSERT(tls_available(call.rig.tls, 0));
	CU_ASSERT_FALSE(tls_available(call.rig.tls, RIG_HOSTS));
	CU_ASSERT_EQUAL(rig_shake(&call.link), TLS_OK);
	tls_facts(call.link.server, &facts);
	CU_ASSERT_STRING_EQUAL(facts.protocol, "TLSv1.3");
	CU_ASSERT_STRING_EQUAL(facts.server_name, "A.Test");
	CU_ASSERT_FALSE(facts.resumed);
	CU_ASSERT_PTR_NOT_NULL(strstr(facts.cipher, "GCM"));
	CU_ASSERT_EQUAL(tls_login_host(call.login), 1);
	CU_ASSERT_EQUAL(score_get(call.rig.score, SCORE_HANDSHAKES_FULL), 1);
	call_end(&call);
}

static const struct {
	const char *what;
	const char *name;
	uint32_t host;
	bool ok;
} names[] = {
	{ "no name", NULL, 0, true },
	{ "a host", "a.test", 1, true },
	{ "another in capitals", "B.TEST", 2, true },
	{ "an unknown name", "c.test", 0, true },
	{ "the end of a name", "test", 0, true },
	{ "an address", "192.0.2.1", 0, true },
};

static void
check_hosts(void)
{
	struct rig_hello hello = { 0 };
	struct call call;
	size_t i;

	for (i = 0; i < NITEMS(names); i++) {
		hello.name = names[i].name;
		call_begin(&call, &hello);
		CHECK_CASE((rig_shake(&call.link) == TLS_OK) == names[i].ok,
		    names[i].what);
		CHECK_CASE(tls_login_host(call.login) == names[i].host,
		    names[i].what);
		call_end(&call);
	}
}

/* The host's own versions and ciphers hold, not those of the listener. */
static void
check_host_policy(void)
{
	static char suites[] = "TLS_CHACHA20_POLY1305_SHA256";
	struct rig_hello hello = { .name = "b.test" };
	struct tls_facts facts;
	struct call call;

	call_begin(&call, &hello);
	call.rig.hosts[0].tls.protocol = CONF_TLS_1_2;
	call.rig.hosts[2].tls.protocol = CONF_TLS_1_3;
	call.rig.hosts[2].tls.cipher_suites = suites;
	CU_ASSERT_EQUAL(rig_shake(&call.link), TLS_OK);
	tls_facts(call.link.server, &facts);
	CU_ASSERT_STRING_EQUAL(facts.protocol, "TLSv1.3");
	CU_ASSERT_STRING_EQUAL(facts.cipher, suites);
	call_end(&call);

	call_begin(&call, &hello);
	call.rig.hosts[2].tls.engine = false;
	CU_ASSERT_EQUAL(rig_shake(&call.link), TLS_FAILED);
	CU_ASSERT_STRING_EQUAL(tls_reason(call.link.server),
	    "the host has no TLS");
	call_end(&call);
}

#define MANY 1100 /* more than contexts are kept */

/* The least recently used context goes; a connection that has it keeps it. */
static void
check_many_hosts(void)
{
	static struct conf_host hosts[MANY];
	static struct host_keys keys[MANY];
	struct rig_hello hello = { .version = TLS1_3_VERSION };
	struct tls_login *first, *login;
	struct rig_link kept, link;
	struct rig rig;
	uint32_t i;

	rig_prepare(&rig, false);
	for (i = 0; i < MANY; i++) {
		hosts[i] = rig.hosts[0];
		keys[i] = rig.keys[0];
	}
	rig.conf.hosts = hosts;
	rig.conf.nhosts = MANY;
	rig.start.keys = keys;
	rig.tls = rig_worker(&rig);
	first = rig_login(&rig);
	rig_connect(&rig, &kept, first, TLS_DATA, &hello);
	for (i = 0; i < MANY + 5; i++) {
		login = tls_login_new(rig.tls, i % MANY, NULL);
		CU_ASSERT_PTR_NOT_NULL_FATAL(login);
		rig_connect(&rig, &link, login, TLS_DATA, &hello);
		if (i % 100 == 4)
			CU_ASSERT_EQUAL(rig_shake(&link), TLS_OK);
		rig_close(&link);
		tls_login_free(&login);
	}
	CU_ASSERT_EQUAL(rig_shake(&kept), TLS_OK);
	rig_close(&kept);
	tls_login_free(&first);
	rig_stop(&rig);
}

static const struct {
	const char *what;
	const char *offer;
	const char *chosen; /* NULL: none */
	enum tls_kind kind;
	bool on;
	bool ok;
} protocols[] = {
	{ "none on control", NULL, NULL, TLS_CONTROL, true, true },
	{ "ftp", "\3ftp", "ftp", TLS_CONTROL, true, true },
	{ "ftp after FileZilla's", "\17x-filezilla-ftp\3ftp", "ftp",
	    TLS_CONTROL, true, true },
	{ "FileZilla's alone", "\17x-filezilla-ftp", NULL, TLS_CONTROL, true,
	    false },
	{ "a browser", "\2h2\10http/1.1", NULL, TLS_CONTROL, true, false },
	{ "a browser, next_protocol off", "\2h2\10http/1.1", NULL, TLS_CONTROL,
	    false, true },
	{ "a longer name", "\4ftps", NULL, TLS_CONTROL, true, false },
	{ "ftp-data on control", "\10ftp-data", NULL, TLS_CONTROL, true,
	    false },
	{ "ftp-data", "\10ftp-data", "ftp-data", TLS_DATA, true, true },
	{ "both on data", "\3ftp\10ftp-data", "ftp-data", TLS_DATA, true,
	    true },
	{ "ftp on data", "\3ftp", "ftp", TLS_DATA, true, true },
	{ "a browser on data", "\10http/1.1", NULL, TLS_DATA, true, false },
};

static void
check_protocol(size_t i)
{
	struct rig_hello hello = { .alpn = protocols[i].offer };
	const unsigned char *chosen = NULL;
	unsigned int len = 0;
	struct call call;

	rig_start(&call.rig, false);
	call.rig.hosts[0].tls.next_protocol = protocols[i].on;
	call.login = rig_login(&call.rig);
	rig_connect(&call.rig, &call.link, call.login, protocols[i].kind,
	    &hello);
	CHECK_CASE((rig_shake(&call.link) == TLS_OK) == protocols[i].ok,
	    protocols[i].what);
	SSL_get0_alpn_selected(call.link.client, &chosen, &len);
	if (protocols[i].chosen == NULL)
		CHECK_CASE(len == 0, protocols[i].what);
	else
		CHECK_CASE(len == strlen(protocols[i].chosen) &&
			memcmp(chosen, protocols[i].chosen, len) == 0,
		    protocols[i].what);
	if (!protocols[i].ok) {
		CHECK_CASE(strstr(tls_reason(call.link.server), "ALPN") != NULL,
		    protocols[i].what);
		CHECK_CASE(ERR_GET_REASON(ERR_peek_last_error()) ==
			SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL,
		    protocols[i].what);
	}
	call_end(&call);
}

static void
check_alpn(void)
{
	size_t i;

	for (i = 0; i < NITEMS(protocols); i++)
		check_protocol(i);
}

static const struct {
	const char *what;
	const char *bytes;
	const char *reason; /* a part of it */
} strangers[] = {
	{ "a clear FTP client", "USER anonymous\r\n", "in clear" },
	{ "an HTTP client", "GET / HTTP/1.1\r\n", "HTTP request" },
	{ "nothing", "", "closed the connection" },
	{ "half a record", "\026\003\001\002\000\001\000", "closed" },
};

/* What no TLS client would send; the reason is for the administrator. */
static void
check_strangers(void)
{
	struct rig_hello hello = { 0 };
	enum tls_result result;
	struct call call;
	size_t i, len;

	for (i = 0; i < NITEMS(strangers); i++) {
		call_begin(&call, &hello);
		len = strlen(strangers[i].bytes);
		if (i == 3)
			len = 7;
		CHECK_CASE(write(call.link.client_fd, strangers[i].bytes,
			       len) == (ssize_t)len,
		    strangers[i].what);
		rig_hang_up(&call.link);
		result = tls_handshake(call.link.server);
		CHECK_CASE(result == TLS_FAILED, strangers[i].what);
		CHECK_CASE(strstr(tls_reason(call.link.server),
			       strangers[i].reason) != NULL,
		    strangers[i].what);
		/* And it stays so. */
		CHECK_CASE(tls_handshake(call.link.server) == TLS_FAILED,
		    strangers[i].what);
		CHECK_CASE(score_get(call.rig.score, SCORE_HANDSHAKES_FAILED) ==
			1,
		    strangers[i].what);
		call_end(&call);
	}
}

static void
check_mismatches(void)
{
	static char cipher[] = "ECDHE-ECDSA-AES256-GCM-SHA384";
	static char group[] = "P-521", other_group[] = "P-256";
	struct rig_hello old = { .version = TLS1_2_VERSION };
	struct rig_hello new = { .version = TLS1_3_VERSION };
	struct call call;

	call_begin(&call, &old);
	call.rig.hosts[0].tls.protocol = CONF_TLS_1_3;
	CU_ASSERT_EQUAL(rig_shake(&call.link), TLS_FAILED);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(tls_reason(call.link.server), "no version of TLS"));
	call_end(&call);

	call_begin(&call, &old);
	call.rig.hosts[0].tls.cipher_list = cipher;
	CU_ASSERT_EQUAL(SSL_set_cipher_list(call.link.client,
			    "ECDHE-ECDSA-AES128-GCM-SHA256"),
	    1);
	CU_ASSERT_EQUAL(rig_shake(&call.link), TLS_FAILED);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(tls_reason(call.link.server), "no cipher in common"));
	call_end(&call);

	call_begin(&call, &new);
	call.rig.hosts[0].tls.ecdh_curve = group;
	CU_ASSERT_EQUAL(SSL_set1_groups_list(call.link.client, other_group), 1);
	CU_ASSERT_EQUAL(rig_shake(&call.link), TLS_FAILED);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(tls_reason(call.link.server), "no group in common"));
	call_end(&call);
}

/* The end of an upload: close_notify, or merely the end. */
static void
check_ends(void)
{
	struct call call;
	char got[16];
	size_t i, done;

	for (i = 0; i < NITEMS(versions); i++) {
		call_established(&call, versions[i]);
		CU_ASSERT_EQUAL(tls_read(call.link.server, got, sizeof(got),
				    &done),
		    TLS_WANT_READ);
		CU_ASSERT_EQUAL(SSL_write(call.link.client, "tail", 4), 4);
		(void)SSL_shutdown(call.link.client);
		rig_hang_up(&call.link);
		CU_ASSERT_EQUAL(tls_read(call.link.server, got, sizeof(got),
				    &done),
		    TLS_OK);
		CU_ASSERT_EQUAL(done, 4);
		CU_ASSERT_EQUAL(tls_read(call.link.server, got, sizeof(got),
				    &done),
		    TLS_CLOSED);
		CU_ASSERT_FALSE(tls_pending(call.link.server));
		call_end(&call);

		call_established(&call, versions[i]);
		CU_ASSERT_EQUAL(SSL_write(call.link.client, "tail", 4), 4);
		rig_hang_up(&call.link);
		CU_ASSERT_EQUAL(tls_read(call.link.server, got, sizeof(got),
				    &done),
		    TLS_OK);
		CU_ASSERT_EQUAL(tls_read(call.link.server, got, sizeof(got),
				    &done),
		    TLS_TRUNCATED);
		CU_ASSERT_EQUAL(tls_close(call.link.server), TLS_FAILED);
		call_end(&call);
	}
}

/* Our close_notify arrives, with a ticket that was queued before it. */
static void
check_close(void)
{
	struct call call;
	char got[16];
	size_t i;

	for (i = 0; i < NITEMS(versions); i++) {
		call_established(&call, versions[i]);
		tls_refresh(call.link.server);
		CU_ASSERT_EQUAL(tls_close(call.link.server), TLS_OK);
		CU_ASSERT_EQUAL(tls_close(call.link.server), TLS_OK);
		ERR_clear_error();
		CU_ASSERT(SSL_read(call.link.client, got, sizeof(got)) <= 0);
		CU_ASSERT_EQUAL(SSL_get_shutdown(call.link.client) &
			SSL_RECEIVED_SHUTDOWN,
		    SSL_RECEIVED_SHUTDOWN);
		call_end(&call);
	}
}

/* What is held inside counts as readable; when all is read, it does not. */
static void
check_pending(void)
{
	static char block[8000];
	struct call call;
	char got[1000];
	size_t i, done, n;

	for (i = 0; i < NITEMS(versions); i++) {
		call_established(&call, versions[i]);
		CU_ASSERT_EQUAL(SSL_write(call.link.client, block,
				    sizeof(block)),
		    (int)sizeof(block));
		CU_ASSERT_EQUAL(tls_read(call.link.server, got, sizeof(got),
				    &done),
		    TLS_OK);
		CU_ASSERT(tls_pending(call.link.server));
		for (n = done; n < sizeof(block); n += done)
			if (tls_read(call.link.server, got, sizeof(got),
				&done) != TLS_OK)
				break;
		CU_ASSERT_EQUAL(n, sizeof(block));
		CU_ASSERT_EQUAL(tls_read(call.link.server, got, sizeof(got),
				    &done),
		    TLS_WANT_READ);
		CU_ASSERT_FALSE(tls_pending(call.link.server));
		call_end(&call);
	}
}

/* Sends n key updates that ask for an answer, in one burst. */
static void
flood(struct call *call, int n)
{
	char byte;
	int i;

	for (i = 0; i < n; i++) {
		CU_ASSERT_EQUAL(SSL_key_update(call->link.client,
				    SSL_KEY_UPDATE_REQUESTED),
		    1);
		CU_ASSERT_EQUAL(SSL_do_handshake(call->link.client), 1);
		/* A ticket or an answer may lie there. */
		(void)SSL_read(call->link.client, &byte, 0);
	}
}

static void
check_key_updates(void)
{
	struct call call;
	char got[16];
	size_t done;
	int i;

	/* With data between, any number is right. */
	call_established(&call, TLS1_3_VERSION);
	for (i = 0; i < 5; i++) {
		flood(&call, 20);
		CU_ASSERT_EQUAL(SSL_write(call.link.client, "NOOP", 4), 4);
		CU_ASSERT_EQUAL(tls_read(call.link.server, got, sizeof(got),
				    &done),
		    TLS_OK);
	}
	call_end(&call);

	call_established(&call, TLS1_3_VERSION);
	flood(&call, 200);
	CU_ASSERT_EQUAL(SSL_write(call.link.client, "NOOP", 4), 4);
	CU_ASSERT_EQUAL(tls_read(call.link.server, got, sizeof(got), &done),
	    TLS_FAILED);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(tls_reason(call.link.server), "too many key updates"));
	CU_ASSERT_EQUAL(tls_write(call.link.server, got, 1, &done), TLS_FAILED);
	call_end(&call);
}

static void
check_renegotiation(void)
{
	struct call call;
	char got[16];
	size_t done;

	call_established(&call, TLS1_2_VERSION);
	CU_ASSERT_EQUAL(SSL_renegotiate(call.link.client), 1);
	(void)SSL_do_handshake(call.link.client);
	CU_ASSERT_NOT_EQUAL(tls_read(call.link.server, got, sizeof(got), &done),
	    TLS_OK);
	CU_ASSERT(SSL_do_handshake(call.link.client) != 1);
	call_end(&call);
}

/* One that is given up counts as failed; one that never began, as nothing. */
static void
check_abandoned(void)
{
	struct rig_hello hello = { 0 };
	struct call call;

	call_begin(&call, &hello);
	tls_channel_free(&call.link.server);
	CU_ASSERT_EQUAL(score_get(call.rig.score, SCORE_HANDSHAKES_FAILED), 0);
	rig_close(&call.link);
	rig_connect(&call.rig, &call.link, call.login, TLS_CONTROL, &hello);
	CU_ASSERT_EQUAL(tls_handshake(call.link.server), TLS_WANT_READ);
	CU_ASSERT_FALSE(tls_pending(call.link.server));
	tls_channel_free(&call.link.server);
	CU_ASSERT_EQUAL(score_get(call.rig.score, SCORE_HANDSHAKES_FAILED), 1);
	call_end(&call);
}

/* Any bytes where a ClientHello is due: it fails, and that is all. */
static void
check_garbage(void)
{
	/* A handshake record, and in it a ClientHello. */
	static const uint8_t head[] = { 22, 3, 1, 0, 251, 1, 0, 0, 247, 3, 3 };
	struct rig_hello hello = { 0 };
	uint8_t bytes[256];
	struct call call;
	size_t i, n;

	call_begin(&call, &hello);
	for (n = 0; n < 200; n++) {
		CU_ASSERT_EQUAL_FATAL(RAND_bytes(bytes, sizeof(bytes)), 1);
		memcpy(bytes, head, sizeof(head));
		for (i = 43; i < 46; i++)
			bytes[i] = (uint8_t)(n % 3);
		rig_close(&call.link);
		rig_connect(&call.rig, &call.link, call.login, TLS_CONTROL,
		    &hello);
		CU_ASSERT_EQUAL(write(call.link.client_fd, bytes,
				    sizeof(bytes)),
		    (ssize_t)sizeof(bytes));
		rig_hang_up(&call.link);
		CU_ASSERT_EQUAL(tls_handshake(call.link.server), TLS_FAILED);
	}
	call_end(&call);
}

CU_TestInfo tls_tests[] = {
	{ "facts of a handshake", check_facts },
	{ "hosts by server name", check_hosts },
	{ "the policy of the host", check_host_policy },
	{ "contexts of many hosts", check_many_hosts },
	{ "ALPN", check_alpn },
	{ "what is no TLS", check_strangers },
	{ "nothing in common", check_mismatches },
	{ "close_notify and truncation", check_ends },
	{ "our close", check_close },
	{ "bytes held inside", check_pending },
	{ "floods of key updates", check_key_updates },
	{ "renegotiation", check_renegotiation },
	{ "handshakes given up", check_abandoned },
	{ "garbage instead of a ClientHello", check_garbage },
	CU_TEST_INFO_NULL,
};
