/* Unit tests of shm/base: escaping, buffers, addresses, sealing, the loop. */
#include <CUnit/CUnit.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/base/address.h"
#include "shm/base/buf.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/loop.h"
#include "shm/base/seal.h"
#include "shm/base/secret.h"
#include "tests/unit/suites.h"

static const struct {
	const char *what, *in;
	size_t len;
	const char *out;
} escapes[] = {
	{ "plain text", "hello", 5, "hello" },
	{ "a line end", "a\r\nb", 4, "a\\x0d\\x0ab" },
	{ "a NUL", "a\0b", 3, "a\\x00b" },
	{ "a backslash", "a\\b", 3, "a\\x5cb" },
	{ "UTF-8", "gr\xc3\xbc", 4, "gr\xc3\xbc" },
	{ "a C1 control", "\xc2\x85", 2, "\\xc2\\x85" },
	{ "an overlong form", "\xc0\xaf", 2, "\\xc0\\xaf" },
	{ "a surrogate", "\xed\xa0\x80", 3, "\\xed\\xa0\\x80" },
	{ "a cut sequence", "\xe2\x82", 2, "\\xe2\\x82" },
	{ "an escape sequence", "\x1b[2J", 4, "\\x1b[2J" },
	{ "nothing", "", 0, "" },
};

static void
log_escape_lets_no_control_byte_through(void)
{
	char out[64];
	size_t i, len;

	for (i = 0; i < NITEMS(escapes); i++) {
		len =
		    log_escape(out, sizeof(out), escapes[i].in, escapes[i].len);
		CHECK_CASE(len == strlen(escapes[i].out) &&
			strcmp(out, escapes[i].out) == 0,
		    escapes[i].what);
	}
	len = log_escape(out, 16, "0123456789abcdefghij", 20);
	CU_ASSERT(len < 16);
	CU_ASSERT_STRING_EQUAL(out + len - 3, "...");
}

static void
buf_keeps_its_limit_and_order(void)
{
	struct buf buf;

	buf_init(&buf, 10);
	CU_ASSERT_EQUAL(buf_append(&buf, "01234567", 8), 0);
	CU_ASSERT_EQUAL(buf_append(&buf, "xyz", 3), -1);
	CU_ASSERT_EQUAL(errno, ENOBUFS);
	CU_ASSERT_EQUAL(buf_len(&buf), 8);
	buf_consume(&buf, 6);
	CU_ASSERT_EQUAL(buf_append(&buf, "abcdefgh", 8), 0);
	CU_ASSERT_EQUAL(memcmp(buf_data(&buf), "67abcdefgh", 10), 0);
	buf_consume(&buf, 10);
	CU_ASSERT_PTR_NULL(buf_data(&buf));
	buf_free(&buf);
	buf_init(&buf, 0);
	CU_ASSERT_EQUAL(buf_printf(&buf, "%d-%s", 42, "x"), 0);
	CU_ASSERT_EQUAL(buf_len(&buf), 4);
	CU_ASSERT_EQUAL(memcmp(buf_data(&buf), "42-x", 4), 0);
	buf_free(&buf);
}

static const struct {
	const char *text;
	unsigned int v4_bits, v6_bits;
	const char *masked;
} masks[] = {
	{ "192.0.2.77", 24, 56, "192.0.2.0" },
	{ "192.0.2.77", 32, 56, "192.0.2.77" },
	{ "192.0.2.77", 0, 56, "0.0.0.0" },
	{ "192.0.2.77", 25, 56, "192.0.2.0" },
	{ "2001:db8:1:2ff:3:4:5:6", 24, 56, "2001:db8:1:200::" },
	{ "2001:db8:1:2ff:3:4:5:6", 24, 0, "::" },
	{ "2001:db8::1", 24, 128, "2001:db8::1" },
};

static void
address_reads_and_masks(void)
{
	struct address address, again;
	struct sockaddr_storage sa;
	char text[ADDRESS_TEXT_MAX];
	size_t i;

	for (i = 0; i < NITEMS(masks); i++) {
		CU_ASSERT_EQUAL_FATAL(address_parse(&address, masks[i].text),
		    0);
		address_mask(&address, masks[i].v4_bits, masks[i].v6_bits);
		CHECK_CASE(strcmp(address_text(&address, text),
			       masks[i].masked) == 0,
		    masks[i].masked);
	}
	CU_ASSERT_EQUAL(address_parse(&address, "1.2.3"), -1);
	CU_ASSERT_EQUAL(address_parse(&address, "host"), -1);
	CU_ASSERT_EQUAL_FATAL(address_parse(&address, "127.0.0.1"), 0);
	address.port = 21;
	CU_ASSERT_EQUAL(address_to_sockaddr(&address, AF_UNSPEC, &sa),
	    sizeof(struct sockaddr_in));
	CU_ASSERT_EQUAL(address_from_sockaddr(&again, (struct sockaddr *)&sa),
	    0);
	CU_ASSERT_EQUAL(memcmp(&address, &again, sizeof(address)), 0);
	/* A v4 client on a v6 socket is the same client. */
	CU_ASSERT_EQUAL(address_to_sockaddr(&address, AF_INET6, &sa),
	    sizeof(struct sockaddr_in6));
	CU_ASSERT_EQUAL(address_from_sockaddr(&again, (struct sockaddr *)&sa),
	    0);
	CU_ASSERT(address_same_ip(&address, &again));
}

static void
seal_opens_only_what_it_sealed(void)
{
	uint8_t key[SEAL_KEY_LEN], sealed[64], plain[64];
	struct seal_data associated = { "who", 3 }, text = { "secret", 6 };
	struct seal_data record = { sealed, 0 };

	secret_random(key, sizeof(key));
	record.len = seal_close(key, associated, text, sealed);
	CU_ASSERT_EQUAL_FATAL(record.len, 6 + SEAL_OVERHEAD);
	CU_ASSERT_EQUAL(seal_open(key, associated, record, plain), 6);
	CU_ASSERT_EQUAL(memcmp(plain, "secret", 6), 0);
	associated.data = "whO";
	CU_ASSERT_EQUAL(seal_open(key, associated, record, plain), -1);
	associated.data = "who";
	sealed[14] ^= 1;
	CU_ASSERT_EQUAL(seal_open(key, associated, record, plain), -1);
	sealed[14] ^= 1;
	record.len--;
	CU_ASSERT_EQUAL(seal_open(key, associated, record, plain), -1);
	record.len = 3;
	CU_ASSERT_EQUAL(seal_open(key, associated, record, plain), -1);
}

static void
secret_is_wiped_in_a_child(void)
{
	char *secret;
	int status;
	pid_t pid;

	secret = secret_alloc(100, SECRET_WIPE_ON_FORK);
	CU_ASSERT_PTR_NOT_NULL(secret);
	if (secret == NULL)
		return;
	memcpy(secret, "password", 9);
	pid = fork();
	if (pid == 0)
		_exit(secret[0] == '\0' ? 0 : 1);
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	CU_ASSERT_STRING_EQUAL(secret, "password");
	secret_free(secret, 100);
	CU_ASSERT(secret_equal("abc", "abc", 3));
	CU_ASSERT(!secret_equal("abc", "abd", 3));
}

static void
secrets_share_a_pool(void)
{
	static const size_t lens[] = { 1, 16, 17, 70000, 3, 65536, 4000 };
	struct secret_pool pool = { NULL };
	char *texts[1000];
	size_t i, len;
	int status;
	pid_t pid;

	CU_ASSERT_PTR_NULL(secret_pool_alloc(&pool, 0));
	for (i = 0; i < NITEMS(texts); i++) {
		len = lens[i % NITEMS(lens)];
		texts[i] = secret_pool_alloc(&pool, len);
		CU_ASSERT_PTR_NOT_NULL_FATAL(texts[i]);
		if (texts[i] == NULL)
			return;
		CU_ASSERT_EQUAL((uintptr_t)texts[i] % 16, 0);
		CU_ASSERT_EQUAL(texts[i][0], 0);
		memset(texts[i], (int)('a' + i % 26), len);
	}
	pid = fork();
	if (pid == 0)
		_exit(texts[1][15] == 'b' ? 0 : 1);
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	for (i = 0; i < NITEMS(texts); i++) {
		len = lens[i % NITEMS(lens)];
		CU_ASSERT_EQUAL(texts[i][0], (char)('a' + i % 26));
		CU_ASSERT_EQUAL(texts[i][len - 1], (char)('a' + i % 26));
	}
	secret_pool_free(&pool);
	CU_ASSERT_PTR_NULL(pool.blocks);
	secret_pool_free(&pool);
}

static void
fd_sealed_cannot_be_changed(void)
{
	size_t len = 0;
	char *text;
	int fd, pipe_fds[2];

	fd = fd_sealed("test", "contents", 8);
	CU_ASSERT_FATAL(fd != -1);
	CU_ASSERT_EQUAL(write(fd, "x", 1), -1);
	CU_ASSERT_EQUAL(ftruncate(fd, 0), -1);
	text = fd_read_sealed(fd, 8, &len);
	CU_ASSERT_PTR_NOT_NULL(text);
	if (text == NULL)
		return;
	CU_ASSERT_EQUAL(len, 8);
	CU_ASSERT_STRING_EQUAL(text, "contents");
	free(text);
	CU_ASSERT_PTR_NULL(fd_read_sealed(fd, 7, &len));
	CU_ASSERT_EQUAL(errno, EFBIG);
	fd_close(&fd);
	CU_ASSERT_EQUAL(fd, -1);
	CU_ASSERT_EQUAL_FATAL(pipe(pipe_fds), 0);
	CU_ASSERT_PTR_NULL(fd_read_sealed(pipe_fds[0], 8, &len));
	CU_ASSERT_EQUAL(errno, EINVAL);
	fd_close(&pipe_fds[0]);
	fd_close(&pipe_fds[1]);
}

struct scene {
	struct loop *loop;
	struct loop_timer *first, *second;
	struct loop_watch *watch;
	char order[8];
	size_t n;
	int fds[2];
};

static void
first_fires(void *context)
{
	struct scene *scene = context;

	scene->order[scene->n++] = '1';
	CU_ASSERT_EQUAL(write(scene->fds[1], "x", 1), 1);
}

static void
readable(unsigned int events, void *context)
{
	struct scene *scene = context;

	CU_ASSERT((events & LOOP_READ) != 0);
	scene->order[scene->n++] = 'r';
	/* A watch may end itself in its handler. */
	loop_unwatch(&scene->watch);
	CU_ASSERT_EQUAL(kill(getpid(), SIGUSR2), 0);
}

static void
signalled(int number, void *context)
{
	struct scene *scene = context;

	CU_ASSERT_EQUAL(number, SIGUSR2);
	scene->order[scene->n++] = 's';
	loop_timer_set(scene->second, 1);
}

static void
second_fires(void *context)
{
	struct scene *scene = context;

	scene->order[scene->n++] = '2';
	loop_stop(scene->loop);
}

static void
loop_runs_timers_watches_and_signals(void)
{
	struct scene scene;

	memset(&scene, 0, sizeof(scene));
	CU_ASSERT_EQUAL_FATAL(fd_pair(scene.fds), 0);
	scene.loop = loop_new();
	CU_ASSERT_PTR_NOT_NULL_FATAL(scene.loop);
	scene.first = loop_timer(scene.loop, first_fires, &scene);
	scene.second = loop_timer(scene.loop, second_fires, &scene);
	scene.watch =
	    loop_watch(scene.loop, scene.fds[0], LOOP_READ, readable, &scene);
	CU_ASSERT_EQUAL(loop_signal(scene.loop, SIGUSR2, signalled, &scene), 0);
	loop_timer_set(scene.second, 3600000);
	loop_timer_set(scene.first, 0);
	CU_ASSERT(loop_timer_armed(scene.second));
	CU_ASSERT_EQUAL(loop_run(scene.loop), 0);
	CU_ASSERT_STRING_EQUAL(scene.order, "1rs2");
	CU_ASSERT_PTR_NULL(scene.watch);
	loop_timer_free(&scene.first);
	loop_free(&scene.loop);
	CU_ASSERT_PTR_NULL(scene.loop);
	fd_close(&scene.fds[0]);
	fd_close(&scene.fds[1]);
}

static void
fd_close_all_but_keeps_what_it_should(void)
{
	int keep[2], gone, status;
	pid_t pid;

	keep[0] = dup(0);
	gone = dup(0);
	keep[1] = dup(0);
	pid = fork();
	if (pid == 0) {
		fd_close_all_but(keep, 2);
		_exit(fcntl(keep[0], F_GETFD) != -1 &&
			    fcntl(keep[1], F_GETFD) != -1 &&
			    fcntl(gone, F_GETFD) == -1 &&
			    fcntl(2, F_GETFD) != -1
			? 0
			: 1);
	}
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	fd_close(&keep[0]);
	fd_close(&keep[1]);
	fd_close(&gone);
}

/* Else an error would be written into a socket, or a file of keys. */
static void
fd_fill_standard_leaves_no_gap(void)
{
	int status = 0, next;
	pid_t pid = fork();

	if (pid == 0) {
		close(0);
		close(2);
		if (fd_fill_standard() == -1)
			_exit(1);
		next = dup(1);
		_exit(
		    fcntl(0, F_GETFL) != -1 && write(2, "x", 1) == 1 && next > 2
			? 0
			: 2);
	}
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
}

CU_TestInfo base_tests[] = {
	{ "log_escape lets no control byte through",
	    log_escape_lets_no_control_byte_through },
	{ "buf keeps its limit and order", buf_keeps_its_limit_and_order },
	{ "address reads and masks", address_reads_and_masks },
	{ "seal opens only what it sealed", seal_opens_only_what_it_sealed },
	{ "a secret is wiped in a child", secret_is_wiped_in_a_child },
	{ "secrets share a pool", secrets_share_a_pool },
	{ "a sealed memfd cannot be changed", fd_sealed_cannot_be_changed },
	{ "the loop runs timers, watches and signals",
	    loop_runs_timers_watches_and_signals },
	{ "fd_close_all_but keeps what it should",
	    fd_close_all_but_keeps_what_it_should },
	{ "fd_fill_standard leaves no gap", fd_fill_standard_leaves_no_gap },
	CU_TEST_INFO_NULL,
};
