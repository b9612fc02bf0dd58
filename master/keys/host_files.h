/*
 * host_files - authorities, revocation lists and the like of all hosts.
 *
 * Files and directories are read whole, each set of them once however many
 * hosts name the same.  What is made of one is one text, in which the name of
 * a file stands before what is from it.  Part of struct certificates.
 */
#ifndef MASTER_KEYS_HOST_FILES_H
#define MASTER_KEYS_HOST_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "master/keys/certificate.h"
#include "master/keys/certificates.h"
#include "shm/base/attr.h"
#include "shm/base/secret.h"
#include "shm/board/start.h"

struct host_files;

/*
 * Reads all that conf names; previous are those of the wish, or NULL.  Mistakes
 * are added to the errors of the wish; secrets go to the pool.  NULL with errno
 * only when memory is short.
 */
NODISCARD struct host_files *host_files_load(const struct certificates_wish
						 *wish,
    const struct host_files *previous, struct secret_pool *secrets);

/* Set i is no good: as certificates_bad(). */
void host_files_bad(struct host_files *files, size_t i,
    const struct certificates_wish *wish, const char *text);

/* Sets *files to NULL; NULL is allowed.  Before the pool of secrets. */
void host_files_free(struct host_files **files);

/* The different sets. */
NODISCARD size_t host_files_count(const struct host_files *files);
NODISCARD const struct certificate *host_files_at(const struct host_files
						      *files,
    size_t i);

NODISCARD struct certificate *host_files_piece(struct host_files *files,
    size_t i);
NODISCARD uint64_t host_files_stamp(const struct host_files *files, size_t i);

/* Fills in the files of hosts, which are as many as conf has. */
void host_files_distribute(const struct host_files *files,
    const struct conf *conf, struct host_keys *hosts);

#endif
