#include "master/login/check.h"

#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "master/login/home.h"
#include "shm/base/process.h"

void
check_reason(struct check_result *result, const char *format, ...)
{
	size_t len = strlen(result->reason);
	va_list arguments;

	if (len > 0 && len + 3 < sizeof(result->reason)) {
		memcpy(result->reason + len, "; ", 3);
		len += 2;
	}
	va_start(arguments, format);
	(void)vsnprintf(result->reason + len, sizeof(result->reason) - len,
	    format, arguments);
	va_end(arguments);
}

void
check_group_name(struct account *account)
{
	static char buffer[64 * 1024];
	struct group entry, *found = NULL;

	if (getgrgid_r(account->gid, &entry, buffer, sizeof(buffer), &found) !=
		0 ||
	    found == NULL ||
	    !account_text(account->group, sizeof(account->group),
		found->gr_name, strlen(found->gr_name)))
		account->group[0] = '\0'; /* it appears as its number */
}

static bool
is_anonymous(const struct check_question *question)
{
	return (question->certificate == NULL &&
	    question->host->anonymous.enabled &&
	    (strcasecmp(question->user, "anonymous") == 0 ||
		strcasecmp(question->user, "ftp") == 0));
}

/* Any password will do. */
static bool
check_anonymous(const struct check_question *question,
    struct check_result *result)
{
	const struct conf_anonymous *anonymous = &question->host->anonymous;
	struct account *account = &result->account;
	const char *why;

	(void)snprintf(account->name, sizeof(account->name), "anonymous");
	account->policy = LOGIN_ANONYMOUS;
	account->uid = geteuid();
	account->gid = getegid();
	if (anonymous->directory == NULL ||
	    !account_text(account->home, sizeof(account->home),
		anonymous->directory, strlen(anonymous->directory))) {
		check_reason(result, "anonymous.directory is not set");
		return (false);
	}
	if (question->setting->rules.root &&
	    (anonymous->user == NULL ||
		process_find_user(anonymous->user, &account->uid,
		    &account->gid) != 0)) {
		check_reason(result, "the user of anonymous.user is unknown");
		return (false);
	}
	why = rules_refuse(&question->setting->rules, question->host, account);
	if (why != NULL) {
		check_reason(result, "anonymous: %s", why);
		return (false);
	}
	check_group_name(account);
	return (true);
}

/*
 * A method that knows the name and refuses it does not end the search: names
 * that are known would be told from others by the time of the methods left
 * out.
 */
static bool
try_methods(struct check_files *files, const struct check_question *question,
    struct check_result *result)
{
	const struct conf_host *host = question->host;
	bool accepted = false;
	size_t i;

	for (i = 0; i < host->nauth_order && !accepted; i++) {
		switch (host->auth_order[i]) {
		case CONF_AUTH_FILE:
			accepted = check_by_file(files, question, result);
			break;
		case CONF_AUTH_PAM:
			accepted = check_by_pam(question, result);
			break;
		}
	}
	return (accepted);
}

void
check_login(struct check_files *files, const struct check_question *question,
    struct check_result *result)
{
	bool accepted;
	int error;

	memset(result, 0, sizeof(*result));
	result->verdict = LOGIN_DENIED;
	if (is_anonymous(question))
		accepted = check_anonymous(question, result);
	else if (question->certificate != NULL)
		accepted = check_by_certificate(files, question, result);
	else
		accepted = try_methods(files, question, result);
	if (!accepted) {
		memset(&result->account, 0, sizeof(result->account));
		return;
	}
	/* Another method knew better than those that refused it. */
	result->reason[result->mistakes] = '\0';
	error = home_check(&result->account);
	if (error != 0) {
		check_reason(result, "home %s: %s", result->account.home,
		    strerror(error));
		result->verdict = LOGIN_HOME;
		return;
	}
	error = (result->account.policy & LOGIN_ANONYMOUS) != 0
	    ? 0
	    : check_entries(question->host, &result->account);
	if (error != 0) {
		/* A policy of a group that it may be in must not be missed. */
		check_reason(result, "groups of users: %s", strerror(error));
		result->verdict = LOGIN_UNAVAILABLE;
		return;
	}
	result->verdict = LOGIN_OK;
}
