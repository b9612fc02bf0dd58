/*
 * job - what a child of the ocsp process finds out, and what it says about it.
 *
 * A job is done with blocking calls, in a process that is killed when its time
 * is up: see child.h.  Nothing of it outlives that process but the result.
 */
#ifndef MASTER_OCSP_JOB_H
#define MASTER_OCSP_JOB_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/address.h"
#include "shm/ipc/body.h"

enum job_kind {
	JOB_STATUS, /* of a certificate, from its responders */
	JOB_NAME    /* of an address, from DNS */
};

struct job {
	enum job_kind kind;
	uint32_t flags;         /* OCSP_ASK_NO_NONCE ... */
	struct address address; /* JOB_NAME */
	const uint8_t *cert, *issuer;
	size_t cert_len, issuer_len;
	const char *urls; /* each with a NUL at its end */
	size_t urls_len;
	const char *proxy; /* URL of http; NULL: none; set when it begins */
};

/* Travels as it is: the child is the same program. */
struct job_result {
	uint32_t keep;       /* 1: worth keeping until expires */
	uint32_t data_len;   /* of data: a response, or a name; 0: none */
	uint64_t expires;    /* seconds since 1970; 0: no such word */
	uint64_t issued;     /* likewise */
	uint32_t text_len;   /* of text: why there is no data */
	uint32_t revocation; /* enum revocation; what data says */
	uint32_t undated;    /* 1: expires is a guess */
	uint32_t zero;
	char text[OCSP_TEXT_MAX];
	uint8_t data[OCSP_RESPONSE_MAX];
};

/* The part of a result before its data, which travels first. */
#define JOB_RESULT_HEAD offsetof(struct job_result, data)

/* Both do their job and fill in the result, which is zeroed. */
void status_find(const struct job *job, struct job_result *result);
void name_find(const struct job *job, struct job_result *result);

/* Says why there is no answer. */
void job_result_say(struct job_result *result, const char *format, ...)
    PRINTF_LIKE(2, 3);

#endif
