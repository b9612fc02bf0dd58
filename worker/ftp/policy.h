/*
 * policy - what counts for a session where the sections of its host differ:
 * see shm/conf/subject.h.
 */
#ifndef WORKER_FTP_POLICY_H
#define WORKER_FTP_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "shm/base/attr.h"
#include "worker/ftp/state.h"

/*
 * The value of a field of struct conf_host (CONF_FIELD) for the session; path
 * is absolute and normalised, or NULL: what counts at a path that a link may
 * lead away from is the agent's to say.  Valid as long as the session.
 */
NODISCARD const void *policy_find(const struct session *session,
    const char *path, size_t offset);

/* Whether there may be paths whose transfers are so, protected or in clear. */
NODISCARD bool policy_data_possible(const struct session *session,
    bool private);

/*
 * Why the session may do that (bits of VERB_PATH) with no path at all; NULL: it
 * depends on the path, which is the agent's to judge.
 */
NODISCARD const char *policy_refusal(const struct session *session,
    unsigned int does);

/*
 * Whether a section of its own demands TLS for the login of that user: known
 * before the password is.  Or, without one, whether the host does.
 */
NODISCARD bool policy_login_needs_tls(const struct session *session,
    const char *user);

/* After the login, or TLS: what the TLS layer has to know of the user. */
void policy_apply(const struct session *session);

/* The login is known: finds the entries for the account. */
void policy_logged_in(struct session *session, uint64_t groups);
/* The user is not known any more, or not yet. */
void policy_forget(struct session *session);
/* The client says who it is. */
void policy_named(struct session *session);

#endif
