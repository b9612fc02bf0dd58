/* inquiry - what has to be asked about a client: OCSP and DNS. */
#ifndef WORKER_TLS_INQUIRY_H
#define WORKER_TLS_INQUIRY_H

#include "shm/base/attr.h"
#include "worker/tls/tls.h"

struct inquiry;
struct tls_channel;

/*
 * Whether what others say about the client lets it in; PENDING until
 * they have been asked.  REFUSED says why.
 */
struct inquiry_refusal {
	const char *objection; /* for the client; a literal */
	const char *detail;    /* for the log; lives as long as the inquiry */
};
NODISCARD enum tls_admission inquiry_judge(struct tls_channel *control,
    struct inquiry_refusal *refusal);
void inquiry_free(struct inquiry **inquiry); /* NULL is allowed */

#endif
