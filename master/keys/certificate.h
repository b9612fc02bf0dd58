/*
 * certificate - something read from files that has to be checked.
 *
 * A key pair, or another file of hosts: bytes, where they are from, and where
 * the configuration names them.  The master never looks into the bytes.
 */
#ifndef MASTER_KEYS_CERTIFICATE_H
#define MASTER_KEYS_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "master/helper/certificate_child.h"
#include "master/helper/key_open.h"
#include "shm/board/start.h"
#include "shm/conf/conf.h"

/* Where the configuration names it; file is NULL if that is not known. */
struct certificate_place {
	const char *file;
	size_t line, column;
};

/* Facts as they are kept; texts lie behind it, printable and never NULL. */
struct certificate_known {
	int64_t from, until, chain_until; /* seconds since 1970 */
	uint32_t flags;                   /* CERTIFICATE_MUST_STAPLE ... */
	uint8_t sha256[32];
	const char *key, *serial, *subject, *issuer;
	const char *names; /* each with a space behind it */
	size_t size;       /* of all */
};

struct certificate {
	enum certificate_subject subject;
	unsigned int flags; /* CERTIFICATE_WEAK ... */
	const char *name;   /* the file, or the first of them */
	struct certificate_place place;
	struct key_pair pair;    /* CERTIFICATE_PAIR */
	enum key_form form;      /* of its key, as the file has it */
	const char *key_name;    /* the key's file or URI */
	struct file_bytes bytes; /* all others; NULL: could not be read */
	uint64_t stamp;          /* of the files, before they were read */
	uint64_t seen;           /* another stamp, found since: see watch.h */
	bool settled;            /* unchanged since it was found good */
	/* Why older bytes are kept, since when; NULL: these are the files'. */
	char *why;
	uint64_t since; /* seconds since 1970 */
	/* What the pair's certificate says; NULL: not known (yet). */
	struct certificate_known *known;
};

/* Whether there are bytes. */
NODISCARD bool certificate_is_there(const struct certificate *piece);

/*
 * The piece's file is bad: with has_older that is why older bytes are kept, and
 * an alarm is logged; else it is a mistake.
 */
void certificate_bad(struct certificate *piece, struct conf_errors *errors,
    bool has_older, const char *file, const char *text);

/*
 * Keeps what was found out about the piece, by somebody who is not to be
 * trusted.  Where memory is short nothing is known.
 */
void certificate_learn(struct certificate *piece,
    const struct certificate_facts *facts);

/* Frees what the functions here have allocated. */
void certificate_release(struct certificate *piece);

/* It has the bytes of older: what is known, and the matter, is the same. */
void certificate_still(struct certificate *piece,
    const struct certificate *older);

/* Adds a mistake about the file, told where the configuration names it. */
void certificate_mistake(struct conf_errors *errors,
    const struct certificate_place *place, const char *file, const char *text);

#endif
