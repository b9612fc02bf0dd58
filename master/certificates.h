/*
 * certificates - the key pairs of all hosts, as bytes.
 *
 * Reads the files that tls.certificates names, each pair once however many
 * hosts use it, and keeps the text; nothing here looks into it.  Private keys
 * lie in locked memory that workers inherit.  Whether the bytes are good is
 * found out by other processes: see certificate_checks.h.
 */
#ifndef MASTER_CERTIFICATES_H
#define MASTER_CERTIFICATES_H

#include <stdbool.h>
#include <stddef.h>

#include "shm/base/attr.h"
#include "shm/board/start.h"
#include "shm/conf/conf.h"

struct certificates;

/* One key pair and the files that it came from. */
struct certificate {
	const char *cert_file;
	const char *key_file;                 /* may be cert_file */
	const struct conf_certificate *files; /* as configured */
	struct key_pair pair;
};

/*
 * Reads all files of conf, whose strings have to live as long as the result.
 * What cannot be read, or may be read by too many, is a mistake each.  NULL
 * with errno only when memory is short.
 */
NODISCARD struct certificates *certificates_load(const struct conf *conf,
    struct conf_errors *errors);

/* Adds a mistake about the file, told where the configuration names it. */
void certificates_mistake(struct conf_errors *errors,
    const struct conf_certificate *files, const char *file, const char *text);

/* Wipes and releases everything and sets *certificates to NULL. */
void certificates_free(struct certificates **certificates);

/* The different key pairs. */
NODISCARD size_t certificates_count(const struct certificates *certificates);
NODISCARD const struct certificate *certificates_at(const struct certificates
							*certificates,
    size_t i);

/* conf->nhosts of them, for workers. */
NODISCARD const struct host_keys *certificates_keys(
    const struct certificates *certificates);

#endif
