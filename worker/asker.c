#include "worker/asker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/ensure.h"
#include "shm/base/log.h"
#include "shm/ipc/body.h"
#include "worker/link_uv.h"
#include "worker/master_link.h"
#include "worker/worker.h"

struct asker {
	struct worker *worker;
	struct link_uv *link; /* NULL: the process is not there */
	uint64_t requests;
	LIST_HEAD(, asker_question) open;
};

enum {
	DATA,
	TEXT,
	ANSWER_PARTS
};

static struct asker_question *
find(const struct asker *asker, uint64_t request, bool about_name)
{
	struct asker_question *question;

	LIST_FOREACH (question, &asker->open, link)
		if (question->request == request &&
		    question->about_name == about_name)
			break;
	return (question);
}

static int
hand_over(const struct asker *asker, const struct message *message,
    uint64_t request, const size_t lens[ANSWER_PARTS])
{
	struct message_part parts[ANSWER_PARTS];
	struct asker_question *question;
	struct asker_answer answer;
	char text[OCSP_TEXT_MAX + 1];

	if (message_split(message, lens, parts, ANSWER_PARTS) == -1 ||
	    parts[TEXT].len > OCSP_TEXT_MAX)
		return (-1);
	question = find(asker, request, message->type == MSG_NAME_ANSWER);
	if (question == NULL)
		return (0);
	/* Escaped by the log, wherever it came from. */
	memcpy(text, parts[TEXT].data, parts[TEXT].len);
	text[parts[TEXT].len] = '\0';
	answer.data = parts[DATA].len > 0 ? parts[DATA].data : NULL;
	answer.len = parts[DATA].len;
	answer.text = text;
	asker_forget(question);
	question->answered(&answer, question->context);
	return (0);
}

static int
receive(struct message *message, void *context)
{
	const struct msg_ocsp_answer *status = message->body;
	const struct msg_name_answer *name = message->body;
	size_t lens[ANSWER_PARTS];

	if (message->type == MSG_OCSP_ANSWER) {
		lens[DATA] = status->response_len;
		lens[TEXT] = status->text_len;
		if (lens[DATA] > OCSP_RESPONSE_MAX)
			return (-1);
		return (hand_over(context, message, status->request, lens));
	}
	if (message->type != MSG_NAME_ANSWER ||
	    name->name_len > DNS_NAME_MAX_LEN)
		return (-1);
	lens[DATA] = name->name_len;
	lens[TEXT] = name->text_len;
	return (hand_over(context, message, name->request, lens));
}

/* What it has not answered is for its successor. */
static void
disconnect(struct asker *asker)
{
	struct asker_question *question;

	link_uv_free(&asker->link);
	LIST_FOREACH (question, &asker->open, link)
		question->sent = false;
}

static void
ended(void *context)
{
	struct asker *asker = context;

	disconnect(asker);
	master_link_lost(asker->worker->master, ROLE_OCSP);
}

static int
send_status(struct asker *asker, const struct asker_question *question)
{
	const struct msg_ocsp_ask body = {
		.request = question->request,
		.flags = question->no_nonce ? OCSP_ASK_NO_NONCE : 0,
		.cert_len = (uint32_t)question->cert.len,
		.issuer_len = (uint32_t)question->issuer.len,
		.urls_len = (uint32_t)question->urls.len,
	};
	const struct channel_message message = {
		.type = MSG_OCSP_ASK,
		.body = &body,
		.pieces = { { question->cert.data, question->cert.len },
		    { question->issuer.data, question->issuer.len },
		    { question->urls.data, question->urls.len } },
		.fd = -1,
	};

	return (link_uv_send(asker->link, &message));
}

static int
send_name(struct asker *asker, const struct asker_question *question)
{
	const struct msg_name_ask body = { question->request,
		question->address };

	return (link_uv_post(asker->link, MSG_NAME_ASK, &body));
}

/* What finds no room is sent when there is some. */
static void
send_open(void *context)
{
	struct asker *asker = context;
	struct asker_question *question;

	LIST_FOREACH (question, &asker->open, link) {
		if (asker->link == NULL || question->sent)
			continue;
		if ((question->about_name ? send_name(asker, question)
					  : send_status(asker, question)) == -1)
			return;
		question->sent = true;
	}
}

static const struct link_uv_handlers link_handlers = { receive, ended,
	send_open };

struct asker *
asker_new(struct worker *worker)
{
	struct asker *asker = calloc(1, sizeof(*asker));

	if (asker == NULL)
		return (NULL);
	asker->worker = worker;
	LIST_INIT(&asker->open);
	return (asker);
}

void
asker_free(struct asker **asker)
{
	struct asker *ending = *asker;

	if (ending == NULL)
		return;
	ensure(LIST_EMPTY(&ending->open));
	*asker = NULL;
	link_uv_free(&ending->link);
	free(ending);
}

void
asker_connect(struct asker *asker, int fd)
{
	disconnect(asker);
	asker->link = link_uv_new(&asker->worker->loop, fd, ROLE_OCSP,
	    &link_handlers, asker);
	if (asker->link == NULL) {
		log_error("no channel to the ocsp process: %s",
		    strerror(errno));
		master_link_lost(asker->worker->master, ROLE_OCSP);
		return;
	}
	channel_running(link_uv_channel(asker->link));
	send_open(asker);
}

void
asker_ask(struct asker *asker, struct asker_question *question)
{
	ensure(question->asker == NULL);
	question->asker = asker;
	question->request = ++asker->requests;
	question->sent = false;
	LIST_INSERT_HEAD(&asker->open, question, link);
	send_open(asker);
}

void
asker_forget(struct asker_question *question)
{
	if (question->asker == NULL)
		return;
	LIST_REMOVE(question, link);
	question->asker = NULL;
}
