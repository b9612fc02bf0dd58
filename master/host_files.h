/*
 * host_files - authorities, revocation lists and the like of all hosts.
 *
 * Files and directories are read whole, each set of them once however many
 * hosts name the same.  What is made of one is one text, in which the name of
 * a file stands before what is from it.  Part of struct certificates.
 */
#ifndef MASTER_HOST_FILES_H
#define MASTER_HOST_FILES_H

#include <stddef.h>

#include "master/certificate.h"
#include "master/certificates.h"
#include "shm/base/attr.h"
#include "shm/base/secret.h"
#include "shm/board/start.h"

struct host_files;

/*
 * Reads all that conf names.  Mistakes are added to those of the wish; secrets
 * go to the pool.  NULL with errno only when memory is short.
 */
NODISCARD struct host_files *host_files_load(const struct certificates_wish
						 *wish,
    struct secret_pool *secrets);

/* Sets *files to NULL; NULL is allowed.  Before the pool of secrets. */
void host_files_free(struct host_files **files);

/* The different sets. */
NODISCARD size_t host_files_count(const struct host_files *files);
NODISCARD const struct certificate *host_files_at(const struct host_files
						      *files,
    size_t i);

/* Fills in the files of hosts, which are as many as conf has. */
void host_files_distribute(const struct host_files *files,
    const struct conf *conf, struct host_keys *hosts);

#endif
