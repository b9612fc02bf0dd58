/* The control connection: commands and canned replies. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/floor/floor.h"

enum flow {
	FLOW_ON,
	FLOW_END
};

static void
put(struct server *server, const char *text, size_t len)
{
	size_t done;

	if (!server->secure)
		link_put(&server->control, text, len);
	else if (SSL_write_ex(server->control_ssl, text, len, &done) != 1)
		server->control.failed = true;
	server->control.lazy = false;
}

void
control_reply(struct server *server, const char *text)
{
	put(server, text, strlen(text));
}

static enum flow
auth(struct server *server, const char *argument)
{
	if (strcasecmp(argument, "TLS") != 0 || server->secure) {
		control_reply(server, "504 AUTH TLS only.\r\n");
		return (FLOW_ON);
	}
	control_reply(server, "234 AUTH TLS OK.\r\n");
	server->in_len = 0;
	if (!tls_accept(&server->control_ssl, &server->control))
		return (FLOW_END);
	server->secure = true;
	/* A client does not wait for tickets: they go with the next reply. */
	server->control.lazy =
	    SSL_version(server->control_ssl) > TLS1_2_VERSION;
	return (FLOW_ON);
}

static enum flow
epsv(struct server *server, const char *argument)
{
	(void)argument;
	data_listen(server);
	return (FLOW_ON);
}

static enum flow
retr(struct server *server, const char *argument)
{
	data_retrieve(server, argument);
	return (FLOW_ON);
}

static enum flow
stor(struct server *server, const char *argument)
{
	data_store(server, argument);
	return (FLOW_ON);
}

static enum flow
list(struct server *server, const char *argument)
{
	data_list(server, argument);
	return (FLOW_ON);
}

static enum flow
mlsd(struct server *server, const char *argument)
{
	data_facts(server, argument);
	return (FLOW_ON);
}

static enum flow
quit(struct server *server, const char *argument)
{
	(void)argument;
	control_reply(server, "221 Goodbye.\r\n");
	return (FLOW_END);
}

/* What they say, or who says it. */
static const struct {
	char verb[5];
	const char *reply;
	enum flow (*run)(struct server *server, const char *argument);
} verbs[] = {
	{ "AUTH", NULL, auth },
	{ "CWD", "250 OK.\r\n", NULL },
	{ "EPSV", NULL, epsv },
	{ "FEAT", "211-Features:\r\n EPSV\r\n211 End\r\n", NULL },
	{ "LIST", NULL, list },
	{ "MLSD", NULL, mlsd },
	{ "NOOP", "200 OK.\r\n", NULL },
	{ "OPTS", "200 OK.\r\n", NULL },
	{ "PASS", "230 Logged in.\r\n", NULL },
	{ "PBSZ", "200 PBSZ=0\r\n", NULL },
	{ "PROT", "200 Protection set.\r\n", NULL },
	{ "PWD", "257 \"/\" is current.\r\n", NULL },
	{ "QUIT", NULL, quit },
	{ "RETR", NULL, retr },
	{ "STOR", NULL, stor },
	{ "TYPE", "200 Type set.\r\n", NULL },
	{ "USER", "331 Password required.\r\n", NULL },
};

static enum flow
run(struct server *server, char *line)
{
	char *argument = line + strcspn(line, " ");
	size_t i;

	if (*argument == ' ')
		*argument++ = '\0';
	for (i = 0; i < NITEMS(verbs); i++) {
		if (strcasecmp(line, verbs[i].verb) != 0)
			continue;
		if (verbs[i].run != NULL)
			return (verbs[i].run(server, argument));
		control_reply(server, verbs[i].reply);
		return (FLOW_ON);
	}
	control_reply(server, "502 Not here.\r\n");
	return (FLOW_ON);
}

static bool
receive(struct server *server)
{
	char *at = server->in + server->in_len;
	size_t room = INPUT_SIZE - server->in_len, done;
	ssize_t n;

	if (room == 0)
		return (false);
	if (server->secure) {
		if (SSL_read_ex(server->control_ssl, at, room, &done) != 1)
			return (false);
		server->in_len += done;
		return (true);
	}
	n = link_receive(&server->control, at, room);
	if (n <= 0)
		return (false);
	server->in_len += (size_t)n;
	return (true);
}

/* Runs all whole lines that are there. */
static enum flow
run_lines(struct server *server)
{
	size_t used = 0, len;
	char *line, *end;

	while (used < server->in_len) {
		line = server->in + used;
		end = memchr(line, '\n', server->in_len - used);
		if (end == NULL)
			break;
		len = (size_t)(end - line);
		used += len + 1;
		*end = '\0';
		if (len > 0 && end[-1] == '\r')
			end[-1] = '\0';
		if (run(server, line) == FLOW_END)
			return (FLOW_END);
		/* AUTH drops what came behind it in clear. */
		if (server->in_len == 0)
			return (FLOW_ON);
	}
	server->in_len -= used;
	if (server->in_len > 0)
		memmove(server->in, server->in + used, server->in_len);
	return (FLOW_ON);
}

static void
serve(struct server *server, int fd)
{
	link_open(&server->control, fd);
	server->secure = false;
	server->in_len = 0;
	control_reply(server, "220 The floor.\r\n");
	while (!server->control.failed && receive(server))
		if (run_lines(server) == FLOW_END)
			break;
	data_stop(server);
	if (server->secure)
		tls_close(server->control_ssl);
	link_close(&server->control);
	table_forget();
}

/* No more than the bare loop does. */
static void
shake_hands(struct server *server, int fd)
{
	link_open(&server->control, fd);
	if (tls_accept(&server->control_ssl, &server->control))
		tls_close(server->control_ssl);
	link_close(&server->control);
	table_forget();
}

void
control_serve(struct server *server)
{
	int fd;

	for (;;) {
		fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd == -1)
			continue;
		if (server->options->alone)
			shake_hands(server, fd);
		else
			serve(server, fd);
	}
}
