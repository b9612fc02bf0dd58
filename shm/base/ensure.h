/*
 * ensure - an invariant of ours that must hold.
 *
 * For bugs only, never for bytes that a peer sent: a failed ensure() logs the
 * expression and its place and aborts the process.  It stays on in production.
 */
#ifndef SHM_BASE_ENSURE_H
#define SHM_BASE_ENSURE_H

#include "shm/base/attr.h"

#define ensure(x) ((x) ? (void)0 : ensure_failed(#x, __FILE__, __LINE__))

/* Logs the failed invariant and aborts. */
NORETURN void ensure_failed(const char *expression, const char *file, int line);

#endif
