/* Data connections and what goes over them. */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/floor/floor.h"

#define RECORD_SIZE SSL3_RT_MAX_PLAIN_LENGTH

/* No bind(): listen() takes a free port by itself. */
void
data_listen(struct server *server)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	char text[80];

	data_stop(server);
	memset(&address, 0, sizeof(address));
	server->passive = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server->passive == -1 || listen(server->passive, 1) == -1 ||
	    getsockname(server->passive, (struct sockaddr *)&address, &len) ==
		-1) {
		control_reply(server, "425 No port.\r\n");
		return;
	}
	(void)snprintf(text, sizeof(text),
	    "229 Entering Extended Passive Mode (|||%u|).\r\n",
	    (unsigned int)ntohs(address.sin_port));
	control_reply(server, text);
	if (server->options->eager)
		data_start(server);
}

static bool
start(struct server *server)
{
	int fd;

	if (server->started)
		return (true);
	if (server->passive == -1)
		return (false);
	fd = accept4(server->passive, NULL, NULL, SOCK_CLOEXEC);
	if (fd == -1)
		return (false);
	link_open(&server->data, fd);
	server->started = tls_accept(&server->data_ssl, &server->data);
	if (!server->started)
		link_close(&server->data);
	return (server->started);
}

void
data_start(struct server *server)
{
	link_flush(&server->control);
	(void)start(server);
}

void
data_stop(struct server *server)
{
	if (server->started) {
		tls_close(server->data_ssl);
		link_close(&server->data);
		server->started = false;
	}
	if (server->passive != -1)
		(void)close(server->passive);
	server->passive = -1;
}

/* 150, which the client may wait for, and the data connection's handshake. */
static bool
begin(struct server *server)
{
	control_reply(server, "150 Here it comes.\r\n");
	link_flush(&server->control);
	return (start(server));
}

/* The final reply; in TLS 1.3 with a ticket for the next transfer. */
static void
end(struct server *server, bool good)
{
	data_stop(server);
	if (SSL_version(server->control_ssl) > TLS1_2_VERSION)
		(void)SSL_new_session_ticket(server->control_ssl);
	control_reply(server,
	    good ? "226 Done.\r\n" : "426 Connection failed.\r\n");
}

/* Below the root; NULL: refused. */
static const char *
path_of(struct server *server, const char *name)
{
	if (!server->secure || strstr(name, "..") != NULL)
		return (NULL);
	name += strspn(name, "/");
	return (*name == '\0' ? "." : name);
}

static int
open_below(struct server *server, const char *name, int flags)
{
	const char *path = path_of(server, name);
	int fd = -1;

	if (path != NULL)
		fd = openat(server->root, path, flags | O_CLOEXEC, 0644);
	if (fd == -1)
		control_reply(server, "550 Not possible.\r\n");
	return (fd);
}

static bool
send_file(struct server *server, int file)
{
	size_t done;
	ssize_t n;

	do {
		n = read(file, server->block, BLOCK_SIZE);
		if (n > 0 &&
		    (SSL_write_ex(server->data_ssl, server->block, (size_t)n,
			 &done) != 1 ||
			server->data.failed))
			return (false);
	} while (n == (ssize_t)BLOCK_SIZE);
	return (n >= 0);
}

void
data_retrieve(struct server *server, const char *name)
{
	int file = open_below(server, name, O_RDONLY);
	bool good;

	if (file == -1)
		return;
	good = begin(server) && send_file(server, file);
	(void)close(file);
	end(server, good);
}

static bool
write_all(int file, const uint8_t *data, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(file, data, len);
		if (n == -1)
			return (false);
		data += n;
		len -= (size_t)n;
	}
	return (true);
}

static bool
receive_file(struct server *server, int file)
{
	SSL *ssl = server->data_ssl;
	size_t len = 0, done;

	while (SSL_read_ex(ssl, server->block + len, BLOCK_SIZE - len, &done) ==
	    1) {
		len += done;
		if (len + RECORD_SIZE <= BLOCK_SIZE)
			continue;
		if (!write_all(file, server->block, len))
			return (false);
		len = 0;
	}
	return (SSL_get_error(ssl, 0) == SSL_ERROR_ZERO_RETURN &&
	    write_all(file, server->block, len));
}

void
data_store(struct server *server, const char *name)
{
	int file = open_below(server, name, O_WRONLY | O_CREAT | O_TRUNC);
	bool good;

	if (file == -1)
		return;
	good = begin(server) && receive_file(server, file);
	(void)close(file);
	end(server, good);
}

static void
list(struct server *server, const char *name, bool facts)
{
	int directory;
	bool good;

	/* Options of ls, which clients like to send. */
	if (name[0] == '-')
		name += strcspn(name, " ");
	name += strspn(name, " ");
	directory = open_below(server, name, O_RDONLY | O_DIRECTORY);
	if (directory == -1)
		return;
	good = begin(server) && list_send(server, directory, facts);
	(void)close(directory);
	end(server, good);
}

void
data_list(struct server *server, const char *name)
{
	list(server, name, false);
}

void
data_facts(struct server *server, const char *name)
{
	list(server, name, true);
}
