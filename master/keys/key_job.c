#include "master/keys/key_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "master/helper.h"
#include "master/helper/key_child.h"
#include "shm/base/log.h"
#include "shm/base/secret.h"

#define DEADLINE_MS 20000

struct key_job {
	struct key_job_setup setup;
	struct key_request request;
	struct key_child_job head;
	struct helper helper;
	size_t sent, got;
	struct key_child_answer answer;
	char *texts; /* secret: certificate and key of the answer */
	size_t texts_len, texts_got;
};

void
key_job_free(struct key_job **job)
{
	struct key_job *gone = *job;

	if (gone == NULL)
		return;
	*job = NULL;
	(void)helper_end(&gone->helper);
	secret_free(gone->texts, gone->texts_len);
	free(gone);
}

/* Tells what it is; the job is perhaps no more afterwards. */
static void
tell(struct key_job *job, struct key_opened *opened)
{
	(void)helper_end(&job->helper);
	job->setup.done(opened, job->setup.context);
}

static void
failed(struct key_job *job, const char *why)
{
	struct key_opened opened;

	memset(&opened, 0, sizeof(opened));
	opened.outcome = KEY_BAD;
	(void)snprintf(opened.text, sizeof(opened.text), "%s", why);
	tell(job, &opened);
}

static void
too_slow(void *context)
{
	failed(context, "refused: opening it takes too long");
}

/* Whole by its header, which was checked. */
static void
conclude(struct key_job *job)
{
	const struct key_child_answer *answer = &job->answer;
	struct key_opened opened;

	memset(&opened, 0, sizeof(opened));
	opened.outcome = (enum key_outcome)answer->outcome;
	(void)snprintf(opened.type, sizeof(opened.type), "%s", answer->type);
	log_escape(opened.text, sizeof(opened.text), answer->text,
	    strnlen(answer->text, sizeof(answer->text)));
	if (answer->cert_len > 0)
		opened.cert = job->texts;
	opened.cert_len = answer->cert_len;
	if (answer->key_len > 0)
		opened.key = job->texts + answer->cert_len;
	opened.key_len = answer->key_len;
	tell(job, &opened);
}

/* Whether the answer is one that an honest child could give. */
static bool
check_answer(struct key_job *job)
{
	struct key_child_answer *answer = &job->answer;

	answer->type[sizeof(answer->type) - 1] = '\0';
	if (answer->outcome >= KEY_OUTCOME_COUNT ||
	    answer->cert_len > KEY_BYTES_MAX || answer->key_len > KEY_BYTES_MAX)
		return (false);
	if (answer->outcome != KEY_BAD && !key_type_known(answer->type))
		return (false);
	if (answer->outcome != KEY_OPENED)
		return (answer->cert_len == 0 && answer->key_len == 0);
	return (answer->key_len > 0 &&
	    (answer->cert_len > 0) == (job->request.form == KEY_PKCS12));
}

/* 1: the answer is complete, 0: not yet, -1: it will never be. */
static int
read_answer(struct key_job *job)
{
	int ret;

	if (job->got == sizeof(job->answer))
		return (helper_receive(&job->helper, job->texts, job->texts_len,
		    &job->texts_got));
	ret = helper_receive(&job->helper, &job->answer, sizeof(job->answer),
	    &job->got);
	if (ret != 1)
		return (ret);
	if (!check_answer(job))
		return (-1);
	job->texts_len = (size_t)job->answer.cert_len + job->answer.key_len;
	if (job->texts_len == 0)
		return (1);
	job->texts = secret_alloc(job->texts_len, SECRET_WIPE_ON_FORK);
	return (job->texts == NULL ? -1 : 0);
}

static int
send_job(struct key_job *job)
{
	const struct key_request *request = &job->request;
	const struct helper_part parts[] = {
		{ &job->head, sizeof(job->head) },
		{ request->cert, request->cert_len },
		{ request->key, request->key_len },
		{ request->phrase, job->head.phrase_len },
	};

	return (helper_send(&job->helper, parts, NITEMS(parts), &job->sent));
}

static void
ready(unsigned int events, void *context)
{
	struct key_job *job = context;
	int ret = 0;

	if ((events & LOOP_READ) != 0)
		ret = read_answer(job);
	if (ret == 0 && (events & LOOP_WRITE) != 0)
		ret = send_job(job);
	if (ret == 1)
		conclude(job);
	else if (ret == -1)
		failed(job, "refused: the process that opens it failed");
}

static int
start_child(struct key_job *job)
{
	const struct key_job_setup *setup = &job->setup;
	const struct helper_setup helper = {
		.loop = setup->loop,
		.self = setup->self,
		.user = &setup->user,
		.role = KEY_CHILD,
		.type = SOCK_STREAM,
		.job = -1,
		.ready = ready,
		.too_slow = too_slow,
		.context = job,
	};

	if (helper_start(&job->helper, &helper) == -1)
		return (-1);
	loop_timer_set(job->helper.deadline, DEADLINE_MS);
	loop_watch_events(job->helper.watch, LOOP_READ | LOOP_WRITE);
	return (0);
}

struct key_job *
key_job_new(const struct key_job_setup *setup,
    const struct key_request *request)
{
	struct key_job *job;

	job = calloc(1, sizeof(*job));
	if (job == NULL)
		return (NULL);
	job->setup = *setup;
	job->request = *request;
	helper_init(&job->helper);
	job->head.form = request->form;
	job->head.cert_len = (uint32_t)request->cert_len;
	job->head.key_len = (uint32_t)request->key_len;
	if (request->phrase != NULL) {
		job->head.with_phrase = 1;
		job->head.phrase_len = (uint32_t)strlen(request->phrase);
	}
	if (start_child(job) == -1)
		key_job_free(&job);
	return (job);
}
