/*
 * place - directories of LMDB environments below the current directory.
 *
 * The current directory is the cache directory, which the master makes in the
 * run directory.  With root it belongs to the keeper's user and to the group of
 * the workers, mode 02710 (setgid): what is made in it then has the workers'
 * group although the keeper is no member of it.  Without root it is 0700.
 *
 * The root directory is that above, so that another cache directory can be
 * found when somebody has taken the first one away.
 *
 * A name is random and never used twice, so that nobody mistakes a new
 * environment for an old one.
 */
#ifndef SHM_CACHE_PLACE_H
#define SHM_CACHE_PLACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"

/*
 * Makes the run directory our root (root only), and its cache directory the
 * current one.  0, or -1 after logging why.
 */
NODISCARD int place_confine(const char *run_directory);

/*
 * Whether the current directory is still the one with that name; true, too,
 * where it was never confined.
 */
NODISCARD bool place_is_there(void);

/* Enters the one that has that name now.  0, or an errno. */
NODISCARD int place_enter(void);

/* Makes a directory that only we may enter.  0, or an errno. */
NODISCARD int place_make(char name[CACHE_DIR_LEN]);

/*
 * Lets the group enter it, read the data and write the locks.  For after LMDB
 * has made its files.  0, or an errno.
 */
NODISCARD int place_share(const char *name);

/* What its files are, to know them again. */
struct place_files {
	ino_t inodes[2];
	off_t sizes[2];
};

/*
 * Whether the files are still those in *known, and not shorter; notes how long
 * they are now.  Zeroes know nothing yet.  By name: that costs
 * no descriptor.
 */
NODISCARD bool place_same(const char *name, struct place_files *known);

/* Removes the directory and its files; who has them open keeps them. */
void place_remove(const char *name);

/* Removes what earlier lives of the keeper left. */
void place_clean(void);

#endif
