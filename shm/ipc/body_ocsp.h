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

#define OCSP_ASK_NO_NONCE  1u
#define OCSP_ASK_NO_VERIFY 2u /* not by workers */

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

/* Responses for our own certificates -------------------------------------- */

#define STAPLE_HOST_MAX     64
#define STAPLE_SERIAL_MAX   48 /* in hexadecimal, with its NUL */
#define STAPLE_PAGE_ENTRIES 64

/* What the keeper has to say about the responses that it holds. */
enum staples_wish {
	STAPLES_AGAIN,  /* it has none: all that there are */
	STAPLES_FORGET, /* they were cleared: fresh ones */
	STAPLES_NONE    /* the same, and none until AGAIN: out of service */
};

struct msg_staples_wanted {
	uint32_t wish; /* enum staples_wish */
	uint32_t zero;
};

/* Asks for the entries from number first on. */
struct msg_staple_list {
	uint64_t request;
	uint32_t first;
	uint32_t zero;
};

/* No response is used for longer: a year, in seconds. */
#define STAPLE_LIFE_MAX 31622400

enum staple_status {
	STAPLE_NONE, /* there is no response (yet) */
	STAPLE_GOOD,
	STAPLE_REVOKED,
	STAPLE_UNKNOWN, /* to its responder */
	STAPLE_STATUS_COUNT
};

#define STAPLE_MUST         1u /* the certificate demands to be stapled */
#define STAPLE_NO_RESPONDER 2u /* it names none: nothing is asked */
#define STAPLE_SERVED       4u /* clients get the response */

/* Of one certificate; times are seconds since 1970, 0: none. */
struct msg_staple_entry {
	char host[STAPLE_HOST_MAX]; /* the first that has it */
	char serial[STAPLE_SERIAL_MAX];
	uint8_t sha256[32];
	uint32_t hosts; /* that have it */
	uint32_t status;
	uint32_t flags; /* STAPLE_MUST ... */
	uint32_t failures;
	uint64_t this_update, next_update;
	uint64_t fetched, next_try;
	char error[OCSP_TEXT_MAX]; /* the last one, with a NUL */
};

/* Followed by count entries. */
struct msg_staple_page {
	uint64_t request;
	uint32_t count;
	uint32_t last; /* 1: there are no others */
};

static_assert(sizeof(struct msg_staple_entry) == 392, "wire layout");
static_assert(sizeof(struct msg_ocsp_ask) == 24, "wire layout");
static_assert(sizeof(struct msg_ocsp_answer) == 16, "wire layout");
static_assert(sizeof(struct msg_name_ask) == 32, "wire layout");
static_assert(sizeof(struct msg_name_answer) == 16, "wire layout");

#endif
