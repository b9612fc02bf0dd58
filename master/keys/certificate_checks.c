#include "master/keys/certificate_checks.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "master/helper.h"
#include "master/helper/certificate_child.h"
#include "shm/base/log.h"

#define CHILDREN       4
#define PIECES_A_CHILD 512   /* then a fresh process goes on */
#define DEADLINE_MS    20000 /* for one piece, start of the child included */
#define TEXT_ESCAPED   4096

struct child {
	struct certificate_checks *checks;
	struct helper helper;
	const struct certificate *piece; /* being checked */
	size_t index;                    /* of it */
	unsigned int pieces;             /* given to it so far */
	struct certificate_job job;
	size_t sent, got;
	struct certificate_verdict verdict;
};

struct certificate_checks {
	struct certificate_checks_setup setup;
	struct loop_timer *begin;
	struct child children[CHILDREN];
	size_t next; /* piece to be given out */
	size_t open; /* pieces without a verdict */
};

static void work(struct child *child);

/* Returns the wait status, or -1. */
static int
end_child(struct child *child)
{
	child->pieces = 0;
	return (helper_end(&child->helper));
}

static void
mistake(struct child *child, const char *text)
{
	certificates_bad(child->checks->setup.certificates, child->index,
	    child->piece->name, text);
}

static void
learn(const struct child *child)
{
	if (child->piece->subject == CERTIFICATE_PAIR)
		certificate_learn(certificates_piece(child->checks->setup
							 .certificates,
				      child->index),
		    &child->verdict.facts);
}

/* The child's words are as little to be trusted as the file it read. */
static void
conclude(struct child *child)
{
	struct certificate_verdict *verdict = &child->verdict;
	char text[TEXT_ESCAPED];

	log_escape(text, sizeof(text), verdict->text,
	    strnlen(verdict->text, sizeof(verdict->text)));
	switch (verdict->kind) {
	case CERTIFICATE_GOOD:
		learn(child);
		break;
	case CERTIFICATE_DOUBTFUL:
		log_warn("%s: %s", child->piece->name, text);
		learn(child);
		break;
	default:
		mistake(child, text);
		break;
	}
	child->piece = NULL;
	child->checks->open--;
}

/* The child has ended without a verdict. */
static void
crashed(struct child *child, const char *why)
{
	char text[160];
	int status;

	status = end_child(child);
	if (why != NULL)
		(void)snprintf(text, sizeof(text), "%s", why);
	else if (status != -1 && WIFSIGNALED(status))
		(void)snprintf(text, sizeof(text),
		    "refused: the process that checks it crashed (signal %d)",
		    WTERMSIG(status));
	else
		(void)snprintf(text, sizeof(text),
		    "refused: the process that checks it failed");
	mistake(child, text);
	child->piece = NULL;
	child->checks->open--;
}

static void
too_slow(void *context)
{
	struct child *child = context;

	crashed(child, "refused: checking it takes too long");
	work(child);
}

/* What is no pair is one text. */
static struct key_pair
texts_of(const struct certificate *piece)
{
	struct key_pair pair = piece->pair;

	if (piece->subject == CERTIFICATE_PAIR)
		return (pair);
	memset(&pair, 0, sizeof(pair));
	pair.cert = piece->bytes.data;
	pair.cert_len = piece->bytes.len;
	return (pair);
}

static int
send_job(struct child *child)
{
	const struct key_pair pair = texts_of(child->piece);
	const struct helper_part parts[] = {
		{ &child->job, sizeof(child->job) },
		{ pair.cert, pair.cert_len },
		{ pair.key, pair.key_len },
	};

	return (
	    helper_send(&child->helper, parts, NITEMS(parts), &child->sent));
}

static void
ready(unsigned int events, void *context)
{
	struct child *child = context;
	int ret = 0;

	if ((events & LOOP_READ) != 0)
		ret = helper_receive(&child->helper, &child->verdict,
		    sizeof(child->verdict), &child->got);
	if (ret == 0 && (events & LOOP_WRITE) != 0)
		ret = send_job(child);
	if (ret == 0)
		return;
	if (ret == -1)
		crashed(child, NULL);
	else
		conclude(child);
	work(child);
}

static int
start_child(struct child *child)
{
	const struct certificate_checks_setup *setup = &child->checks->setup;
	const struct helper_setup helper = {
		.loop = setup->loop,
		.self = setup->self,
		.user = &setup->user,
		.role = CERTIFICATE_CHILD,
		.type = SOCK_STREAM,
		.job = -1,
		.ready = ready,
		.too_slow = too_slow,
		.context = child,
	};

	return (helper_start(&child->helper, &helper));
}

/*
 * One whose file could not be read has been reported already, and one that has
 * not changed was checked before.
 */
static const struct certificate *
next_piece(struct certificate_checks *checks, size_t *index)
{
	const struct certificate *piece;

	while (checks->next < certificates_count(checks->setup.certificates)) {
		*index = checks->next;
		piece =
		    certificates_at(checks->setup.certificates, checks->next++);
		if (certificate_is_there(piece) && !piece->settled)
			return (piece);
		checks->open--;
	}
	return (NULL);
}

static void
describe_job(struct child *child)
{
	const struct key_pair pair = texts_of(child->piece);

	child->job.subject = (uint32_t)child->piece->subject;
	child->job.flags = child->piece->flags;
	child->job.cert_len = (uint32_t)pair.cert_len;
	child->job.key_len = (uint32_t)pair.key_len;
	child->sent = 0;
	child->got = 0;
}

/* Gives the child its next piece; the last one to find none ends it all. */
static void
work(struct child *child)
{
	struct certificate_checks *checks = child->checks;

	while ((child->piece = next_piece(checks, &child->index)) != NULL) {
		if (child->pieces == PIECES_A_CHILD)
			(void)end_child(child);
		if (child->helper.pid == -1 && start_child(child) == -1) {
			crashed(child, "cannot be checked: no process for it");
			continue;
		}
		child->pieces++;
		describe_job(child);
		loop_timer_set(child->helper.deadline, DEADLINE_MS);
		if (send_job(child) == 0)
			return;
		crashed(child, NULL);
	}
	(void)end_child(child);
	if (checks->open == 0 && !loop_timer_armed(checks->begin))
		checks->setup.done(checks->setup.context);
}

/*
 * done() frees us, perhaps while the first children find that there is nothing
 * to do; so the end is always told from here or from a child's event.
 */
static void
begin(void *context)
{
	struct certificate_checks *checks = context;
	size_t i;

	for (i = 0; i + 1 < CHILDREN && checks->open > i + 1; i++) {
		loop_timer_set(checks->begin, DEADLINE_MS);
		work(&checks->children[i]);
	}
	loop_timer_clear(checks->begin);
	work(&checks->children[i]);
}

struct certificate_checks *
certificate_checks_new(const struct certificate_checks_setup *setup)
{
	struct certificate_checks *checks;
	size_t i;

	checks = calloc(1, sizeof(*checks));
	if (checks == NULL)
		return (NULL);
	checks->setup = *setup;
	for (i = 0; i < CHILDREN; i++) {
		checks->children[i].checks = checks;
		helper_init(&checks->children[i].helper);
	}
	checks->open = certificates_count(setup->certificates);
	checks->begin = loop_timer(setup->loop, begin, checks);
	if (checks->begin == NULL) {
		free(checks);
		return (NULL);
	}
	loop_timer_set(checks->begin, 0);
	return (checks);
}

void
certificate_checks_free(struct certificate_checks **checks)
{
	struct certificate_checks *gone = *checks;
	size_t i;

	if (gone == NULL)
		return;
	*checks = NULL;
	for (i = 0; i < CHILDREN; i++)
		(void)end_child(&gone->children[i]);
	loop_timer_free(&gone->begin);
	free(gone);
}
