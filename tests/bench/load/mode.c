#include "tests/bench/load/mode.h"

#include <string.h>

#include "tests/bench/load/transfer.h"

static int
handshake(struct client *client)
{
	if (client_connect(client, false) == -1)
		return (-1);
	return (client_quit(client));
}

/* The first handshake of a client gives it the session for the next one. */
static int
get_session(struct client *client)
{
	return (handshake(client));
}

static int
resumed(struct client *client)
{
	if (client_connect(client, true) == -1)
		return (-1);
	return (client_quit(client));
}

static int
enter(struct client *client)
{
	if (client_connect(client, false) == -1)
		return (-1);
	return (client_login(client));
}

static int
login(struct client *client)
{
	if (enter(client) == -1)
		return (-1);
	return (client_quit(client));
}

static int
settle(struct client *client)
{
	if (enter(client) == -1)
		return (-1);
	return (client_prepare(client));
}

/* What a session does once it is connected. */
static int
visit(struct client *client)
{
	if (client_login(client) == -1 || client_prepare(client) == -1 ||
	    transfer_down(client) == -1)
		return (-1);
	return (client_quit(client));
}

static int
session(struct client *client)
{
	if (client_connect(client, false) == -1)
		return (-1);
	return (visit(client));
}

static int
session_resumed(struct client *client)
{
	if (client_connect(client, true) == -1)
		return (-1);
	return (visit(client));
}

static int
list(struct client *client)
{
	return (transfer_list(client, "LIST"));
}

static int
mlsd(struct client *client)
{
	return (transfer_list(client, "MLSD"));
}

/* The bare loop on the other side says nothing, and closes. */
static int
tcp(struct client *client)
{
	if (client_connect_bare(client) == -1)
		return (-1);
	link_drain(&client->control);
	link_close(&client->control);
	return (0);
}

/* A transfer whose client hardly reads; the data link is the client's. */
static int
begin_slowly(struct client *client)
{
	if (settle(client) == -1)
		return (-1);
	return (transfer_begin(client));
}

static const struct mode modes[] = {
	{ "handshake", SHAPE_REPEAT, false, NULL, handshake },
	{ "resumed", SHAPE_REPEAT, false, get_session, resumed },
	{ "login", SHAPE_REPEAT, false, NULL, login },
	{ "session", SHAPE_REPEAT, false, NULL, session },
	{ "session-resumed", SHAPE_REPEAT, false, get_session,
	    session_resumed },
	{ "down", SHAPE_REPEAT, false, settle, transfer_down },
	{ "up", SHAPE_REPEAT, false, settle, transfer_up },
	{ "bulk-down", SHAPE_REPEAT, true, settle, transfer_down },
	{ "bulk-up", SHAPE_REPEAT, true, settle, transfer_up },
	{ "list", SHAPE_REPEAT, true, settle, list },
	{ "mlsd", SHAPE_REPEAT, true, settle, mlsd },
	{ "storm", SHAPE_ONCE, false, NULL, login },
	{ "idle", SHAPE_HOLD, false, settle, NULL },
	{ "slow", SHAPE_HOLD, false, begin_slowly, transfer_go_on },
	{ "tcp", SHAPE_REPEAT, false, NULL, tcp },
};

const struct mode *
mode_find(const char *name)
{
	size_t i;

	for (i = 0; i < NITEMS(modes); i++) {
		if (strcmp(modes[i].name, name) == 0)
			return (&modes[i]);
	}
	return (NULL);
}

void
mode_list(FILE *out)
{
	size_t i;

	(void)fputs("modes:", out);
	for (i = 0; i < NITEMS(modes); i++)
		(void)fprintf(out, " %s", modes[i].name);
	(void)fputc('\n', out);
}
