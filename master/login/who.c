#include "master/login/who.h"

#include <string.h>

#include "master/login/recall.h"
#include "master/login/session.h"
#include "shm/base/loop.h"

#define RECALL_EVERY_MS 1000

struct who {
	struct msg_who body;
	struct address others[WHO_MAX - 1];
};

static void
note(struct who *who, const struct login_session *session)
{
	who->body.count++;
	if (who->body.told < WHO_MAX - 1)
		who->others[who->body.told++] = session->address;
}

/* Those of one worker of the same user, but for this session. */
static void
collect(struct who *who, const struct login_worker *worker,
    const struct login_session *asking)
{
	const struct login_session *session;

	LIST_FOREACH (session, &worker->sessions, list)
		if (session != asking &&
		    limits_same_user(&session->hold, &asking->hold))
			note(who, session);
}

static int
answer(struct login_worker *worker, struct login_session *asking)
{
	struct who who = { .body = { asking->number, 1, 0 } };
	const struct login_worker *other;
	struct channel_message message;

	asking->asks_who = false;
	LIST_FOREACH (other, &worker->workers->list, list)
		collect(&who, other, asking);
	memset(&message, 0, sizeof(message));
	message.type = MSG_WHO_ANSWER;
	message.body = &who.body;
	message.pieces[0].data = who.others;
	message.pieces[0].len = who.body.told * sizeof(who.others[0]);
	message.fd = -1;
	return (link_send(worker->link, &message));
}

static bool
answer_again(struct login_worker *worker, const void *question,
    bool last UNUSED)
{
	const struct msg_session *body = question;
	struct login_session *asking;

	asking = session_find(worker, body->session);
	/* Its channel is ending if it cannot be told. */
	if (asking != NULL)
		(void)!answer(worker, asking);
	return (true);
}

/*
 * Sessions that have ended, but whose places are kept, are none.  But what is
 * called back is of no use any more: not for each who asks, or one could see to
 * it that no worker keeps anything.
 */
static bool
wait_for_places(struct login_worker *worker, const struct msg_session *body)
{
	uint64_t now = loop_now(), *last = &worker->workers->recalled_for_who;

	if (*last != 0 && now - *last < RECALL_EVERY_MS)
		return (false);
	if (recall_wait(worker, body->session, answer_again, body,
		sizeof(*body)) == -1)
		return (false);
	*last = now;
	return (true);
}

int
who_on_ask(struct login_worker *worker, const struct message *message)
{
	const struct msg_session *body = message->body;
	struct login_session *asking;

	if (message->len != 0)
		return (-1);
	asking = session_find(worker, body->session);
	if (asking == NULL || asking->asks_who)
		return (0);
	asking->asks_who = wait_for_places(worker, body);
	return (asking->asks_who ? 0 : answer(worker, asking));
}
