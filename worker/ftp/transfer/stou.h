/*
 * stou - the name that STOU has chosen, and how a client hears of it.
 */
#ifndef WORKER_FTP_TRANSFER_STOU_H
#define WORKER_FTP_TRANSFER_STOU_H

#include "shm/base/attr.h"
#include "worker/ftp/state.h"

/* The transfer's path becomes that of the chosen name: 0, or an errno. */
NODISCARD int stou_take_name(struct session *session, const char *name);

/* The path as the client may use it from where it is. */
NODISCARD const char *stou_name(const struct session *session);

/* The final reply. */
enum flow stou_complete(struct session *session);

#endif
