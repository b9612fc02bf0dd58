/* pair_read - one certificate with its chain and key, from disk to memory. */
#ifndef MASTER_KEYS_PAIR_READ_H
#define MASTER_KEYS_PAIR_READ_H

#include <stdint.h>

#include "master/helper/key_open.h"
#include "master/keys/certificate.h"
#include "master/keys/certificates.h"
#include "master/keys/secret_file.h"
#include "shm/base/attr.h"
#include "shm/conf/conf.h"

/* A key pair and the memory that it lies in. */
struct held_pair {
	struct certificate certificate;
	const struct conf_certificate *files; /* of the configuration */
	struct file_text cert, key;
};

/*
 * Reads it, or takes the bytes of older (NULL: there are none) where its files
 * are bad, or unchanged.  A mistake leaves certificate.pair empty.
 */
void pair_read(struct held_pair *item, const struct held_pair *older,
    const struct certificates_wish *wish, struct secret_pool *secrets);
/* Takes the bytes of older: a copy. */
void pair_fall_back(struct held_pair *item, const struct held_pair *older,
    const struct certificates_wish *wish, struct secret_pool *secrets);
/*
 * Puts what its protected key was opened to in its place: a copy.  -1 when
 * memory is short.
 */
NODISCARD int pair_put(struct held_pair *item, const struct key_opened *opened,
    struct secret_pool *secrets);
/* Releases what it holds; texts in secrets are wiped with those. */
void pair_free(struct held_pair *item);

/* The stamp of all its files, as they are now. */
NODISCARD uint64_t pair_stamp(const struct conf_certificate *files);

#endif
