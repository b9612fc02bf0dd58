/*
 * certificate - something read from files that has to be checked.
 *
 * A key pair, or another file of hosts: bytes, where they are from, and where
 * the configuration names them.  The master never looks into the bytes.
 */
#ifndef MASTER_CERTIFICATE_H
#define MASTER_CERTIFICATE_H

#include <stddef.h>

#include "master/certificate_child.h"
#include "shm/board/start.h"
#include "shm/conf/conf.h"

/* Where the configuration names it; file is NULL if that is not known. */
struct certificate_place {
	const char *file;
	size_t line, column;
};

struct certificate {
	enum certificate_subject subject;
	unsigned int flags; /* CERTIFICATE_WEAK ... */
	const char *name;   /* the file, or the first of them */
	struct certificate_place place;
	struct key_pair pair;    /* CERTIFICATE_PAIR */
	struct file_bytes bytes; /* all others; NULL: could not be read */
};

/* Adds a mistake about the file, told where the configuration names it. */
void certificate_mistake(struct conf_errors *errors,
    const struct certificate_place *place, const char *file, const char *text);

#endif
