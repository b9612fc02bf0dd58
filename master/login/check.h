/*
 * check - is this the right password, and whose account is it?
 *
 * What a checker does for one login: the methods of the host's auth_order one
 * after the other until one accepts.  A failure takes the same work whether
 * the name is known or not, and whatever is wrong with it.
 */
#ifndef MASTER_LOGIN_CHECK_H
#define MASTER_LOGIN_CHECK_H

#include <stdbool.h>

#include "master/login/account.h"
#include "master/login/settings.h"
#include "master/login/users.h"
#include "shm/base/attr.h"

#define CHECK_FILES_MAX  32 /* users files kept in memory */
#define CHECK_REASON_MAX 1024

struct check_question {
	const struct setting *setting;
	const struct conf_host *host;
	const char *user;
	const char *password; /* "": never logs in */
	/*
	 * Instead: the SHA-256 of the client's certificate, and whether that
	 * names the user; NULL: none.
	 */
	const uint8_t *certificate;
	bool named;
	const char *client; /* address, as text */
	bool legible;       /* user is text that a name could be */
};

struct check_result {
	enum login_verdict verdict;
	struct account account;        /* LOGIN_OK and LOGIN_HOME */
	char reason[CHECK_REASON_MAX]; /* for the log; may be "" when OK */
	size_t mistakes; /* how much of it is for the log even when OK */
};

/* Users files that have been read, the latest used first. */
struct check_files {
	struct users *items[CHECK_FILES_MAX];
};

void check_login(struct check_files *files,
    const struct check_question *question, struct check_result *result);

/* Adds to the reason, behind "; " when there is one already. */
void check_reason(struct check_result *result, const char *format, ...)
    PRINTF_LIKE(2, 3);

/* The methods: whether the login is accepted; then the account is filled in. */
NODISCARD bool check_by_file(struct check_files *files,
    const struct check_question *question, struct check_result *result);
NODISCARD bool check_by_pam(const struct check_question *question,
    struct check_result *result);

/* The same without a password: by the certificate of the question. */
NODISCARD bool check_by_certificate(struct check_files *files,
    const struct check_question *question, struct check_result *result);

/*
 * Whose account it would be, if no password were asked for: whether there is
 * one that may log in.
 */
NODISCARD bool check_find_in_file(struct check_files *files,
    const struct check_question *question, struct check_result *result);
NODISCARD bool check_find_in_pam(const struct check_question *question,
    struct check_result *result);
/* Whether PAM's account modules let the account in. */
NODISCARD bool check_pam_account(const struct check_question *question,
    struct check_result *result);

/*
 * Which entries of `users` are for groups that the account is in.  0, or an
 * errno when a group could not be asked for.
 */
NODISCARD int check_entries(const struct conf_host *host,
    struct account *account);

/* The name of the group, or "". */
void check_group_name(struct account *account);

#endif
