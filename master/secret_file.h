/* secret_file - reading certificate and key files with care. */
#ifndef MASTER_SECRET_FILE_H
#define MASTER_SECRET_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "shm/base/attr.h"
#include "shm/base/secret.h"

/* Text in memory of a pool of secrets, which it goes with, or plain. */
struct file_text {
	char *data; /* ends in a NUL that len does not count */
	size_t len;
	bool secret;
};

/*
 * Reads the regular file at path.  A secret one, which goes to the pool, must
 * belong to root or to us, be writable by its owner only and not be readable
 * by everybody; secrets is NULL for plain text.  0, or -1 with *why, a text
 * that is good until the next call.
 */
NODISCARD int file_text_read(struct file_text *text, const char *path,
    struct secret_pool *secrets, const char **why);

/*
 * Joins b to the end of a, with a line end between; b is released.  If one is
 * secret, so is the whole.
 */
NODISCARD int file_text_join(struct file_text *a, struct file_text *b,
    struct secret_pool *secrets);

/* Wipes and releases it; zeroed text is allowed.  Before its pool. */
void file_text_free(struct file_text *text);

#endif
