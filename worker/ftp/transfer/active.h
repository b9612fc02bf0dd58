/*
 * active - the socket of a data connection that we begin: active.address,
 * active.port.
 */
#ifndef WORKER_FTP_TRANSFER_ACTIVE_H
#define WORKER_FTP_TRANSFER_ACTIVE_H

#include "shm/base/attr.h"

struct active; /* a socket that the master is asked for */
struct session;

/*
 * A socket that is bound as the configuration says.  -1 with errno;
 * EINPROGRESS: it is asked for, and session_run() will be called.
 */
NODISCARD int active_socket(struct session *session);

/* Forgets what was asked for.  Sets *active to NULL; NULL is allowed. */
void active_free(struct active **active);

#endif
