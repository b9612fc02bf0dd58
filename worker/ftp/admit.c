#include "worker/ftp/admit.h"

#include <stdlib.h>
#include <string.h>

#include "worker/asker.h"

#define QUESTIONS_MAX 16
/* For the process that asks to be replaced, besides what asking may take. */
#define EXTRA_MS 2000

struct admit_question {
	struct admit *admit;
	size_t number;
	bool asked;
	struct asker_question question;
};

/* Only sessions that wait for an answer have one. */
struct admit {
	struct session *session;
	struct admit_question questions[QUESTIONS_MAX];
};

static void
give_answer(const struct admit_question *asked,
    const struct asker_answer *answer)
{
	struct session *session = asked->admit->session;
	const struct seal_data data = { answer->data, answer->len };

	tls_answer(stream_tls(session->control), asked->number, data,
	    answer->text);
}

static void
answered(const struct asker_answer *answer, void *context)
{
	struct admit_question *asked = context;
	struct session *session = asked->admit->session;

	give_answer(asked, answer);
	session_run(session);
}

static void
ask(struct admit_question *asked, const struct tls_question *wanted)
{
	struct asker_question *question = &asked->question;
	struct session *session = asked->admit->session;

	asked->asked = true;
	question->answered = answered;
	question->context = asked;
	question->about_name = wanted->about_name;
	question->no_nonce = wanted->no_nonce;
	question->address = session->peer;
	question->cert.data = wanted->cert.data;
	question->cert.len = wanted->cert.len;
	question->issuer.data = wanted->issuer.data;
	question->issuer.len = wanted->issuer.len;
	question->urls.data = wanted->urls.data;
	question->urls.len = wanted->urls.len;
	asker_ask(session->worker->asker, question);
}

static void
ask_all(struct admit *admit)
{
	const struct tls_channel *channel = stream_tls(admit->session->control);
	struct admit_question *asked;
	struct tls_question wanted;
	size_t i;

	for (i = 0; i < QUESTIONS_MAX && tls_question(channel, i, &wanted);
	     i++) {
		asked = &admit->questions[i];
		if (!wanted.open || asked->asked)
			continue;
		asked->admit = admit;
		asked->number = i;
		ask(asked, &wanted);
	}
}

/* Whatever has no answer now gets none: then it is PENDING no more. */
static void
give_up(struct admit *admit)
{
	static const struct seal_data none = { NULL, 0 };
	struct tls_channel *channel = stream_tls(admit->session->control);
	struct tls_question wanted;
	size_t i;

	for (i = 0; i < QUESTIONS_MAX; i++)
		asker_forget(&admit->questions[i].question);
	for (i = 0; tls_question(channel, i, &wanted); i++)
		if (wanted.open)
			tls_answer(channel, i, none,
			    "the ocsp process does not answer");
}

enum flow
admit_wait(struct session *session)
{
	struct worker *worker = session->worker;
	uint64_t ms = worker->conf->ocsp_timeout * UINT64_C(1000) + EXTRA_MS;

	if (session->admit == NULL) {
		session->admit = calloc(1, sizeof(*session->admit));
		if (session->admit == NULL)
			return (session_farewell(session, "Out of memory."));
		session->admit->session = session;
	}
	if (session_expired(session, ms)) {
		give_up(session->admit);
		return (FLOW_NEXT); /* the same step again */
	}
	ask_all(session->admit);
	return (session_wait(session, WAIT_ASK | WAIT_CLOCK));
}

void
admit_free(struct admit **admit)
{
	struct admit *ended = *admit;
	size_t i;

	if (ended == NULL)
		return;
	*admit = NULL;
	for (i = 0; i < QUESTIONS_MAX; i++)
		asker_forget(&ended->questions[i].question);
	free(ended);
}
