/* secret_file - reading certificate and key files with care. */
#ifndef MASTER_KEYS_SECRET_FILE_H
#define MASTER_KEYS_SECRET_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "shm/base/attr.h"
#include "shm/base/secret.h"

/* Text in memory of a pool of secrets, which it goes with, or plain. */
struct file_text {
	char *data; /* ends in a NUL that len does not count */
	size_t len;
	bool secret;
};

#define FILE_TEXT_MAX ((size_t)1024 * 1024)

struct file_rules {
	int folder; /* what path is relative to; AT_FDCWD */
	size_t max; /* bytes of the file */
	/* The rest is for secrets. */
	struct secret_pool *secrets; /* where they go; NULL: no secret */
	const char *what;            /* "a private key" */
	uid_t service;               /* may own it, as root and we may */
	bool lenient;                /* who may read or write it is warned of */
};

/*
 * Reads the regular file at path.  A secret one must belong to root, to us or
 * to the service, be writable by its owner only, and be readable by nobody
 * else but a group that has a name.  0, or -1 with *why, a text that is good
 * until the next call.
 */
NODISCARD int file_text_read(struct file_text *text, const char *path,
    const struct file_rules *rules, const char **why);

/*
 * Joins b to the end of a, with a line end between; b is released.  If one is
 * secret, so is the whole.
 */
NODISCARD int file_text_join(struct file_text *a, struct file_text *b,
    struct secret_pool *secrets);

/* len bytes of a secret of the pool, or plain where secrets is NULL. */
NODISCARD int file_text_new(struct file_text *text, size_t len,
    struct secret_pool *secrets);

/* A copy of len bytes, in the same way. */
NODISCARD int file_text_copy(struct file_text *text, const char *data,
    size_t len, struct secret_pool *secrets);

/* Wipes and releases it; zeroed text is allowed.  Before its pool. */
void file_text_free(struct file_text *text);

#endif
