/* Unit tests of what a worker does not take even from its master. */
#include "shm/board/key_swap.h"
#include "tests/unit/suites.h"
#include "tests/unit/worker_stage.h"

/* Whether it lives on after a good message; after any other its channel ends,
 * as if the master were gone. */
static void
judged(struct stage *stage, bool good, const char *what)
{
	if (good) {
		CHECK_CASE(answers_pings(stage), what);
		(void)kill(stage->pid, SIGKILL);
	}
	CHECK_CASE(exit_status(stage) == (good ? -1 : 1), what);
	stop(stage);
}

/* Names that the configuration has not, and addresses that PASV has not. */
static void
distrusts_addresses(void)
{
	static const struct {
		const char *address;
		uint32_t number;
		bool good;
	} rows[] = {
		{ "192.0.2.1", 0, true },
		{ "192.0.2.1", 1, false },
		{ "192.0.2.1", UINT32_MAX, false },
		{ "0.0.0.0", 0, false },
		{ "2001:db8::1", 0, false },
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
		judged(&stage, rows[i].good, rows[i].address);
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
		judged(&stage, rows[i].good, rows[i].what);
	}
}

/* Of another configuration, or of a host that there is not. */
static void
distrusts_keys(void)
{
	static const struct {
		const char *what;
		uint32_t generation, host;
	} rows[] = { { "good", 0, 0 }, { "generation", 1, 0 },
		{ "host", 0, 1 } };
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
		judged(&stage, i == 0, rows[i].what);
	}
}

CU_TestInfo worker_trust_tests[] = {
	{ "a worker distrusts what is to be traced", distrusts_traces },
	{ "a worker distrusts addresses of names", distrusts_addresses },
	{ "a worker distrusts keys", distrusts_keys },
	CU_TEST_INFO_NULL,
};
