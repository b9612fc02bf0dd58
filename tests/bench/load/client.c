#include "tests/bench/load/client.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Loopback addresses that clients share between them: 127.0.0-249.1-250. */
#define HOSTS 250

void
client_init(struct client *client, const struct options *options,
    unsigned int number)
{
	memset(client, 0, sizeof(*client));
	client->options = options;
	client->number = number;
	client->control.fd = -1;
	client->data.fd = -1;
	client->address = INADDR_ANY;
	if (options->spread)
		client->address = htonl(INADDR_LOOPBACK +
		    (number / HOSTS % HOSTS << 8) + number % HOSTS);
}

int
client_fail(struct client *client, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(client->error, sizeof(client->error), format,
	    arguments);
	va_end(arguments);
	return (-1);
}

int
client_fail_link(struct client *client, const char *what)
{
	char why[CLIENT_ERROR / 2];

	link_why(why, sizeof(why));
	return (client_fail(client, "%s: %s", what, why));
}

/* Reads more of the server's replies. */
static int
fill(struct client *client, const char *what)
{
	ssize_t got;

	if (client->used > 0) {
		memmove(client->input, client->input + client->used,
		    client->filled - client->used);
		client->filled -= client->used;
		client->used = 0;
	}
	if (client->filled == sizeof(client->input))
		return (client_fail(client, "%s: a reply without end", what));
	got = link_read(&client->control, client->input + client->filled,
	    sizeof(client->input) - client->filled);
	if (got == 0)
		return (client_fail(client,
		    "%s: the server closed the control "
		    "connection",
		    what));
	if (got < 0)
		return (client_fail_link(client, what));
	client->filled += (size_t)got;
	return (0);
}

int
client_await(struct client *client, int code, const char *what,
    struct reply *reply)
{
	ssize_t taken = 0;

	while (client->used == client->filled ||
	    (taken = reply_scan(client->input + client->used,
		 client->filled - client->used, reply)) == 0) {
		if (fill(client, what) == -1)
			return (-1);
	}
	if (taken < 0)
		return (client_fail(client, "%s: no reply: %.40s", what,
		    client->input + client->used));
	client->used += (size_t)taken;
	if (code < 10 ? reply->code / 100 != code : reply->code != code)
		return (client_fail(client, "%s: %.*s", what, (int)reply->len,
		    reply->text));
	return (0);
}

int
client_expect(struct client *client, int code, const char *what)
{
	struct reply reply;

	return (client_await(client, code, what, &reply));
}

int
client_send(struct client *client, const char *verb, const char *argument)
{
	char line[OPTIONS_LINE];
	int len;

	len = snprintf(line, sizeof(line),
	    argument == NULL ? "%s%s\r\n" : "%s %s\r\n", verb,
	    argument == NULL ? "" : argument);
	if (link_write(&client->control, line, (size_t)len) == -1)
		return (client_fail_link(client, verb));
	return (0);
}

/* One command and the reply that it must have. */
static int
command(struct client *client, const char *verb, const char *argument, int code)
{
	if (client_send(client, verb, argument) == -1)
		return (-1);
	return (client_expect(client, code, verb));
}

/* Clients ask for hosts one after another, each from a place of its own. */
static char *
next_host(struct client *client)
{
	unsigned int hosts = client->options->hosts, first;

	if (hosts == 0)
		return (NULL);
	first = hosts / client->options->threads * client->number;
	(void)snprintf(client->host, sizeof(client->host), "host%u.example.org",
	    (first + client->visits++) % hosts);
	return (client->host);
}

static int
open_control(struct client *client)
{
	client->used = client->filled = 0;
	client->answered = 0;
	if (link_connect(&client->control, &client->options->server,
		client->address) == -1)
		return (client_fail_link(client, "connect"));
	client->control.host = next_host(client);
	return (0);
}

static int
secure(struct client *client, SSL_SESSION *session)
{
	if (link_secure(&client->control, LINK_CONTROL, session,
		&client->sessions) == -1)
		return (client_fail_link(client, "handshake"));
	if (!link_resumed(&client->control)) {
		if (session != NULL && client->connected &&
		    !client->options->lenient)
			return (client_fail(client,
			    "the control connection was not resumed"));
	} else {
		client->counts.resumed_control++;
	}
	client->connected = true;
	return (0);
}

int
client_connect(struct client *client, bool resume)
{
	SSL_SESSION *session = NULL;

	if (open_control(client) == -1 ||
	    client_expect(client, 220, "greeting") == -1 ||
	    command(client, "AUTH TLS", NULL, 234) == -1)
		return (-1);
	if (resume)
		session = link_renew(&client->sessions);
	else
		link_forget(&client->sessions);
	if (resume && session == NULL && client->connected)
		return (client_fail(client, "the server gave no session"));
	return (secure(client, session));
}

int
client_connect_bare(struct client *client)
{
	if (open_control(client) == -1)
		return (-1);
	return (secure(client, NULL));
}

int
client_login(struct client *client)
{
	const struct options *options = client->options;
	struct reply reply;

	if (client_send(client, "USER", options->user) == -1 ||
	    client_await(client, 331, "USER", &reply) == -1)
		return (-1);
	return (command(client, "PASS", options->password, 2));
}

int
client_prepare(struct client *client)
{
	if (command(client, "PBSZ", "0", 200) == -1 ||
	    command(client, "PROT", "P", 200) == -1)
		return (-1);
	return (command(client, "TYPE", "I", 200));
}

/* Both sides end TLS; one that just hangs up is counted. */
static void
part(struct client *client)
{
	struct link *link = &client->control;

	while (!link->ended &&
	    link_read(link, client->input, sizeof(client->input)) > 0)
		;
	if (link->clean)
		link_finish(link);
	else
		client->counts.unclean++;
	link_close(link);
}

int
client_quit(struct client *client)
{
	if (command(client, "QUIT", NULL, 221) == -1)
		return (-1);
	client->answered = samples_now();
	part(client);
	return (0);
}

void
client_drop(struct client *client)
{
	link_close(&client->data);
	link_close(&client->control);
	link_forget(&client->sessions);
	client->connected = false;
}

void
client_free(struct client *client)
{
	client_drop(client);
	samples_free(&client->first_byte);
}
