/* names - where a client comes from, and whether its certificate says so. */
#ifndef WORKER_TLS_NAMES_H
#define WORKER_TLS_NAMES_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "shm/base/attr.h"
#include "shm/conf/tls.h"

struct names_client {
	const char *address_text;
	const char *name; /* of the address; "": none */
};
#define NAMES_OPTIONS                                                 \
	(CONF_TLS_COMMON_NAME_REQUIRED | CONF_TLS_DNS_NAME_REQUIRED | \
	    CONF_TLS_IP_ADDRESS_REQUIRED)
/*
 * Whether the certificate is for the client, as far as options demand it; if
 * not, why tells the log.
 */
NODISCARD bool names_check(const X509 *cert, unsigned int options,
    const struct names_client *client, char *why, size_t size);

#endif
