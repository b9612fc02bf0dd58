/* directories - the places in the file system that the server needs. */
#ifndef MASTER_DIRECTORIES_H
#define MASTER_DIRECTORIES_H

#include "master/service_users.h"
#include "shm/base/attr.h"
#include "shm/conf/conf.h"

/*
 * Makes conf's run directory (0755) and in it "cache", which belongs to the
 * keeper's user and the workers' group (02710; 0700 without root).  0, or -1
 * after logging why.
 */
NODISCARD int directories_make(const struct conf *conf,
    const struct service_users *users);

/*
 * Makes "cache" again if somebody has taken it away, or put something else in
 * its place, which is removed; a directory becomes what it has to be.  What
 * fails is logged.
 */
void directories_mend_cache(const struct conf *conf,
    const struct service_users *users);

/*
 * Makes the directory with the responses to be stapled that survive a restart:
 * it belongs to the user of the ocsp process, 0700.  What fails is logged: it
 * can do without.
 */
void directories_make_staples(const struct conf *conf,
    const struct service_users *users);

#endif
