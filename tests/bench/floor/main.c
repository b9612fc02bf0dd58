/* Options, the listener, and a process for each session at a time. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/floor/floor.h"

#define PROCESSES_MAX 4096
#define BACKLOG       4096
#define TICKETS       1 /* as ftpsd sends after a full handshake */

static volatile sig_atomic_t ending;

static void
note_end(int signal)
{
	(void)signal;
	ending = 1;
}

NORETURN static void
usage(void)
{
	(void)fprintf(stderr,
	    "usage: floor -p PORT -n PROCESSES -c CERT -k KEY -r ROOT\n"
	    "             [-t tickets|cache] [-a | -b] [-e]\n");
	exit(2);
}

static unsigned int
number(const char *text, unsigned long most)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value == 0 || value > most)
		usage();
	return ((unsigned int)value);
}

static enum resumption
resumption(const char *word)
{
	if (strcmp(word, "tickets") == 0)
		return (RESUME_TICKETS);
	if (strcmp(word, "cache") != 0)
		usage();
	return (RESUME_CACHE);
}

static void
set_option(struct options *options, int letter)
{
	switch (letter) {
	case 'p':
		options->port = (uint16_t)number(optarg, UINT16_MAX);
		return;
	case 'n':
		options->processes = number(optarg, PROCESSES_MAX);
		return;
	case 'c':
		options->certificate = optarg;
		return;
	case 'k':
		options->key = optarg;
		return;
	case 'r':
		options->root = optarg;
		return;
	case 't':
		options->resumption = resumption(optarg);
		return;
	case 'b':
		options->bare = true;
		return;
	case 'a':
		options->alone = true;
		return;
	case 'e':
		options->eager = true;
		return;
	default:
		usage();
	}
}

static void
read_options(struct options *options, int argc, char **argv)
{
	int letter;

	memset(options, 0, sizeof(*options));
	options->processes = 1;
	while ((letter = getopt(argc, argv, "p:n:c:k:r:t:abe")) != -1)
		set_option(options, letter);
	if (optind != argc || options->port == 0 ||
	    options->certificate == NULL || options->key == NULL ||
	    (options->root == NULL && !options->bare && !options->alone))
		usage();
}

/* Accepted sockets inherit TCP_NODELAY. */
static int
new_listener(uint16_t port)
{
	struct sockaddr_in address;
	int on = 1, fd;

	memset(&address, 0, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_ANY);
	address.sin_port = htons(port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1 ||
	    listen(fd, BACKLOG) == -1) {
		perror("listen");
		exit(1);
	}
	return (fd);
}

NORETURN static void
child(struct server *server)
{
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	table_touch();
	if (server->options->bare)
		bare_serve(server->ctx, server->listener);
	server->in = malloc(INPUT_SIZE);
	server->block = malloc(BLOCK_SIZE);
	if (server->in == NULL || server->block == NULL ||
	    link_init(&server->control) == -1 || link_init(&server->data) == -1)
		exit(1);
	server->control_ssl = tls_new(server->ctx, &server->control, TICKETS);
	server->data_ssl = tls_new(server->ctx, &server->data, 0);
	if (server->control_ssl == NULL || server->data_ssl == NULL)
		exit(1);
	control_serve(server);
}

static void
prepare(struct server *server, const struct options *options)
{
	memset(server, 0, sizeof(*server));
	server->options = options;
	server->passive = -1;
	server->ctx = tls_context(options);
	if (server->ctx == NULL)
		exit(1);
	if (options->root != NULL) {
		server->root =
		    open(options->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (server->root == -1) {
			perror(options->root);
			exit(1);
		}
	}
	server->listener = new_listener(options->port);
}

static pid_t *
start(struct server *server)
{
	unsigned int i, count = server->options->processes;
	pid_t *children = calloc(count, sizeof(*children));

	if (children == NULL)
		exit(1);
	for (i = 0; i < count; i++) {
		children[i] = fork();
		if (children[i] == 0)
			child(server);
		if (children[i] == -1) {
			perror("fork");
			exit(1);
		}
	}
	return (children);
}

/* Waits for them, so that their CPU time is counted as ours. */
static void
stop(const pid_t *children, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		(void)kill(children[i], SIGTERM);
	while (wait(NULL) != -1)
		continue;
}

int
main(int argc, char **argv)
{
	struct sigaction action;
	sigset_t blocked, before;
	struct options options;
	struct server server;
	pid_t *children;

	read_options(&options, argc, argv);
	memset(&action, 0, sizeof(action));
	action.sa_handler = note_end;
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &blocked, &before);
	prepare(&server, &options);
	children = start(&server);
	/* A signal that came before waits until now. */
	while (!ending)
		(void)sigsuspend(&before);
	stop(children, options.processes);
	free(children);
	return (0);
}
