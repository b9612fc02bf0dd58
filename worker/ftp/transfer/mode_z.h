/*
 * mode_z - MODE: stream (RFC 959), or compressed by zlib
 * (draft-preston-ftpext-deflate), as `mode_z` of ftpsd.yaml(5) allows it.
 */
#ifndef WORKER_FTP_TRANSFER_MODE_Z_H
#define WORKER_FTP_TRANSFER_MODE_Z_H

#include <stdbool.h>

#include "shm/base/attr.h"
#include "worker/ftp/state.h"
#include "worker/ftp/transfer/transfer.h"

/* Whether MODE Z is possible with data connections as they are now. */
NODISCARD bool mode_z_allowed(const struct session *session);

/* OPTS MODE: text is what follows. */
enum flow mode_z_opts(struct session *session, const char *text);

/*
 * What the bytes of the session's transfer need, in transfer->coding: nothing
 * for most.  0, or -1 with errno ENOMEM.
 */
NODISCARD int mode_z_begin(const struct session *session,
    struct transfer *transfer);

#endif
