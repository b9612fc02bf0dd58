/* diags - details of TLS for EnableDiags and the trace channel tls. */
#ifndef WORKER_TLS_DIAGS_H
#define WORKER_TLS_DIAGS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"

struct conf_tls;
struct tls_channel;
struct tls_login;

/* Sees to it that the channel's events are shown as its host wants it. */
NODISCARD bool diags_apply(SSL *ssl, const struct conf_tls *conf);

/* A message has passed: what OpenSSL's message callback was told. */
void diags_message(const struct tls_channel *channel, bool sent, int type,
    const uint8_t *data, size_t len);

/* In the ClientHello callback, when the host is known. */
void diags_hello(const struct tls_channel *channel);

/* "handshake_failure" for an alert with that number. */
#define DIAGS_ALERT_MAX 40
const char *diags_alert(unsigned int number, char out[DIAGS_ALERT_MAX]);

enum diags_counter {
	DIAGS_ESTABLISHED,
	DIAGS_RESUMED,
	DIAGS_FAILED,
	DIAGS_COUNTERS
};

void diags_count(struct tls_channel *channel, enum diags_counter counter);

/* A login ends: what was counted of it. */
void diags_end(const struct tls_login *login);

#endif
