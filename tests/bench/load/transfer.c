#include "tests/bench/load/transfer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define SMALL_WINDOW 4096

/* TLS on the data connection. */
static int
secure(struct client *client, struct link *data)
{
	SSL_SESSION *session = link_take(&client->sessions);

	if (session == NULL && !client->options->lenient)
		return (client_fail(client, "the server gave no session"));
	if (link_secure(data, LINK_DATA, session, NULL) == -1)
		return (client_fail_link(client, "data handshake"));
	if (link_resumed(data))
		client->counts.resumed_data++;
	else if (!client->options->lenient)
		return (
		    client_fail(client, "the data connection was not resumed"));
	return (0);
}

/* Asks for a port and connects to it. */
static int
open_data(struct client *client, struct link *data)
{
	struct sockaddr_in to = client->options->server;
	struct reply reply;
	unsigned int port;

	data->fd = -1;
	data->ssl = NULL;
	if (client_send(client, "EPSV", NULL) == -1 ||
	    client_await(client, 229, "EPSV", &reply) == -1)
		return (-1);
	port = reply_port(&reply);
	if (port == 0)
		return (client_fail(client, "EPSV: no port: %.*s",
		    (int)reply.len, reply.text));
	to.sin_port = htons((uint16_t)port);
	if (link_connect(data, &to, client->address) == -1)
		return (client_fail_link(client, "data connection"));
	data->host = client->control.host;
	return (0);
}

/*
 * A server that refuses the command closes the data connection, so that the
 * handshake fails: its reply says why.
 */
static int
explain(struct client *client, const char *verb)
{
	char before[CLIENT_ERROR];

	memcpy(before, client->error, sizeof(before));
	if (client_expect(client, 1, verb) == 0)
		memcpy(client->error, before, sizeof(before));
	return (-1);
}

/* Sends the command and begins TLS on an open data connection. */
static int
start(struct client *client, struct link *data, const char *verb,
    const char *argument)
{
	if (client_send(client, verb, argument) == -1)
		return (-1);
	if (secure(client, data) == -1)
		return (explain(client, verb));
	return (0);
}

/* Awaits both replies to a transfer whose data are through. */
static int
conclude(struct client *client, const char *verb)
{
	if (client_expect(client, 1, verb) == -1)
		return (-1);
	return (client_expect(client, 226, verb));
}

/* Reads to the end of a download. */
static int
receive(struct client *client, struct link *data)
{
	uint64_t bytes = 0;
	ssize_t got;

	while ((got = link_read(data, client->buffer, client->buffer_size)) > 0)
		bytes += (uint64_t)got;
	if (got < 0)
		return (client_fail_link(client, "RETR: data"));
	client->counts.bytes += bytes;
	if (bytes != client->options->bytes)
		return (client_fail(client, "RETR: %llu bytes, not %llu",
		    (unsigned long long)bytes,
		    (unsigned long long)client->options->bytes));
	return (0);
}

/* Ends a connection whose last byte was read. */
static void
end_data(struct client *client, struct link *data)
{
	if (data->clean)
		link_finish(data);
	else
		client->counts.unclean++;
	link_close(data);
}

int
transfer_down(struct client *client)
{
	struct link data;

	if (open_data(client, &data) == -1)
		return (-1);
	if (start(client, &data, "RETR", client->options->file) == -1 ||
	    receive(client, &data) == -1) {
		link_close(&data);
		return (-1);
	}
	end_data(client, &data);
	return (conclude(client, "RETR"));
}

static int
emit(struct client *client, struct link *data)
{
	uint64_t left = client->options->bytes;
	size_t len;

	while (left > 0) {
		len = left < client->buffer_size ? (size_t)left
						 : client->buffer_size;
		if (link_write(data, client->buffer, len) == -1)
			return (client_fail_link(client, "STOR: data"));
		left -= len;
	}
	client->counts.bytes += client->options->bytes;
	return (0);
}

int
transfer_up(struct client *client)
{
	struct link data;
	char name[OPTIONS_LINE];
	int status;

	(void)snprintf(name, sizeof(name), "%s%u", client->options->file,
	    client->number);
	if (open_data(client, &data) == -1)
		return (-1);
	status = start(client, &data, "STOR", name);
	if (status == 0)
		status = client_expect(client, 1, "STOR");
	if (status == 0)
		status = emit(client, &data);
	if (status == 0) {
		/* What the server still says must not be reset by a close. */
		link_finish(&data);
		link_drain(&data);
	}
	link_close(&data);
	return (status == 0 ? client_expect(client, 226, "STOR") : -1);
}

static size_t
count_lines(const char *data, size_t len)
{
	const char *end = data + len;
	size_t lines = 0;

	while ((data = memchr(data, '\n', (size_t)(end - data))) != NULL) {
		data++;
		lines++;
	}
	return (lines);
}

static int
receive_lines(struct client *client, struct link *data, const char *verb,
    uint64_t *first)
{
	uint64_t lines = 0, wanted;
	ssize_t got;

	while (
	    (got = link_read(data, client->buffer, client->buffer_size)) > 0) {
		if (*first == 0)
			*first = samples_now();
		client->counts.bytes += (uint64_t)got;
		lines += count_lines(client->buffer, (size_t)got);
	}
	if (got < 0)
		return (client_fail_link(client, verb));
	wanted = client->options->bytes == 0 ? 1 : client->options->bytes;
	if (lines < wanted)
		return (client_fail(client, "%s: %llu lines, not %llu", verb,
		    (unsigned long long)lines, (unsigned long long)wanted));
	return (0);
}

int
transfer_list(struct client *client, const char *verb)
{
	struct link data;
	uint64_t began, first = 0;

	if (open_data(client, &data) == -1)
		return (-1);
	began = samples_now();
	if (start(client, &data, verb, client->options->directory) == -1 ||
	    receive_lines(client, &data, verb, &first) == -1) {
		link_close(&data);
		return (-1);
	}
	samples_add(&client->first_byte, first - began);
	end_data(client, &data);
	return (conclude(client, verb));
}

int
transfer_go_on(struct client *client)
{
	char byte;

	if (link_read(&client->data, &byte, sizeof(byte)) != 1)
		return (client_fail_link(client, "RETR: data"));
	client->counts.bytes++;
	return (0);
}

int
transfer_begin(struct client *client)
{
	struct link *data = &client->data;
	const int window = SMALL_WINDOW;

	if (open_data(client, data) == -1)
		return (-1);
	(void)setsockopt(data->fd, SOL_SOCKET, SO_RCVBUF, &window,
	    sizeof(window));
	if (start(client, data, "RETR", client->options->file) == -1 ||
	    client_expect(client, 1, "RETR") == -1)
		return (-1);
	return (transfer_go_on(client));
}
