/*
 * guard - work on a mapped file that may be cut short or spoilt meanwhile.
 *
 * Touching a page that its file does not have any more ends a process by
 * SIGBUS, and rubbish where an offset should be may end it by SIGSEGV.  In a
 * worker that would be the end of thousands of sessions, for a cache.  So what
 * only reads such a file is done in here: a fault is an error like any other.
 *
 * The work is left in its midst: it must own nothing, take no lock, and write
 * to nothing that is used afterwards.  What it used is not to be trusted any
 * more.
 */
#ifndef SHM_CACHE_GUARD_H
#define SHM_CACHE_GUARD_H

#include <lmdb.h>

#include "shm/base/attr.h"

typedef int (*guard_work)(void *context);

/* The result of work, or MDB_CORRUPTED after a fault. */
NODISCARD int guard_run(guard_work work, void *context);

/* For mdb_env_set_assert(): leaves the work that is under way. */
void guard_failed(MDB_env *env, const char *text);

#endif
