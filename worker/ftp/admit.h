/* admit - asks others whether a session's client may come in. */
#ifndef WORKER_FTP_ADMIT_H
#define WORKER_FTP_ADMIT_H

#include "worker/ftp/state.h"

/*
 * While its TLS is PENDING: asks what has not been asked, and waits for the
 * answers.  After some time without one, there is none.
 */
enum flow admit_wait(struct session *session);

/* Nothing is asked any more; NULL is allowed. */
void admit_free(struct admit **admit);

#endif
