/*
 * cert_status - what its responder says of one certificate of a client.
 *
 * A response is verified here, be it fresh or from the cache: nobody on the way
 * is believed.
 */
#ifndef WORKER_TLS_CERT_STATUS_H
#define WORKER_TLS_CERT_STATUS_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/base/ocsp_response.h"
#include "shm/base/seal.h"
#include "shm/ipc/body_ocsp.h"
#include "worker/tls/tls.h"

enum answer_state {
	ANSWER_OPEN, /* nobody has been asked yet */
	ANSWER_KNOWN,
	ANSWER_NONE /* there is no answer, and none will come */
};

struct cert_status {
	struct ocsp_subject subject; /* its references are the caller's */
	enum answer_state state;
	enum revocation revocation; /* ANSWER_KNOWN */
	uint8_t *cert, *issuer;     /* in DER */
	size_t cert_len, issuer_len;
	char *urls; /* each with a NUL at its end */
	size_t urls_len;
	char why[OCSP_TEXT_MAX + 1]; /* ANSWER_NONE */
};

/*
 * Begins with what the cache knows; control is whose client is looked at.
 * status is zeroed, the certificates live as long as it.  false: cert names no
 * responder, and nothing is to be freed.
 */
NODISCARD bool cert_status_begin(struct cert_status *status,
    const struct tls_channel *control, X509 *cert, X509 *issuer);
void cert_status_free(struct cert_status *status);

/* A response, or none (no bytes) and why. */
void cert_status_answer(struct cert_status *status, struct seal_data response,
    const char *why);

/* What is known, for logs; unless it is ANSWER_OPEN. */
NODISCARD const char *cert_status_words(const struct cert_status *status);

#endif
