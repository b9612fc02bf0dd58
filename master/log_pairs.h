/*
 * log_pairs - the socket pairs that carry log records.
 *
 * Each process gets the writing end of a pair of its own.  The reading ends
 * stay here as well, so that what is under way survives the logger: its
 * successor is given all of them.
 */
#ifndef MASTER_LOG_PAIRS_H
#define MASTER_LOG_PAIRS_H

#include "shm/base/attr.h"
#include "shm/ipc/body.h"
#include "shm/ipc/link.h"

struct log_pair;
struct log_pairs;

NODISCARD struct log_pairs *log_pairs_new(void);
/* Closes all and sets *pairs to NULL; NULL is allowed. */
void log_pairs_free(struct log_pairs **pairs);

/*
 * A new pair for the process that who describes (its pid is set later by
 * log_pair_started()).  *writer is the caller's.  NULL with errno.
 */
NODISCARD struct log_pair *log_pair_new(struct log_pairs *pairs,
    const struct msg_peer *who, int *writer);

/* The process runs: the logger, if there is one, is told. */
void log_pair_started(struct log_pair *pair, int32_t pid);

/* The process has ended: the pair goes as soon as a logger has it. */
void log_pair_ended(struct log_pair *pair);

/* The link to the logger that is there from now on, or NULL: there is none. */
void log_pairs_logger(struct log_pairs *pairs, struct link *logger);

#endif
