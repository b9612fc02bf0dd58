/*
 * pam - a login by PAM: auth, account, setcred; no session modules.
 *
 * Runs in a checker only.  A module may hang: the checker is killed then.
 */
#ifndef MASTER_LOGIN_PAM_H
#define MASTER_LOGIN_PAM_H

#include "shm/base/attr.h"

struct pam_question {
	const char *service;
	const char *user;
	const char *password; /* NULL: known already; the account is checked */
	const char *client;   /* the client's address */
};

enum pam_verdict {
	PAM_LOGIN_OK,
	PAM_LOGIN_DENIED,
	PAM_LOGIN_BROKEN /* no answer: the service is not set up */
};

/* *why is in words, for the log; it needs no freeing. */
NODISCARD enum pam_verdict pam_check(const struct pam_question *question,
    const char **why);

#endif
