/* keys - pairs and files of hosts, inherited or sent since. */
#ifndef WORKER_TLS_KEYS_H
#define WORKER_TLS_KEYS_H

#include <stdint.h>

#include "shm/base/attr.h"

struct host_keys;
struct tls;

/*
 * The pairs and files of the host as they are now: valid until the loop turns,
 * since they may be exchanged then.
 */
NODISCARD const struct host_keys *tls_keys(const struct tls *tls,
    uint32_t host);

void keys_free(struct tls *tls);

#endif
