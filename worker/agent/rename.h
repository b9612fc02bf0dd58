/*
 * rename - gives a file another name.
 */
#ifndef WORKER_AGENT_RENAME_H
#define WORKER_AGENT_RENAME_H

#include "shm/base/attr.h"

struct place;

/*
 * As rename(2), but what has the new name is never replaced: EEXIST.  Where the
 * file system cannot do that in one step, a directory that is made under that
 * name at the same time, empty, is lost.  0, or -1 with errno.
 */
NODISCARD int rename_new(const struct place *from, const struct place *to);

#endif
