/*
 * long - commands that keep the agent at work, without a data connection.
 *
 * The session is busy meanwhile (session_is_busy()): NOOP and STAT are
 * answered, ABOR and the end of the client or the worker end it.
 */
#ifndef WORKER_FTP_VERBS_LONG_H
#define WORKER_FTP_VERBS_LONG_H

#include "shm/base/attr.h"
#include "worker/ftp/files.h"

/*
 * The question was sent as request (0: it was not; errno tells): goes to step
 * for the answer, or refuses.
 */
enum flow long_ask(struct session *session, uint32_t request,
    enum refusal_kind kind, const struct step *step);

/*
 * false: *flow is what the step returns, since it waits, or has refused.  The
 * agent has time as long as it shows signs of life.
 */
NODISCARD bool long_answer(struct session *session, struct fs_answer *answer,
    enum refusal_kind kind, enum flow *flow);

#endif
