/*
 * certificate_child - the process that looks into certificates.
 *
 * Reads key pairs from descriptor 3, one after another, and answers each with
 * a verdict.  It has no rights, sees one key pair at a time, and its only
 * output is the verdict: a file that takes it over gains nothing but the pair
 * that it came with.
 */
#ifndef MASTER_CERTIFICATE_CHILD_H
#define MASTER_CERTIFICATE_CHILD_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"

#define CERTIFICATE_CHILD "@certificates" /* argv[1]; then uid and gid */

/* Followed by the two texts. */
struct certificate_job {
	uint32_t cert_len;
	uint32_t key_len;
};

enum certificate_kind {
	CERTIFICATE_GOOD,
	CERTIFICATE_DOUBTFUL, /* usable; text says what is wrong */
	CERTIFICATE_BAD,      /* text says why */
	CERTIFICATE_KIND_COUNT
};

struct certificate_verdict {
	uint32_t kind;
	char text[252];
};

/* The process's whole life. */
NORETURN void certificate_child_run(const char *uid, const char *gid);

/* The check itself; fills *verdict. */
void certificate_check(const char *cert, size_t cert_len, const char *key,
    size_t key_len, struct certificate_verdict *verdict);

#endif
