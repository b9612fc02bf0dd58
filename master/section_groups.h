/* section_groups - whether the groups that `users` names exist. */
#ifndef MASTER_SECTION_GROUPS_H
#define MASTER_SECTION_GROUPS_H

#include "shm/conf/conf.h"

/*
 * Adds a mistake of the file at path for each group that the system does not
 * know: what was meant for its members would silently count for nobody.
 */
void section_groups_check(const struct conf *conf, const char *path,
    struct conf_errors *errors);

#endif
