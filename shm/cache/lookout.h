/*
 * lookout - hears when files of an environment are taken away.
 *
 * Whoever has them open would go on with them for ever, while nobody else can
 * open them any more.
 */
#ifndef SHM_CACHE_LOOKOUT_H
#define SHM_CACHE_LOOKOUT_H

#include "shm/base/attr.h"
#include "shm/base/loop.h"

struct lookout;

/* Something was removed: it may be what the owner itself has removed. */
typedef void (*lookout_handler)(void *context);

/* NULL with errno. */
NODISCARD struct lookout *lookout_new(struct loop *loop,
    lookout_handler handler, void *context);
void lookout_free(struct lookout **lookout); /* NULL is allowed */

/*
 * Looks at the directory name from now on, and at no other one; and whether the
 * current directory is moved away.
 */
void lookout_at(struct lookout *lookout, const char *name);

#endif
