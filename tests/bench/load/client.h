/*
 * client - one FTP client: its control connection and its transfers.
 *
 * A client belongs to one thread.  Every call returns 0, or -1 with the reason
 * in client->error; after -1 the connection is of no use and client_drop() is
 * all that may follow.
 */
#ifndef TESTS_BENCH_LOAD_CLIENT_H
#define TESTS_BENCH_LOAD_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "tests/bench/load/link.h"
#include "tests/bench/load/options.h"
#include "tests/bench/load/reply.h"
#include "tests/bench/load/samples.h"

#define CLIENT_INPUT 4096
#define CLIENT_ERROR 256
#define CLIENT_HOST  64

struct client_counts {
	uint64_t bytes;           /* of payload */
	uint64_t resumed_control; /* control connections that resumed */
	uint64_t resumed_data;    /* data connections that resumed */
	uint64_t unclean;         /* ends without close_notify */
};

struct client {
	const struct options *options;
	unsigned int number; /* 0, 1, ...: of the client in this program */
	in_addr_t address;   /* where it comes from */
	unsigned int visits; /* control connections so far */
	char host[CLIENT_HOST];
	struct link control;
	struct link data; /* of a transfer that is held */
	struct link_sessions sessions;
	bool connected; /* once, whatever became of it */
	char *buffer;   /* payload of transfers; the thread's */
	size_t buffer_size;
	uint64_t answered; /* when the last operation was over, or 0 */
	struct samples first_byte;
	struct client_counts counts;
	size_t used, filled; /* of input */
	char input[CLIENT_INPUT];
	char error[CLIENT_ERROR];
};

/* A client without a connection; the options must outlive it. */
void client_init(struct client *client, const struct options *options,
    unsigned int number);

/*
 * Connects, awaits the greeting, says AUTH TLS and does the handshake; resumes
 * the session that this client got last when resume is set.
 */
NODISCARD int client_connect(struct client *client, bool resume);

/* Connects and begins TLS at once, without a word of FTP. */
NODISCARD int client_connect_bare(struct client *client);

/* USER and PASS. */
NODISCARD int client_login(struct client *client);

/* PBSZ, PROT and TYPE: what transfers need. */
NODISCARD int client_prepare(struct client *client);

/* QUIT, and both ends are closed. */
NODISCARD int client_quit(struct client *client);

/* Closes what is open. */
void client_drop(struct client *client);

/* Closes what is open and frees what the client has. */
void client_free(struct client *client);

/* Sends one command, without its end of line. */
NODISCARD int client_send(struct client *client, const char *verb,
    const char *argument);

/*
 * Awaits a reply with a code, or another one with the same first digit when
 * code is less than 10.  what is said in the error.
 */
NODISCARD int client_expect(struct client *client, int code, const char *what);

/* As client_expect(), but leaves the reply in *reply until the next call. */
NODISCARD int client_await(struct client *client, int code, const char *what,
    struct reply *reply);

/* Notes why something failed, in the words of printf(3); returns -1. */
int client_fail(struct client *client, const char *format, ...)
    PRINTF_LIKE(2, 3);

/* The same with the reason that link_why() knows. */
int client_fail_link(struct client *client, const char *what);

#endif
