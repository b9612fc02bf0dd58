#include "master/keys/key_opening.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/keys/key_job.h"
#include "master/keys/opened_keys.h"
#include "master/keys/phrase.h"
#include "master/keys/phrase_ask.h"
#include "shm/base/log.h"
#include "shm/base/secret.h"

#define TRIES_MAX 3

struct key_opening {
	struct key_opening_setup setup;
	struct loop_timer *begin;
	size_t next; /* to be looked at */
	size_t current;
	const struct certificate *item; /* the current one */
	struct key_request request;     /* for it */
	struct key_job *job;
	struct phrase_run *run;
	char *phrase; /* secret; KEY_PHRASE_MAX bytes */
	char type[16];
	unsigned int tries;
};

static void work(struct key_opening *opening);

/* false: it is plain, or no bytes at all. */
static bool
is_protected(const struct certificate *item)
{
	static const char mark[] = "ENCRYPTED";
	const struct key_pair *pair = &item->pair;

	if (pair->key == NULL || item->settled)
		return (false);
	return (item->form != KEY_PEM ||
	    memmem(pair->key, pair->key_len, mark, strlen(mark)) != NULL);
}

bool
key_opening_needed(const struct certificates *certificates)
{
	size_t i;

	for (i = 0; i < certificates_pairs(certificates); i++)
		if (is_protected(certificates_at(certificates, i)))
			return (true);
	return (false);
}

static void
mistake(struct key_opening *opening, const char *text)
{
	certificates_bad(opening->setup.certificates, opening->current,
	    opening->item->key_name, text);
	work(opening);
}

/* --- who is asked --------------------------------------------------------- */

static bool
uses(const struct conf_host *host, const struct certificate *item)
{
	const struct conf_certificate *files;
	size_t i;

	for (i = 0; host->tls.engine && i < host->tls.ncertificates; i++) {
		files = &host->tls.certificates[i];
		if (strcmp(files->cert, item->name) == 0 &&
		    files->pkcs12 == (item->form == KEY_PKCS12))
			return (true);
	}
	return (false);
}

/* "name:port" of the first host that has the certificate. */
static void
name_host(const struct key_opening *opening, char *out, size_t size)
{
	const struct conf *conf = opening->setup.conf;
	const struct conf_host *host = &conf->hosts[0];
	char own[256] = "localhost";
	unsigned int port = 21;
	size_t i;

	for (i = 0; i < conf->nhosts; i++)
		if (uses(&conf->hosts[i], opening->item)) {
			host = &conf->hosts[i];
			break;
		}
	if (host->name == NULL)
		(void)gethostname(own, sizeof(own) - 1);
	if (host->nlisten > 0)
		port = host->listen[0].address.port;
	else if (conf->hosts[0].nlisten > 0)
		port = conf->hosts[0].listen[0].address.port;
	(void)snprintf(out, size, "%s:%u",
	    host->name == NULL ? own : host->name, port);
}

/* --- one key -------------------------------------------------------------- */

static void opened(const struct key_opened *result, void *context);

static void
start_job(struct key_opening *opening, const char *phrase)
{
	struct key_job_setup setup;

	opening->request.phrase = phrase;
	setup.loop = opening->setup.loop;
	setup.self = opening->setup.self;
	setup.user = opening->setup.user;
	setup.done = opened;
	setup.context = opening;
	opening->job = key_job_new(&setup, &opening->request);
	if (opening->job == NULL)
		mistake(opening, "cannot be opened: no process for it");
}

static void
phrase_there(const char *why, void *context)
{
	struct key_opening *opening = context;
	char text[160];

	phrase_run_free(&opening->run);
	if (why == NULL) {
		start_job(opening, opening->phrase);
		return;
	}
	(void)snprintf(text, sizeof(text),
	    "there is no pass phrase from tls.pass_phrase_provider: %s", why);
	mistake(opening, text);
}

static void
ask_program(struct key_opening *opening)
{
	const struct conf *conf = opening->setup.conf;
	struct phrase_question question;
	struct phrase_setup setup;
	char host[300];

	name_host(opening, host, sizeof(host));
	question.command = &conf->pass_phrase_provider;
	question.host = host;
	question.type = opening->type;
	setup.loop = opening->setup.loop;
	setup.phrase = opening->phrase;
	setup.done = phrase_there;
	setup.context = opening;
	opening->run = phrase_run_new(&setup, &question);
	if (opening->run == NULL)
		phrase_there(strerror(errno), opening);
}

/* There is nobody else to wait for then: see may_ask. */
static void
ask_terminal(struct key_opening *opening)
{
	char prompt[1600], host[300];

	name_host(opening, host, sizeof(host));
	(void)snprintf(prompt, sizeof(prompt),
	    "%sPass phrase for the %s key of %s\n(%s): ",
	    opening->tries > 1 ? "This does not open the key.\n" : "",
	    opening->type, host, opening->item->key_name);
	switch (phrase_ask(prompt, opening->phrase)) {
	case PHRASE_GIVEN:
		start_job(opening, opening->phrase);
		break;
	case PHRASE_NO_TERMINAL:
		mistake(opening,
		    "the private key is protected by a pass phrase, and there "
		    "is no terminal to ask for it: set "
		    "tls.pass_phrase_provider");
		break;
	case PHRASE_GIVEN_UP:
		mistake(opening,
		    "the private key is protected by a pass phrase, which was "
		    "not given");
		break;
	}
}

static void
ask(struct key_opening *opening)
{
	if (opening->tries++ == TRIES_MAX)
		mistake(opening,
		    "none of three pass phrases opens the private key");
	else if (opening->setup.conf->pass_phrase_provider.count > 0)
		ask_program(opening);
	else if (opening->setup.may_ask)
		ask_terminal(opening);
	else
		mistake(opening,
		    "the private key is protected by a pass phrase: set "
		    "tls.pass_phrase_provider, or start ftpsd at a terminal");
}

static void
put(struct key_opening *opening, const struct key_opened *result)
{
	if (certificates_put(opening->setup.certificates, opening->current,
		result) == -1)
		mistake(opening, "out of memory");
	else
		work(opening);
}

static void
opened(const struct key_opened *result, void *context)
{
	struct key_opening *opening = context;
	struct key_job *job = opening->job;
	struct key_opened copy = *result;

	/* The job's memory is needed until the end, and the place for more. */
	opening->job = NULL;
	secret_wipe(opening->phrase, KEY_PHRASE_MAX);
	switch (copy.outcome) {
	case KEY_OPENED:
		if (opening->request.phrase != NULL) {
			log_info("%s: opened with a pass phrase",
			    opening->item->key_name);
			opened_keys_add(&opening->request, &copy);
		}
		put(opening, &copy);
		break;
	case KEY_LOCKED:
		memcpy(opening->type, copy.type, sizeof(opening->type));
		ask(opening);
		break;
	case KEY_BAD:
	case KEY_OUTCOME_COUNT:
		mistake(opening, copy.text);
		break;
	}
	key_job_free(&job);
}

/* --- all of them ---------------------------------------------------------- */

static bool
next_item(struct key_opening *opening)
{
	const struct certificates *all = opening->setup.certificates;

	while (opening->next < certificates_pairs(all)) {
		opening->current = opening->next++;
		opening->item = certificates_at(all, opening->current);
		memset(&opening->request, 0, sizeof(opening->request));
		if (!is_protected(opening->item))
			continue;
		opening->request.form = opening->item->form;
		opening->request.cert = opening->item->pair.cert;
		opening->request.cert_len = opening->item->pair.cert_len;
		opening->request.key = opening->item->pair.key;
		opening->request.key_len = opening->item->pair.key_len;
		opening->tries = 0;
		return (true);
	}
	return (false);
}

/* Goes on with the next key, from the loop. */
static void
work(struct key_opening *opening)
{
	loop_timer_set(opening->begin, 0);
}

static void
go_on(void *context)
{
	struct key_opening *opening = context;
	struct key_opened known;

	if (!next_item(opening)) {
		certificates_distribute(opening->setup.certificates);
		opening->setup.done(opening->setup.context);
	} else if (opened_keys_find(&opening->request, &known)) {
		put(opening, &known);
	} else {
		start_job(opening, NULL);
	}
}

struct key_opening *
key_opening_new(const struct key_opening_setup *setup)
{
	struct key_opening *opening;

	opening = calloc(1, sizeof(*opening));
	if (opening == NULL)
		return (NULL);
	opening->setup = *setup;
	opening->begin = loop_timer(setup->loop, go_on, opening);
	opening->phrase = secret_alloc(KEY_PHRASE_MAX, SECRET_WIPE_ON_FORK);
	if (opening->begin == NULL || opening->phrase == NULL) {
		key_opening_free(&opening);
		return (NULL);
	}
	work(opening);
	return (opening);
}

void
key_opening_free(struct key_opening **opening)
{
	struct key_opening *gone = *opening;

	if (gone == NULL)
		return;
	*opening = NULL;
	key_job_free(&gone->job);
	phrase_run_free(&gone->run);
	loop_timer_free(&gone->begin);
	secret_free(gone->phrase, KEY_PHRASE_MAX);
	free(gone);
}
