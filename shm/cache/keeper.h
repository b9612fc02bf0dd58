/*
 * keeper - the process that writes the shared session cache.
 *
 * Its root is run_directory/cache, which the master makes before it starts the
 * keeper: with root owned by cache_user, group of `user`, mode 02710; without
 * root 0700.  Workers have the same directory as their root.
 */
#ifndef SHM_CACHE_KEEPER_H
#define SHM_CACHE_KEEPER_H

#include "shm/base/attr.h"

/* The whole life of the role, on FD_MASTER and FD_LOG. */
NORETURN void keeper_run(void);

#endif
