/*
 * ocsp_response - what an OCSP response says about one certificate.
 *
 * A response stands for itself: whoever has it, and the certificate with that
 * of its issuer, can tell whether the issuer, or a responder that the issuer
 * has named, says so and for how long.  So it is checked where it counts,
 * whichever way it came.  It touches neither network nor files.
 */
#ifndef SHM_BASE_OCSP_RESPONSE_H
#define SHM_BASE_OCSP_RESPONSE_H

#include <openssl/ocsp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "shm/base/attr.h"
#include "shm/base/digest.h"

enum revocation {
	REVOCATION_UNANSWERED, /* no response, or one that proves nothing */
	REVOCATION_GOOD,
	REVOCATION_REVOKED,
	REVOCATION_UNKNOWN /* the responder does not know the certificate */
};

/* A certificate and who has issued it. */
struct ocsp_subject {
	X509 *cert, *issuer;
	bool unsigned_too; /* a response counts whoever has signed it */
};

struct ocsp_finding {
	enum revocation revocation;
	time_t this_update;
	time_t next_update; /* 0: none; there may be a newer one at any time */
	const char *why;    /* UNANSWERED: what is wrong; a literal */
};

/*
 * Looks into len bytes of DER at the time now.  request, which may be NULL, is
 * what was asked: if both have a nonce it must be the same.
 */
void ocsp_response_read(const struct ocsp_subject *subject, const void *der,
    size_t len, OCSP_REQUEST *request, struct ocsp_finding *finding);

/*
 * Under which a response for one of our own certificates is kept: whose word
 * it is, and whether its signature counts, is not the same for all hosts.
 * responder may be NULL: the one that the certificate names.
 */
void ocsp_staple_key(uint8_t key[DIGEST_LEN], const struct seal_data *cert,
    const char *responder, bool verified);

/* "good", "revoked", ... */
NODISCARD const char *revocation_word(enum revocation revocation);

#endif
