/* outcome - counts and logs the end of a handshake, once. */
#ifndef WORKER_TLS_OUTCOME_H
#define WORKER_TLS_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/base/attr.h"

struct tls_channel;

void outcome_established(struct tls_channel *channel);
void outcome_failed(struct tls_channel *channel);
/* Given up before its end by who owns the channel, and logs why. */
void outcome_abandoned(struct tls_channel *channel);
/* An alert has passed. */
void outcome_alert(struct tls_channel *channel, uint8_t alert, bool sent);
/* The first error in OpenSSL's queue, in words for an administrator. */
NODISCARD const char *outcome_explain(unsigned long error);

#endif
