/*
 * hash_upload - the checksums of a file while it comes (hash_on_upload).
 *
 * Only of one that comes whole: what the client appends to, or continues, would
 * have to be read.  Threads add what they have written, so it is the sum of the
 * file as it is stored, in TYPE A, too.
 */
#ifndef WORKER_FTP_TRANSFER_HASH_UPLOAD_H
#define WORKER_FTP_TRANSFER_HASH_UPLOAD_H

#include "shm/base/attr.h"
#include "worker/ftp/state.h"

/*
 * Whether there will be such sums of what the transfer stores; kinds: those
 * that the agent says are wanted, bits.
 */
NODISCARD bool hash_upload_wanted(const struct session *session,
    unsigned int kinds);

/* The file is open; nothing has been written. */
void hash_upload_begin(struct session *session, unsigned int kinds);

/*
 * It is complete under its name: the session remembers its sums, and so does
 * the transfer, for the log.
 */
void hash_upload_end(struct session *session);

#endif
