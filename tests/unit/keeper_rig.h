/*
 * keeper_rig - a keeper in a process of its own, and both ends of its channels.
 *
 * The test plays the master and the workers.  Its current directory is the
 * cache directory as long as the rig is there.
 */
#ifndef TESTS_UNIT_KEEPER_RIG_H
#define TESTS_UNIT_KEEPER_RIG_H

#include <dirent.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/process.h"
#include "shm/cache/keeper.h"
#include "shm/cache/reader.h"
#include "shm/ipc/channel.h"
#include "tests/unit/introduce.h"
#include "tests/unit/scratch.h"
#include "tests/unit/suites.h"

#define PATIENCE_MS 10000
#define TIMEOUT     600u /* of sessions */

/* One end of a channel to the keeper, and the last message that came. */
struct end {
	struct channel *channel;
	enum msg_type type; /* MSG_NONE: nothing came, or the channel ended */
	union {
		struct msg_cache_directory directory;
		struct msg_cache_done done;
		struct msg_cache_facts facts;
		struct msg_cache_page page;
		struct msg_ping ping;
		struct msg_staples_wanted wanted;
	} body;
	uint8_t bytes[MSG_LEN_MAX];
	size_t len;
};

struct rig {
	struct scratch scratch;
	int before; /* the directory we came from */
	uid_t uid;  /* the keeper's, with root */
	pid_t pid;
	struct end master;
	int log_fd;
};

static UNUSED int
arrived(struct message *message, void *context)
{
	static const size_t sizes[MSG_COUNT] = {
		[MSG_READY] = sizeof(struct msg_empty),
		[MSG_PONG] = sizeof(struct msg_ping),
		[MSG_CACHE_DIRECTORY] = sizeof(struct msg_cache_directory),
		[MSG_OCSP_DIRECTORY] = sizeof(struct msg_cache_directory),
		[MSG_STAPLE_DIRECTORY] = sizeof(struct msg_cache_directory),
		[MSG_STAPLES_WANTED] = sizeof(struct msg_staples_wanted),
		[MSG_CACHE_DONE] = sizeof(struct msg_cache_done),
		[MSG_CACHE_FACTS] = sizeof(struct msg_cache_facts),
		[MSG_CACHE_PAGE] = sizeof(struct msg_cache_page),
		[MSG_CACHE_GONE] = sizeof(struct msg_empty),
	};
	struct end *end = context;

	end->type = message->type;
	memcpy(&end->body, message->body, sizes[message->type]);
	memcpy(end->bytes, message->bytes, message->len);
	end->len = message->len;
	return (0);
}

/* The type of the next message, or MSG_NONE when the channel ends. */
static UNUSED enum msg_type
next(struct end *end)
{
	struct pollfd fd = { channel_fd(end->channel), POLLIN, 0 };

	end->type = MSG_NONE;
	if (poll(&fd, 1, PATIENCE_MS) == 1 &&
	    channel_receive(end->channel, 1) == -1)
		return (MSG_NONE);
	return (end->type);
}

static UNUSED void
post(struct end *end, enum msg_type type, const void *body)
{
	CHECK_CASE(channel_post(end->channel, type, body) == 0, msg_name(type));
}

static UNUSED void
send_settings(struct rig *rig, uint32_t generation, const char *cache)
{
	struct channel_message message;
	struct msg_settings body = { generation, 0 };
	char text[1024];
	int len;

	len = snprintf(text, sizeof(text),
	    "run_directory: %s\ncache_user: nobody\n"
	    "listen: [{address: 127.0.0.1, port: 2121}]\n"
	    "tls:\n  session_cache: %s\n",
	    rig->scratch.path, cache);
	memset(&message, 0, sizeof(message));
	message.type = MSG_SETTINGS;
	message.body = &body;
	message.fd = fd_sealed("settings", text, (size_t)len);
	CU_ASSERT_FATAL(message.fd != -1);
	CU_ASSERT(channel_send(rig->master.channel, &message) == 0);
	fd_close(&message.fd);
}

static UNUSED void
become_keeper(int master, int logger)
{
	struct rlimit none = { 0, 0 };
	int kept[2];

	(void)setrlimit(RLIMIT_CORE, &none);
	log_set_sink(NULL, NULL);
	/* Out of the way first: one may be where the other goes. */
	kept[0] = fcntl(master, F_DUPFD_CLOEXEC, 10);
	kept[1] = fcntl(logger, F_DUPFD_CLOEXEC, 10);
	if (dup2(kept[0], FD_MASTER) == -1 || dup2(kept[1], FD_LOG) == -1)
		_exit(97);
	keeper_run();
}

/* Starts a keeper: the first one, or one in the place of another. */
static UNUSED void
rig_fork(struct rig *rig)
{
	int master[2] = { -1, -1 }, logger[2] = { -1, -1 };

	CU_ASSERT_FATAL(fd_pair(master) == 0 && fd_pair(logger) == 0);
	(void)fflush(NULL);
	rig->pid = fork();
	if (rig->pid == 0)
		become_keeper(master[1], logger[1]);
	fd_close(&master[1]);
	fd_close(&logger[1]);
	rig->log_fd = logger[0];
	rig->master.channel = channel_new(master[0], ROLE_MASTER, ROLE_KEEPER,
	    arrived, &rig->master);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->master.channel);
}

/* A keeper that has just been started, and knows nothing yet. */
static UNUSED void
rig_open(struct rig *rig)
{
	gid_t gid = 0;

	memset(rig, 0, sizeof(*rig));
	scratch_new(&rig->scratch);
	rig->before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CU_ASSERT_FATAL(mkdirat(rig->scratch.fd, "cache", 0700) == 0);
	CU_ASSERT_FATAL(fchdir(rig->scratch.fd) == 0 && chdir("cache") == 0);
	if (process_is_root()) {
		CU_ASSERT(process_find_user("nobody", &rig->uid, &gid) == 0);
		CU_ASSERT(chown(".", rig->uid, 1) == 0);
		CU_ASSERT(chmod(".", 02710) == 0);
		CU_ASSERT(chmod("..", 0711) == 0);
	}
	rig_fork(rig);
}

static UNUSED void
rig_start(struct rig *rig, const char *cache)
{
	rig_open(rig);
	send_settings(rig, 1, cache);
	CU_ASSERT_FATAL(next(&rig->master) == MSG_READY);
	channel_running(rig->master.channel);
}

static UNUSED size_t
count_directories(void)
{
	struct dirent *entry;
	DIR *here = opendir(".");
	size_t n = 0;

	if (here == NULL)
		return (0);
	while ((entry = readdir(here)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(here);
	return (n);
}

/* The keeper ends when its master is gone, and leaves nothing behind. */
static UNUSED void
rig_close(struct rig *rig)
{
	int status = -1;

	channel_free(&rig->master.channel);
	CU_ASSERT(waitpid(rig->pid, &status, 0) == rig->pid);
	CHECK_CASE(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "the keeper ends well");
	CU_ASSERT_EQUAL(count_directories(), 0);
	CU_ASSERT(fchdir(rig->before) == 0);
	close(rig->before);
	close(rig->log_fd);
	scratch_free(&rig->scratch);
}

static const char settings_on[] = "{size: 4MiB, timeout: 10m}";

/* A worker's channel, up to the first word of the keeper. */
static UNUSED void
worker_open(struct rig *rig, struct end *worker, uint32_t slot)
{
	const struct msg_peer peer = {
		.role = ROLE_WORKER,
		.slot = slot,
		.generation = 1,
	};

	memset(worker, 0, sizeof(*worker));
	worker->channel =
	    introduce(rig->master.channel, &peer, ROLE_KEEPER, arrived, worker);
	CU_ASSERT(next(worker) == MSG_CACHE_DIRECTORY);
}

/* What a worker puts; sent as its lengths say, and cut bytes short. */
struct put {
	struct msg_cache_put body;
	uint8_t bytes[2 * CACHE_VALUE_MAX];
	size_t cut;
};

static UNUSED void
put_make(struct put *put, uint32_t n)
{
	memset(put, 0, sizeof(*put));
	memcpy(put->bytes, &n, sizeof(n));
	memset(put->bytes + 64, 0x77, 200);
	put->body.id_len = 32;
	put->body.context_len = 32;
	put->body.sealed_len = 200;
	put->body.protocol = 0x0304;
	put->body.started = (uint64_t)time(NULL);
	put->body.expires = put->body.started + TIMEOUT / 2;
	cache_key(put->body.key, put->bytes + 32, 32, put->bytes, 32);
}

static UNUSED void
put_send(struct end *worker, const struct put *put)
{
	struct channel_message message;

	memset(&message, 0, sizeof(message));
	message.type = MSG_CACHE_PUT;
	message.body = &put->body;
	message.pieces[0].data = put->bytes;
	message.pieces[0].len = (size_t)put->body.id_len +
	    put->body.context_len + put->body.sealed_len - put->cut;
	message.fd = -1;
	CU_ASSERT(channel_send(worker->channel, &message) == 0);
	while (channel_wants_write(worker->channel)) {
		struct pollfd fd = { channel_fd(worker->channel), POLLOUT, 0 };

		CU_ASSERT_FATAL(poll(&fd, 1, PATIENCE_MS) == 1);
		CU_ASSERT(channel_flush(worker->channel) == 0);
	}
}

/*
 * len bytes of key and response for a cache of responses, whatever the lengths
 * in body are; type is MSG_OCSP_PUT or MSG_STAPLE_PUT.
 */
static UNUSED void
put_response(struct end *ocsp, enum msg_type type,
    const struct msg_cache_put *body, size_t len)
{
	static uint8_t bytes[2 * CACHE_VALUE_MAX];
	struct channel_message message;

	memset(bytes, 0x66, sizeof(bytes));
	memset(&message, 0, sizeof(message));
	message.type = type;
	message.body = body;
	message.pieces[0].data = bytes;
	message.pieces[0].len = len;
	message.fd = -1;
	CU_ASSERT(channel_send(ocsp->channel, &message) == 0);
}

/* Whether put n is in the cache, whole. */
static UNUSED bool
finds(struct cache_reader *reader, uint32_t n)
{
	static struct cache_record record;
	static struct put put;

	put_make(&put, n);
	return (cache_reader_get(reader, put.body.key, (uint64_t)time(NULL),
		    &record) &&
	    record.sealed_len == 200 && record.sealed[199] == 0x77);
}

static UNUSED void
put_some(struct end *worker, uint32_t first, uint32_t count)
{
	static struct put put;
	uint32_t n;

	for (n = first; n < first + count; n++) {
		put_make(&put, n);
		put_send(worker, &put);
	}
}

/* The facts, once the keeper has seen as many puts as are wanted. */
static UNUSED const struct msg_cache_facts *
facts(struct rig *rig, uint64_t puts)
{
	const struct msg_cache_facts *now = &rig->master.body.facts;
	struct msg_request request = { 7 };
	int i;

	for (i = 0; i < 5000; i++) {
		post(&rig->master, MSG_CACHE_INFO, &request);
		/* Until its directory is there again, it may say so. */
		while (next(&rig->master) == MSG_CACHE_GONE)
			;
		CU_ASSERT_FATAL(rig->master.type == MSG_CACHE_FACTS);
		CHECK_CASE(now->request == 7, "the answer names the question");
		if (now->stored + now->dropped >= puts)
			return (now);
	}
	CU_FAIL("the keeper has not seen all puts");
	return (now);
}

static UNUSED uint64_t
ask_done(struct rig *rig, enum msg_type type, int error)
{
	struct msg_request request = { 8 };

	post(&rig->master, type, &request);
	CU_ASSERT_FATAL(next(&rig->master) == MSG_CACHE_DONE);
	CU_ASSERT_EQUAL(rig->master.body.done.request, 8);
	CU_ASSERT_EQUAL(rig->master.body.done.error, error);
	return (rig->master.body.done.sessions);
}

/* The end of the ocsp process; it hears at once what is wanted. */
static UNUSED void
ocsp_open(struct rig *rig, struct end *ocsp)
{
	const struct msg_peer peer = { .role = ROLE_OCSP };

	memset(ocsp, 0, sizeof(*ocsp));
	ocsp->channel =
	    introduce(rig->master.channel, &peer, ROLE_KEEPER, arrived, ocsp);
}

#endif
