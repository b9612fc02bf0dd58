#include "worker/ftp/policy.h"

#include <strings.h>

#include "shm/conf/subject.h"
#include "worker/ftp/verbs.h"

/* Whether that name is of anonymous sessions. */
static bool
names_anonymous(const struct session *session, const char *user)
{
	return (user != NULL && session->host->anonymous.enabled &&
	    (strcasecmp(user, "anonymous") == 0 ||
		strcasecmp(user, "ftp") == 0));
}

static bool
is_anonymous(const struct session *session)
{
	if (session->logged_in)
		return ((session->policy & LOGIN_ANONYMOUS) != 0);
	return (session->user_given && names_anonymous(session, session->user));
}

void
policy_named(struct session *session)
{
	session->section = NULL;
	session->groups = 0;
	if (session->user != NULL && !is_anonymous(session))
		session->section = conf_user(session->host, session->user);
}

void
policy_forget(struct session *session)
{
	session->section = NULL;
	session->groups = 0;
	session->umask_set = false;
}

void
policy_logged_in(struct session *session, uint64_t groups)
{
	policy_forget(session);
	if ((session->policy & LOGIN_ANONYMOUS) != 0)
		return;
	session->section = conf_user(session->host, session->user);
	session->groups = groups;
}

/* --- what counts for it ----------------------------------------------------
 */

static struct conf_subject
subject(const struct session *session)
{
	return ((struct conf_subject){
	    .host = session->host,
	    .user = session->section,
	    .groups = session->groups,
	    .anonymous = is_anonymous(session),
	});
}

const void *
policy_find(const struct session *session, const char *path, size_t offset)
{
	const struct conf_subject who = subject(session);

	return (subject_find(&who, path, offset));
}

/* --- the keys that may differ --------------------------------------------- */

const struct conf_required *
session_required(const struct session *session)
{
	return (policy_find(session, NULL, CONF_FIELD(tls.required)));
}

bool
policy_data_possible(const struct session *session, bool private)
{
	enum conf_required_data refused =
	    private ? CONF_DATA_CLEAR : CONF_DATA_PRIVATE;
	const struct conf_subject who = subject(session);
	const struct conf_sections *list = subject_directories(&who);
	const struct conf_required *required = session_required(session);
	size_t i;

	if (required->data != refused)
		return (true);
	for (i = 0; i < list->count; i++) {
		required = conf_setting(&list->items[i].settings,
		    CONF_FIELD(tls.required));
		if (required != NULL && required->data != refused)
			return (true);
	}
	return (false);
}

/* Whether a key that is on or off is on for all paths. */
static bool
is_everywhere(const struct session *session, size_t offset)
{
	const struct conf_subject who = subject(session);
	const struct conf_sections *list = subject_directories(&who);
	const bool *on = subject_find(&who, NULL, offset);
	size_t i;

	for (i = 0; i < list->count && *on; i++) {
		on = conf_setting(&list->items[i].settings, offset);
		if (on == NULL)
			on = subject_find(&who, NULL, offset);
	}
	return (*on);
}

const char *
policy_refusal(const struct session *session, unsigned int does)
{
	if ((does & VERB_WRITE) != 0 &&
	    is_everywhere(session, CONF_FIELD(read_only)))
		return ("This account may not change files.");
	if ((does & VERB_READ) != 0 &&
	    is_everywhere(session, CONF_FIELD(upload_only)))
		return ("This account may only upload files.");
	return (NULL);
}

/* Whether the word is in tls.options of the host, or of the user. */
static bool
has_option(const struct session *session, unsigned int bit)
{
	const struct conf_subject who = subject(session);
	const unsigned int *own = subject_own(&who, CONF_FIELD(tls.options));

	return ((session->host->tls.options & bit) != 0 ||
	    (own != NULL && (*own & bit) != 0));
}

void
policy_apply(const struct session *session)
{
	if (session->tls != NULL && session->logged_in &&
	    has_option(session, CONF_TLS_NO_SESSION_REUSE_REQUIRED))
		tls_login_relax(session->tls);
}

bool
policy_login_needs_tls(const struct session *session, const char *user)
{
	const struct conf_host *host = session->host;
	const struct conf_required *required = NULL;
	const struct conf_section *section;

	if (names_anonymous(session, user)) {
		required = conf_setting(&host->anonymous.settings,
		    CONF_FIELD(tls.required));
	} else {
		section = conf_user(host, user);
		if (section != NULL)
			required = conf_setting(&section->settings,
			    CONF_FIELD(tls.required));
	}
	if (required == NULL) {
		if ((host->tls.options & CONF_TLS_ALLOW_PER_USER) != 0)
			return (false);
		required = &host->tls.required;
	}
	return (required->auth || required->control);
}
