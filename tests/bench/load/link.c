#include "tests/bench/load/link.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "shm/base/attr.h"
#include "tests/bench/load/lean.h"

/* More would not stay in the processor's cache. */
#define LARGE_READ ((size_t)64 * 1024)

/* A key share of the first only, as clients send. */
static char groups[] = "X25519:P-256";

static SSL_CTX *contexts[LINK_KINDS];
static _Atomic(const char *) cipher = "";

/* The newest session replaces the one before; the first one stays. */
static int
keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct link_sessions *sessions = SSL_get_app_data(ssl);

	if (sessions == NULL)
		return (0);
	SSL_SESSION_free(sessions->fresh);
	sessions->fresh = session;
	if (sessions->first == NULL && SSL_SESSION_up_ref(session))
		sessions->first = session;
	return (1);
}

/* Not even a chain is built. */
static int
trust(X509_STORE_CTX *chain, void *argument)
{
	(void)chain;
	(void)argument;
	return (1);
}

static SSL_CTX *
make_context(const struct link_setup *setup, OSSL_LIB_CTX *library)
{
	SSL_CTX *context = SSL_CTX_new_ex(library, NULL, TLS_client_method());

	if (context == NULL)
		return (NULL);
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_cert_verify_callback(context, trust, NULL);
	SSL_CTX_set_read_ahead(context, 1);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	if (setup->large)
		SSL_CTX_set_default_read_buffer_len(context, LARGE_READ);
	if (setup->status)
		(void)SSL_CTX_set_tlsext_status_type(context,
		    TLSEXT_STATUSTYPE_ocsp);
	if (setup->idle)
		(void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	if (!SSL_CTX_set_min_proto_version(context, setup->tls_version) ||
	    !SSL_CTX_set_max_proto_version(context, setup->tls_version) ||
	    !SSL_CTX_set1_groups_list(context, groups)) {
		SSL_CTX_free(context);
		return (NULL);
	}
	return (context);
}

int
link_begin(const struct link_setup *setup)
{
	OSSL_LIB_CTX *library = lean_context();
	size_t i;

	if (library == NULL)
		return (-1);
	for (i = 0; i < NITEMS(contexts); i++) {
		contexts[i] = make_context(setup, library);
		if (contexts[i] == NULL)
			return (-1);
	}
	/*
	 * Only with a cache does OpenSSL report sessions; and it then marks
	 * a TLS 1.3 session that was resumed as used up, which a server that
	 * is short of tickets would suffer from on data connections.
	 */
	SSL_CTX_set_session_cache_mode(contexts[LINK_CONTROL],
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(contexts[LINK_CONTROL], keep_session);
	return (0);
}

int
link_connect(struct link *link, const struct sockaddr_in *to, in_addr_t from)
{
	const struct timeval patience = { .tv_sec = LINK_PATIENCE };
	const struct sockaddr_in local = {
		.sin_family = AF_INET,
		.sin_addr = { from },
	};
	const int on = 1;
	int fd, bad = 0;

	memset(link, 0, sizeof(*link));
	link->fd = -1;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return (-1);
	if (from != INADDR_ANY) {
		bad |= setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
		    sizeof(on));
		bad |= bind(fd, (const struct sockaddr *)&local, sizeof(local));
	}
	bad |= setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	bad |= setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience));
	bad |= setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof(patience));
	if (bad != 0 ||
	    connect(fd, (const struct sockaddr *)to, sizeof(*to)) == -1) {
		(void)close(fd);
		return (-1);
	}
	link->fd = fd;
	return (0);
}

int
link_secure(struct link *link, enum link_kind kind, SSL_SESSION *session,
    struct link_sessions *sessions)
{
	SSL *ssl = SSL_new(contexts[kind]);

	if (ssl == NULL)
		return (-1);
	link->ssl = ssl;
	SSL_set_app_data(ssl, sessions);
	if (link->host != NULL &&
	    SSL_set_tlsext_host_name(ssl, link->host) != 1)
		return (-1);
	if (!SSL_set_fd(ssl, link->fd))
		return (-1);
	if (session != NULL && !SSL_set_session(ssl, session))
		return (-1);
	if (SSL_connect(ssl) != 1)
		return (-1);
	if (atomic_load_explicit(&cipher, memory_order_relaxed)[0] == '\0')
		atomic_store(&cipher, SSL_get_cipher_name(ssl));
	return (0);
}

const char *
link_cipher(void)
{
	return (atomic_load(&cipher));
}

bool
link_resumed(const struct link *link)
{
	return (SSL_session_reused(link->ssl) == 1);
}

/* What it means that nothing could be read: the end, or a failure. */
static ssize_t
judge_end(struct link *link, int got)
{
	int error = SSL_get_error(link->ssl, got);

	if (error == SSL_ERROR_ZERO_RETURN) {
		link->clean = true;
	} else if (error == SSL_ERROR_SSL &&
	    ERR_GET_REASON(ERR_peek_error()) ==
		SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		ERR_clear_error();
	} else {
		return (-1);
	}
	link->ended = true;
	return (0);
}

ssize_t
link_read(struct link *link, void *data, size_t len)
{
	ssize_t got;
	int plain;

	if (link->ssl == NULL) {
		got = recv(link->fd, data, len, 0);
		link->ended = got == 0;
		return (got);
	}
	errno = 0;
	plain = SSL_read(link->ssl, data, (int)len);
	if (plain > 0)
		return (plain);
	return (judge_end(link, plain));
}

int
link_write(struct link *link, const void *data, size_t len)
{
	size_t done;

	errno = 0;
	if (link->ssl != NULL)
		return (SSL_write_ex(link->ssl, data, len, &done) ? 0 : -1);
	return (
	    send(link->fd, data, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1);
}

void
link_finish(struct link *link)
{
	if (link->ssl != NULL && SSL_shutdown(link->ssl) < 0)
		ERR_clear_error();
	(void)shutdown(link->fd, SHUT_WR);
}

void
link_drain(struct link *link)
{
	char rest[4096];

	while (!link->ended && recv(link->fd, rest, sizeof(rest), 0) > 0)
		;
}

void
link_close(struct link *link)
{
	if (link->ssl != NULL) {
		/* Else OpenSSL would take its session for a broken one. */
		SSL_set_shutdown(link->ssl,
		    SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
		SSL_free(link->ssl);
		link->ssl = NULL;
	}
	if (link->fd != -1) {
		(void)close(link->fd);
		link->fd = -1;
	}
}

void
link_why(char *text, size_t size)
{
	unsigned long code = ERR_get_error();

	if (code != 0)
		ERR_error_string_n(code, text, size);
	else if (errno == EAGAIN)
		(void)snprintf(text, size, "no answer in time");
	else if (errno != 0)
		(void)snprintf(text, size, "%s", strerror(errno));
	else
		(void)snprintf(text, size, "the peer closed the connection");
	ERR_clear_error();
}

SSL_SESSION *
link_renew(struct link_sessions *sessions)
{
	SSL_SESSION_free(sessions->fresh);
	sessions->fresh = NULL;
	if (sessions->first != NULL) {
		SSL_SESSION_free(sessions->spent);
		sessions->spent = sessions->first;
		sessions->first = NULL;
	}
	return (sessions->spent);
}

SSL_SESSION *
link_take(struct link_sessions *sessions)
{
	if (sessions->fresh != NULL) {
		SSL_SESSION_free(sessions->spent);
		sessions->spent = sessions->fresh;
		sessions->fresh = NULL;
	}
	return (sessions->spent);
}

void
link_forget(struct link_sessions *sessions)
{
	SSL_SESSION_free(sessions->first);
	SSL_SESSION_free(sessions->fresh);
	SSL_SESSION_free(sessions->spent);
	memset(sessions, 0, sizeof(*sessions));
}
