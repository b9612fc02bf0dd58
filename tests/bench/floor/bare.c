/*
 * The loop that the floor is measured against in its turn: nothing but
 * handshakes, as the manual pages of OpenSSL show it.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/floor/floor.h"

static void
serve(SSL_CTX *ctx, int fd)
{
	SSL *ssl = SSL_new(ctx);

	ERR_clear_error();
	if (ssl != NULL && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1)
		(void)SSL_shutdown(ssl);
	SSL_free(ssl);
	(void)close(fd);
}

void
bare_serve(SSL_CTX *ctx, int listener)
{
	int fd;

	for (;;) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd != -1)
			serve(ctx, fd);
	}
}
