/*
 * refresh - when the tickets of a control connection go out; what its session
 * asks for of that is in tls.h.
 */
#ifndef WORKER_TLS_REFRESH_H
#define WORKER_TLS_REFRESH_H

struct tls_channel;

/* The handshake is done: the first ticket of TLS 1.3 is due. */
void refresh_owe(struct tls_channel *channel);

/* If it still is, OpenSSL has it from here on, and sends it with a next call.
 */
void refresh_pay(struct tls_channel *channel);

#endif
