/*
 * watch - notices changed files of certificates and keys (tls.watch).
 *
 * Some files at a time are looked at, every few seconds, by stat() alone.  One
 * that has changed, and then rests for a moment, has them all renewed: see
 * renewal.h.  Workers go on meanwhile, and get what is new once it is checked.
 */
#ifndef MASTER_WATCH_H
#define MASTER_WATCH_H

#include "master/master.h"
#include "shm/base/attr.h"

struct watch;

/* NULL with errno.  It does nothing before watch_configure(). */
NODISCARD struct watch *watch_new(struct master *master);
/* Sets *watch to NULL; NULL is allowed. */
void watch_free(struct watch **watch);

/* A configuration has come into force, with or without tls.watch. */
void watch_configure(struct watch *watch);

/* All files are about to be read anyway: what is under way is given up. */
void watch_interrupt(struct watch *watch);

#endif
