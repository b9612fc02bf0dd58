/*
 * args - the arguments of commands that have a syntax of their own.
 *
 * Nothing here knows a session: text in, values out.
 */
#ifndef WORKER_FTP_SYNTAX_ARGS_H
#define WORKER_FTP_SYNTAX_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/address.h"
#include "shm/base/attr.h"
#include "shm/ipc/body.h"

enum args_result {
	ARGS_OK,
	ARGS_SYNTAX,     /* not what the command takes: 501 */
	ARGS_UNSUPPORTED /* well-formed, but a value we do not do: 504, 522 */
};

/* PORT: h1,h2,h3,h4,p1,p2. */
NODISCARD enum args_result args_port(const char *text, struct address *address);

/* EPRT: |1|192.0.2.1|2000| and |2|2001:db8::1|2000|, any delimiter. */
NODISCARD enum args_result args_eprt(const char *text, struct address *address);

/* HOST: a domain name, in small letters, or an address: 192.0.2.1, [::1]. */
#define ARGS_HOST_MAX 253
struct args_host {
	char name[ARGS_HOST_MAX + 1]; /* "" for an address */
	struct address address;
};
NODISCARD enum args_result args_host(const char *text, struct args_host *host);

enum args_epsv {
	ARGS_EPSV_ANY,
	ARGS_EPSV_V4,
	ARGS_EPSV_V6,
	ARGS_EPSV_ALL
};
NODISCARD enum args_result args_epsv(const char *text, enum args_epsv *value);

/* TYPE: A, A N, I, L 8; *ascii tells which. */
NODISCARD enum args_result args_type(const char *text, bool *ascii);

/* Decimal digits only, within 63 bits. */
NODISCARD enum args_result args_number(const char *text, uint64_t *value);

/* ALLO: decimal digits, and perhaps "R" and a size of records. */
NODISCARD enum args_result args_allo(const char *text, uint64_t *size);

/* A part of a file: from start up to, but not with, end. */
#define ARGS_RANGE_ALL UINT64_MAX /* up to the file's end, wherever it is */
struct args_range {
	uint64_t start, end;
};

/*
 * RANG: "first last", both in the range; "1 0" is the whole file, and any
 * other range that ends before it begins is ARGS_SYNTAX.
 */
NODISCARD enum args_result args_range(const char *text,
    struct args_range *range);

/*
 * XCRC and those like it: a name, or one in quotation marks, after which start
 * and end may follow; end is the first byte that does not count.  The name is
 * copied into out (size bytes).
 */
NODISCARD enum args_result args_checksum(const char *text, char *out,
    size_t size, struct args_range *range);

/*
 * A name: up to a space, or in quotation marks, in which two of them are one.
 * It is copied into out (size bytes).  What comes after it; NULL: there is
 * none, the second mark is missing, or it is too long.
 */
NODISCARD const char *args_name(const char *text, char *out, size_t size);

/*
 * COMB: names, divided by spaces.  They are copied into out (size bytes), each
 * terminated.
 */
NODISCARD enum args_result args_names(const char *text, char *out, size_t size,
    size_t *count);

/* SITE SYMLINK: "target link".  The names are copied, size bytes each. */
NODISCARD enum args_result args_pair(const char *text, char *first,
    char *second, size_t size);

/*
 * OPTS MLST: "fact;fact;" in any case, the last ";" need not be; unknown ones
 * are left out.
 */
NODISCARD enum args_result args_facts(const char *text, uint32_t *facts);
/* The names of facts, each with a "*" behind it when it is in marked, and a
 * ";"; out has ARGS_FACTS_MAX bytes. */
#define ARGS_FACTS_MAX 192
void args_facts_text(uint32_t facts, uint32_t marked, char *out);

/*
 * LIST, NLST and STAT: takes off leading words of "-" and letters or digits,
 * up to a "--", and notes what is known of them.  Returns what is left: the
 * path, or "".
 */
struct args_list {
	bool dots;                /* -a: "." and "..", too */
	bool hidden;              /* -a, -A: names that begin with a dot, too */
	bool self;                /* -d: the path itself, not what is in it */
	bool recursive;           /* -R */
	bool follow;              /* -L */
	bool classify;            /* -F */
	bool reverse;             /* -r */
	bool lines;               /* -l: long ones */
	bool names;               /* -1: nothing else */
	enum fs_list_order order; /* -t, -S; -r: by name */
};
NODISCARD const char *args_list(const char *text, struct args_list *options);

#endif
