/*
 * certificate_child - the process that looks into certificates.
 *
 * Reads key pairs and other files of hosts from descriptor 3, one after
 * another, and answers each with a verdict.  It has no rights, sees one at a
 * time, and its only output is the verdict: a file that takes it over gains
 * nothing but what it came with.
 */
#ifndef MASTER_HELPER_CERTIFICATE_CHILD_H
#define MASTER_HELPER_CERTIFICATE_CHILD_H

#include <openssl/types.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/board/start.h"

#define CERTIFICATE_CHILD "@certificates" /* argv[1]; then uid and gid */

/* What there is to check; the others follow as enum host_file has them. */
enum certificate_subject {
	CERTIFICATE_PAIR,
	CERTIFICATE_CA,
	CERTIFICATE_CRL,
	CERTIFICATE_DH,
	CERTIFICATE_SERVER_INFO,
	CERTIFICATE_PSK,
	CERTIFICATE_SUBJECT_COUNT
};

#define CERTIFICATE_WEAK    1u /* AllowWeakSecurity */
#define CERTIFICATE_WEAK_DH 2u /* AllowWeakDH */
/* What the configuration says the key is. */
#define CERTIFICATE_RSA 4u
#define CERTIFICATE_EC  8u
#define CERTIFICATE_DSA 16u

/* Followed by the two texts; only a pair has a second one. */
struct certificate_job {
	uint32_t subject; /* enum certificate_subject */
	uint32_t flags;   /* CERTIFICATE_WEAK ... */
	uint32_t cert_len;
	uint32_t key_len;
};

_Static_assert(CERTIFICATE_SUBJECT_COUNT == CERTIFICATE_CA + HOST_FILE_COUNT,
    "each file of a host is a subject");

enum certificate_kind {
	CERTIFICATE_GOOD,
	CERTIFICATE_DOUBTFUL, /* usable; text says what is wrong */
	CERTIFICATE_BAD,      /* text says why */
	CERTIFICATE_KIND_COUNT
};

#define CERTIFICATE_NAMES_MAX 1024

#define CERTIFICATE_MUST_STAPLE 1u
#define CERTIFICATE_RESPONDER   2u /* it names one for OCSP */

/* What a host's certificate says; texts are cut off where they are longer. */
struct certificate_facts {
	int64_t from, until; /* seconds since 1970 */
	int64_t chain_until; /* of what ends first, itself included */
	uint32_t flags;      /* CERTIFICATE_MUST_STAPLE ... */
	uint8_t sha256[32];  /* of the certificate */
	char key[28];        /* "RSA 2048" */
	char serial[64];     /* in hexadecimal */
	char subject[256];
	char issuer[256];
	char names[CERTIFICATE_NAMES_MAX]; /* each with a space behind it */
};

struct certificate_verdict {
	uint32_t kind;
	char text[1020];
	struct certificate_facts facts; /* of a pair that is no bad one */
};

_Static_assert(sizeof(struct certificate_facts) == 1688, "no bytes between");

/* The process's whole life. */
NORETURN void certificate_child_run(const char *uid, const char *gid);

/* What is checked, as a job says it; texts need no end. */
struct certificate_case {
	enum certificate_subject subject;
	unsigned int flags;
	const char *cert, *key;
	size_t cert_len, key_len;
};
/*
 * Takes this process all rights: no files, no processes, no identity but that
 * of uid and gid.  0, or -1, logged.
 */
NODISCARD int certificate_child_confine(const char *uid, const char *gid);

/* The check itself; fills *verdict. */
void certificate_check(const struct certificate_case *what,
    struct certificate_verdict *verdict);

/* The same for what is no pair (certificate_check_files.c). */
void certificate_check_file(const struct certificate_case *what,
    struct certificate_verdict *verdict);

/* What certs say, the host's own first (certificate_describe.c). */
void certificate_describe(X509 *const *certs, int count,
    struct certificate_facts *facts);

/* Sets the verdict; what a doubtful one said before is kept before it. */
void certificate_say(struct certificate_verdict *verdict,
    enum certificate_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);
/* The last error of the library, in words. */
NODISCARD const char *certificate_reason(void);

#endif
