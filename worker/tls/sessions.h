/*
 * sessions - TLS sessions that are remembered: in the login, and in the shared
 * cache.
 */
#ifndef WORKER_TLS_SESSIONS_H
#define WORKER_TLS_SESSIONS_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "shm/base/attr.h"

struct tls;
struct tls_channel;
struct tls_login;

/*
 * How long sessions are valid for OpenSSL: longer than any login, and the most
 * that TLS 1.3 allows.  What a new control connection may resume is younger
 * (session_cache_timeout): see sessions_fresh().
 */
#define SESSION_LIFETIME 604800u /* 7 days */

void sessions_init(struct tls *tls);
/* Whether a new control connection may still resume the session. */
NODISCARD bool sessions_fresh(const struct tls *tls,
    const SSL_SESSION *session);
void sessions_forget(struct tls_login *login);
/* The client may come in: others may resume its session. */
void sessions_admitted(struct tls_channel *control);

#endif
