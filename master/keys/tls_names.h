/*
 * tls_names - whether OpenSSL knows the ciphers and curves of a configuration.
 */
#ifndef MASTER_KEYS_TLS_NAMES_H
#define MASTER_KEYS_TLS_NAMES_H

#include <stdbool.h>

#include "shm/base/attr.h"
#include "shm/conf/conf.h"

/*
 * For conf_set_tls_known().  Of a list one must be known, as OpenSSL has it:
 * the others may be those of another version.
 */
NODISCARD bool tls_names_known(enum conf_tls_names kind, const char *text);

#endif
