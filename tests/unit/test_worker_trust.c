/* Unit tests of what a worker does not take even from its master. */
#include "shm/board/key_swap.h"
#include "tests/unit/suites.h"
#include "tests/unit/worker_stage.h"

/* Names that the configuration has not, and addresses that PASV has not. */
static void
distrusts_addresses(void)
{
	static const struct {
		uint32_t number;
		const char *address;
		bool good;
	} rows[] = {
		{ 0, "192.0.2.1", true },
		{ 1, "192.0.2.1", false },
		{ UINT32_MAX, "192.0.2.1", false },
		{ 0, "0.0.0.0", false },
		{ 0, "2001:db8::1", false },
	};
	struct msg_address body;
	struct stage stage;
	size_t i;

	for (i = 0; i < NITEMS(rows); i++) {
		start_with(&stage, 0);
		memset(&body, 0, sizeof(body));
		body.number = rows[i].number;
		CU_ASSERT_EQUAL(address_parse(&body.address, rows[i].address),
		    0);
		CU_ASSERT_EQUAL(channel_post(stage.channel, MSG_ADDRESS, &body),
		    0);
		if (rows[i].good) {
			CU_ASSERT_TRUE(answers_pings(&stage));
			(void)kill(stage.pid, SIGKILL);
		}
		/* The channel ends, as if the master were gone. */
		CHECK_CASE(exit_status(&stage) == (rows[i].good ? -1 : 1),
		    rows[i].address);
		stop(&stage);
	}
}

static void
distrusts_traces(void)
{
	static const struct {
		const char *what;
		uint32_t level, bits;
		bool good;
	} rows[] = {
		{ "what the master sends", 20, 128, true },
		{ "a level above all", 21, 0, false },
		{ "more bits than an address has", 1, 129, false },
		{ "huge numbers", UINT32_MAX, UINT32_MAX, false },
	};
	struct msg_trace body;
	struct stage stage;
	size_t i;

	for (i = 0; i < NITEMS(rows); i++) {
		start_with(&stage, 0);
		memset(&body, 0, sizeof(body));
		body.rules[TRACE_TLS_VERIFY].level = rows[i].level;
		body.rules[TRACE_TLS_VERIFY].bits = rows[i].bits;
		CU_ASSERT_EQUAL(channel_post(stage.channel, MSG_TRACE, &body),
		    0);
		if (rows[i].good) {
			CU_ASSERT_TRUE(answers_pings(&stage));
			(void)kill(stage.pid, SIGKILL);
		}
		CHECK_CASE(exit_status(&stage) == (rows[i].good ? -1 : 1),
		    rows[i].what);
		stop(&stage);
	}
}

/* Of another configuration, or of a host that there is not. */
static void
distrusts_keys(void)
{
	static const struct {
		uint32_t generation, host;
		const char *what;
	} rows[] = { { 0, 0, NULL }, { 1, 0, "generation" }, { 0, 1, "host" } };
	const struct file_bytes blob = { "x", 1 };
	struct key_swap_part part = { 0, HOST_FILE_CA, 0, KEY_SWAP_KEEP };
	const struct key_swap_plan plan = { &blob, 1, &part, 1 };
	struct msg_generation body = { 0, 0 };
	struct channel_message message = { .type = MSG_KEYS, .body = &body };
	struct stage stage;
	size_t i;

	for (i = 0; i < NITEMS(rows); i++) {
		start_with(&stage, 0);
		body.generation = rows[i].generation;
		part.host = rows[i].host;
		message.fd = key_swap_write(&plan);
		CU_ASSERT_EQUAL(channel_send(stage.channel, &message), 0);
		fd_close(&message.fd);
		if (rows[i].what == NULL) {
			CU_ASSERT_TRUE(answers_pings(&stage));
			(void)kill(stage.pid, SIGKILL);
		}
		CU_ASSERT_EQUAL(exit_status(&stage), i == 0 ? -1 : 1);
		stop(&stage);
	}
}

CU_TestInfo worker_trust_tests[] = {
	{ "a worker distrusts what is to be traced", distrusts_traces },
	{ "a worker distrusts addresses of names", distrusts_addresses },
	{ "a worker distrusts keys", distrusts_keys },
	CU_TEST_INFO_NULL,
};
