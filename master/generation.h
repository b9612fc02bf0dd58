/* generation - a configuration in force, with its text for other processes. */
#ifndef MASTER_GENERATION_H
#define MASTER_GENERATION_H

#include "master/master.h"

/*
 * Takes over the configuration and numbers it.  NULL with errno; then it is
 * still the caller's.
 */
NODISCARD struct generation *generation_new(uint32_t number,
    struct configuration *configuration);

/* Releases it and sets *generation to NULL; NULL is allowed. */
void generation_free(struct generation **generation);

#endif
