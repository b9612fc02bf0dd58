/* secret_file - reading certificate and key files with care. */
#ifndef MASTER_SECRET_FILE_H
#define MASTER_SECRET_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "shm/base/attr.h"

/* Text in memory that is locked and kept over fork (secret), or plain. */
struct file_text {
	char *data; /* ends in a NUL that len does not count */
	size_t len, size;
	bool secret;
};

/*
 * Reads the regular file at path.  A secret one must belong to root or to us,
 * be writable by its owner only and not be readable by everybody.  0, or -1
 * with *why, a text that is good until the next call.
 */
NODISCARD int file_text_read(struct file_text *text, const char *path,
    bool secret, const char **why);

/* Joins b to the end of a, with a line end between; b is released. */
NODISCARD int file_text_join(struct file_text *a, struct file_text *b);

/* Wipes and releases it; zeroed text is allowed. */
void file_text_free(struct file_text *text);

#endif
