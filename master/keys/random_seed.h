/*
 * random_seed - the files of tls.random_seed.
 *
 * All our random numbers are the kernel's, which needs no such file.  What one
 * holds is mixed into them at the start without being trusted to be random,
 * and at an orderly stop the file gets fresh bytes.  A file that cannot be
 * used is noted, and no more.
 */
#ifndef MASTER_KEYS_RANDOM_SEED_H
#define MASTER_KEYS_RANDOM_SEED_H

#include "shm/conf/conf.h"

#define RANDOM_SEED_LEN 1024

/* At the start, and at the orderly end. */
void random_seed_mix(const struct conf *conf);
void random_seed_save(const struct conf *conf);

#endif
