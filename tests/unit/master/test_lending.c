/* Unit tests of what the master does for workers that lack something. */
#include <CUnit/CUnit.h>
#include <string.h>
#include <unistd.h>

#include "master/lending.h"
#include "master/messages.h"
#include "shm/base/fd.h"
#include "tests/unit/master_rig.h"

#define DEATHS 7 /* quick enough to be followed by a pause */

/* What a worker got is counted in its score, where the test can see it. */
static int
count(struct message *message, void *context)
{
	static bool stubborn;
	struct score *score = context;

	if (message->type == MSG_LISTENER && message->fd != -1)
		score_add(score, SCORE_ACCEPTED, 1);
	if (message->type == MSG_LISTENER_END)
		score_add(score, SCORE_ACCEPT_PAUSED, 1);
	if (message->type == MSG_PEER && message->fd != -1)
		score_add(score, SCORE_ACCEPTED, 1);
	return (obey(message, &stubborn));
}

static NORETURN void
count_messages(const struct worker_start *start, bool lost)
{
	const struct msg_service service = { ROLE_LOGIN, 0 };
	const struct msg_empty ready = { 0 };
	struct channel *channel;
	int ret = 0;

	channel = channel_new(start->master_fd, ROLE_WORKER, ROLE_MASTER, count,
	    score_attach(start->score_fd));
	if (channel == NULL || channel_post(channel, MSG_READY, &ready) == -1)
		_exit(1);
	channel_running(channel);
	if (lost)
		ret = channel_post(channel, MSG_SERVICE_LOST, &service);
	while (ret >= 0) {
		(void)usleep(1000);
		ret = channel_receive(channel, 10);
	}
	_exit(0);
}

/* The workers of slot 1 die, one after another, before one lives. */
static NORETURN void
sickly_worker(const struct worker_start *start)
{
	if (start->slot == 1 && start->incarnation < DEATHS)
		_exit(3);
	count_messages(start, false);
}

static NORETURN void
lonely_worker(const struct worker_start *start)
{
	count_messages(start, start->slot == 0);
}

static uint64_t
counted(struct stage *stage, enum score_counter counter)
{
	const struct process *process = slot(stage, 0)->process;

	return (
	    process == NULL ? 0 : (uint64_t)score_get(process->score, counter));
}

static bool
borrowed(struct stage *stage)
{
	return (counted(stage, SCORE_ACCEPTED) == 1);
}

static bool
returned(struct stage *stage)
{
	return (all_ready(stage) && counted(stage, SCORE_ACCEPT_PAUSED) == 1);
}

static void
lends_the_sockets_of_a_slot_without_worker(void)
{
	struct conf_errors errors;
	struct stage stage;

	if (skip_in_uml("its forks have all mappings"))
		return;
	memset(&errors, 0, sizeof(errors));
	open_stage(&stage, sickly_worker);
	CU_ASSERT_EQUAL(listeners_prepare(stage.master.listeners,
			    master_conf(&stage.master), stage.path, &errors),
	    0);
	supervise_start_workers(stage.master.supervisor);
	run_until(&stage, borrowed);
	CU_ASSERT_PTR_EQUAL(slot(&stage, 1)->borrower,
	    slot(&stage, 0)->process);
	CU_ASSERT_FALSE(all_ready(&stage));
	run_until(&stage, returned);
	CU_ASSERT_PTR_NULL(slot(&stage, 1)->borrower);
	CU_ASSERT_EQUAL(counted(&stage, SCORE_ACCEPTED), 1);
	close_stage(&stage);
}

static bool
lost_login(struct stage *stage)
{
	return (all_ready(stage) &&
	    slot(stage, 0)->process->lost == ROLE_BIT(ROLE_LOGIN));
}

static int
keep_peer(struct message *message, void *context)
{
	const struct msg_peer *peer = message->body;

	if (message->type == MSG_PEER)
		memcpy(context, peer, sizeof(*peer));
	return (0);
}

/* A login that lives, but has cut the worker of slot 0 off. */
static void
connects_workers_again(void)
{
	struct channel *service;
	struct process login;
	struct stage stage;
	struct msg_peer peer;
	int pair[2];

	if (skip_in_uml("its forks have all mappings"))
		return;
	memset(&peer, 0, sizeof(peer));
	open_stage(&stage, lonely_worker);
	supervise_start_workers(stage.master.supervisor);
	run_until(&stage, lost_login);
	CU_ASSERT_EQUAL(slot(&stage, 1)->process->lost, 0);
	/* Without a login there is nothing to be done. */
	messages_reconnect(stage.master.supervisor);
	CU_ASSERT_EQUAL(slot(&stage, 0)->process->reconnect_pause, 0);

	CU_ASSERT_EQUAL_FATAL(fd_pair(pair), 0);
	memset(&login, 0, sizeof(login));
	login.master = &stage.master;
	login.role = ROLE_LOGIN;
	login.state = PROCESS_READY;
	login.channel = link_new(stage.master.loop, pair[0], ROLE_MASTER,
	    ROLE_LOGIN, &messages_handlers, &login);
	service =
	    channel_new(pair[1], ROLE_LOGIN, ROLE_MASTER, keep_peer, &peer);
	CU_ASSERT_PTR_NOT_NULL_FATAL(login.channel);
	CU_ASSERT_PTR_NOT_NULL_FATAL(service);
	supervise_post(stage.master.supervisor, ROLE_LOGIN, 0)->process =
	    &login;
	messages_reconnect(stage.master.supervisor);
	run_until(&stage, borrowed);
	CU_ASSERT_EQUAL(slot(&stage, 0)->process->lost, 0);
	CU_ASSERT_EQUAL(channel_receive(service, 10), 1);
	CU_ASSERT_EQUAL(peer.role, ROLE_WORKER);
	CU_ASSERT_EQUAL(peer.incarnation,
	    slot(&stage, 0)->process->incarnation);

	/* Again, but not at once. */
	slot(&stage, 0)->process->lost = ROLE_BIT(ROLE_LOGIN);
	messages_reconnect(stage.master.supervisor);
	CU_ASSERT_EQUAL(channel_receive(service, 10), 0);
	messages_reconnect(stage.master.supervisor);
	CU_ASSERT_EQUAL(channel_receive(service, 10), 1);
	supervise_post(stage.master.supervisor, ROLE_LOGIN, 0)->process = NULL;
	link_free(&login.channel);
	channel_free(&service);
	close_stage(&stage);
}

CU_TestInfo lending_tests[] = {
	{ "the sockets of a slot without worker are lent",
	    lends_the_sockets_of_a_slot_without_worker },
	{ "workers are connected again", connects_workers_again },
	CU_TEST_INFO_NULL,
};
