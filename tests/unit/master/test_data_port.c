/* Unit tests of master/data_port.c: what a worker can have, and what not. */
#include <errno.h>

#include "master/configuration.h"
#include "master/data_port.h"
#include "shm/base/fd.h"
#include "tests/unit/conf_rig.h"
#include "tests/unit/master_rig.h"

/* A master with a configuration, and a worker's end of its channel. */
struct rig {
	struct master master;
	struct configuration configuration;
	struct generation generation;
	struct process process;
	struct channel *worker;
	struct conf *conf;
	enum msg_type type;
	struct msg_data_socket answer;
	int fd;
};

static int
hear(struct message *message, void *context)
{
	struct rig *rig = context;

	rig->type = message->type;
	memcpy(&rig->answer, message->body, sizeof(rig->answer));
	rig->fd = message_take_fd(message);
	return (0);
}

static int
never(struct message *message UNUSED, void *context UNUSED)
{
	return (-1);
}

static void
ended(void *context UNUSED)
{
}

static void
rig_open(struct rig *rig, unsigned int port)
{
	static const struct link_handlers handlers = { never, ended };
	char text[256];
	int pair[2];

	memset(rig, 0, sizeof(*rig));
	rig->fd = -1;
	(void)snprintf(text, sizeof(text), LISTEN "active: {port: %u}\n", port);
	rig->conf = rig_must(text);
	rig->configuration.conf = rig->conf;
	rig->generation.configuration = &rig->configuration;
	rig->master.current = &rig->generation;
	rig->master.loop = loop_new();
	rig->process.master = &rig->master;
	if (rig->master.loop == NULL || fd_pair(pair) == -1)
		abort();
	rig->process.channel = link_new(rig->master.loop, pair[0], ROLE_MASTER,
	    ROLE_WORKER, &handlers, NULL);
	rig->worker = channel_new(pair[1], ROLE_WORKER, ROLE_MASTER, hear, rig);
	if (rig->process.channel == NULL || rig->worker == NULL)
		abort();
	channel_running(link_channel(rig->process.channel));
	channel_running(rig->worker);
}

static void
rig_close(struct rig *rig)
{
	fd_close(&rig->fd);
	channel_free(&rig->worker);
	link_free(&rig->process.channel);
	loop_free(&rig->master.loop);
	conf_free(&rig->conf);
}

/* What the worker hears: 0, an errno, or -1 for nonsense. */
static int
ask(struct rig *rig, const char *text, uint16_t port)
{
	struct msg_data_port body = { .request = 7 };
	struct message message = { .type = MSG_DATA_PORT, .body = &body };

	fd_close(&rig->fd);
	if (text[0] != '\0' && address_parse(&body.address, text) != 0)
		abort();
	body.address.port = port;
	message.fd = -1;
	if (data_port_answer(&rig->process, &message) == -1)
		return (-1);
	if (channel_receive(rig->worker, 10) < 0)
		abort();
	CU_ASSERT_EQUAL(rig->answer.request, 7);
	CU_ASSERT((rig->fd != -1) == (rig->type == MSG_DATA_SOCKET));
	return (rig->answer.error);
}

static void
gives_what_is_configured(void)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct address bound = { .port = 0 };
	struct rig rig;
	int accepts = 1, again;

	rig_open(&rig, 47123);
	CU_ASSERT_EQUAL_FATAL(ask(&rig, "127.0.0.1", 47123), 0);
	CU_ASSERT(getsockname(rig.fd, (struct sockaddr *)&sa, &len) == 0 &&
	    address_from_sockaddr(&bound, (struct sockaddr *)&sa) == 0);
	CU_ASSERT_EQUAL(bound.port, 47123);
	len = sizeof(accepts);
	CU_ASSERT(getsockopt(rig.fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts,
		      &len) == 0 &&
	    accepts == 0);
	/* Another one at the same time. */
	again = rig.fd;
	rig.fd = -1;
	CU_ASSERT_EQUAL(ask(&rig, "127.0.0.1", 47123), 0);
	fd_close(&again);
	rig_close(&rig);
}

static void
gives_nothing_else(void)
{
	struct rig rig;

	rig_open(&rig, 47123);
	CU_ASSERT_EQUAL(ask(&rig, "127.0.0.1", 22), EACCES);
	CU_ASSERT_EQUAL(ask(&rig, "127.0.0.1", 47124), EACCES);
	CU_ASSERT_EQUAL(ask(&rig, "192.0.2.1", 47123), EADDRNOTAVAIL);
	CU_ASSERT_EQUAL(ask(&rig, "0.0.0.0", 47123), -1);
	CU_ASSERT_EQUAL(ask(&rig, "::", 47123), -1);
	CU_ASSERT_EQUAL(ask(&rig, "", 47123), -1);
	CU_ASSERT_EQUAL(ask(&rig, "127.0.0.1", 0), -1);
	rig_close(&rig);
	/* No host has a port of its own. */
	rig_open(&rig, 0);
	CU_ASSERT_EQUAL(ask(&rig, "127.0.0.1", 20), EACCES);
	CU_ASSERT_EQUAL(ask(&rig, "127.0.0.1", 0), -1);
	rig_close(&rig);
}

/* A reload has changed the port; who began before still has the other one. */
static void
gives_what_the_worker_knows(void)
{
	struct rig before, rig;

	rig_open(&before, 47123);
	rig_open(&rig, 47124);
	before.generation.number = 1;
	rig.generation.number = 2;
	rig.master.old = &before.generation;
	rig.process.generation = 1;
	CU_ASSERT_EQUAL(ask(&rig, "127.0.0.1", 47123), 0);
	CU_ASSERT_EQUAL(ask(&rig, "127.0.0.1", 47124), EACCES);
	rig.process.generation = 2;
	CU_ASSERT_EQUAL(ask(&rig, "127.0.0.1", 47123), EACCES);
	CU_ASSERT_EQUAL(ask(&rig, "127.0.0.1", 47124), 0);
	rig_close(&rig);
	rig_close(&before);
}

CU_TestInfo data_port_tests[] = {
	{ "gives what is configured", gives_what_is_configured },
	{ "gives nothing else", gives_nothing_else },
	{ "gives what the worker knows", gives_what_the_worker_knows },
	CU_TEST_INFO_NULL,
};
