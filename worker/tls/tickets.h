/* tickets - session tickets, sealed with keys that all workers share. */
#ifndef WORKER_TLS_TICKETS_H
#define WORKER_TLS_TICKETS_H

#include <stdint.h>

#include "shm/base/attr.h"

struct tls;
struct tls_channel;

/* Puts the callbacks on tls->base; -1 when memory is short. */
NODISCARD int tickets_init(struct tls *tls);
/* What the first ticket of TLS 1.3 will be. */
void tickets_expect(struct tls_channel *channel);
/* When the last one is due for another, in seconds since 1970. */
NODISCARD uint64_t tickets_due(const struct tls_channel *channel);

#endif
