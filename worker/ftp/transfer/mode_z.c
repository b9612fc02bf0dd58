#include "worker/ftp/transfer/mode_z.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "worker/ftp/policy.h"
#include "worker/ftp/syntax/args.h"
#include "worker/ftp/verbs.h"

#define LEVEL_OPTION "Z LEVEL "

bool
mode_z_allowed(const struct session *session)
{
	const enum conf_mode_z *allowed =
	    policy_find(session, NULL, CONF_FIELD(mode_z));

	switch (*allowed) {
	case CONF_MODE_Z_OFF:
		break;
	case CONF_MODE_Z_CLEAR:
		return (!session->prot_private);
	case CONF_MODE_Z_ON:
		return (true);
	}
	return (false);
}

enum flow
verb_mode(struct session *session, const char *text)
{
	if (text[1] != '\0' || strchr("SsBbCcZz", text[0]) == NULL)
		return (session_answer(session, 501, "Unknown mode."));
	switch (text[0]) {
	case 'S':
	case 's':
		session->zip = false;
		return (session_answer(session, 200, "MODE is S."));
	case 'Z':
	case 'z':
		if (!mode_z_allowed(session))
			return (session_answer(session, 504,
			    "MODE Z is not allowed%s.",
			    session->prot_private ? " with PROT P" : ""));
		session->zip = true;
		return (session_answer(session, 200, "MODE is Z."));
	default:
		return (session_answer(session, 504,
		    "Only MODE S and Z are possible."));
	}
}

static uint32_t
most(const struct session *session)
{
	const uint32_t *level =
	    policy_find(session, NULL, CONF_FIELD(mode_z_level));

	return (*level);
}

static uint8_t
level_of(const struct session *session)
{
	if (session->zip_level > 0 && session->zip_level < most(session))
		return (session->zip_level);
	return ((uint8_t)most(session));
}

enum flow
mode_z_opts(struct session *session, const char *text)
{
	uint64_t level;

	if (strncasecmp(text, LEVEL_OPTION, strlen(LEVEL_OPTION)) != 0 ||
	    args_number(text + strlen(LEVEL_OPTION), &level) != ARGS_OK ||
	    level < 1 || level > 9)
		return (session_answer(session, 501,
		    "Syntax: OPTS MODE Z LEVEL 1 to 9"));
	session->zip_level = (uint8_t)level;
	return (session_answer(session, 200, "MODE Z LEVEL is %u.",
	    (unsigned int)level_of(session)));
}

int
mode_z_begin(const struct session *session, struct transfer *transfer)
{
	const uint32_t *expansion;
	struct coding_how how;

	transfer->ascii = session->ascii && transfer->kind != TRANSFER_LIST;
	if (!transfer->ascii && !session->zip)
		return (0);
	expansion = policy_find(session, NULL, CONF_FIELD(mode_z_expansion));
	how = (struct coding_how){
		.receive = transfer->kind == TRANSFER_RECEIVE,
		.ascii = transfer->ascii,
		.zip = session->zip,
		.level = level_of(session),
		.expansion = *expansion,
	};
	transfer->coding = coding_new(&how);
	if (transfer->coding == NULL) {
		errno = ENOMEM;
		return (-1);
	}
	return (0);
}
