/*
 * place - directories of LMDB environments below the current directory.
 *
 * The current directory is the keeper's root: the cache directory, which the
 * master makes.  With root it belongs to the keeper's user and to the group of
 * the workers, mode 02710 (setgid): what is made in it then has the workers'
 * group although the keeper is no member of it.  Without root it is 0700.
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
