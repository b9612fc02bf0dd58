/*
 * device - providers of OpenSSL and keys by URI, had before the process gives
 * up its rights.
 */
#ifndef WORKER_TLS_DEVICE_H
#define WORKER_TLS_DEVICE_H

#include <openssl/types.h>

#include "shm/base/attr.h"

/* The key of that URI, which stays ours, or NULL: it was not opened. */
NODISCARD EVP_PKEY *device_key(const char *uri);

#endif
