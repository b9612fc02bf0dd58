/*
 * Logins by a client's certificate: its worker has verified it, and says
 * whether it names the user.  What else there is to a login is as with a
 * password.
 */
#include "master/login/check.h"
#include "master/login/dot_login.h"

/* What is in the user's own file is looked at first, as the page says. */
static bool
is_the_users(const struct check_question *question, struct check_result *result)
{
	const struct conf_tls *tls = &question->host->tls;
	const char *why;

	if ((tls->options & CONF_TLS_ALLOW_DOT_LOGIN) != 0) {
		why = dot_login_refuse(&result->account, question->certificate);
		if (why == NULL)
			return (true);
		check_reason(result, "~/" DOT_LOGIN_FILE ": %s", why);
	}
	if (question->named && tls->user_name != NULL)
		return (true);
	if (tls->user_name != NULL)
		check_reason(result, "tls.user_name: no value is the user");
	return (false);
}

static bool
try_file(struct check_files *files, const struct check_question *question,
    struct check_result *result)
{
	return (check_find_in_file(files, question, result) &&
	    is_the_users(question, result));
}

static bool
try_pam(const struct check_question *question, struct check_result *result)
{
	return (check_find_in_pam(question, result) &&
	    is_the_users(question, result) &&
	    check_pam_account(question, result));
}

bool
check_by_certificate(struct check_files *files,
    const struct check_question *question, struct check_result *result)
{
	const struct conf_host *host = question->host;
	bool accepted = false;
	size_t i;

	for (i = 0; i < host->nauth_order && !accepted; i++) {
		switch (host->auth_order[i]) {
		case CONF_AUTH_FILE:
			accepted = try_file(files, question, result);
			break;
		case CONF_AUTH_PAM:
			accepted = try_pam(question, result);
			break;
		}
	}
	return (accepted);
}
