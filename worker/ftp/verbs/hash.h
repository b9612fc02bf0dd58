/*
 * hash - HASH, XCRC and those like it, and the range that RANG asked for.
 *
 * What a session has to remember for these is allocated when it first sends
 * one of them.
 */
#ifndef WORKER_FTP_VERBS_HASH_H
#define WORKER_FTP_VERBS_HASH_H

#include <sys/stat.h>

#include "shm/base/attr.h"
#include "worker/ftp/state.h"
#include "worker/ftp/syntax/args.h"

#define HASH_FEATURE_MAX 64

void hash_free(struct hash **hash); /* NULL is allowed */

/* The line of FEAT; the session's choice is marked. */
void hash_feature(const struct session *session, char out[HASH_FEATURE_MAX]);

/* OPTS HASH [algorithm]. */
enum flow hash_opts(struct session *session, const char *text);

/* STAT while a file is read: a line about it. */
void hash_tell(struct session *session);

/* What a file is known to have, for a later HASH of the session: see known.h.
 */
void hash_remember(struct session *session, const struct stat *st,
    const struct checksum_texts *texts);

/*
 * What RANG, or else REST, has set for the next command, which it is from now
 * on: there is none for the one after it.
 */
struct args_range hash_take_range(struct session *session);

#endif
