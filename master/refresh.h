/*
 * refresh - looks the names of addresses up again, from time to time.
 *
 * Those of the configuration in force; its workers are told of what changed.
 */
#ifndef MASTER_REFRESH_H
#define MASTER_REFRESH_H

#include "shm/base/attr.h"

struct master;
struct refresh;

/* NULL with errno. */
NODISCARD struct refresh *refresh_new(struct master *master);

/* Sets *refresh to NULL; NULL is allowed. */
void refresh_free(struct refresh **refresh);

/* A configuration is in force, perhaps another one: begins anew. */
void refresh_begin(struct refresh *refresh);

#endif
