/* Unit tests of worker/net: streams, clear and with TLS. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "tests/unit/suites.h"
#include "tests/unit/tls_rig.h"
#include "worker/net/stream.h"

/* A stream on a loop, and the peer's end of its socket. */
struct bench {
	uv_loop_t loop;
	struct stream *stream;
	int peer;
	int calls;
	unsigned int again; /* what the handler wants then */
	bool free_it;       /* in the handler */
};

static void
on_ready(struct stream *stream, void *context)
{
	struct bench *bench = context;

	bench->calls++;
	if (bench->free_it)
		stream_free(&bench->stream);
	else
		stream_want(stream, bench->again);
}

static void
bench_start(struct bench *bench)
{
	int pair[2];

	memset(bench, 0, sizeof(*bench));
	(void)signal(SIGPIPE, SIG_DFL);
	CU_ASSERT_FATAL(uv_loop_init(&bench->loop) == 0);
	CU_ASSERT_FATAL(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	bench->peer = pair[1];
	bench->stream = stream_new(&bench->loop, pair[0], on_ready, bench);
	CU_ASSERT_PTR_NOT_NULL_FATAL(bench->stream);
}

static void
turn(struct bench *bench)
{
	(void)uv_run(&bench->loop, UV_RUN_NOWAIT);
}

static void
bench_stop(struct bench *bench)
{
	stream_free(&bench->stream);
	(void)uv_run(&bench->loop, UV_RUN_DEFAULT);
	CU_ASSERT_EQUAL(uv_loop_close(&bench->loop), 0);
	fd_close(&bench->peer);
}

static void
put(struct bench *bench, const char *text)
{
	size_t len = strlen(text);

	CU_ASSERT(write(bench->peer, text, len) == (ssize_t)len);
}

static void
check_clear(void)
{
	struct bench bench;
	char got[16];
	size_t done = 0;

	bench_start(&bench);
	CU_ASSERT_FALSE(stream_is_tls(bench.stream));
	CU_ASSERT_EQUAL(stream_read(bench.stream, got, sizeof(got), &done),
	    STREAM_AGAIN);
	put(&bench, "NOOP");
	CU_ASSERT_EQUAL(stream_read(bench.stream, got, sizeof(got), &done),
	    STREAM_OK);
	CU_ASSERT_EQUAL(done, 4);
	CU_ASSERT_EQUAL(stream_write(bench.stream, "200", 3, &done), STREAM_OK);
	CU_ASSERT_EQUAL(read(bench.peer, got, sizeof(got)), 3);
	CU_ASSERT_EQUAL(stream_close_write(bench.stream, true), STREAM_OK);
	CU_ASSERT_EQUAL(stream_close_write(bench.stream, true), STREAM_OK);
	CU_ASSERT_EQUAL(read(bench.peer, got, sizeof(got)), 0);
	fd_close(&bench.peer);
	CU_ASSERT_EQUAL(stream_read(bench.stream, got, sizeof(got), &done),
	    STREAM_END);
	bench_stop(&bench);
}

static void
check_wants(void)
{
	struct bench bench;
	char got[16];
	size_t done;

	bench_start(&bench);
	put(&bench, "x");
	turn(&bench);
	CU_ASSERT_EQUAL(bench.calls, 0); /* nothing was wanted */
	stream_want(bench.stream, STREAM_READ);
	turn(&bench);
	CU_ASSERT_EQUAL(bench.calls, 1);
	turn(&bench);
	CU_ASSERT_EQUAL(bench.calls, 1); /* wants are cleared by the call */
	stream_want(bench.stream, STREAM_READ);
	stream_want(bench.stream, 0);
	turn(&bench);
	CU_ASSERT_EQUAL(bench.calls, 1); /* withdrawn */
	stream_want(bench.stream, STREAM_WRITE);
	turn(&bench);
	CU_ASSERT_EQUAL(bench.calls, 2);
	CU_ASSERT_EQUAL(stream_read(bench.stream, got, sizeof(got), &done),
	    STREAM_OK);
	stream_want(bench.stream, STREAM_READ);
	turn(&bench);
	CU_ASSERT_EQUAL(bench.calls, 2); /* nothing there */
	stream_want(bench.stream, STREAM_READ | STREAM_WRITE);
	turn(&bench);
	CU_ASSERT_EQUAL(bench.calls, 3); /* either */
	bench_stop(&bench);
}

/* Whether the loop would wake up at once. */
static int
poll_loop(struct bench *bench)
{
	struct pollfd item = { uv_backend_fd(&bench->loop), POLLIN, 0 };

	return (poll(&item, 1, 0));
}

/* A loop in which nobody wants anything sleeps, whatever the peer sends. */
static void
check_no_spinning(void)
{
	struct bench bench;
	int i;

	bench_start(&bench);
	stream_want(bench.stream, STREAM_READ);
	put(&bench, "x");
	for (i = 0; i < 5; i++)
		turn(&bench);
	CU_ASSERT_EQUAL(bench.calls, 1);
	/* The kernel has nothing new to tell. */
	CU_ASSERT_EQUAL(poll_loop(&bench), 0);
	bench_stop(&bench);
}

static void
check_freed_in_handler(void)
{
	struct bench bench;

	bench_start(&bench);
	bench.free_it = true;
	stream_want(bench.stream, STREAM_READ | STREAM_WRITE);
	put(&bench, "x");
	turn(&bench);
	CU_ASSERT_EQUAL(bench.calls, 1);
	CU_ASSERT_PTR_NULL(bench.stream);
	turn(&bench);
	CU_ASSERT_EQUAL(bench.calls, 1);
	bench_stop(&bench);
}

/* The descriptor is closed at once, and its number can be used again. */
static void
check_descriptor_reused(void)
{
	struct bench bench;
	int fd, pair[2];

	bench_start(&bench);
	fd = stream_fd(bench.stream);
	stream_want(bench.stream, STREAM_READ);
	stream_free(&bench.stream);
	CU_ASSERT(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
	fd_close(&bench.peer);
	CU_ASSERT_FATAL(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	CU_ASSERT(pair[0] == fd || pair[1] == fd);
	bench.peer = pair[1];
	bench.stream = stream_new(&bench.loop, pair[0], on_ready, &bench);
	CU_ASSERT_PTR_NOT_NULL_FATAL(bench.stream);
	stream_want(bench.stream, STREAM_READ);
	put(&bench, "x");
	turn(&bench);
	CU_ASSERT_EQUAL(bench.calls, 1);
	bench_stop(&bench);
}

static void
check_peer_gone(void)
{
	struct bench bench;
	size_t done;
	int i;

	bench_start(&bench);
	fd_close(&bench.peer);
	stream_want(bench.stream, STREAM_READ);
	turn(&bench);
	CU_ASSERT_EQUAL(bench.calls, 1);
	/* No SIGPIPE, which would end us here. */
	CU_ASSERT_EQUAL(stream_write(bench.stream, "x", 1, &done),
	    STREAM_FAILED);
	CU_ASSERT_STRING_EQUAL(stream_reason(bench.stream), strerror(EPIPE));
	/* A hang-up that nobody wants to hear of does not spin. */
	for (i = 0; i < 5; i++)
		turn(&bench);
	CU_ASSERT_EQUAL(bench.calls, 1);
	bench_stop(&bench);
}

/* --- TLS ------------------------------------------------------------------ */

struct secured {
	struct bench bench;
	struct rig rig;
	struct tls_login *login;
	SSL *client;
	struct rig_link tickets;
};

static void
secured_start(struct secured *secured)
{
	enum stream_result result = STREAM_AGAIN;
	int i;

	memset(secured, 0, sizeof(*secured));
	bench_start(&secured->bench);
	rig_start(&secured->rig, false);
	secured->rig.hosts[0].tls.allow_ccc = true;
	secured->login = rig_login(&secured->rig);
	secured->client = SSL_new(secured->rig.client);
	CU_ASSERT_PTR_NOT_NULL_FATAL(secured->client);
	(void)SSL_set_app_data(secured->client, &secured->tickets);
	(void)SSL_set_fd(secured->client, secured->bench.peer);
	SSL_set_connect_state(secured->client);
	CU_ASSERT_FATAL(stream_start_tls(secured->bench.stream, secured->login,
			    TLS_CONTROL) == 0);
	for (i = 0; i < 20 && result == STREAM_AGAIN; i++) {
		(void)SSL_do_handshake(secured->client);
		result = stream_handshake(secured->bench.stream);
	}
	CU_ASSERT_EQUAL(result, STREAM_OK);
	CU_ASSERT(stream_is_tls(secured->bench.stream));
	CU_ASSERT_PTR_NOT_NULL(stream_tls(secured->bench.stream));
}

static void
secured_stop(struct secured *secured)
{
	size_t i;

	bench_stop(&secured->bench);
	tls_login_free(&secured->login);
	SSL_free(secured->client);
	for (i = 0; i < secured->tickets.ntickets; i++)
		SSL_SESSION_free(secured->tickets.tickets[i]);
	rig_stop(&secured->rig);
}

/* One record, read in two parts: the second part raises no event. */
static void
check_held_bytes(void)
{
	struct secured secured;
	struct bench *bench = &secured.bench;
	char got[4];
	size_t done;

	secured_start(&secured);
	CU_ASSERT_EQUAL(SSL_write(secured.client, "12345678", 8), 8);
	CU_ASSERT_EQUAL(stream_read(bench->stream, got, 4, &done), STREAM_OK);
	stream_want(bench->stream, STREAM_READ);
	CU_ASSERT_EQUAL(bench->calls, 0);
	turn(bench);
	CU_ASSERT_EQUAL(bench->calls, 1);
	/* Withdrawn, it is not called. */
	stream_want(bench->stream, STREAM_READ);
	stream_want(bench->stream, 0);
	turn(bench);
	CU_ASSERT_EQUAL(bench->calls, 1);
	/* Wanted again from the handler: once each turn, not for ever. */
	bench->again = STREAM_READ;
	stream_want(bench->stream, STREAM_READ);
	turn(bench);
	CU_ASSERT_EQUAL(bench->calls, 2);
	turn(bench);
	CU_ASSERT_EQUAL(bench->calls, 3);
	CU_ASSERT_EQUAL(stream_read(bench->stream, got, 4, &done), STREAM_OK);
	CU_ASSERT_EQUAL(memcmp(got, "5678", 4), 0);
	stream_want(bench->stream, STREAM_READ);
	turn(bench);
	CU_ASSERT_EQUAL(bench->calls, 3);
	secured_stop(&secured);
}

static void
check_held_and_freed(void)
{
	struct secured secured;
	char got[4];
	size_t done;

	secured_start(&secured);
	CU_ASSERT_EQUAL(SSL_write(secured.client, "12345678", 8), 8);
	CU_ASSERT_EQUAL(stream_read(secured.bench.stream, got, 4, &done),
	    STREAM_OK);
	secured.bench.free_it = true;
	stream_want(secured.bench.stream, STREAM_READ);
	turn(&secured.bench);
	CU_ASSERT_EQUAL(secured.bench.calls, 1);
	CU_ASSERT_PTR_NULL(secured.bench.stream);
	secured_stop(&secured);
}

/* CCC: close_notify both ways, then clear bytes on the same socket. */
static void
check_back_to_clear(void)
{
	struct secured secured;
	struct bench *bench = &secured.bench;
	char got[16];
	size_t done;

	secured_start(&secured);
	CU_ASSERT_EQUAL(stream_close_write(bench->stream, false), STREAM_OK);
	CU_ASSERT_EQUAL(stream_read(bench->stream, got, 1, &done),
	    STREAM_AGAIN);
	(void)SSL_shutdown(secured.client);
	put(bench, "NOOP\r\n");
	CU_ASSERT_EQUAL(stream_read(bench->stream, got, 1, &done), STREAM_END);
	stream_end_tls(bench->stream);
	CU_ASSERT_FALSE(stream_is_tls(bench->stream));
	CU_ASSERT_EQUAL(stream_read(bench->stream, got, sizeof(got), &done),
	    STREAM_OK);
	CU_ASSERT_EQUAL(done, 6);
	CU_ASSERT_EQUAL(memcmp(got, "NOOP\r\n", 6), 0);
	secured_stop(&secured);
}

/* A peer that does not read: writing waits, and goes on when it may. */
static void
check_backpressure(void)
{
	static char block[16384];
	struct secured secured;
	struct bench *bench = &secured.bench;
	enum stream_result result;
	size_t sent = 0, done = 0, received = 0;

	secured_start(&secured);
	while ((result = stream_write(bench->stream, block, sizeof(block),
		    &done)) == STREAM_OK)
		sent += done;
	CU_ASSERT_EQUAL(result, STREAM_AGAIN);
	stream_want(bench->stream, STREAM_WRITE);
	turn(bench);
	CU_ASSERT_EQUAL(bench->calls, 0);
	while (SSL_read_ex(secured.client, block, sizeof(block), &done) == 1)
		received += done;
	turn(bench);
	CU_ASSERT_EQUAL(bench->calls, 1);
	CU_ASSERT_EQUAL(stream_write(bench->stream, block, sizeof(block),
			    &done),
	    STREAM_OK);
	sent += done;
	while (SSL_read_ex(secured.client, block, sizeof(block), &done) == 1)
		received += done;
	CU_ASSERT_EQUAL(sent, received);
	secured_stop(&secured);
}

CU_TestInfo stream_tests[] = {
	{ "clear bytes", check_clear },
	{ "wants", check_wants },
	{ "no spinning", check_no_spinning },
	{ "freed in its handler", check_freed_in_handler },
	{ "a descriptor used again", check_descriptor_reused },
	{ "a peer that is gone", check_peer_gone },
	{ "bytes that TLS holds", check_held_bytes },
	{ "freed while TLS holds bytes", check_held_and_freed },
	{ "back to clear", check_back_to_clear },
	{ "a peer that does not read", check_backpressure },
	CU_TEST_INFO_NULL,
};
