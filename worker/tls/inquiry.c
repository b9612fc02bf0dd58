/*
 * What the handshake cannot find out about a client: whether the responders of
 * its certificates call one of them revoked, and what name its address has.
 *
 * Who owns the session asks others and brings the answers here.
 */
#include "worker/tls/inquiry.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/tls/cert_status.h"
#include "worker/tls/names.h"
#include "worker/tls/peer.h"
#include "worker/tls/state.h"

#define CERTS_MAX 10

struct inquiry {
	STACK_OF(X509) * chain; /* its references are ours */
	bool prepared;          /* the statuses that follow are */
	struct cert_status statuses[CERTS_MAX];
	size_t count;
	bool excess; /* more certificates than these name responders */
	enum answer_state name_state;
	bool name_wanted, told;
	char name[DNS_NAME_MAX_LEN + 1]; /* "": none */
	const char *objection;           /* why the client is refused */
	char detail[TLS_REASON_MAX];     /* the same for the log */
};

/* All but the last, which the administrator has said to trust. */
static void
prepare(const struct tls_channel *control, struct inquiry *inquiry)
{
	STACK_OF(X509) *chain = inquiry->chain;
	struct cert_status status;
	int i;

	for (i = 0; i < sk_X509_num(chain) - 1; i++) {
		memset(&status, 0, sizeof(status));
		if (!cert_status_begin(&status, control,
			sk_X509_value(chain, i), sk_X509_value(chain, i + 1)))
			continue;
		if (inquiry->count < CERTS_MAX) {
			inquiry->statuses[inquiry->count++] = status;
			continue;
		}
		cert_status_free(&status);
		inquiry->excess = true;
	}
	inquiry->prepared = true;
}

/* Verdicts ----------------------------------------------------------------- */

enum outcome {
	OUTCOME_GOOD,
	OUTCOME_REVOKED,
	OUTCOME_PENDING,
	OUTCOME_NO_ANSWER,
	OUTCOME_NOT_APPLICABLE
};

/* The lists were looked at in the handshake; who is on one is not here. */
static enum outcome
ask_lists(const struct tls_channel *control)
{
	const struct conf_tls *conf = tls_conf(control->login);

	if (conf->ca_revocation_file == NULL &&
	    conf->ca_revocation_path == NULL)
		return (OUTCOME_NOT_APPLICABLE);
	return (control->no_list ? OUTCOME_NO_ANSWER : OUTCOME_GOOD);
}

static const char *
subject_of(const struct cert_status *status, char out[TLS_SUBJECT_MAX])
{
	return (peer_subject(status->subject.cert, out));
}

/* The first thing to be said against a client counts. */
static void object(struct inquiry *inquiry, const char *objection,
    const char *format, ...) PRINTF_LIKE(3, 4);

static void
object(struct inquiry *inquiry, const char *objection, const char *format, ...)
{
	va_list args;

	if (inquiry->objection != NULL)
		return;
	inquiry->objection = objection;
	va_start(args, format);
	(void)vsnprintf(inquiry->detail, sizeof(inquiry->detail), format, args);
	va_end(args);
}

/* An answer that is neither good nor revoked. */
static void
note_missing(struct inquiry *inquiry, const struct cert_status *status)
{
	char subject[TLS_SUBJECT_MAX];

	if (status->state == ANSWER_KNOWN)
		object(inquiry, "its responder does not know it",
		    "its responder does not know it (\"%s\")",
		    subject_of(status, subject));
	else
		object(inquiry, "nobody says whether it is revoked",
		    "nobody says whether it is revoked: %s", status->why);
}

static enum outcome
ask_responders(const struct tls_channel *control, struct inquiry *inquiry)
{
	enum outcome outcome;
	const struct cert_status *status;
	char subject[TLS_SUBJECT_MAX];
	size_t i;

	if (!inquiry->prepared)
		prepare(control, inquiry);
	if (inquiry->count == 0)
		return (OUTCOME_NOT_APPLICABLE);
	outcome = inquiry->excess ? OUTCOME_NO_ANSWER : OUTCOME_GOOD;
	if (inquiry->excess)
		object(inquiry, "its chain is too long",
		    "more than %d certificates of its chain name responders",
		    CERTS_MAX);
	for (i = 0; i < inquiry->count; i++) {
		status = &inquiry->statuses[i];
		if (status->state == ANSWER_KNOWN &&
		    status->revocation == REVOCATION_REVOKED) {
			inquiry->objection = NULL;
			object(inquiry, "it is revoked",
			    "it is revoked, says its responder (\"%s\")",
			    subject_of(status, subject));
			return (OUTCOME_REVOKED);
		}
		if (status->state == ANSWER_OPEN)
			outcome = OUTCOME_PENDING;
	}
	for (i = 0; i < inquiry->count && outcome != OUTCOME_PENDING; i++) {
		status = &inquiry->statuses[i];
		if (status->state == ANSWER_KNOWN &&
		    status->revocation == REVOCATION_GOOD)
			continue;
		note_missing(inquiry, status);
		outcome = OUTCOME_NO_ANSWER;
	}
	return (outcome);
}

/* "I do not know it" is an answer, and no good one. */
static bool
is_unknown(const struct inquiry *inquiry)
{
	size_t i;

	for (i = 0; i < inquiry->count; i++)
		if (inquiry->statuses[i].state == ANSWER_KNOWN &&
		    inquiry->statuses[i].revocation == REVOCATION_UNKNOWN)
			return (true);
	return (false);
}

static enum tls_admission
without_answer(const struct tls_channel *control, struct inquiry *inquiry)
{
	struct log_subject subject = tls_subject(control->login);

	object(inquiry, "no list says whether it is revoked",
	    "no list that is there and valid says whether it is revoked (see "
	    "tls.ca_revocation_file)");
	if (is_unknown(inquiry) ||
	    tls_conf(control->login)->verify_no_answer == CONF_NO_ANSWER_REJECT)
		return (TLS_REFUSED);
	if (!inquiry->told)
		log_event(LOG_LEVEL_NOTICE, LOG_STREAM_TLS, &subject,
		    "the client's certificate is accepted although %s (see "
		    "tls.verify_no_answer)",
		    inquiry->detail);
	inquiry->told = true;
	return (TLS_ADMITTED);
}

/*
 * Goes through tls.verify_order: the first that says good ends it, one that
 * says revoked refuses, one without an answer leaves it to the next.
 */
static enum tls_admission
judge_status(const struct tls_channel *control, struct inquiry *inquiry)
{
	const struct conf_tls *conf = tls_conf(control->login);
	bool applicable = false;
	enum outcome outcome;
	size_t i;

	for (i = 0; i < conf->nverify_order; i++) {
		outcome = conf->verify_order[i] == CONF_MECHANISM_CRL
		    ? ask_lists(control)
		    : ask_responders(control, inquiry);
		switch (outcome) {
		case OUTCOME_GOOD:
			return (TLS_ADMITTED);
		case OUTCOME_REVOKED:
			return (TLS_REFUSED);
		case OUTCOME_PENDING:
			return (TLS_PENDING);
		case OUTCOME_NO_ANSWER:
			applicable = true;
			break;
		case OUTCOME_NOT_APPLICABLE:
			break;
		}
	}
	return (applicable ? without_answer(control, inquiry) : TLS_ADMITTED);
}

static enum tls_admission
judge_names(const struct tls_channel *control, struct inquiry *inquiry)
{
	const struct conf_tls *conf = tls_conf(control->login);
	struct names_client client;

	if (conf->verify_client != CONF_VERIFY_ON ||
	    (conf->options & NAMES_OPTIONS) == 0)
		return (TLS_ADMITTED);
	client.address_text = control->login->subject->client;
	client.name = inquiry->name;
	if (names_check(control->login->peer->certificate, conf->options,
		&client, inquiry->detail, sizeof(inquiry->detail)))
		return (TLS_ADMITTED);
	inquiry->objection = "it is not for your address";
	return (TLS_REFUSED);
}

static bool
wants_name(const struct conf_tls *conf)
{
	static const unsigned int options =
	    CONF_TLS_COMMON_NAME_REQUIRED | CONF_TLS_DNS_NAME_REQUIRED;

	return (conf->verify_client == CONF_VERIFY_ON &&
	    (conf->options & options) != 0);
}

static struct inquiry *
begin(const struct tls_channel *control)
{
	struct inquiry *inquiry = calloc(1, sizeof(*inquiry));
	STACK_OF(X509) * chain;

	if (inquiry == NULL)
		return (NULL);
	chain = SSL_session_reused(control->ssl)
	    ? control->chain
	    : SSL_get0_verified_chain(control->ssl);
	inquiry->chain = chain == NULL ? NULL : X509_chain_up_ref(chain);
	inquiry->name_wanted = wants_name(tls_conf(control->login));
	if (inquiry->chain == NULL)
		inquiry_free(&inquiry);
	return (inquiry);
}

static enum tls_admission
judge(const struct tls_channel *control, struct inquiry *inquiry)
{
	enum tls_admission status = judge_status(control, inquiry);

	if (status == TLS_REFUSED)
		return (TLS_REFUSED);
	if (inquiry->name_wanted && inquiry->name_state == ANSWER_OPEN)
		return (TLS_PENDING);
	return (status == TLS_PENDING ? status : judge_names(control, inquiry));
}

enum tls_admission
inquiry_judge(struct tls_channel *control, struct inquiry_refusal *refusal)
{
	enum tls_admission admission = TLS_REFUSED;

	/* Without a certificate there is nothing to ask about. */
	if (control->login->peer == NULL)
		return (TLS_ADMITTED);
	if (control->inquiry == NULL)
		control->inquiry = begin(control);
	refusal->objection = refusal->detail = "memory is short";
	if (control->inquiry == NULL)
		return (TLS_REFUSED);
	admission = judge(control, control->inquiry);
	ERR_clear_error();
	if (admission == TLS_REFUSED) {
		refusal->objection = control->inquiry->objection;
		refusal->detail = control->inquiry->detail;
	}
	return (admission);
}

void
inquiry_free(struct inquiry **inquiry)
{
	struct inquiry *ended = *inquiry;
	size_t i;

	if (ended == NULL)
		return;
	*inquiry = NULL;
	for (i = 0; i < ended->count; i++)
		cert_status_free(&ended->statuses[i]);
	sk_X509_pop_free(ended->chain, X509_free);
	free(ended);
}

/* Questions ---------------------------------------------------------------- */

/* The statuses come first, then the name. */
bool
tls_question(const struct tls_channel *control, size_t number,
    struct tls_question *question)
{
	const struct inquiry *inquiry = control->inquiry;
	const struct cert_status *status;

	memset(question, 0, sizeof(*question));
	if (inquiry == NULL || number > inquiry->count)
		return (false);
	if (number == inquiry->count) {
		question->open =
		    inquiry->name_wanted && inquiry->name_state == ANSWER_OPEN;
		question->about_name = true;
		return (true);
	}
	status = &inquiry->statuses[number];
	question->open = status->state == ANSWER_OPEN;
	question->no_nonce = (tls_conf(control->login)->stapling_options &
				 CONF_STAPLING_NO_NONCE) != 0;
	question->cert.data = status->cert;
	question->cert.len = status->cert_len;
	question->issuer.data = status->issuer;
	question->issuer.len = status->issuer_len;
	question->urls.data = status->urls;
	question->urls.len = status->urls_len;
	return (true);
}

static void
answer_name(const struct tls_channel *control, struct inquiry *inquiry,
    struct seal_data name, const char *why)
{
	struct log_subject subject = tls_subject(control->login);

	inquiry->name_state = ANSWER_NONE;
	if (name.len == 0 || name.len > DNS_NAME_MAX_LEN ||
	    memchr(name.data, '\0', name.len) != NULL) {
		log_event(LOG_LEVEL_INFO, LOG_STREAM_TLS, &subject,
		    "reverse DNS: %s", why);
		return;
	}
	memcpy(inquiry->name, name.data, name.len);
	inquiry->name[name.len] = '\0';
	inquiry->name_state = ANSWER_KNOWN;
	tls_trace(control->login, TLS_VERIFY, 5, "reverse DNS: %s",
	    inquiry->name);
}

void
tls_answer(struct tls_channel *control, size_t number, struct seal_data data,
    const char *why)
{
	struct inquiry *inquiry = control->inquiry;
	struct cert_status *status;

	if (inquiry == NULL || number > inquiry->count)
		return;
	if (number == inquiry->count) {
		if (inquiry->name_state == ANSWER_OPEN)
			answer_name(control, inquiry, data, why);
		return;
	}
	status = &inquiry->statuses[number];
	if (status->state != ANSWER_OPEN)
		return;
	cert_status_answer(status, data, why);
	tls_trace(control->login, TLS_OCSP, 5, "the responder of \"%s\": %s",
	    status->urls, cert_status_words(status));
}
