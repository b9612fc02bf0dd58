/* dial - a connection to the server of a URL, http or verified https. */
#ifndef MASTER_OCSP_DIAL_H
#define MASTER_OCSP_DIAL_H

#include <openssl/types.h>
#include <stdbool.h>

#include "shm/base/attr.h"

#define DIAL_HOST_MAX 256

struct dial {
	BIO *bio; /* connected, blocking */
	SSL_CTX *tls;
	char *host, *port, *path; /* of the URL */
	const char *why;          /* there is none; a literal or strerror() */
	bool relayed;             /* requests go to a proxy, which reads them */
};

struct dial_wish {
	const char *url;
	const char *proxy; /* URL of http; NULL: none */
	X509 *issuer;      /* trusted for https, too */
};

/*
 * Connects, by way of the proxy if there is one.  With https the server's
 * certificate has to be for its name, and from one of the system's authorities
 * or from issuer.  0, or -1 with why and nothing to close.
 */
NODISCARD int dial_open(struct dial *dial, const struct dial_wish *wish);
void dial_close(struct dial *dial);

#endif
