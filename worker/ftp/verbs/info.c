/* FEAT, OPTS, SYST, NOOP, HELP, STAT without a path, TYPE, STRU, REST and ABOR:
 * answered at once. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "worker/ftp/encoding.h"
#include "worker/ftp/site.h"
#include "worker/ftp/state.h"
#include "worker/ftp/syntax/args.h"
#include "worker/ftp/transfer/fxp.h"
#include "worker/ftp/transfer/mode_z.h"
#include "worker/ftp/transfer/transfer.h"
#include "worker/ftp/verbs.h"
#include "worker/ftp/verbs/hash.h"
#include "worker/ftp/verbs/rmda.h"
#include "worker/ftp/verbs/tell.h"

#define FACTS_OFFERED FS_FACT_ALL
#define FEATURE_MAX   (ARGS_FACTS_MAX + 8) /* of a line that is made up */

/* Whether FEAT lists the command for this session. */
static bool
offered(const struct session *session, const struct verb *verb)
{
	if (verb->feature == NULL)
		return (false);
	if ((verb->flags & VERB_TLS) != 0 &&
	    !tls_available(session->worker->tls, session->client.host))
		return (false);
	if (strcmp(verb->name, "CCC") == 0)
		return (session->host->tls.allow_ccc &&
		    !session_required(session)->control);
	if (strcmp(verb->name, "MODE") == 0)
		return (mode_z_allowed(session));
	if (strcmp(verb->name, "CPSV") == 0 || strcmp(verb->name, "SSCN") == 0)
		return (fxp_allowed(session));
	if (strcmp(verb->name, "RMDA") == 0)
		return (rmda_allowed(session));
	return (true);
}

/* The line of FEAT; room for what is made up here is in out. */
static const char *
feature(const struct session *session, const struct verb *verb,
    char out[FEATURE_MAX])
{
	if (strcmp(verb->name, "HASH") == 0) {
		hash_feature(session, out);
	} else if (strcmp(verb->name, "MLST") == 0) {
		(void)snprintf(out, FEATURE_MAX, "MLST ");
		args_facts_text(FACTS_OFFERED, session->facts, out + 5);
	} else {
		return (verb->feature);
	}
	return (out);
}

enum flow
verb_feat(struct session *session, const char *text)
{
	char line[FEATURE_MAX];
	size_t i;

	(void)text;
	reply_begin(&session->reply, 211, "Features:");
	for (i = 0; i < verbs_count; i++) {
		if (offered(session, &verbs[i]))
			reply_line(&session->reply, "%s",
			    feature(session, &verbs[i], line));
	}
	reply_end(&session->reply, "End");
	return (session_goto(session, &step_command));
}

static enum flow
opts_mlst(struct session *session, const char *text)
{
	char facts[ARGS_FACTS_MAX];
	uint32_t chosen;

	if (args_facts(text, &chosen) != ARGS_OK)
		return (session_answer(session, 501,
		    "Syntax: OPTS MLST [fact;...]"));
	session->facts = chosen & FACTS_OFFERED;
	args_facts_text(session->facts, 0, facts);
	return (session_answer(session, 200, "MLST OPTS%s%s",
	    facts[0] == '\0' ? "" : " ", facts));
}

enum flow
verb_opts(struct session *session, const char *text)
{
	size_t len = strcspn(text, " ");
	const char *rest = text + len + (text[len] == ' ');

	if (len == 4 && strncasecmp(text, "MLST", len) == 0)
		return (opts_mlst(session, rest));
	if (len == 4 && strncasecmp(text, "HASH", len) == 0)
		return (hash_opts(session, rest));
	if (len == 4 && strncasecmp(text, "UTF8", len) == 0)
		return (encoding_option(session, rest));
	/* Internet Explorer and its heirs. */
	if (len == 5 && strncasecmp(text, "UTF-8", len) == 0)
		return (encoding_option(session, rest));
	if (len == 4 && strncasecmp(text, "MODE", len) == 0)
		return (mode_z_opts(session, rest));
	return (session_answer(session, 501, "No such option."));
}

enum flow
verb_syst(struct session *session, const char *text)
{
	(void)text;
	return (session_answer(session, 215, "UNIX Type: L8"));
}

enum flow
verb_noop(struct session *session, const char *text)
{
	(void)text;
	return (session_answer(session, 200, "OK."));
}

/* What would be "not understood" needs no help. */
static bool
understood(const struct session *session, const struct verb *verb)
{
	return (verb->run != NULL &&
	    ((verb->flags & VERB_TLS) == 0 || session->host->tls.engine));
}

enum flow
verb_help(struct session *session, const char *text)
{
	const struct verb *verb;
	const char *argument;
	size_t i;

	if (*text != '\0') {
		verb = verb_find(text, &argument);
		if (verb != NULL && strcmp(verb->name, "SITE") == 0)
			return (site_help(session, argument));
		if (verb == NULL || !understood(session, verb))
			return (
			    session_answer(session, 502, "No such command."));
		return (session_answer(session, 214, "Syntax: %s", verb->help));
	}
	reply_begin(&session->reply, 214, "Commands:");
	for (i = 0; i < verbs_count; i++)
		if (understood(session, &verbs[i]))
			reply_line(&session->reply, "%s", verbs[i].help);
	reply_end(&session->reply, "End");
	return (session_goto(session, &step_command));
}

enum flow
verb_stat(struct session *session, const char *text)
{
	const struct transfer *transfer = session->transfer;
	struct reply *reply = &session->reply;

	if (*text != '\0')
		return (tell_stat(session, text));
	reply_begin(reply, 211, "FTP server status:");
	reply_line(reply, "Connected from %s", session->client_text);
	reply_line(reply, "Logged in as %s", session->user);
	reply_line(reply, "Control connection: %s",
	    session_is_tls(session) ? "TLS" : "clear");
	reply_line(reply, "TYPE: %s; STRU: File; MODE: %s; PROT: %s",
	    session->ascii ? "ASCII" : "Image", session->zip ? "Z" : "Stream",
	    session->prot_private ? "Private" : "Clear");
	if (transfer != NULL)
		reply_line(reply, "%s %s: %" PRIu64 " bytes so far",
		    transfer->verb, transfer->path, transfer->moved);
	else if (session->busy)
		hash_tell(session);
	else
		reply_line(reply, "No transfer is running");
	reply_end(reply, "End");
	if (session_is_busy(session))
		return (FLOW_NEXT);
	return (session_goto(session, &step_command));
}

enum flow
verb_type(struct session *session, const char *text)
{
	bool ascii;

	switch (args_type(text, &ascii)) {
	case ARGS_OK:
		break;
	case ARGS_SYNTAX:
		return (
		    session_answer(session, 501, "Syntax: TYPE A | I | L 8"));
	case ARGS_UNSUPPORTED:
		return (session_answer(session, 504,
		    "Only TYPE A, I and L 8 are possible."));
	}
	session->ascii = ascii;
	return (session_answer(session, 200, "TYPE is %s.",
	    ascii ? "ASCII" : "Image"));
}

enum flow
verb_stru(struct session *session, const char *text)
{
	if (text[1] != '\0' || strchr("FfRrPp", text[0]) == NULL)
		return (session_answer(session, 501, "Unknown structure."));
	if (text[0] != 'F' && text[0] != 'f')
		return (
		    session_answer(session, 504, "Only STRU F is possible."));
	return (session_answer(session, 200, "STRU is F."));
}

enum flow
verb_rest(struct session *session, const char *text)
{
	uint64_t position;

	session->rest = 0;
	session->ranged = false;
	if (args_number(text, &position) != ARGS_OK)
		return (session_answer(session, 501, "Syntax: REST position"));
	if (position > 0 && session->ascii)
		return (session_answer(session, 501,
		    "REST is possible in TYPE I only."));
	session->rest = position;
	return (session_answer(session, 350,
	    "Send RETR or STOR to begin at %" PRIu64 ".", position));
}

/* A transfer that ran was ended when this was read: see transfer.c. */
enum flow
verb_abor(struct session *session, const char *text)
{
	(void)text;
	if (!session->aborted)
		return (session_answer(session, 225, "No transfer to abort."));
	session->aborted = false;
	return (session_answer(session, 226, "Aborted."));
}
