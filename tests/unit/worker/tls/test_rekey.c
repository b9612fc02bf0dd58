/* Unit tests of worker/tls/rekey.c: fresh keys while a connection lasts. */
#include "tests/unit/suites.h"
#include "tests/unit/tls_rig.h"
#include "worker/tls/rekey.h"
#include "worker/tls/state.h"

/* A control connection of a host, and a client that counts what it gets. */
struct call {
	struct rig rig;
	struct tls_login *login;
	struct rig_link link;
};

/* Messages of this kind that the client has received. */
static unsigned int updates, requests;

static void
/* NOLINTNEXTLINE(readability-function-size): OpenSSL's signature */
count_messages(int sent, int version UNUSED, int type, const void *data,
    size_t len, SSL *ssl UNUSED, void *arg UNUSED)
{
	const uint8_t *message = data;

	if (sent || type != SSL3_RT_HANDSHAKE || len == 0)
		return;
	updates += message[0] == SSL3_MT_KEY_UPDATE;
	requests += message[0] == SSL3_MT_HELLO_REQUEST;
}

static void
call_begin(struct call *call, int version, const struct conf_tls *conf)
{
	struct rig_hello hello = { .version = version };
	struct conf_tls *tls;

	rig_start(&call->rig, false);
	tls = &call->rig.hosts[0].tls;
	tls->renegotiate = conf->renegotiate;
	tls->options = conf->options;
	call->login = rig_login(&call->rig);
	rig_connect(&call->rig, &call->link, call->login, TLS_CONTROL, &hello);
	updates = requests = 0;
	SSL_set_msg_callback(call->link.client, count_messages);
	CU_ASSERT_EQUAL(rig_shake(&call->link), TLS_OK);
	CU_ASSERT(rig_say(&call->link, "220\r\n"));
}

static void
call_end(struct call *call)
{
	rig_close(&call->link);
	tls_login_free(&call->login);
	rig_stop(&call->rig);
}

/* The client sends a byte; whether the server reads it. */
static bool
hears(struct call *call)
{
	size_t done = 0;
	char byte;

	return (SSL_write(call->link.client, "x", 1) == 1 &&
	    tls_read(call->link.server, &byte, 1, &done) == TLS_OK &&
	    done == 1);
}

static bool
update(struct call *call)
{
	return (SSL_key_update(call->link.client,
		    SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
	    SSL_do_handshake(call->link.client) == 1);
}

/* One byte of data between any two does not make them harmless. */
static void
check_thin_flood(void)
{
	const struct conf_tls conf = { .options = 0 };
	struct call call;
	size_t done;
	char byte;
	int i;

	call_begin(&call, TLS1_3_VERSION, &conf);
	for (i = 0; i < TLS_EXCESS_MESSAGES; i++)
		if (!update(&call) || !hears(&call))
			break;
	CU_ASSERT_EQUAL(i, TLS_EXCESS_MESSAGES);
	/* Some are forgiven as time goes by. */
	for (i = 0; i < TLS_EXCESS_MESSAGES; i++)
		if (!update(&call) || !hears(&call))
			break;
	CU_ASSERT(i < TLS_EXCESS_MESSAGES / 2);
	CU_ASSERT_EQUAL(tls_read(call.link.server, &byte, 1, &done),
	    TLS_FAILED);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(tls_reason(call.link.server), "too many key updates"));
	call_end(&call);
}

/* Enough data between them does. */
static void
check_busy_client(void)
{
	const struct conf_tls conf = { .options = 0 };
	static char block[16384];
	struct call call;
	size_t done;
	int i, j;

	call_begin(&call, TLS1_3_VERSION, &conf);
	for (i = 0; i < 3 * TLS_EXCESS_MESSAGES; i++) {
		if (!update(&call))
			break;
		for (j = 0; j < 2; j++)
			if (SSL_write(call.link.client, block, sizeof(block)) !=
				(int)sizeof(block) ||
			    tls_read(call.link.server, block, sizeof(block),
				&done) != TLS_OK)
				break;
	}
	CU_ASSERT_EQUAL(i, 3 * TLS_EXCESS_MESSAGES);
	CU_ASSERT(hears(&call));
	call_end(&call);
}

/* No key of ours is used for more records than it is good for. */
static void
check_records(void)
{
	const struct conf_tls conf = { .options = 0 };
	struct rig_hello hello = { .version = TLS1_3_VERSION };
	struct rig_link data;
	struct call call;
	int i;

	call_begin(&call, TLS1_3_VERSION, &conf);
	call.rig.hosts[0].tls.options = CONF_TLS_NO_SESSION_REUSE_REQUIRED;
	rig_connect(&call.rig, &data, call.login, TLS_DATA, &hello);
	SSL_set_msg_callback(data.client, count_messages);
	CU_ASSERT_EQUAL(rig_shake(&data), TLS_OK);
	CU_ASSERT_PTR_NULL(data.server->rekey);
	data.server->records = TLS_RECORDS_MAX - 3;
	for (i = 0; i < 10; i++) {
		CU_ASSERT_EQUAL(updates, i > 3);
		CU_ASSERT(rig_say(&data, "contents"));
	}
	CU_ASSERT_EQUAL(data.server->records, 7);
	rig_close(&data);
	call_end(&call);
}

/* The client's answer is taken for what it is, and asked for no more. */
static void
check_answers(void)
{
	const struct conf_tls conf = { .renegotiate = {
					   .mode = CONF_RENEGOTIATE_SET,
					   .data = 1,
					   .timeout = 1,
					   .required = true } };
	struct rig_hello hello = { .version = TLS1_3_VERSION };
	static char block[1024];
	struct rig_link data;
	struct call call;
	size_t done;
	int i;

	call_begin(&call, TLS1_3_VERSION, &conf);
	CU_ASSERT_PTR_NULL(call.link.server->rekey);
	call.rig.hosts[0].tls.options = CONF_TLS_NO_SESSION_REUSE_REQUIRED;
	rig_connect(&call.rig, &data, call.login, TLS_DATA, &hello);
	SSL_set_msg_callback(data.client, count_messages);
	CU_ASSERT_EQUAL(rig_shake(&data), TLS_OK);
	CU_ASSERT_PTR_NOT_NULL(data.server->rekey);
	/* More answers than unasked updates would be taken. */
	for (i = 0; i < 2 * TLS_EXCESS_MESSAGES; i++) {
		if (SSL_write(data.client, block, sizeof(block)) !=
			(int)sizeof(block) ||
		    tls_read(data.server, block, sizeof(block), &done) !=
			TLS_OK)
			break;
		CU_ASSERT_EQUAL(tls_read(data.server, block, 1, &done),
		    TLS_WANT_READ);
		(void)SSL_read(data.client, block, 1);
	}
	CU_ASSERT_EQUAL(i, 2 * TLS_EXCESS_MESSAGES);
	CU_ASSERT_EQUAL(updates, 2 * TLS_EXCESS_MESSAGES);
	rig_close(&data);
	call_end(&call);
}

/* A client that begins one; whether it came to an end. */
static bool
renegotiates(struct call *call)
{
	enum tls_result result = TLS_WANT_READ;
	size_t done;
	char byte;
	int i;

	if (SSL_renegotiate(call->link.client) != 1)
		return (false);
	for (i = 0; i < 10 && result == TLS_WANT_READ; i++) {
		ERR_clear_error();
		if (SSL_do_handshake(call->link.client) == 1)
			return (true);
		result = tls_read(call->link.server, &byte, 1, &done);
	}
	return (false);
}

static void
check_allowed(void)
{
	struct conf_tls conf = { .options =
				     CONF_TLS_ALLOW_CLIENT_RENEGOTIATIONS };
	struct call call;

	call_begin(&call, TLS1_2_VERSION, &conf);
	CU_ASSERT(renegotiates(&call));
	CU_ASSERT(hears(&call));
	/* Not twice in a minute. */
	CU_ASSERT_FALSE(renegotiates(&call));
	CU_ASSERT_EQUAL(requests, 0);
	call_end(&call);

	conf.renegotiate.mode = CONF_RENEGOTIATE_NEVER;
	call_begin(&call, TLS1_2_VERSION, &conf);
	CU_ASSERT_FALSE(renegotiates(&call));
	call_end(&call);
	conf.renegotiate.mode = CONF_RENEGOTIATE_UNSET;
	conf.options = 0;
	call_begin(&call, TLS1_2_VERSION, &conf);
	CU_ASSERT_FALSE(renegotiates(&call));
	CU_ASSERT_PTR_NULL(call.link.server->rekey);
	call_end(&call);
}

/* The end of the connection, behind whole records and in one. */
static void
check_bare_ends(void)
{
	const struct conf_tls conf = { .options = 0 };
	static const uint8_t part[] = { 23, 3, 3, 0, 64, 1, 2, 3 };
	struct call call;
	size_t done, i;
	char byte;

	for (i = 0; i < 2; i++) {
		call_begin(&call, TLS1_3_VERSION, &conf);
		CU_ASSERT(hears(&call));
		if (i == 1)
			CU_ASSERT_EQUAL(write(call.link.client_fd, part,
					    sizeof(part)),
			    (ssize_t)sizeof(part));
		rig_hang_up(&call.link);
		CU_ASSERT_EQUAL(tls_read(call.link.server, &byte, 1, &done),
		    TLS_TRUNCATED);
		CU_ASSERT_EQUAL(tls_ended_bare(call.link.server), i == 0);
		call_end(&call);
	}
}

CU_TestInfo rekey_tests[] = {
	{ "floods with a little data", check_thin_flood },
	{ "key updates of a busy client", check_busy_client },
	{ "our own limit", check_records },
	{ "answers of the client", check_answers },
	{ "renegotiation that is allowed", check_allowed },
	{ "ends without close_notify", check_bare_ends },
	CU_TEST_INFO_NULL,
};
