/* rekey - keys that change while a connection lasts, and messages that cost. */
#ifndef WORKER_TLS_REKEY_H
#define WORKER_TLS_REKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"

struct rekey;
struct tls_channel;

/*
 * KeyUpdates and the like that may come without application data, and beyond
 * one a second and one for each 32 KiB.
 */
#define TLS_IDLE_MESSAGES   32
#define TLS_EXCESS_MESSAGES 128
/* That are sent with one key: AES-GCM is good for a little more. */
#define TLS_RECORDS_MAX (1u << 24)

/*
 * From when the client may come in.  Most channels have no rekey afterwards,
 * and then nothing but _message(), _sent() and _before_write() is to be called.
 */
void rekey_begin(struct tls_channel *channel);
/* A message, of two bytes at least, has passed. */
void rekey_message(struct tls_channel *channel, bool sent, int type,
    const uint8_t *message);
void rekey_before_read(struct tls_channel *channel);
/* Nothing was read, or nothing yet; false: the channel has failed. */
NODISCARD bool rekey_settled(struct tls_channel *channel);
/* The same after application data was read. */
NODISCARD bool rekey_received(struct tls_channel *channel, size_t bytes);
/*
 * Nothing that was half written waits.  1: go on, and first send what OpenSSL
 * has; else what came of a call of it, or failed is set.
 */
NODISCARD int rekey_before_write(struct tls_channel *channel);
void rekey_sent(struct tls_channel *channel, size_t bytes);

#endif
