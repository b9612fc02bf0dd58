/* host_files_read - one set of files of a kind, from disk to one text. */
#ifndef MASTER_KEYS_HOST_FILES_READ_H
#define MASTER_KEYS_HOST_FILES_READ_H

#include "master/keys/certificate.h"
#include "master/keys/certificates.h"
#include "master/keys/secret_file.h"
#include "shm/base/secret.h"

/* Limits of one set. */
#define HOST_SET_BYTES ((size_t)16 * 1024 * 1024)
#define HOST_SET_FILES 4096 /* entries of a directory */

/* What a set is made of; strings belong to the configuration. */
struct host_source {
	enum host_file kind;
	unsigned int flags; /* CERTIFICATE_WEAK_DH */
	const char *file, *folder;
	const struct conf_strings *list;
};

struct host_set {
	struct host_source source;
	struct certificate certificate;
	struct file_text text;
};

/*
 * Reads it, or takes the bytes of older (NULL: there are none) where its files
 * are bad, or unchanged.  A mistake leaves certificate.bytes empty.
 */
void host_set_read(struct host_set *set, const struct host_set *older,
    const struct certificates_wish *wish, struct secret_pool *secrets);
/* Takes the bytes of older. */
void host_set_fall_back(struct host_set *set, const struct host_set *older,
    const struct certificates_wish *wish, struct secret_pool *secrets);
void host_set_free(struct host_set *set);

/* The stamp of all its files, as they are now. */
NODISCARD uint64_t host_set_stamp(const struct host_source *source);

#endif
