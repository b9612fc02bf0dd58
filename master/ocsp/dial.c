#include "master/ocsp/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/http.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "shm/base/address.h"
#include "shm/base/fd.h"

/* For one of several addresses; all that is asked has a deadline of its own. */
#define CONNECT_MS 2000

static int
parse(struct dial *dial, const char *url, int *tls)
{
	char *user = NULL, *path = NULL, *query = NULL;
	int ret;

	ret = OSSL_HTTP_parse_url(url, tls, &user, &dial->host, &dial->port,
	    NULL, &path, &query, NULL);
	if (ret == 1 &&
	    asprintf(&dial->path, "%s%s%s", path, query == NULL ? "" : "?",
		query == NULL ? "" : query) == -1)
		dial->path = NULL;
	OPENSSL_free(user);
	OPENSSL_free(path);
	OPENSSL_free(query);
	if (ret == 1 && dial->path != NULL &&
	    strlen(dial->host) < DIAL_HOST_MAX)
		return (0);
	dial->why = "this is no URL of http or https";
	return (-1);
}

static int
wait_connected(int fd)
{
	struct pollfd poll_fd = { fd, POLLOUT, 0 };
	socklen_t len = sizeof(int);
	int error = 0;

	if (poll(&poll_fd, 1, CONNECT_MS) != 1)
		error = ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	errno = error;
	return (error == 0 ? 0 : -1);
}

static int
connect_one(const struct addrinfo *item)
{
	int fd;

	fd = socket(item->ai_family,
	    item->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return (-1);
	if ((connect(fd, item->ai_addr, item->ai_addrlen) == -1 &&
		(errno != EINPROGRESS || wait_connected(fd) == -1)) ||
	    fcntl(fd, F_SETFL, 0) == -1)
		fd_close(&fd);
	return (fd);
}

static int
connect_any(struct dial *dial, const char *host, const char *port)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV };
	struct addrinfo *list, *item;
	int error, fd = -1;

	error = getaddrinfo(host, port, &hints, &list);
	if (error != 0) {
		dial->why = gai_strerror(error);
		return (-1);
	}
	for (item = list; item != NULL && fd == -1; item = item->ai_next)
		fd = connect_one(item);
	if (fd == -1)
		dial->why = strerror(errno);
	freeaddrinfo(list);
	return (fd);
}

static SSL_CTX *
new_context(X509 *issuer)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL)
		return (NULL);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx),
	    X509_V_FLAG_PARTIAL_CHAIN);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_default_verify_paths(ctx) != 1 ||
	    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), issuer) != 1) {
		SSL_CTX_free(ctx);
		return (NULL);
	}
	return (ctx);
}

/* Whose certificate the server has to show. */
static int
set_name(SSL *ssl, char *host)
{
	struct address address;

	if (address_parse(&address, host) == 0)
		return (
		    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host));
	return (SSL_set_tlsext_host_name(ssl, host) == 1 &&
	    SSL_set1_host(ssl, host) == 1);
}

/* TLS on top of the connection, and its handshake. */
static int
start_tls(struct dial *dial, X509 *issuer)
{
	BIO *bio = NULL;
	SSL *ssl = NULL;

	dial->why = "TLS cannot be set up";
	dial->tls = new_context(issuer);
	if (dial->tls != NULL)
		bio = BIO_new_ssl(dial->tls, 1);
	if (bio == NULL)
		return (-1);
	BIO_push(bio, dial->bio);
	dial->bio = bio;
	BIO_get_ssl(bio, &ssl);
	if (set_name(ssl, dial->host) != 1)
		return (-1);
	if (BIO_do_handshake(bio) == 1)
		return (0);
	dial->why = SSL_get_verify_result(ssl) == X509_V_OK
	    ? "the TLS handshake failed"
	    : X509_verify_cert_error_string(SSL_get_verify_result(ssl));
	return (-1);
}

/* To the proxy instead; who it is for is told there. */
static int
connect_proxy(struct dial *dial, const char *proxy)
{
	char *host = NULL, *port = NULL;
	int fd = -1;

	if (OSSL_HTTP_parse_url(proxy, NULL, NULL, &host, &port, NULL, NULL,
		NULL, NULL) == 1)
		fd = connect_any(dial, host, port);
	else
		dial->why = "the proxy's URL cannot be used";
	OPENSSL_free(host);
	OPENSSL_free(port);
	return (fd);
}

/* TLS to the server, through a tunnel of the proxy if there is one. */
static int
secure(struct dial *dial, const struct dial_wish *wish)
{
	if (wish->proxy != NULL &&
	    OSSL_HTTP_proxy_connect(dial->bio, dial->host, dial->port, NULL,
		NULL, 0, NULL, NULL) != 1) {
		dial->why = "the proxy makes no tunnel";
		return (-1);
	}
	return (start_tls(dial, wish->issuer));
}

int
dial_open(struct dial *dial, const struct dial_wish *wish)
{
	int fd, tls = 0, ret = -1;

	memset(dial, 0, sizeof(*dial));
	if (parse(dial, wish->url, &tls) == 0) {
		fd = wish->proxy != NULL
		    ? connect_proxy(dial, wish->proxy)
		    : connect_any(dial, dial->host, dial->port);
		if (fd != -1)
			dial->bio = BIO_new_socket(fd, BIO_CLOSE);
		dial->relayed = wish->proxy != NULL && tls == 0;
		if (dial->bio != NULL)
			ret = tls ? secure(dial, wish) : 0;
	}
	if (ret == -1)
		dial_close(dial);
	return (ret);
}

void
dial_close(struct dial *dial)
{
	BIO_free_all(dial->bio);
	SSL_CTX_free(dial->tls);
	OPENSSL_free(dial->host);
	OPENSSL_free(dial->port);
	free(dial->path);
	dial->bio = NULL;
	dial->tls = NULL;
	dial->host = dial->port = dial->path = NULL;
}
