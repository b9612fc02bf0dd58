/*
 * certificates - the key pairs and other files of all hosts, as bytes.
 *
 * Reads the files that the keys of tls name, each once however many hosts use
 * it, and keeps the text; nothing here looks into it.  Private and shared keys
 * lie in locked memory that workers inherit.  Whether the bytes are good is
 * found out by other processes: see certificate_checks.h.
 */
#ifndef MASTER_KEYS_CERTIFICATES_H
#define MASTER_KEYS_CERTIFICATES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "master/keys/certificate.h"
#include "shm/base/attr.h"
#include "shm/board/start.h"
#include "shm/conf/conf.h"

struct certificates;

/* What is to be read. */
struct certificates_wish {
	const struct conf *conf; /* strings have to live as long as the result
				  */
	uid_t service;           /* may own keys, too */
	struct conf_errors *errors; /* where mistakes go */
	/*
	 * Whose bytes stand in for those of the same files that are bad now;
	 * NULL: nobody's.  They are copied.
	 */
	const struct certificates *previous;
	bool renew; /* what has not changed since is taken from there, too */
};

/*
 * Reads all files of the configuration.  What cannot be read, or may be read
 * by too many, is a mistake each.  NULL with errno only when memory is short.
 */
NODISCARD struct certificates *certificates_load(
    const struct certificates_wish *wish);

/*
 * Piece i is no good: see certificate_bad().  If there are older bytes, they
 * take its place.
 */
void certificates_bad(struct certificates *certificates, size_t i,
    const char *file, const char *text);

/*
 * Puts what the protected key of pair i was opened to in its place: a copy.  -1
 * when memory is short.  Hosts get it with certificates_distribute().
 */
NODISCARD int certificates_put(struct certificates *certificates, size_t i,
    const struct key_opened *opened);
/* Gives each host what there is by now. */
void certificates_distribute(struct certificates *certificates);

/*
 * All pieces have been looked at: gives each host what is good.  What the wish
 * named is not needed any more, but for the configuration.
 */
void certificates_settle(struct certificates *certificates);

/* Wipes and releases everything and sets *certificates to NULL. */
void certificates_free(struct certificates **certificates);

/* The different key pairs. */
NODISCARD size_t certificates_pairs(const struct certificates *certificates);

/* All that is to be checked: the pairs first. */
NODISCARD size_t certificates_count(const struct certificates *certificates);
NODISCARD const struct certificate *certificates_at(const struct certificates
							*certificates,
    size_t i);

/* The pair i of host, of this configuration; NULL: it has no more. */
NODISCARD const struct certificate *
certificates_host_pair(const struct certificates *certificates,
    const struct conf_host *host, size_t i);

/* To note what is seen of its files. */
NODISCARD struct certificate *certificates_piece(struct certificates
						     *certificates,
    size_t i);
/* The stamp of the files of piece i, as they are now. */
NODISCARD uint64_t certificates_stamp(const struct certificates *certificates,
    size_t i);

/* conf->nhosts of them, for workers. */
NODISCARD const struct host_keys *certificates_keys(
    const struct certificates *certificates);

#endif
