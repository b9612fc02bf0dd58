/*
 * tell - listings on the control connection: MLST, and STAT with a path.
 */
#ifndef WORKER_FTP_VERBS_TELL_H
#define WORKER_FTP_VERBS_TELL_H

#include "shm/base/attr.h"
#include "worker/ftp/state.h"

/* STAT path: a reply of several lines, one an entry. */
enum flow tell_stat(struct session *session, const char *text);

/* Releases a listing that is under way; NULL is allowed. */
void tell_free(struct tell **tell);

#endif
