/*
 * The socket below TLS.  OpenSSL's own BIO asks the kernel whenever it is
 * asked; this one knows when there is nothing to be had, and when what it
 * writes is to wait for what follows.
 */
#include "worker/tls/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <sys/socket.h>

#include "shm/base/ensure.h"
#include "worker/tls/state.h"

ssize_t
tls_socket_read(struct tls_socket *socket, void *data, size_t len)
{
	ssize_t n;

	if (socket->dry && socket->watched) {
		errno = EAGAIN;
		return (-1);
	}
	do {
		n = recv(socket->fd, data, len, MSG_DONTWAIT);
	} while (n == -1 && errno == EINTR);
	/*
	 * Less than there was room for is all that there was; what comes later
	 * is told of.  But an end that was told of already is not again, nor is
	 * what stands behind an urgent byte.
	 */
	if (n == -1)
		socket->dry = errno == EAGAIN;
	else
		socket->dry = n > 0 && (size_t)n < len && !socket->ending &&
		    !socket->marked;
	socket->heard = socket->heard || n > 0;
	return (n);
}

ssize_t
tls_socket_write(struct tls_socket *socket, const void *data, size_t len)
{
	int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
	ssize_t n;

	if (socket->more)
		flags |= MSG_MORE;
	do {
		n = send(socket->fd, data, len, flags);
	} while (n == -1 && errno == EINTR);
	if (n == -1 && errno == EAGAIN)
		socket->full = true;
	if (n > 0)
		socket->heard = false;
	return (n);
}

void
socket_hasten(struct tls_socket *socket)
{
	int on = 1;

	if (!socket->heard)
		return;
	socket->heard = false;
	(void)setsockopt(socket->fd, IPPROTO_TCP, TCP_QUICKACK, &on,
	    sizeof(on));
}

static int
bio_read(BIO *bio, char *data, size_t len, size_t *done)
{
	struct tls_socket *socket = BIO_get_data(bio);
	ssize_t n = tls_socket_read(socket, data, len);

	BIO_clear_retry_flags(bio);
	if (n > 0) {
		*done = (size_t)n;
		return (1);
	}
	*done = 0;
	if (n == 0)
		socket->eof = true;
	else if (errno == EAGAIN)
		BIO_set_retry_read(bio);
	return (0);
}

static int
bio_write(BIO *bio, const char *data, size_t len, size_t *done)
{
	ssize_t n = tls_socket_write(BIO_get_data(bio), data, len);

	BIO_clear_retry_flags(bio);
	*done = n > 0 ? (size_t)n : 0;
	if (n == -1 && errno == EAGAIN)
		BIO_set_retry_write(bio);
	return (n > 0);
}

static long
bio_control(BIO *bio, int command, long number UNUSED, void *pointer UNUSED)
{
	const struct tls_socket *socket = BIO_get_data(bio);

	switch (command) {
	case BIO_CTRL_FLUSH:
		return (1);
	case BIO_CTRL_EOF:
		return (socket->eof);
	default:
		return (0);
	}
}

static int
bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return (1);
}

/* One for the process; it lives as long. */
static const BIO_METHOD *
method(void)
{
	static BIO_METHOD *made;

	if (made != NULL)
		return (made);
	made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
	    "worker socket");
	if (made == NULL)
		return (NULL);
	ensure(BIO_meth_set_read_ex(made, bio_read) == 1 &&
	    BIO_meth_set_write_ex(made, bio_write) == 1 &&
	    BIO_meth_set_ctrl(made, bio_control) == 1 &&
	    BIO_meth_set_create(made, bio_create) == 1);
	return (made);
}

BIO *
socket_bio(struct tls_socket *socket)
{
	const BIO_METHOD *made = method();
	BIO *bio = made == NULL ? NULL : BIO_new(made);

	if (bio != NULL)
		BIO_set_data(bio, socket);
	return (bio);
}
