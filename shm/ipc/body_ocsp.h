/*
 * body_ocsp - the fixed part of messages about clients' certificates and names,
 * between the workers and the ocsp process.  See body.h.
 */
#ifndef SHM_IPC_BODY_OCSP_H
#define SHM_IPC_BODY_OCSP_H

#include <assert.h>
#include <stdint.h>

#include "shm/base/address.h"

#define OCSP_RESPONSE_MAX 24576 /* of a responder, in DER */
#define OCSP_CERT_MAX     12288 /* a certificate in DER */
#define OCSP_URLS_MAX     2048
#define OCSP_TEXT_MAX     200 /* why there is no answer */
#define DNS_NAME_MAX_LEN  255

#define OCSP_ASK_NO_NONCE 1u

/*
 * Followed by a certificate and its issuer's, both in DER, and the URLs of its
 * responders, each with a NUL at its end.
 */
struct msg_ocsp_ask {
	uint64_t request;
	uint32_t flags; /* OCSP_ASK_NO_NONCE */
	uint32_t cert_len;
	uint32_t issuer_len;
	uint32_t urls_len;
};

/*
 * Followed by the response in DER, and by text.  Without a response nobody
 * has answered in time, and text says why, for the log.
 */
struct msg_ocsp_answer {
	uint64_t request;
	uint32_t response_len;
	uint32_t text_len;
};

struct msg_name_ask {
	uint64_t request;
	struct address address;
};

/*
 * Followed by the name that the address has, and which has that address; and
 * by text.  Without a name the text says why.
 */
struct msg_name_answer {
	uint64_t request;
	uint32_t name_len;
	uint32_t text_len;
};

static_assert(sizeof(struct msg_ocsp_ask) == 24, "wire layout");
static_assert(sizeof(struct msg_ocsp_answer) == 16, "wire layout");
static_assert(sizeof(struct msg_name_ask) == 32, "wire layout");
static_assert(sizeof(struct msg_name_answer) == 16, "wire layout");

#endif
