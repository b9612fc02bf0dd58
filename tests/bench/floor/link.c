/* A socket with gathered writes, and a BIO on it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/floor/floor.h"

int
link_init(struct link *link)
{
	link->out = malloc(LINK_ROOM);
	return (link->out == NULL ? -1 : 0);
}

void
link_open(struct link *link, int fd)
{
	link->fd = fd;
	link->lazy = false;
	link->failed = false;
	link->len = 0;
}

static void
send_all(struct link *link, int flags)
{
	size_t done = 0;
	ssize_t n;

	while (done < link->len && !link->failed) {
		n = send(link->fd, link->out + done, link->len - done,
		    MSG_NOSIGNAL | flags);
		if (n > 0)
			done += (size_t)n;
		else if (errno != EINTR)
			link->failed = true;
	}
	link->len = 0;
}

void
link_flush(struct link *link)
{
	link->lazy = false;
	send_all(link, 0);
}

void
link_close(struct link *link)
{
	/* The kernel holds back the tail, and close() sends it with the FIN. */
	send_all(link, MSG_MORE);
	(void)close(link->fd);
	link->fd = -1;
}

void
link_put(struct link *link, const void *data, size_t len)
{
	if (len > LINK_ROOM - link->len)
		send_all(link, MSG_MORE);
	memcpy(link->out + link->len, data, len);
	link->len += len;
}

ssize_t
link_receive(struct link *link, void *data, size_t len)
{
	ssize_t n;

	if (link->len > 0 && !link->lazy)
		link_flush(link);
	do {
		n = recv(link->fd, data, len, 0);
	} while (n == -1 && errno == EINTR);
	return (n);
}

static int
bio_write(BIO *bio, const char *data, int len)
{
	struct link *link = BIO_get_data(bio);

	if (link->failed || len < 0 || (size_t)len > LINK_ROOM)
		return (-1);
	link_put(link, data, (size_t)len);
	return (len);
}

static int
bio_read(BIO *bio, char *data, int len)
{
	return ((int)link_receive(BIO_get_data(bio), data, (size_t)len));
}

/* A flush is put off until the next read. */
static long
/* NOLINTNEXTLINE(google-runtime-int): OpenSSL's signature */
bio_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return (command == BIO_CTRL_FLUSH ? 1 : 0);
}

BIO *
link_bio(struct link *link)
{
	static BIO_METHOD *method;
	BIO *bio;

	if (method == NULL) {
		method =
		    BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
			"link");
		if (method == NULL ||
		    BIO_meth_set_write(method, bio_write) != 1 ||
		    BIO_meth_set_read(method, bio_read) != 1 ||
		    BIO_meth_set_ctrl(method, bio_control) != 1)
			return (NULL);
	}
	bio = BIO_new(method);
	if (bio == NULL)
		return (NULL);
	BIO_set_data(bio, link);
	BIO_set_init(bio, 1);
	return (bio);
}
