/* Unit tests of worker/asker.c: answers, good and hostile, and a lost peer. */
#include "worker/asker.h"

#include <errno.h>

#include "shm/base/fd.h"
#include "tests/unit/suites.h"
#include "tests/unit/worker_rig.h"

/* The ocsp process: the last question that it heard. */
struct process {
	struct channel *channel;
	int heard;
	enum msg_type type;
	uint64_t request;
	char bytes[64];
	size_t len;
};

struct desk {
	struct rig rig;
	struct asker *asker;
	struct process process;
	struct asker_question question;
	int answers;
	char data[64], text[64];
};

static int
hear(struct message *message, void *context)
{
	struct process *process = context;

	process->heard++;
	process->type = message->type;
	memcpy(&process->request, message->body, sizeof(process->request));
	process->len = message->len;
	memcpy(process->bytes, message->bytes, message->len);
	return (0);
}

static void
note(const struct asker_answer *answer, void *context)
{
	struct desk *desk = context;

	desk->answers++;
	memset(desk->data, 0, sizeof(desk->data));
	if (answer->data != NULL)
		memcpy(desk->data, answer->data, answer->len);
	(void)snprintf(desk->text, sizeof(desk->text), "%s", answer->text);
}

static void
connect_process(struct desk *desk)
{
	int pair[2];

	CU_ASSERT_FATAL(fd_pair(pair) == 0);
	channel_free(&desk->process.channel);
	desk->process.channel =
	    channel_new(pair[0], ROLE_OCSP, ROLE_WORKER, hear, &desk->process);
	CU_ASSERT_PTR_NOT_NULL_FATAL(desk->process.channel);
	channel_running(desk->process.channel);
	asker_connect(desk->asker, pair[1]);
}

static void
open_desk(struct desk *desk)
{
	memset(desk, 0, sizeof(*desk));
	rig_start(&desk->rig);
	desk->asker = asker_new(&desk->rig.worker);
	CU_ASSERT_PTR_NOT_NULL_FATAL(desk->asker);
	desk->question.answered = note;
	desk->question.context = desk;
	desk->question.cert.data = "cert";
	desk->question.cert.len = 4;
	desk->question.issuer.data = "issuer";
	desk->question.issuer.len = 6;
	desk->question.urls.data = "http://x/";
	desk->question.urls.len = 10;
}

static void
close_desk(struct desk *desk)
{
	asker_forget(&desk->question);
	asker_free(&desk->asker);
	channel_free(&desk->process.channel);
	rig_stop(&desk->rig);
}

/* What the process has been sent. */
static void
listen_to(struct desk *desk)
{
	(void)!channel_receive(desk->process.channel, 10);
}

/* Lengths are as told, whatever follows. */
static void
answer(struct desk *desk, uint32_t data_len, uint32_t text_len,
    const char *bytes)
{
	struct msg_ocsp_answer status = { desk->process.request, data_len,
		text_len };
	struct msg_name_answer name = { desk->process.request, data_len,
		text_len };
	struct channel_message message;
	int i;

	memset(&message, 0, sizeof(message));
	if (desk->question.about_name) {
		message.type = MSG_NAME_ANSWER;
		message.body = &name;
	} else {
		message.type = MSG_OCSP_ANSWER;
		message.body = &status;
	}
	message.pieces[0].data = bytes;
	message.pieces[0].len = strlen(bytes);
	message.fd = -1;
	CU_ASSERT(channel_send(desk->process.channel, &message) == 0);
	for (i = 0; i < 5; i++)
		rig_turn(&desk->rig);
}

static void
asks_and_is_answered(void)
{
	struct desk desk;

	open_desk(&desk);
	connect_process(&desk);
	asker_ask(desk.asker, &desk.question);
	listen_to(&desk);
	CU_ASSERT_EQUAL(desk.process.type, MSG_OCSP_ASK);
	CU_ASSERT_EQUAL(desk.process.len, 20);
	CU_ASSERT(memcmp(desk.process.bytes, "certissuerhttp://x/", 20) == 0);
	answer(&desk, 3, 3, "derwhy");
	CU_ASSERT_EQUAL(desk.answers, 1);
	CU_ASSERT_STRING_EQUAL(desk.data, "der");
	CU_ASSERT_STRING_EQUAL(desk.text, "why");
	answer(&desk, 3, 3, "derwhy");
	CHECK_CASE(desk.answers == 1, "twice is once");
	desk.question.about_name = true;
	asker_ask(desk.asker, &desk.question);
	listen_to(&desk);
	CU_ASSERT_EQUAL(desk.process.type, MSG_NAME_ASK);
	asker_forget(&desk.question);
	answer(&desk, 4, 0, "name");
	CHECK_CASE(desk.answers == 1, "it is not wanted any more");
	close_desk(&desk);
}

/* Before there is a process, and when it is replaced. */
static void
repeats_what_is_open(void)
{
	struct desk desk;

	open_desk(&desk);
	asker_ask(desk.asker, &desk.question);
	connect_process(&desk);
	listen_to(&desk);
	CU_ASSERT_EQUAL(desk.process.heard, 1);
	connect_process(&desk);
	listen_to(&desk);
	CU_ASSERT_EQUAL(desk.process.heard, 2);
	channel_free(&desk.process.channel);
	rig_turn(&desk.rig);
	rig_turn(&desk.rig);
	connect_process(&desk);
	listen_to(&desk);
	CU_ASSERT_EQUAL(desk.process.heard, 3);
	answer(&desk, 0, 2, "no");
	CU_ASSERT_EQUAL(desk.answers, 1);
	CU_ASSERT_STRING_EQUAL(desk.data, "");
	CU_ASSERT_STRING_EQUAL(desk.text, "no");
	close_desk(&desk);
}

static const struct {
	const char *what;
	bool about_name;
	uint32_t data_len, text_len;
	const char *bytes;
} lies[] = {
	{ "less than it says", false, 10, 0, "der" },
	{ "more than it says", false, 1, 0, "der" },
	{ "a length that wraps", false, UINT32_MAX, 4, "der" },
	{ "a text that is too long", false, 0, OCSP_TEXT_MAX + 1, "x" },
	{ "a response that is too long", false, OCSP_RESPONSE_MAX + 1, 0, "x" },
	{ "a name that is too long", true, DNS_NAME_MAX_LEN + 1, 0, "x" },
	{ "a name of less than it says", true, 5, 5, "name" },
};

/* The channel goes, the question stays for the next one. */
static void
lies_end_the_channel(void)
{
	struct desk desk;
	size_t i;

	for (i = 0; i < NITEMS(lies); i++) {
		open_desk(&desk);
		connect_process(&desk);
		desk.question.about_name = lies[i].about_name;
		asker_ask(desk.asker, &desk.question);
		listen_to(&desk);
		answer(&desk, lies[i].data_len, lies[i].text_len,
		    lies[i].bytes);
		CHECK_CASE(desk.answers == 0, lies[i].what);
		CHECK_CASE(channel_receive(desk.process.channel, 1) == -1,
		    lies[i].what);
		connect_process(&desk);
		listen_to(&desk);
		CHECK_CASE(desk.process.heard == 2, lies[i].what);
		close_desk(&desk);
	}
}

CU_TestInfo asker_tests[] = {
	{ "asks and is answered", asks_and_is_answered },
	{ "repeats what is open", repeats_what_is_open },
	{ "lies end the channel", lies_end_the_channel },
	CU_TEST_INFO_NULL,
};
